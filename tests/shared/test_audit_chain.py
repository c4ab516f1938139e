"""The sealer: no row is left out or chained twice, whoever commits late, dies or comes twice; a chain changed by hand stops it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from shared import audit, restore
from shared.audit_chain import AuditChain, Fenced, _Shift
from shared.db import Database
from shared.errors import NeedsOperator
from tests.conftest import NewDatabase
from tests.support.chain import CLERK, Audited, judged, kinds
from tests.support.running import until
from tests.support.signing import signer

WRITERS, DEEDS = 12, 60
LOCK_HOLDER = (
    "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()"
    " and database = (select oid from pg_database where datname = current_database())"
)


@pytest_asyncio.fixture
async def log(new_database: NewDatabase) -> AsyncIterator[Audited]:
    audited = Audited(await new_database("discipline"))
    yield audited
    await audited.stop()


@pytest.mark.rule("G11")
async def test_every_deed_is_chained_within_a_second_and_signed_and_the_export_proves_it(log: Audited) -> None:
    log.sealer(poll=0.2)
    await log.act(1)
    await log.sealed()
    started = time.monotonic()
    await log.act(25)
    acted = time.monotonic() - started
    await log.sealed(signed=False)
    print(f"\n  chained {time.monotonic() - started - acted:.2f} s after the last deed")
    await log.rest()
    log.sealer(checkpoint_every=0.1)
    await log.sealed()
    assert judged(await log.export()) == []
    [[links, row]] = await log.rows("select count(*), min(position) from audit_chain")
    assert (links, row) == (26, 1)


async def write_slowly(log: Audited) -> None:
    for _ in range(DEEDS):
        async with log.database.transaction() as tx:
            for _ in range(random.randint(1, 3)):
                await audit.record(tx, CLERK, "lead.read", uuid4(), at=datetime.now(UTC))
                await asyncio.sleep(random.random() * 0.01)
            if random.random() < 0.1:
                await asyncio.sleep(random.random() * 0.2)


async def look_by_position(log: Audited, done: asyncio.Event) -> int:
    """Control: how many rows a cursor on the position would have seen."""
    connection, last, seen = await asyncpg.connect(log.copy.admin_url), 0, 0
    while True:
        over = done.is_set()
        rows = await connection.fetch("select position from audit_log where position > $1 order by position", last)
        last, seen = (rows[-1]["position"] if rows else last), seen + len(rows)
        if over:
            await connection.close()
            return seen
        await asyncio.sleep(0.005)


@pytest.mark.rule("G11")
async def test_slow_transactions_two_sealers_and_cut_connections_leave_nothing_out_and_nothing_twice(
    log: Audited,
) -> None:
    first, second = log.sealer(page=7, checkpoint_every=0.1), log.sealer(page=7, checkpoint_every=0.1)
    done = asyncio.Event()
    control = asyncio.create_task(look_by_position(log, done))
    writing = asyncio.gather(*(write_slowly(log) for _ in range(WRITERS)))
    cuts = 0
    while not writing.done():
        await asyncio.sleep(0.4)
        [[cut]] = await log.rows(LOCK_HOLDER)
        cuts += cut
    await writing
    done.set()
    await log.sealed()
    assert {first.state, second.state} <= {"active", "standby", "retrying"}
    [[rows, links, positions, last]] = await log.rows(
        """select (select count(*) from audit_log), count(*), count(distinct position), max(number)
           from audit_chain join audit_log using (position)"""
    )
    assert rows == links == positions == last
    assert cuts >= 3
    assert await control < rows, "the control must leave rows out, or this test proves nothing"
    assert judged(await log.export()) == []


@pytest.mark.rule("G11")
async def test_a_backlog_is_chained_in_pages_and_a_late_commit_below_it_is_not_forgotten(log: Audited) -> None:
    late = await asyncpg.connect(log.copy.url)
    statement = """insert into audit_log (id, at, actor, roles, unit, action, subject, detail)
                   values (gen_random_uuid(), now(), 'system', '', '', 'x.y', 's', '{}')"""
    transaction = late.transaction()
    await transaction.start()
    await late.execute(statement)
    await log.act(100)
    connection = await log.database.dedicated()
    chain = AuditChain(log.database, signer("discipline"), service="discipline", region="999999", page=30)
    shift = _Shift(chain, connection)
    await shift.take_over()
    for number in (30, 60):
        assert await shift.step()
        assert shift.number == number
    await transaction.commit()
    await late.close()
    while shift.number < 101:
        await shift.step()
    for _ in range(3):
        assert not await shift.step()
    await connection.close()
    assert [
        tuple(r) for r in await log.rows("select number, position from audit_chain order by number desc limit 1")
    ] == [(101, 1)]
    log.sealer()
    await log.sealed()
    assert judged(await log.export()) == []


@pytest.mark.rule("G11")
async def test_a_sealer_that_lost_its_place_without_noticing_can_add_and_sign_nothing(log: Audited) -> None:
    def shift(connection: object) -> _Shift:
        return _Shift(AuditChain(log.database, signer("discipline"), service="discipline", region="999999"), connection)

    connections = [await log.database.dedicated() for _ in range(2)]
    old, new = map(shift, connections)
    await log.act(5)
    await old.take_over()
    await old.step()
    await new.take_over()
    await log.act(5)
    with pytest.raises(Fenced):
        await old.step()
    with pytest.raises(Fenced):
        await old.sign()
    await new.step()
    await new.sign()
    for connection in connections:
        await connection.close()
    assert [tuple(row) for row in await log.rows("select max(number), count(*) from audit_chain")] == [(10, 10)]
    assert [tuple(row) for row in await log.rows("select number from audit_checkpoints")] == [(10,)]
    assert judged(await log.export()) == []


@pytest.mark.rule("G11")
@pytest.mark.parametrize(
    "hand",
    [
        "with x as (update audit_log set actor = 'x' where position = 6) delete from audit_chain where number > 5",
        "with x as (update audit_log set actor = 'x' where position = 6) delete from audit_chain",
        "update audit_chain set hash = sha256('x') where number = 6",
    ],
)
async def test_a_chain_that_was_changed_by_hand_stops_the_sealer_until_an_operator_accepts_it(
    log: Audited, hand: str
) -> None:
    await log.stages(6)
    await log.rows(hand)
    chain = log.sealer()

    async def stopped() -> bool:
        return chain.state == "needs an operator"

    await until(stopped, 20, "the sealer went on")
    with pytest.raises(NeedsOperator, match="changed by hand"):
        await log.tasks.pop()
    owner = Database(log.copy.owner_url)
    async with owner.transaction() as tx:
        await restore.begin_anew(tx)
    await owner.close()
    log.sealer(checkpoint_every=0.1)
    await log.sealed()
    assert kinds(await log.export()) != [], "what was done stays visible in the proof"


@pytest.mark.rule("G11")
async def test_a_sealer_never_builds_on_a_link_that_was_taken_from_under_it(log: Audited) -> None:
    await log.act(4)
    chain = log.sealer(checkpoint_every=0.05)
    await log.sealed()
    await log.rows("delete from audit_chain where number > 2")
    await log.act(1)

    async def stopped() -> bool:
        return chain.state == "needs an operator"

    await until(stopped, 20, "the sealer went on")
    with pytest.raises(NeedsOperator, match="left at link 4 and now ends at link 2"):
        await log.tasks.pop()


@pytest.mark.rule("G11")
async def test_after_an_accepted_change_the_new_history_is_signed_from_where_it_parts(log: Audited) -> None:
    await log.stages(3, 20)
    await log.rows("""with x as (delete from audit_log where position > 5) delete from audit_chain where number > 5""")
    owner = Database(log.copy.owner_url)
    async with owner.transaction() as tx:
        await restore.begin_anew(tx)
    await owner.close()
    await log.act(1)
    log.sealer()
    await log.sealed(signed=False)

    async def signed() -> bool:
        return [row["number"] for row in await log.rows("select number from audit_checkpoints order by 1")] == [
            3,
            6,
            23,
        ]

    await until(signed, 20, "the new history is not signed")
    assert kinds(await log.export()) == [("cut", 6)]


@pytest.mark.rule("G11")
async def test_while_nothing_happens_nothing_is_signed_and_each_signature_is_an_event(log: Audited) -> None:
    log.sealer(checkpoint_every=0.05)
    await log.act(3)
    await log.sealed()
    before = await log.rows("select count(*) from audit_checkpoints")
    await asyncio.sleep(0.5)
    assert await log.rows("select count(*) from audit_checkpoints") == before
    said = await log.rows(
        """select topic, subject, type, sequence, convert_from(value, 'UTF8')::jsonb ->> 'hash' as hash from outbox
           order by position"""
    )
    kept = await log.rows("select encode(hash, 'hex') as hash from audit_checkpoints order by number")
    assert [row["hash"] for row in said] == [row["hash"] for row in kept]
    assert len({row["subject"] for row in said}) == len(said), "a restored owner must not say one number twice"
    assert {(row["topic"], row["sequence"], row["type"]) for row in said} == {
        ("discipline.audit-checkpoints", 1, "xiansuo.discipline.audit-checkpoint.signed.v1")
    }
