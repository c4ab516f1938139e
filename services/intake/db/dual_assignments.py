"""The store of dual assignments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update

from services.intake.db.conflicts import apart
from services.intake.db.tables import dual_assignments as table
from services.intake.domain.dual_assignment import DualAssignment, Status
from shared.contracts.intake import LegStatus
from shared.db import Transaction
from shared.errors import Conflict, NotFound


async def add(tx: Transaction, dual: DualAssignment, *, region: str) -> None:
    """Insert a new parent."""
    await tx.execute(insert(table), {**_row(dual), "region_code": region, "created_at": dual.created_at})


async def save(tx: Transaction, dual: DualAssignment) -> None:
    """Write the new state. Raises `Conflict` when someone else wrote since it was read."""
    done = await tx.execute(
        update(table)
        .where(table.c.id == dual.id, table.c.version == dual.version - 1)
        .values(_row(dual))
        .returning(table.c.id)
    )
    if done.one_or_none() is None:
        raise Conflict("双交办已被他人更新 / the dual assignment was changed by someone else meanwhile")


async def get(tx: Transaction, dual_id: UUID) -> DualAssignment:
    """One parent. Raises `NotFound`."""
    row = (await tx.execute(select(table).where(table.c.id == dual_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该双交办 / no such dual assignment")
    return of_row(row)


async def of_lead(tx: Transaction, lead_id: UUID) -> DualAssignment | None:
    """The parent of this lead, locked; None when the lead has no discipline leg."""
    row = (await tx.execute(select(table).where(table.c.lead_id == lead_id).with_for_update())).mappings().one_or_none()
    return of_row(row) if row else None


async def is_open(tx: Transaction, lead_id: UUID) -> bool:
    """Whether a leg of this lead has not ended; the parent is locked."""
    dual = await of_lead(tx, lead_id)
    return dual is not None and dual.status is Status.OPEN


async def page(
    tx: Transaction, *, lead_id: UUID | None, away: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
) -> list[DualAssignment]:
    """Parents by creation, of one lead if it is given; `after` is the key of the last one seen."""
    query = select(table).where(*apart(table.c.lead_id, away)).order_by(table.c.created_at, table.c.id).limit(limit)
    if lead_id is not None:
        query = query.where(table.c.lead_id == lead_id)
    if after is not None:
        query = query.where(
            (table.c.created_at > after[0]) | ((table.c.created_at == after[0]) & (table.c.id > after[1]))
        )
    return [of_row(row) for row in (await tx.execute(query)).mappings()]


def of_row(row: RowMapping) -> DualAssignment:
    """A row as the aggregate."""
    return DualAssignment(
        id=row["id"],
        lead_id=row["lead_id"],
        created_at=row["created_at"],
        crime=LegStatus(row["crime"]),
        discipline=LegStatus(row["discipline"]),
        completed_at=row["completed_at"],
        version=row["version"],
    )


def _row(dual: DualAssignment) -> dict[str, object]:
    return {
        "id": dual.id,
        "lead_id": dual.lead_id,
        "crime": dual.crime.value,
        "discipline": dual.discipline.value,
        "completed_at": dual.completed_at,
        "version": dual.version,
    }
