"""Grounds for the discipline leg are found: remembered until the assignment, or the leg opens at once (M17, M27)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, merges
from services.intake.domain.codes import Ground
from services.intake.domain.lead import Lead
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.tell_anew import tell_discipline
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
    """Add them, and open the leg if the lead is assigned already; those of a repeat stay its own and open its master's leg. Raises
    `NotFound`, `Invalid`, `Registered`, `Conflict` when it was merged meanwhile."""
    refuse_marked("reason", [reason])
    lead, whole = await merges.lock_whole(tx, lead_id)
    lead = lead.add_grounds(grounds)
    await leads.save(tx, lead, "add-grounds", by=by, effective_at=at, at=at, reason=reason)
    head = whole if lead.merged_into else lead
    await tell_discipline(tx, head, grounds=True, region=region, sealer=sealer, at=at)
    await audit.record(tx, by, "lead.add-grounds", lead.id, at=at, purpose=reason)
    return lead
