"""What a service said and a restore forgot, put back as `ops accept-restore` does, without its reading of the topics."""

import importlib
from datetime import UTC, datetime

from shared import restore
from shared.contracts.envelope import Event, decode
from tests.support.api import Api
from tests.support.builders import envelope


async def relearn(api: Api, service: str, *said: Event) -> None:
    """These were said, each the next of its subject, and are learned again."""
    own = importlib.import_module(f"services.{service}.consumer").OWN
    async with api.app.state.database.transaction() as tx:
        numbers: dict[str, int] = {}
        for event in said:
            numbers[event.subject] = number = numbers.get(event.subject, 0) + 1
            await restore._learn(tx, event.TOPIC, decode(envelope(event, number)), own, at=datetime.now(UTC))
