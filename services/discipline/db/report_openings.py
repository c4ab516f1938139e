"""The store of openings of reporters past the office: who asked, who granted, who read when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.discipline.db.report_tables import report_openings as table
from services.discipline.db.report_tables import report_readings as readings
from services.discipline.domain.opening import Opening, Purpose, State
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound

_CHANGES = ("state", "decided_by", "decided_at", "decision_reason", "ends_at", "ended_by", "ended_at")


async def add(tx: Transaction, opening: Opening) -> None:
    """Insert a new one. Raises `NotAllowed` when one waits for this report."""
    new = upsert(table).values(_row(opening)).on_conflict_do_nothing().returning(table.c.id)
    if (await tx.execute(new)).first() is None:
        raise NotAllowed("该举报已有待批的调取申请 / a request for this report waits already")


async def save(tx: Transaction, opening: Opening) -> None:
    """Write what became of it. The caller holds its lock."""
    row = _row(opening)
    await tx.execute(update(table).where(table.c.id == opening.id).values({name: row[name] for name in _CHANGES}))


async def get(tx: Transaction, opening_id: UUID, *, lock: bool = False) -> Opening:
    """One opening. Raises `NotFound`."""
    query = select(table).where(table.c.id == opening_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该调取 / no such opening")
    return _of_row(row)


async def page(
    tx: Transaction, *, report_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[Opening, int]]:
    """Openings as they were asked for, each with how often it was read."""
    read = select(func.count()).where(readings.c.opening_id == table.c.id).scalar_subquery()
    query: Select[Any] = select(table, read.label("read")).order_by(table.c.asked_at, table.c.id).limit(limit)
    if report_id is not None:
        query = query.where(table.c.report_id == report_id)
    if after is not None:
        query = query.where(tuple_(table.c.asked_at, table.c.id) > after)
    rows = (await tx.execute(query)).mappings()
    return [(_of_row({column.name: row[column.name] for column in table.c}), row["read"]) for row in rows]


async def add_reading(tx: Transaction, opening_id: UUID, *, reader: str, at: datetime) -> int:
    """One more reading; → its number. The caller holds the opening's lock."""
    last = select(func.coalesce(func.max(readings.c.number), 0)).where(readings.c.opening_id == opening_id)
    number: int = (await tx.execute(last)).scalar_one() + 1
    row = {"opening_id": opening_id, "number": number, "reader": reader, "read_at": at}
    await tx.execute(insert(readings), row)
    return number


def _of_row(row: Any) -> Opening:
    return Opening(
        **{**row, "purpose": Purpose(row["purpose"]), "state": State(row["state"]), "officers": tuple(row["officers"])}
    )


def _row(opening: Opening) -> dict[str, Any]:
    values = {column.name: getattr(opening, column.name) for column in table.columns}
    return {
        **values,
        "purpose": opening.purpose.value,
        "state": opening.state.value,
        "officers": list(opening.officers),
    }
