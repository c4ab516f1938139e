"""The work on a lead moved on in verification: the register follows, and with it the crime leg of a dual assignment."""

from services.intake.db import deadlines, dual_assignments, leads, merges
from services.intake.domain.lead import Lead
from shared import audit, outbox
from shared.contracts.intake import DeadlineKind, Leg, LegStatus
from shared.contracts.verification import WorkAccepted, WorkConcluded
from shared.db import Transaction
from shared.inbox import Received


async def follow_accepted(tx: Transaction, accepted: WorkAccepted, received: Received) -> None:
    """The unit signed: the lead is being verified."""
    lead = (await leads.get(tx, accepted.lead_id, lock=True)).begin_verifying()
    await deadlines.stop(tx, lead.id, DeadlineKind.SIGN, at=accepted.effective_at)
    await _follow(tx, lead, LegStatus.ACCEPTED, accepted, received)


async def follow_concluded(tx: Transaction, concluded: WorkConcluded, received: Received) -> None:
    """The work ended: the lead is concluded."""
    lead = (await leads.get(tx, concluded.lead_id, lock=True)).conclude()
    await deadlines.stop(tx, lead.id, DeadlineKind.CONCLUDE, at=concluded.effective_at)
    if lead.assignment:
        await merges.conclude(tx, lead.id, concluded.conclusion, lead.assignment.unit, at=concluded.effective_at)
    await _follow(tx, lead, LegStatus.ENDED, concluded, received)


async def _follow(
    tx: Transaction, lead: Lead, status: LegStatus, event: WorkAccepted | WorkConcluded, received: Received
) -> None:
    await leads.save(tx, lead, "follow", by=None, effective_at=event.effective_at, at=received.at)
    await audit.record(tx, None, "lead.follow", lead.id, at=received.at, detail={"status": lead.status.value})
    dual = await dual_assignments.of_lead(tx, lead.id)
    if dual is not None and dual.crime is not status:
        # after a restore the leg may stand there already, from our own word (relearn_lead)
        dual, said = dual.move(Leg.CRIME, status, at=event.effective_at)
        await dual_assignments.save(tx, dual)
        for each in said:
            await outbox.put(tx, each, at=received.at)
