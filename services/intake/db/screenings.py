"""The store of screening tasks and their findings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, select, tuple_, update

from services.intake.db.partner_tables import screening_findings, screenings
from services.intake.db.tables import leads
from services.intake.domain.screening import Screening, ScreeningState
from shared.db import Transaction
from shared.errors import NotFound

_FIXED = ("id", "title", "scope", "unit", "due_on", "opened_by", "opened_at")
_CHANGING = ("returned_by", "returned_at", "zero_return", "note")


async def add(tx: Transaction, screening: Screening, *, region: str) -> None:
    """A new task."""
    row = {name: getattr(screening, name) for name in _FIXED}
    await tx.execute(insert(screenings), {**row, **_changing(screening), "region_code": region})


async def save(tx: Transaction, screening: Screening) -> None:
    """Write how it stands; the caller holds its row."""
    await tx.execute(update(screenings).where(screenings.c.id == screening.id).values(_changing(screening)))


async def get(tx: Transaction, screening_id: UUID, *, unit: str | None, lock: bool = False) -> Screening:
    """One task, of this unit if one is given. Raises `NotFound`."""
    query = select(screenings).where(screenings.c.id == screening_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None or (unit is not None and row["unit"] != unit):
        raise NotFound("没有该排查任务 / no such screening")
    return of_row(row)


async def add_finding(tx: Transaction, screening_id: UUID, lead_id: UUID, *, minors: bool) -> None:
    """A lead that was found by this task."""
    await tx.execute(insert(screening_findings), {"lead_id": lead_id, "screening_id": screening_id, "minors": minors})


async def found_by(tx: Transaction, lead_id: UUID) -> str | None:
    """The unit that found this lead; None when it came otherwise."""
    query = select(screenings.c.unit).join(screening_findings, screening_findings.c.screening_id == screenings.c.id)
    return (await tx.execute(query.where(screening_findings.c.lead_id == lead_id))).scalar_one_or_none()


async def findings(tx: Transaction, screening_id: UUID) -> int:
    """How many leads this task brought."""
    query = (
        select(func.count()).select_from(screening_findings).where(screening_findings.c.screening_id == screening_id)
    )
    return int((await tx.execute(query)).scalar_one())


async def leads_of(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """By task the leads that it brought, with their numbers."""
    table = screening_findings
    query = select(table.c.screening_id, leads.c.id, leads.c.lead_no).join(leads, leads.c.id == table.c.lead_id)
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for row in await tx.execute(query.where(table.c.screening_id.in_(ids)).order_by(leads.c.lead_no)):
        found.setdefault(row.screening_id, []).append((row.id, row.lead_no))
    return found


async def page(
    tx: Transaction, *, unit: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """Tasks by the time they were opened."""
    query = select(screenings).order_by(screenings.c.opened_at, screenings.c.id).limit(limit)
    if unit is not None:
        query = query.where(screenings.c.unit == unit)
    if after is not None:
        query = query.where(tuple_(screenings.c.opened_at, screenings.c.id) > after)
    return (await tx.execute(query)).mappings().all()


def of_row(row: RowMapping) -> Screening:
    """A row as the task."""
    return Screening(state=ScreeningState(row["state"]), **{name: row[name] for name in (*_FIXED, *_CHANGING)})


def _changing(screening: Screening) -> dict[str, Any]:
    return {"state": screening.state.value, **{name: getattr(screening, name) for name in _CHANGING}}
