"""Breaks of the statements, which the simulation does not run: one word of a statement becomes another, on a real PostgreSQL.

What catches them are comparisons with the stores in memory, and what two at once may not do.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from uuid import uuid4

from sqlalchemy import text

from shared import audit, outbox
from shared.contracts.intake import LeadClassified
from shared.db import Database, Transaction
from shared.inbox import Inbox, Received, Record
from tests.simulation.alike import compare_inboxes, compare_outboxes
from tests.support.builders import NOON, envelope
from tests.support.postgres import Copy

NewCopy = Callable[[str], Awaitable[Copy]]
Check = Callable[[NewCopy], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SqlMutant:
    """One break: in the statement `statement` of `module`, `old` becomes `new`; without `old` it becomes `new` as a whole."""

    name: str
    module: str
    statement: str
    old: str
    new: str


_UNLOCKED = """with seen as (select coalesce(max(last), 0) + 1 as next from outbox_sequences where topic = :topic and subject = :subject),
  put as (insert into outbox_sequences select :topic, :subject, next from seen
          on conflict (topic, subject) do update set last = excluded.last)
select next from seen"""
SQL_MUTANTS = (
    SqlMutant("dedupe without its on conflict", "shared.inbox_store", "_LOCK", " on conflict do nothing", ""),
    SqlMutant("a known subject is written over", "shared.inbox_store", "_LOCK",
              "on conflict do nothing", "on conflict (topic, subject) do update set last = excluded.last"),
    SqlMutant("a subject is read without its lock", "shared.inbox_store", "_LOCK", " for update of i", ""),
    SqlMutant("a mark moves without its id", "shared.inbox_store", "_ADVANCE", ", event_id = k.event_id", ""),
    SqlMutant("held too long by one", "shared.inbox_store", "_UNHOLD", "h.sequence <= k.last", "h.sequence < k.last"),
    SqlMutant("held events leave too early", "shared.inbox_store", "_READY", "where h.sequence <= i.last + 1",
              "where h.sequence <= i.last + 2"),
    SqlMutant("an older log overwrites a newer", "shared.inbox_store", "_NOTE_LOGS", "greatest(i.log, excluded.log)",
              "excluded.log"),
    SqlMutant("snapshot bound wrong", "shared.relay_store", "NEW_ROWS", "xid >= pg_snapshot_xmax", "xid > pg_snapshot_xmax"),
    SqlMutant("what was open is forgotten", "shared.relay_store", "NEW_ROWS", "where xid = any(", "where false and xid = any("),
    SqlMutant("a page shows what is not in its snapshot", "shared.relay_store", "NEXT_PAGE",
              "pg_visible_in_snapshot(xid, $2::text::pg_snapshot)", "$2::text is not null"),
    SqlMutant("a replay goes on beyond its snapshot", "shared.relay_store", "REPLAY_PAGE",
              "pg_visible_in_snapshot(xid, $1::text::pg_snapshot)", "$1::text is not null"),
    SqlMutant("an epoch is not raised", "shared.relay_store", "TAKE_OVER", "relay.epoch + 1", "relay.epoch"),
    SqlMutant("a fenced relay saves", "shared.relay_store", "SAVE", "and epoch = $1", "and $1 > 0"),
    SqlMutant("a sequence without its lock", "shared.outbox", "_draw", "", _UNLOCKED),
)  # fmt: skip


@contextmanager
def reworded(it: SqlMutant) -> Iterator[None]:
    """The statement as the mutant has it."""
    module = import_module(it.module)
    whole = getattr(module, it.statement)
    words = whole if isinstance(whole, str) else getattr(whole, "text", "")
    if it.old and words.count(it.old) < 1:
        raise LookupError(f"{it.name}: its place in {it.module}.{it.statement} is gone: {it.old!r}")
    new = words.replace(it.old, it.new) if it.old else it.new
    setattr(module, it.statement, new if isinstance(whole, str) else text(new))
    try:
        yield
    finally:
        setattr(module, it.statement, whole)


async def _inbox_alike(new: NewCopy) -> None:
    await compare_inboxes(await new("verification"), 0, 120)


async def _outbox_alike(new: NewCopy) -> None:
    await compare_outboxes(await new("intake"), 0, 150)


def _classified() -> LeadClassified:
    return LeadClassified(
        lead_id=uuid4(), tier="evil", level="key", area_codes=(), manifestation_codes=(), effective_at=NOON
    )


async def _two_hear_at_once(new: NewCopy) -> None:
    """Both members have the same batch after a rebalance: each event takes effect once."""
    copy = await new("verification")
    database, told = Database(copy.url), [_classified() for _ in range(20)]

    async def note(tx: Transaction, _: LeadClassified, received: Received) -> None:
        await asyncio.sleep(0)
        await audit.record(tx, None, "noted", received.subject, at=NOON, detail={"n": received.sequence})

    def batch(number: int) -> list[Record]:
        return [Record("intake.leads", 0, number, envelope(event, number)) for event in told]

    inbox = Inbox(database, {LeadClassified: note}, clock=lambda: datetime.now(UTC))
    try:
        await inbox.take(batch(1))
        for number in range(2, 8):
            same = batch(number)
            await asyncio.wait({asyncio.create_task(inbox.take(same)) for _ in range(2)})
        statement = "select subject, detail ->> 'n', count(*) from audit_log group by 1, 2 having count(*) > 1"
        assert not await copy.server.run_async(statement, database=copy.name), "an event took effect twice"
    finally:
        await database.close()


async def _two_say_at_once(new: NewCopy) -> None:
    """Numbers of one subject have no gap and no double, whoever speaks at once."""
    copy = await new("intake")
    database, event = Database(copy.url), _classified()

    async def speak() -> None:
        for _ in range(10):
            async with database.transaction() as tx:
                await outbox.put(tx, event, at=NOON)

    try:
        await asyncio.gather(*(speak() for _ in range(4)))
        rows = await copy.server.run_async("select sequence from outbox order by position", database=copy.name)
        numbers = Counter(row[0] for row in rows)
        assert numbers == Counter(range(1, 41)), "a number is missing or twice there"
    finally:
        await database.close()


CHECKS: tuple[Check, ...] = (_inbox_alike, _outbox_alike, _two_hear_at_once, _two_say_at_once)


async def catch_sql(it: SqlMutant, new: NewCopy) -> str | None:
    """What catches the mutant; None when nothing does."""
    with reworded(it):
        for check in CHECKS:
            try:
                await check(new)
            except Exception as seen:  # noqa: BLE001 - whatever it is that stops it, the break is seen
                return (
                    f"{check.__name__.strip('_').replace('_', ' ')}: {type(seen).__name__} {str(seen).splitlines()[:1]}"
                )
    return None
