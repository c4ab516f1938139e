"""After a restore: bring leads and dual assignments after what intake itself said and then forgot (docs/operations.md).

An event holds codes and dates. The text of a lead that the backup did not know is gone here; the receiving unit has it sealed, and the
register says so in its place. Its reporter is gone with it.
"""

from dataclasses import replace

from services.intake.db import deadlines, dual_assignments, leads, notices
from services.intake.domain.deadline import of_assignment, to_assign, to_classify
from services.intake.domain.dual_assignment import DualAssignment
from services.intake.domain.lead import Lead
from shared.contracts.intake import (
    DeadlineKind,
    DualAssignmentCompleted,
    DualAssignmentCreated,
    LeadAssigned,
    LeadClassified,
    LeadReceived,
    LegStatusChanged,
)
from shared.db import Transaction
from shared.inbox import Received


async def relearn_received(tx: Transaction, event: LeadReceived, received: Received) -> None:
    """The lead exists, under its number, which is never given again."""
    lead = Lead.relearned(event)
    await leads.keep_number(tx, lead.lead_no)
    await leads.add(tx, lead, region=received.region, by=None, effective_at=event.effective_at, at=received.at)
    await deadlines.start(tx, to_classify(lead, days=await notices.calendar(tx), at=received.recorded_at))


async def relearn_step(tx: Transaction, event: LeadClassified | LeadAssigned, received: Received) -> None:
    """The lead was classified or assigned as the event says."""
    lead = (await leads.get(tx, event.lead_id, lock=True)).after(event)
    at = event.effective_at
    await leads.save(tx, lead, "relearn", by=None, effective_at=at, at=received.at)
    days = await notices.calendar(tx)
    if isinstance(event, LeadClassified):
        await deadlines.stop(tx, lead.id, DeadlineKind.CLASSIFY, at=at)
        await deadlines.start(tx, to_assign(lead, days=days, at=at))
    else:
        await deadlines.stop(tx, lead.id, DeadlineKind.ASSIGN, at=at)
        sign, conclude = of_assignment(lead, days=days, at=at)
        if event.due_on < conclude.due.on:
            # the superior's date is gone with the text, but the event tells that it won
            sign, conclude = of_assignment(replace(lead, upstream_deadline=event.due_on), days=days, at=at)
        await deadlines.start(tx, sign, conclude)


async def relearn_dual(tx: Transaction, event: DualAssignmentCreated, received: Received) -> None:
    """Both legs were opened."""
    dual = DualAssignment(id=event.dual_assignment_id, lead_id=event.lead_id, created_at=event.effective_at)
    await dual_assignments.add(tx, dual, region=received.region)


async def relearn_leg(tx: Transaction, event: LegStatusChanged, _: Received) -> None:
    """A leg moved on; what it follows from comes again later and finds it there."""
    dual = await dual_assignments.get(tx, event.dual_assignment_id)
    dual, _said = dual.move(event.leg, event.status, at=event.effective_at)
    await dual_assignments.save(tx, dual)


async def relearn_nothing(tx: Transaction, event: DualAssignmentCompleted, received: Received) -> None:
    """The parent closed by itself with its second leg."""
