"""After a restore: nobody goes on by himself, and what was said and forgotten is learned again under the same ids and numbers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared import identity, outbox, restore
from shared.contracts.discipline import LegEnded, LegOpened, LegReceived
from shared.db import Database, Transaction
from shared.errors import Invalid
from shared.inbox import Received
from shared.relay import Relay
from tests.conftest import NewDatabase
from tests.support.builders import NOON
from tests.support.kafka import Broker
from tests.support.postgres import Copy
from tests.support.running import until

LEGS = "discipline.legs"
STANDING = "select topic, subject, sequence, id from outbox order by topic, subject, sequence"


class Owner:
    """A service that said three things of each of some legs, heard by all, and then lost what came after each leg's first."""

    def __init__(self, copy: Copy, broker: Broker) -> None:
        self.copy, self.broker = copy, broker
        self.learned: list[tuple[str, int]] = []
        self.own: restore.Own = dict.fromkeys((LegReceived, LegEnded), self._learn)

    async def _learn(self, _: Transaction, __: Any, received: Received) -> None:
        self.learned.append((received.subject, received.sequence))

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.copy.server.run_async(statement, database=self.copy.name)]

    async def speak(self, legs: list[UUID]) -> None:
        database = Database(self.copy.url)
        for leg in legs:
            for step in (LegOpened, LegReceived, LegEnded):
                async with database.transaction() as tx:
                    event = step(leg_id=leg, dual_assignment_id=uuid4(), lead_id=leg, effective_at=NOON)
                    await outbox.put(tx, event, at=NOON)
        relay = Relay(database, self.broker.address, service="discipline", region="999999")
        task = asyncio.create_task(relay.run())

        async def all_there() -> bool:
            return {str(leg) for leg in legs} <= {e.subject for e in await self.broker.records(LEGS) if e.number == 3}

        await until(all_there, 30, "not all arrived")
        task.cancel()
        await asyncio.wait([task])
        await database.close()

    async def accept(self, own: restore.Own) -> dict[str, int]:
        database = Database(self.copy.owner_url)
        try:
            return await restore.accept(
                database, self.broker.address, own, service="discipline", reason="恢复到备份点", at=datetime.now(UTC)
            )
        finally:
            await database.close()


@pytest_asyncio.fixture
async def owner(new_database: NewDatabase, broker: Broker) -> AsyncIterator[Owner]:
    # the topic holds only what this owner says
    await asyncio.to_thread(broker.remake, LEGS)
    yield Owner(await new_database("discipline"), broker)


async def test_what_was_forgotten_stands_again_under_its_ids_and_numbers_or_nothing_changes(owner: Owner) -> None:
    legs = [uuid4(), uuid4()]
    await owner.speak(legs)
    before = await owner.rows(STANDING)
    await owner.rows("delete from outbox where sequence > 1")
    await owner.rows("update outbox_sequences set last = 1")
    left = await owner.rows(STANDING)
    with pytest.raises(Invalid, match=r"leg\.received\.v1"):
        await owner.accept({})
    assert await owner.rows(STANDING) == left
    counts = await owner.accept(owner.own)
    assert counts == {LegReceived.TYPE: 2, LegEnded.TYPE: 2}
    assert await owner.rows(STANDING) == before
    assert await owner.rows("select last from outbox_sequences") == [(3,), (3,)]
    assert sorted(owner.learned) == sorted((str(leg), number) for leg in legs for number in (2, 3))
    assert await owner.accept(owner.own) == {}
    # one number under two ids needs a person
    await owner.rows("update outbox set id = gen_random_uuid() where sequence = 2")
    with pytest.raises(Invalid, match="twice"):
        await owner.accept(owner.own)


async def test_a_running_process_gets_no_connection_to_a_restored_database(
    new_database: NewDatabase,
) -> None:
    copy = await new_database("discipline")
    database = Database(copy.url)
    identity.guard(database)
    await database.ping()
    await copy.server.run_async("update database_identity set timeline = timeline + 1", database=copy.name)
    await database.engine.dispose()
    with pytest.raises(identity.DatabaseRestored, match="accept-restore"):
        await database.ping()
    with pytest.raises(identity.DatabaseRestored):
        await database.dedicated()
    await database.close()
