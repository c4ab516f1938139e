"""A member of the leading group takes note of a lead of level 重大 (§4.2 "LDR informed")."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, major_leads
from services.intake.domain.codes import Level
from services.intake.domain.lead import Lead
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotAllowed


async def see_major_lead(tx: Transaction, lead_id: UUID, *, by: Principal, at: datetime) -> Lead:
    """Seen; a second time changes nothing. Raises `NotFound`, `NotAllowed` for a lead that is not 重大, is sealed or a repeat."""
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_be_used()
    if lead.level is not Level.MAJOR or lead.merged_into is not None:
        raise NotAllowed(
            "不是重大线索,无须知悉登记 / it is not a major lead of its own; there is nothing to take note of"
        )
    if await major_leads.see(tx, lead_id, by.sub, at=at):
        await audit.record(tx, by, "lead.see-major", lead_id, at=at)
    return lead
