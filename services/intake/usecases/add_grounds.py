"""Grounds for the discipline leg are found: remembered until the assignment, or the leg opens at once (M17, M27)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import dual_assignments, leads
from services.intake.domain.codes import Ground
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import HANDED_OVER
from services.intake.usecases.open_legs import open_legs, send_discipline_facts
from services.intake.usecases.subject_store import FactsSealer
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.secrecy import refuse_marked


async def add_grounds(
    tx: Transaction,
    lead_id: UUID,
    grounds: tuple[Ground, ...],
    reason: str,
    *,
    region: str,
    sealer: FactsSealer,
    by: Principal,
    at: datetime,
) -> Lead:
    """Add them, and open the leg if the lead is assigned already. Raises `NotFound`, `Invalid`, `Registered`."""
    refuse_marked("reason", [reason])
    lead = (await leads.get(tx, lead_id, lock=True)).add_grounds(grounds)
    await leads.save(tx, lead, "add-grounds", by=by, effective_at=at, at=at, reason=reason)
    if lead.status in HANDED_OVER:
        dual = await dual_assignments.of_lead(tx, lead.id)
        if dual is None:
            await open_legs(tx, lead, region=region, sealer=sealer, at=at)
        else:
            await send_discipline_facts(tx, lead, dual, sealer=sealer, at=at)
    await audit.record(tx, by, "lead.add-grounds", lead.id, at=at, purpose=reason)
    return lead
