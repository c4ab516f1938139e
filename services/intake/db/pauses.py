"""The store of requests for pauses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.intake.db.conflicts import apart
from services.intake.db.tables import deadline_pauses as table
from services.intake.domain.pause import PauseRequest, Status
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound


async def add(tx: Transaction, request: PauseRequest) -> None:
    """Insert a new request. Raises `NotAllowed` when one is open for this limit."""
    new = insert(table).values(_row(request)).on_conflict_do_nothing().returning(table.c.id)
    if (await tx.execute(new)).first() is None:
        raise NotAllowed("该期限已有待批的暂停申请 / a request for this limit is open already")


async def save(tx: Transaction, request: PauseRequest) -> None:
    """Write what was decided. The caller holds the lock of its limit."""
    row = _row(request)
    names = ("status", "decided_by", "decided_at", "decision_reason", "first", "last")
    await tx.execute(update(table).where(table.c.id == request.id).values({name: row[name] for name in names}))


async def get(tx: Transaction, request_id: UUID, *, lock: bool = False) -> PauseRequest:
    """One request. Raises `NotFound`."""
    query = select(table).where(table.c.id == request_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该暂停申请 / no such request")
    return _of_row(row)


async def of_lead(tx: Transaction, lead_id: UUID) -> list[PauseRequest]:
    """All requests for a lead's limits, oldest first."""
    query = select(table).where(table.c.lead_id == lead_id).order_by(table.c.asked_at, table.c.id)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


async def page(
    tx: Transaction, *, status: Status | None, away: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
) -> list[PauseRequest]:
    """Requests as they were made; `after` is the key of the last one seen."""
    query = select(table).where(*apart(table.c.lead_id, away)).order_by(table.c.asked_at, table.c.id).limit(limit)
    if status is not None:
        query = query.where(table.c.status == status.value)
    if after is not None:
        query = query.where(tuple_(table.c.asked_at, table.c.id) > after)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


def _of_row(row: RowMapping) -> PauseRequest:
    return PauseRequest(**{**row, "kind": DeadlineKind(row["kind"]), "status": Status(row["status"])})


def _row(request: PauseRequest) -> dict[str, Any]:
    values = {column.name: getattr(request, column.name) for column in table.columns}
    return {**values, "kind": request.kind.value, "status": request.status.value}
