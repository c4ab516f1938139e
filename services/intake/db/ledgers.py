"""The store of imported ledgers: which file brought which leads, and what was refused in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, select, text, tuple_

from services.intake.db.tables import ledger_rows, ledgers
from shared.db import Transaction, driver, wait_at_most
from shared.errors import NotFound

PATIENCE = 50
"""Seconds an import waits for another process's, and for any row; below the time a statement has in all."""
_TURN = text("select pg_advisory_xact_lock(hashtextextended(:region, 0))")
_ADD_ROWS = "insert into ledger_rows (ledger_id, row, lead_id) select $1, * from unnest($2::int[], $3::uuid[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One import: its file's hash and what became of its rows."""

    id: UUID
    sha256: str
    taken: int
    known: int
    refused: list[dict[str, Any]]
    rows: list[tuple[int, UUID]]
    imported_at: datetime


async def take_turn(tx: Transaction, region: str) -> None:
    """Wait until no other import of the region is under way, until this transaction ends. Two that share numbers would meet in them."""
    await wait_at_most(tx, PATIENCE)
    await tx.execute(_TURN, {"region": f"ledgers of {region}"})


async def add(tx: Transaction, ledger: Ledger, *, region: str, by: str) -> None:
    """Insert the import with the leads it registered."""
    await tx.execute(
        insert(ledgers),
        {
            "id": ledger.id,
            "region_code": region,
            "sha256": ledger.sha256,
            "taken": ledger.taken,
            "known": ledger.known,
            "refused": ledger.refused,
            "imported_by": by,
            "created_at": ledger.imported_at,
        },
    )
    connection = await driver(tx)
    for start in range(0, len(ledger.rows), 10_000):
        numbers, lead_ids = zip(*ledger.rows[start : start + 10_000], strict=True)
        await connection.execute(_ADD_ROWS, ledger.id, list(numbers), list(lead_ids))


async def get(tx: Transaction, ledger_id: UUID) -> Ledger:
    """One import. Raises `NotFound`."""
    row = (await tx.execute(select(ledgers).where(ledgers.c.id == ledger_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该次导入 / no such ledger")
    return await _whole(tx, row)


async def find_latest(tx: Transaction, region: str, sha256: str) -> Ledger | None:
    """The last import of this very file, if there was one."""
    query = select(ledgers).where(ledgers.c.region_code == region, ledgers.c.sha256 == sha256)
    row = (await tx.execute(query.order_by(ledgers.c.created_at.desc()).limit(1))).mappings().one_or_none()
    return await _whole(tx, row) if row else None


async def page(tx: Transaction, *, after: tuple[datetime, UUID] | None, limit: int) -> list[dict[str, Any]]:
    """Imports by time, without their rows; `after` is the key of the last one seen."""
    query = select(
        ledgers.c.id.label("ledger_id"),
        ledgers.c.sha256,
        ledgers.c.created_at.label("imported_at"),
        ledgers.c.taken,
        ledgers.c.known,
        func.jsonb_array_length(ledgers.c.refused).label("refused_cells"),
    ).order_by(ledgers.c.created_at, ledgers.c.id)
    if after is not None:
        query = query.where(tuple_(ledgers.c.created_at, ledgers.c.id) > after)
    return [dict(row) for row in (await tx.execute(query.limit(limit))).mappings()]


async def _whole(tx: Transaction, row: RowMapping) -> Ledger:
    query = select(ledger_rows.c.row, ledger_rows.c.lead_id).where(ledger_rows.c.ledger_id == row["id"])
    rows = (await tx.execute(query.order_by(ledger_rows.c.row))).all()
    return Ledger(
        id=row["id"],
        sha256=row["sha256"],
        taken=row["taken"],
        known=row["known"],
        refused=row["refused"],
        rows=[(found.row, found.lead_id) for found in rows],
        imported_at=row["created_at"],
    )
