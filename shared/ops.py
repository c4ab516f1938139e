"""What an operator does to a service's events: see the lag, what is held and parked; replay or skip, with a reason that is audited."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, select

from shared import audit, outbox
from shared.db import Database
from shared.errors import Invalid
from shared.inbox import Inbox, held, inbox, parked
from shared.outbox import relay as relay_state

SHORTEST_REASON = 5


async def lag(database: Database) -> dict[str, Any]:
    """Events that are not published yet (counted to 100,000), the topic and the time of record of the first, and how the relay stands.

    The time of record says the day only where the hour could tell who reported; how long it waits is in the metrics.
    """
    async with database.transaction() as tx:
        found = await outbox.unpublished(tx)
        first = (await tx.execute(_FIRST, {"position": found.first})).mappings().one_or_none()
        state = (await tx.execute(select(*(c for c in relay_state.c if c.name != "snapshot")))).mappings().one_or_none()
    return {"rows": found.rows, "first": first and dict(first), "relay": state and dict(state)}


async def list_held(database: Database) -> list[dict[str, Any]]:
    """What is held and for what, oldest first: `because` names the event that has to be applied first, and whether that is parked."""
    async with database.transaction() as tx:
        return [_why(dict(row)) for row in (await tx.execute(_HELD)).mappings()]


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
    async with inbox_.database.transaction() as tx:
        await inbox_.replay(tx, topic, subject, sequence)
        await audit.record(
            tx, None, "event.replay", f"{topic}/{subject}", at=at, detail={"sequence": sequence}, purpose=reason
        )
    await inbox_.release()


async def skip(inbox_: Inbox, topic: str, subject: str, sequence: int, *, reason: str, at: datetime) -> None:
    """Go past an event that will never be applied: parked, or missing at its owner. Raises `NotFound`, `Invalid`."""
    _need(reason)
    async with inbox_.database.transaction() as tx:
        await inbox_.skip(tx, topic, subject, sequence)
        await audit.record(
            tx, None, "event.skip", f"{topic}/{subject}", at=at, detail={"sequence": sequence}, purpose=reason
        )
    await inbox_.release()


_FIRST = select(
    outbox.outbox.c.topic, outbox.outbox.c.subject, outbox.outbox.c.sequence, outbox.outbox.c.recorded_at
).where(outbox.outbox.c.position == bindparam("position"))


_HELD = (
    select(
        *(c for c in held.c if c.name != "value"),
        func.coalesce(inbox.c.last, 0).label("last"),
        exists().where(parked.c.topic == held.c.topic, parked.c.subject == held.c.subject).label("behind"),
    )
    .outerjoin(inbox, and_(inbox.c.topic == held.c.topic, inbox.c.subject == held.c.subject))
    .order_by(held.c.held_at)
    .limit(1000)
)


def _why(row: dict[str, Any]) -> dict[str, Any]:
    behind, following = row.pop("behind"), row.pop("last") + 1
    topic, subject, sequence = (row.pop(f"waits_{name}") for name in ("topic", "subject", "sequence"))
    if behind:
        because = f"number {following} of this subject is parked"
    elif topic:
        because = f"{topic} {subject} {sequence} is not applied here yet"
    else:
        because = f"number {following} of this subject has not come"
    return {**row, "because": because}


def _need(reason: str) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        raise Invalid(
            "理由至少五个字 / a reason of at least five characters is needed", fields=[("reason", "过短 / too short")]
        )
