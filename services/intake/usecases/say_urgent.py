"""A person says whether a lead that waits to be classified is urgent, or whether a reporter's claim of danger holds (D02)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, notices
from services.intake.domain.lead import Lead
from services.intake.domain.urgency import is_claimed, limit_now, say_urgent
from shared import audit
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.secrecy import refuse_marked


async def decide_urgency(
    tx: Transaction, lead_id: UUID, reason: str, *, urgent: bool, by: Principal, at: datetime
) -> Lead:
    """What is so already stays so. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("reason", [reason])
    return await settle(tx, await leads.get(tx, lead_id, lock=True), reason, urgent=urgent, by=by, at=at)


async def settle(tx: Transaction, lead: Lead, reason: str, *, urgent: bool, by: Principal, at: datetime) -> Lead:
    """The same of a lead that is held."""
    after = say_urgent(lead, urgent=urgent)
    rounds = await deadlines.of_kind(tx, lead.id, DeadlineKind.CLASSIFY)
    if lead.urgent is urgent and not is_claimed(lead, rounds[-1]):
        return lead
    await leads.save(tx, after, "say-urgent", by=by, effective_at=at, at=at, reason=reason)
    if (anew := limit_now(after, rounds, days=await notices.calendar(tx), at=at)) is not None:
        await deadlines.stop(tx, lead.id, DeadlineKind.CLASSIFY, at=at)
        await deadlines.start(tx, anew)
    await audit.record(tx, by, "lead.say-urgent", lead.id, at=at, detail={"urgent": urgent}, purpose=reason)
    return after
