"""What an operator does to a service's events: see the lag, what is held and parked; replay or skip, with a reason that is audited."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from shared import audit
from shared.contracts.envelope import Unparsable, decode
from shared.db import Database
from shared.errors import Invalid, NotFound
from shared.inbox import Inbox, held, inbox, parked

_LAG = text(
    """select count(*) as rows, coalesce(extract(epoch from clock_timestamp() - min(recorded_at)), 0)::float as seconds
       from outbox, relay where xid >= pg_snapshot_xmax(relay.snapshot::pg_snapshot)
         or xid = any(array(select pg_snapshot_xip(relay.snapshot::pg_snapshot)))"""
)


async def lag(database: Database) -> dict[str, Any]:
    """Rows of the outbox that no saved snapshot covers yet, and how old the oldest is (seconds)."""
    async with database.transaction() as tx:
        return dict((await tx.execute(_LAG)).mappings().one())


async def list_held(database: Database) -> list[dict[str, Any]]:
    """What is held and for what, oldest first."""
    columns = [c for c in held.c if c.name != "value"]
    async with database.transaction() as tx:
        return [
            dict(row) for row in (await tx.execute(select(*columns).order_by(held.c.held_at).limit(1000))).mappings()
        ]


async def list_parked(database: Database) -> list[dict[str, Any]]:
    """What is parked and why, oldest first."""
    columns = [c for c in parked.c if c.name != "value"]
    async with database.transaction() as tx:
        return [
            dict(row)
            for row in (await tx.execute(select(*columns).order_by(parked.c.parked_at).limit(1000))).mappings()
        ]


async def replay(inbox_: Inbox, topic: str, subject: str, sequence: int, *, reason: str, at: datetime) -> None:
    """Apply a parked event now (after its cause was mended). It stays parked if it fails again. Raises `NotFound`."""
    _need(reason)
    here = (parked.c.topic == topic, parked.c.subject == subject, parked.c.sequence == sequence)
    async with inbox_.database.transaction() as tx:
        row = (await tx.execute(select(parked.c.value).where(*here).with_for_update())).one_or_none()
        if row is None:
            raise NotFound("no such parked event")
        await tx.execute(delete(parked).where(*here))
        await inbox_.apply_parked(tx, topic, bytes(row.value))
        await audit.record(
            tx, None, "event.replay", f"{topic}/{subject}", at=at, detail={"sequence": sequence}, purpose=reason
        )
    await inbox_.release()


async def skip(inbox_: Inbox, topic: str, subject: str, sequence: int, *, reason: str, at: datetime) -> None:
    """Go past an event that will never be applied: parked, or missing at its owner. Raises `NotFound`, `Invalid`."""
    _need(reason)
    here = (parked.c.topic == topic, parked.c.subject == subject, parked.c.sequence == sequence)
    async with inbox_.database.transaction() as tx:
        value = (await tx.execute(delete(parked).where(*here).returning(parked.c.value))).scalar_one_or_none()
        mark = (
            await tx.execute(
                select(inbox.c.last).where(inbox.c.topic == topic, inbox.c.subject == subject).with_for_update()
            )
        ).scalar_one_or_none()
        if mark is None and value is None:
            raise NotFound("nothing is known of this subject on this topic")
        if sequence:
            # a subject whose first event is parked has no mark yet
            if sequence != (mark or 0) + 1:
                raise Invalid(f"the next event of this subject is number {(mark or 0) + 1}")
            moved = {"last": sequence, "event_id": _id_of(value)}
            advance = upsert(inbox).values(topic=topic, subject=subject, **moved)
            await tx.execute(advance.on_conflict_do_update(index_elements=["topic", "subject"], set_=moved))
            await tx.execute(
                delete(held).where(held.c.topic == topic, held.c.subject == subject, held.c.sequence == sequence)
            )
        await audit.record(
            tx, None, "event.skip", f"{topic}/{subject}", at=at, detail={"sequence": sequence}, purpose=reason
        )
    await inbox_.release()


def _need(reason: str) -> None:
    if len(reason.strip()) < 5:
        raise Invalid("a reason of at least five characters is needed", fields=[("reason", "too short")])


def _id_of(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return decode(value).id
    except Unparsable:
        return None
