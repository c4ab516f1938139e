"""The store of legs and of the sealed facts that came for them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, exists, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.discipline.db.tables import lead_standings, leg_facts, leg_history, legs
from services.discipline.domain.leg import Leg, Outcome, Status
from shared.contracts.envelope import SealedBox
from shared.db import Transaction
from shared.errors import Conflict, NotFound


async def add(tx: Transaction, leg: Leg, *, region: str, actor: str, at: datetime) -> None:
    """Insert a new leg with its first line of history."""
    await tx.execute(insert(legs), {**_row(leg), "region_code": region, "created_at": at})
    await _remember(tx, leg, actor=actor, effective_at=leg.opened_at, at=at)


async def save(tx: Transaction, leg: Leg, *, actor: str, effective_at: datetime, at: datetime) -> None:
    """Write the new state. Raises `Conflict` when someone else wrote since it was read."""
    done = await tx.execute(
        update(legs)
        .where(legs.c.id == leg.id, legs.c.version == leg.version - 1)
        .values(_row(leg))
        .returning(legs.c.id)
    )
    if done.one_or_none() is None:
        raise Conflict("纪律线已被他人更新 / the leg was changed by someone else meanwhile")
    await _remember(tx, leg, actor=actor, effective_at=effective_at, at=at)


async def get(tx: Transaction, leg_id: UUID, *, lock: bool = False) -> Leg:
    """One leg. Raises `NotFound`."""
    query = whole().where(legs.c.id == leg_id)
    row = (await tx.execute(query.with_for_update(of=legs) if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该纪律线 / no such leg")
    return of_row(row)


async def find(tx: Transaction, dual_assignment_id: UUID) -> Leg | None:
    """The leg of a dual assignment, if it has arrived."""
    query = whole().where(legs.c.dual_assignment_id == dual_assignment_id)
    row = (await tx.execute(query)).mappings().one_or_none()
    return of_row(row) if row else None


def whole() -> Select[Any]:
    """Legs with what intake says of their leads."""
    stands = lead_standings.c
    more = (
        stands.suspended_at.is_not(None).label("suspended"),
        (stands.sealed_at.is_not(None) | stands.expunged_at.is_not(None)).label("at_rest"),
    )
    return select(legs, *more).outerjoin(lead_standings, stands.lead_id == legs.c.lead_id)


async def stand(tx: Transaction, lead_id: UUID, **values: Any) -> None:
    """Keep what intake says of a lead."""
    put = upsert(lead_standings).values(lead_id=lead_id, **values)
    await tx.execute(put.on_conflict_do_update(index_elements=["lead_id"], set_=values))


async def is_expunged(tx: Transaction, lead_id: UUID) -> bool:
    """Whether the facts of this lead are to be destroyed wherever they stand."""
    query = select(lead_standings.c.expunged_at).where(lead_standings.c.lead_id == lead_id)
    return (await tx.execute(query)).scalar_one_or_none() is not None


async def destroy(tx: Transaction, lead_id: UUID) -> int:
    """Nothing of what is known of a lead is left here: its boxes, reasons; → how many boxes there were."""
    boxes = (leg_facts.c.lead_id == lead_id, leg_facts.c.box.is_not(None))
    done = await tx.execute(update(leg_facts).where(*boxes).values(key_id=None, box=None))
    mine = select(legs.c.id).where(legs.c.lead_id == lead_id)
    await tx.execute(update(leg_history).where(leg_history.c.leg_id.in_(mine)).values(reason=None))
    return int(done.rowcount)


async def expunged_with_boxes(tx: Transaction, waiting: Collection[UUID]) -> list[UUID]:
    """Expunged leads of which a box is kept here, or waits in the inbox."""
    mine, stands = leg_facts.c, lead_standings.c
    kept = exists().where(mine.lead_id == stands.lead_id, mine.box.is_not(None))
    query = select(stands.lead_id).where(stands.expunged_at.is_not(None), or_(kept, stands.lead_id.in_(waiting)))
    return list((await tx.execute(query)).scalars())


async def keep_facts(tx: Transaction, lead_id: UUID, sequence: int, sealed: SealedBox | None, *, at: datetime) -> None:
    """Keep a box as it came; None stands for facts that were destroyed."""
    await tx.execute(
        insert(leg_facts),
        {
            "lead_id": lead_id,
            "sequence": sequence,
            "key_id": sealed and sealed.key_id,
            "box": sealed and sealed.box,
            "received_at": at,
        },
    )


async def latest_facts(tx: Transaction, lead_id: UUID) -> SealedBox | None:
    """The newest box about a lead, None when there is none or it was destroyed."""
    query = select(leg_facts).where(leg_facts.c.lead_id == lead_id).order_by(leg_facts.c.sequence.desc()).limit(1)
    row = (await tx.execute(query)).mappings().one_or_none()
    return SealedBox(key_id=row["key_id"], box=row["box"]) if row and row["box"] else None


def of_row(row: RowMapping) -> Leg:
    """A row as the aggregate."""
    return Leg(
        id=row["id"],
        dual_assignment_id=row["dual_assignment_id"],
        lead_id=row["lead_id"],
        status=Status(row["status"]),
        version=row["version"],
        opened_at=row["opened_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        suspended=bool(row["suspended"]),
        at_rest=bool(row["at_rest"]),
    )


def _row(leg: Leg) -> dict[str, object]:
    return {
        "id": leg.id,
        "dual_assignment_id": leg.dual_assignment_id,
        "lead_id": leg.lead_id,
        "status": leg.status.value,
        "version": leg.version,
        "opened_at": leg.opened_at,
        "outcome": leg.outcome.value if leg.outcome else None,
    }


async def _remember(tx: Transaction, leg: Leg, *, actor: str, effective_at: datetime, at: datetime) -> None:
    await tx.execute(
        insert(leg_history),
        {
            "leg_id": leg.id,
            "version": leg.version,
            "status": leg.status.value,
            "actor": actor,
            "effective_at": effective_at,
            "recorded_at": at,
        },
    )
