"""A service on the database of an older backup; and what it said and a restore forgot, put back as `ops accept-restore` does."""

import asyncio
import importlib
from datetime import UTC, datetime
from pathlib import Path

from shared import restore
from shared.contracts.envelope import Event, decode
from shared.contracts.topics import written_by
from shared.db import Database
from tests.support.api import Api
from tests.support.backups import bring_back
from tests.support.builders import envelope
from tests.support.kafka import Broker


async def silence(broker: Broker, service: str) -> None:
    """The service's own topics hold nothing of other tests."""
    for topic in written_by(service):
        if await broker.records(topic.name):
            await asyncio.to_thread(broker.remake, topic.name)


async def go_back(api: Api, backup: Path) -> None:
    """The service's database is lost, and the backup is in its place."""
    await api.app.state.database.engine.dispose()
    name, owner = api.copy.name, f"{api.copy.service}_owner"
    await api.copy.server.run_async(f"drop database {name} with (force)", f"create database {name} owner {owner}")
    await bring_back(backup, api.copy.admin_url)


async def accept(api: Api, broker: Broker) -> dict[str, int]:
    """`ops accept-restore`; → how many events of each type were forgotten."""
    own = importlib.import_module(f"services.{api.copy.service}.consumer").OWN
    owner = Database(api.copy.owner_url)
    try:
        return await restore.accept(
            owner, broker.address, own, service=api.copy.service, reason="恢复到备份点", at=datetime.now(UTC)
        )
    finally:
        await owner.close()


async def relearn(api: Api, service: str, *said: Event) -> None:
    """These were said, each the next of its subject, and are learned again."""
    own = importlib.import_module(f"services.{service}.consumer").OWN
    async with api.app.state.database.transaction() as tx:
        numbers: dict[str, int] = {}
        for event in said:
            numbers[event.subject] = number = numbers.get(event.subject, 0) + 1
            await restore._learn(tx, event.TOPIC, decode(envelope(event, number)), own, at=datetime.now(UTC))
