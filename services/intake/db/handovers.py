"""The store of transfers to other organs (C5). The lead is locked before its transfers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from services.intake.db.life_tables import handovers as table
from services.intake.domain.handover import Handover
from shared.db import Transaction

_OPEN = (table.c.receipt_no.is_(None), table.c.undone_at.is_(None))


async def add(tx: Transaction, handover: Handover) -> None:
    """Keep where a lead went."""
    await tx.execute(insert(table), _row(handover))


async def save(tx: Transaction, handover: Handover) -> None:
    """Write what came of it; the caller holds the lead's lock."""
    here = (table.c.lead_id == handover.lead_id, table.c.number == handover.number)
    await tx.execute(update(table).where(*here).values(_row(handover)))


async def of_lead(tx: Transaction, lead_id: UUID) -> list[Handover]:
    """All of a lead, in order."""
    query = select(table).where(table.c.lead_id == lead_id).order_by(table.c.number)
    return [Handover(**row) for row in (await tx.execute(query)).mappings()]


async def is_taken(tx: Transaction, lead_id: UUID) -> bool:
    """Whether the organ to which it went last has given its receipt."""
    found = await of_lead(tx, lead_id)
    return bool(found) and found[-1].receipt_no is not None


async def waiting(tx: Transaction, *, limit: int) -> Sequence[UUID]:
    """Leads for which an organ's receipt is waited for, the oldest letters first."""
    query = select(table.c.lead_id).where(*_OPEN).order_by(table.c.sent_at).limit(limit)
    return list((await tx.execute(query)).scalars())


def _row(handover: Handover) -> dict[str, Any]:
    return {name: getattr(handover, name) for name in handover.__dataclass_fields__}
