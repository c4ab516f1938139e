"""The store of requests for more time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.intake.db.conflicts import apart
from services.intake.db.life_tables import deadline_extensions as table
from services.intake.domain.extension import Extension, State
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound


async def add(tx: Transaction, extension: Extension) -> None:
    """Insert a request. Raises `NotAllowed` when one is open for this limit."""
    new = insert(table).values(_row(extension)).on_conflict_do_nothing().returning(table.c.id)
    if (await tx.execute(new)).first() is None:
        raise NotAllowed("该期限已有待批的延期申请 / a request for this limit is open already")


async def save(tx: Transaction, extension: Extension) -> None:
    """Write what was decided; the caller holds the lead's lock."""
    row = _row(extension)
    names = ("state", "decided_by", "decided_at", "decision_reason")
    await tx.execute(update(table).where(table.c.id == extension.id).values({name: row[name] for name in names}))


async def get(tx: Transaction, extension_id: UUID, *, lock: bool = False) -> Extension:
    """One request. Raises `NotFound`."""
    query = select(table).where(table.c.id == extension_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该延期申请 / no such request")
    return _of_row(row)


async def page(
    tx: Transaction,
    *,
    state: State | None,
    lead_id: UUID | None,
    away: Sequence[UUID],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Extension]:
    """Requests as they were made; `after` is the key of the last one seen."""
    query = select(table).where(*apart(table.c.lead_id, away)).order_by(table.c.asked_at, table.c.id).limit(limit)
    if state is not None:
        query = query.where(table.c.state == state.value)
    if lead_id is not None:
        query = query.where(table.c.lead_id == lead_id)
    if after is not None:
        query = query.where(tuple_(table.c.asked_at, table.c.id) > after)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


def _of_row(row: RowMapping) -> Extension:
    return Extension(**{**row, "kind": DeadlineKind(row["kind"]), "state": State(row["state"])})


def _row(extension: Extension) -> dict[str, Any]:
    values = {column.name: getattr(extension, column.name) for column in table.columns}
    return values | {"kind": extension.kind.value, "state": extension.state.value}
