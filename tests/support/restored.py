"""A service on the database of an older backup; and what it said and a restore forgot, put back as `ops accept-restore` does."""

import asyncio
import importlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from shared import restore
from shared.contracts.envelope import Event, decode
from shared.contracts.intake import LeadExpunged
from shared.contracts.topics import written_by
from shared.db import Database
from tests.support.api import Api
from tests.support.backups import bring_back, dump
from tests.support.builders import NOON, envelope
from tests.support.hearing import Hearing
from tests.support.kafka import Broker
from tests.support.searching import everything, found_in


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


async def facts_gone_again(
    api: Api,
    broker: Broker,
    backup: Path,
    hearing: Hearing,
    *,
    opens: Sequence[Event],
    box: Callable[[UUID], Any],
    lead: UUID,
    waiting: UUID,
    kept: UUID,
) -> None:
    """Facts of `lead` and of `waiting`, whose box waits in the inbox for what `opens` does not tell, are expunged after a backup: they are
    in no table once it is brought back and hears everything from the beginning. Those of `kept` are."""
    boxes = {one: box(one) for one in (lead, waiting, kept)}
    secrets = {one: each.sealed.box for one, each in boxes.items() if each.sealed}
    before = hearing.number(*opens, *boxes.values())
    await hearing.take(before)

    async def found() -> set[str]:
        return set(found_in({"tables": await everything(api.copy.admin_url)}, secrets.values()))

    here = {one: f"{secret} in tables" for one, secret in secrets.items()}
    assert await found() == set(here.values())
    await dump(api.copy.admin_url, backup)
    expunged = hearing.number(*(LeadExpunged(lead_id=one, effective_at=NOON) for one in (lead, waiting)))
    await hearing.take(expunged)
    assert await found() == {here[kept]}

    await go_back(api, backup)
    assert await found() == set(here.values()), "control: the backup brings them back"
    assert await accept(api, broker) == {}
    # one box comes once more, by who sent it twice
    await hearing.take([*before, *expunged, *hearing.number(box(lead))])
    assert await found() == {here[kept]}, "in no table, the outbox and the inbox among them"
