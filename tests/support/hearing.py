"""Events of other services brought to one service's inbox, numbered as their owners' relays would."""

import importlib
from collections import Counter
from datetime import UTC, datetime

from shared.contracts.envelope import Event, SealedBox
from shared.contracts.intake import Facts
from shared.inbox import Inbox, Record
from shared.sealing import ReceiverKey, Sealer
from tests.support.api import Api
from tests.support.builders import envelope


class Hearing:
    """Tells a service events, in the order given here; numbers run per topic and subject from 1."""

    def __init__(self, api: Api, service: str) -> None:
        handlers = importlib.import_module(f"services.{service}.consumer").HANDLERS
        self._api, self._receiver = api, service
        self._inbox = Inbox(api.app.state.database, handlers, clock=lambda: datetime.now(UTC))
        self._numbers: Counter[tuple[str, str]] = Counter()

    def number(self, *events: Event) -> list[Record]:
        """The records of these events, not yet told."""
        records = []
        for event in events:
            key = (event.TOPIC, event.subject)
            self._numbers[key] += 1
            records.append(Record(event.TOPIC, 0, self._numbers.total(), envelope(event, self._numbers[key])))
        return records

    async def tell(self, *events: Event) -> None:
        """These events arrive."""
        await self.take(self.number(*events))

    async def take(self, records: list[Record]) -> None:
        """These records arrive, in this order."""
        await self._inbox.take(records)

    def seal(self, facts: Facts) -> SealedBox:
        """Facts in a box for the service."""
        box = self._api.keys.box(self._receiver)
        key = ReceiverKey(key_id=box["key_id"], public_key=box["public_key"])
        return Sealer({self._receiver: key}).seal(self._receiver, facts.model_dump(mode="json"))
