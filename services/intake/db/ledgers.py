"""The store of imported ledgers: which file brought which leads, and what was refused in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from services.intake.db.tables import ledger_rows, ledgers
from shared.db import Transaction
from shared.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One import: its file's hash and what became of its rows."""

    id: UUID
    sha256: str
    taken: int
    known: int
    refused: list[dict[str, Any]]
    rows: list[tuple[int, UUID]]


async def add(tx: Transaction, ledger: Ledger, *, region: str, by: str, at: datetime) -> None:
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
            "created_at": at,
        },
    )
    if ledger.rows:
        await tx.execute(
            insert(ledger_rows),
            [{"ledger_id": ledger.id, "row": row, "lead_id": lead_id} for row, lead_id in ledger.rows],
        )


async def get(tx: Transaction, ledger_id: UUID) -> Ledger:
    """One import. Raises `NotFound`."""
    row = (await tx.execute(select(ledgers).where(ledgers.c.id == ledger_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该次导入 / no such ledger")
    query = select(ledger_rows.c.row, ledger_rows.c.lead_id).where(ledger_rows.c.ledger_id == ledger_id)
    rows = (await tx.execute(query.order_by(ledger_rows.c.row))).all()
    return Ledger(
        id=row["id"],
        sha256=row["sha256"],
        taken=row["taken"],
        known=row["known"],
        refused=row["refused"],
        rows=[(found.row, found.lead_id) for found in rows],
    )
