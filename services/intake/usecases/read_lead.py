"""Someone of the office reads a lead with its restricted facts; the reading itself is put on record (G11)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads
from services.intake.domain.lead import Lead
from shared import audit
from shared.auth import Principal
from shared.db import Transaction


async def read_lead(tx: Transaction, lead_id: UUID, *, by: Principal, at: datetime) -> Lead:
    """The lead. Raises `NotFound`, `NotAllowed` when it is sealed or expunged (G14)."""
    lead = await leads.get(tx, lead_id)
    lead.must_be_used()
    await audit.record(tx, by, "lead.read", lead.id, at=at)
    return lead
