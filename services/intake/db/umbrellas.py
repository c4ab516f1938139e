"""What is said of shielding officials, apart from the lead: it goes to discipline alone."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, select

from services.intake.db.partner_tables import lead_umbrellas
from shared.db import Transaction


async def add(tx: Transaction, told: Sequence[tuple[UUID, str]]) -> None:
    """Keep what is said, by lead."""
    if told:
        await tx.execute(insert(lead_umbrellas), [{"lead_id": lead_id, "told": text} for lead_id, text in told])


async def of_lead(tx: Transaction, lead_id: UUID) -> str | None:
    """What is said with this lead."""
    query = select(lead_umbrellas.c.told).where(lead_umbrellas.c.lead_id == lead_id)
    return (await tx.execute(query)).scalar_one_or_none()
