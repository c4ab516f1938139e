"""Which outbox cursors lose events and which break the order of a subject? The relay's must do neither; the usual ones must be caught.

24 writers commit at random moments after drawing their transaction id early (as an idempotency row does), while a transaction in another
database stays open. All cursors read the same table at the same time.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from shared import relay_store
from shared.relay import Relay, _Shift
from shared.relay_records import Page
from tests.conftest import NewDatabase

COMMITS = 20_000
WRITERS = 24
SUBJECTS = 20
Emitted = list[tuple[str, int]]
Cursor = Callable[[Any, dict[str, Any]], Awaitable[Emitted]]


def pairs(rows: list[Any]) -> Emitted:
    return [(row["subject"], int(row["sequence"])) for row in rows]


async def last_position(db: Any, state: dict[str, Any]) -> Emitted:
    """Control: `position > last`. Loses what commits late."""
    rows = await db.fetch(
        "select position, subject, sequence from outbox where position > $1 order by position limit 500",
        state.get("last", 0),
    )
    if rows:
        state["last"] = rows[-1]["position"]
    return pairs(rows)


async def xid_below_xmin(db: Any, state: dict[str, Any]) -> Emitted:
    """Control: the popular (xid, position) cursor below the horizon. Orders by transaction start."""
    rows = await db.fetch(
        """select xid::text as xid, position, subject, sequence from outbox
           where (xid, position) > ($1::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot())
           order by xid, position limit 500""",
        state.get("xid", "0"),
        state.get("position", 0),
    )
    if rows:
        state["xid"], state["position"] = rows[-1]["xid"], rows[-1]["position"]
    return pairs(rows)


async def xmin_window(db: Any, state: dict[str, Any]) -> Emitted:
    """Control: a window of transaction ids below the horizon, ordered by position."""
    high = await db.fetchval("select pg_snapshot_xmin(pg_current_snapshot())::text")
    rows = await db.fetch(
        "select subject, sequence from outbox where xid >= $1::text::xid8 and xid < $2::text::xid8 order by position",
        state.get("low", "0"),
        high,
    )
    state["low"] = high
    return pairs(rows)


class RecordingShift(_Shift):
    """The relay's own steps and SQL, with the broker replaced by a list."""

    emitted: Emitted

    async def _publish(self, page: Page) -> Page:
        for queue in page.queues.values():
            self.emitted += pairs([json.loads(value) for _, value, _, _ in queue])
        await asyncio.sleep(random.random() * 0.005)
        return page


async def relay_cursor(relay: Relay, until: Callable[[], bool]) -> Emitted:
    connection = await relay.database.dedicated()
    shift = RecordingShift(relay, connection)
    shift.emitted = []
    shift.cursor = await relay_store.take_over(connection)
    while until():
        if not await shift._step():
            await asyncio.sleep(random.random() * 0.01)
    while await shift._step():
        pass
    await connection.close()
    return shift.emitted


async def control(dsn: str, cursor: Cursor, until: Callable[[], bool]) -> Emitted:
    db, state, emitted = await asyncpg.connect(dsn), dict[str, Any](), Emitted()
    while until():
        emitted += await cursor(db, state)
        await asyncio.sleep(random.random() * 0.01)
    for _ in range(COMMITS // 500 + 2):
        emitted += await cursor(db, state)
    await db.close()
    return emitted


async def write(dsn: str, left: list[int]) -> None:
    db = await asyncpg.connect(dsn)
    while left[0] > 0:
        left[0] -= 1
        async with db.transaction():
            await db.execute("select pg_current_xact_id()")
            if random.random() < 0.3:
                await asyncio.sleep(random.random() * 0.004)
            subject = str(random.randint(1, SUBJECTS))
            await db.execute(
                """with drawn as (insert into outbox_sequences values ('discipline.legs', $1, 1) on conflict (topic, subject)
                     do update set last = outbox_sequences.last + 1 returning last)
                   insert into outbox (id, topic, subject, sequence, partition_key, type, value, recorded_at)
                   select $2, 'discipline.legs', $1, last, $1, 't', '{}', now() from drawn""",
                subject,
                uuid4(),
            )
            if random.random() < 0.1:
                await asyncio.sleep(random.random() * 0.002)
    await db.close()


async def hold_open(dsn: str, until: Callable[[], bool]) -> None:
    """A slow write transaction of somebody else, in another database of the same server."""
    db = await asyncpg.connect(dsn)
    while until():
        async with db.transaction():
            await db.execute("select pg_current_xact_id()")
            await asyncio.sleep(random.random() * 0.15)
    await db.close()


def lost(emitted: Emitted, committed: int) -> int:
    return committed - len(set(emitted))


def inversions(emitted: Emitted) -> int:
    last: dict[str, int] = {}
    count = 0
    for subject, sequence in emitted:
        count += sequence < last.get(subject, 0)
        last[subject] = max(sequence, last.get(subject, 0))
    return count


@pytest.mark.rule("ORDER")
async def test_the_relay_loses_and_reorders_nothing_while_the_usual_cursors_are_caught(
    new_database: NewDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, other = await new_database("discipline"), await new_database("verification")
    from shared.db import Database
    from shared.kafka import KafkaAddress

    database = Database(copy.owner_url)
    relay = Relay(database, KafkaAddress(servers="unused"), service="discipline", region="999999", page=300)
    left, started = [COMMITS], time.monotonic()
    writing = True

    def until() -> bool:
        return writing

    readers = [
        asyncio.create_task(relay_cursor(relay, until)),
        *(asyncio.create_task(control(copy.admin_url, c, until)) for c in (last_position, xid_below_xmin, xmin_window)),
    ]
    holders = [asyncio.create_task(hold_open(other.admin_url, until)) for _ in range(3)]
    await asyncio.gather(*(write(copy.admin_url, left) for _ in range(WRITERS)))
    writing = False
    await asyncio.gather(*holders)
    results = dict(zip(("relay", "position", "xid", "window"), await asyncio.gather(*readers), strict=True))
    await database.close()
    rows = await copy.server.run_async("select count(*) from outbox", database=copy.name)
    committed = rows[0][0]
    found = {name: (lost(emitted, committed), inversions(emitted)) for name, emitted in results.items()}
    with capsys.disabled():
        print(f"\n  {committed} commits in {time.monotonic() - started:.0f} s; (lost, inversions): {found}")
    assert committed >= COMMITS
    assert found["relay"] == (0, 0)
    assert len(results["relay"]) == committed, "a cursor that never failed repeats nothing"
    assert found["position"][0] > 0, "the control `position > last` must lose events, or this test proves nothing"
    assert found["xid"][1] > 0, "the control (xid, position) must reorder, or this test proves nothing"
    assert sum(found["window"]) > 0, "the control window must lose or reorder, or this test proves nothing"


async def test_the_relay_never_starts_helpers_for_its_question(new_database: NewDatabase) -> None:
    """After a growth the planner expects many new rows; starting helpers took 4 ms, fifty times a second and service."""
    from shared.db import Database

    database = Database((await new_database("discipline")).owner_url)
    connection = await database.dedicated()
    # as it would seem of a table of millions
    for name in (
        "parallel_setup_cost",
        "parallel_tuple_cost",
        "min_parallel_table_scan_size",
        "min_parallel_index_scan_size",
    ):
        await connection.execute(f"set {name} = 0")
    try:
        await connection.execute(f"prepare question(text, bigint) as {relay_store.NEW_ROWS}")
        plan = [row[0] for row in await connection.fetch("explain execute question('1:1:', 2000)")]
        assert any("Index" in line for line in plan)
        assert not any("Gather" in line for line in plan), plan
        await connection.execute("set max_parallel_workers_per_gather = 2; deallocate question")
        await connection.execute(f"prepare question(text, bigint) as {relay_store.NEW_ROWS}")
        plan = [row[0] for row in await connection.fetch("explain execute question('1:1:', 2000)")]
        assert any("Gather" in line for line in plan), "the plan would have no helpers anyway"
    finally:
        await connection.close()
        await database.close()
