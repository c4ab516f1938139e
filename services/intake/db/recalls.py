"""Which assignments were taken back because of a conflict of interest (收回改交). The lead is locked before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.intake.db.conflict_tables import recalls as table
from shared.db import Transaction


async def add(tx: Transaction, lead_id: UUID, assignment_no: int, *, at: datetime) -> None:
    """This assignment was taken back; heard again after a restore it stays as it is."""
    row = {"lead_id": lead_id, "assignment_no": assignment_no, "recalled_at": at}
    await tx.execute(insert(table).values(row).on_conflict_do_nothing())


async def has(tx: Transaction, lead_id: UUID, assignment_no: int) -> bool:
    """Whether it was."""
    query = select(table.c.lead_id).where(table.c.lead_id == lead_id, table.c.assignment_no == assignment_no)
    return (await tx.execute(query)).first() is not None
