"""The store of orders to destroy reporters' data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.intake.db.conflicts import apart
from services.intake.db.tables import leads, reporters
from services.intake.db.vault_tables import shreddings as table
from services.intake.domain.shredding import Ground, Shredding, Step
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound

AT_ONCE = 200


async def add(tx: Transaction, shredding: Shredding) -> None:
    """Insert a new order. Raises `NotAllowed` when one waits for this lead or was carried out."""
    new = insert(table).values(_row(shredding)).on_conflict_do_nothing().returning(table.c.id)
    if (await tx.execute(new)).first() is None:
        raise NotAllowed("该线索的举报人信息已有销毁指令或已销毁 / it is ordered or done already")


async def save(tx: Transaction, shredding: Shredding) -> None:
    """Write what became of it. The caller holds its lock."""
    row = _row(shredding)
    changes = {name: row[name] for name in ("state", "decided_by", "decided_at")}
    await tx.execute(update(table).where(table.c.id == shredding.id).values(changes))


async def get(tx: Transaction, shredding_id: UUID) -> Shredding:
    """One order, locked. Raises `NotFound`."""
    query = select(table).where(table.c.id == shredding_id).with_for_update()
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该销毁指令 / no such order")
    return _of_row(row)


async def of_given_up(tx: Transaction) -> list[Shredding]:
    """Orders that wait for reporters who are given up, locked; those that another holds are left out."""
    query = select(table).join(leads, leads.c.id == table.c.lead_id)
    query = query.join(reporters, reporters.c.reporter_ref == leads.c.reporter_ref)
    query = query.where(table.c.state == Step.ORDERED.value, reporters.c.shredded_on.is_not(None))
    query = query.order_by(table.c.ordered_at).limit(AT_ONCE).with_for_update(of=table, skip_locked=True)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


async def page(
    tx: Transaction, *, state: Step | None, away: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
) -> list[Shredding]:
    """Orders as they were given."""
    query = select(table).where(*apart(table.c.lead_id, away)).order_by(table.c.ordered_at, table.c.id).limit(limit)
    if state is not None:
        query = query.where(table.c.state == state.value)
    if after is not None:
        query = query.where(tuple_(table.c.ordered_at, table.c.id) > after)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


def _of_row(row: RowMapping) -> Shredding:
    return Shredding(**{**row, "ground": Ground(row["ground"]), "state": Step(row["state"])})


def _row(shredding: Shredding) -> dict[str, Any]:
    values = {column.name: getattr(shredding, column.name) for column in table.columns}
    return {**values, "ground": shredding.ground.value, "state": shredding.state.value}
