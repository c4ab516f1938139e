"""What an operator does to a service's events: see the lag, what is held and parked; replay or skip, with a reason that is audited."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update

from shared import audit, identity
from shared.db import Database
from shared.errors import Invalid
from shared.inbox import Inbox, held, parked
from shared.outbox import relay as relay_state

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


async def accept_restore(database: Database, *, reason: str, at: datetime) -> None:
    """After a restore, when the operator has compared the services: this server is the right one. Everything is published again."""
    _need(reason)
    async with database.transaction() as tx:
        await identity.write_down(tx)
        await tx.execute(
            update(relay_state).values(snapshot="1:1:", catching_up_to=None, page_position=0, replay_topics=None)
        )
        await audit.record(tx, None, "database.accept-restore", "database", at=at, purpose=reason)


def _need(reason: str) -> None:
    if len(reason.strip()) < 5:
        raise Invalid(
            "理由至少五个字 / a reason of at least five characters is needed", fields=[("reason", "过短 / too short")]
        )
