"""After a restore: bring leads and dual assignments after what intake itself said and then forgot (docs/operations.md).

An event holds codes and dates. The text of a lead that the backup did not know is gone here; the receiving unit has it sealed, and the
register says so in its place. Its reporter is gone with it.
"""

from dataclasses import replace

from services.intake.db import deadlines, dual_assignments, leads, merges, notices, recalls
from services.intake.domain.deadline import OF_THE_LEAD, of_assignment, to_assign, to_classify, to_meet
from services.intake.domain.dual_assignment import DualAssignment
from services.intake.domain.lead import LOST, Lead
from services.intake.domain.merge import Merge, MergeState
from services.intake.usecases.ask_of_repeats import answered, stand_alone, stop_merged
from services.intake.usecases.say_urgent import DEED, keep_limits
from shared.auth import Principal
from shared.contracts.intake import (
    DeadlineKind,
    DualAssignmentCompleted,
    DualAssignmentCreated,
    LeadAssigned,
    LeadClassified,
    LeadMerged,
    LeadRecalled,
    LeadReceived,
    LeadUnmerged,
    LeadUrgencySaid,
    LegStatusChanged,
)
from shared.db import Transaction
from shared.inbox import Received


async def relearn_received(tx: Transaction, event: LeadReceived, received: Received) -> None:
    """The lead exists, under its number, which is never given again."""
    lead = Lead.relearned(event)
    await leads.keep_number(tx, lead.lead_no)
    await leads.add(tx, lead, region=received.region, by=None, effective_at=event.effective_at, at=received.at)
    days = await notices.calendar(tx)
    await deadlines.start(
        tx, to_classify(lead, days=days, at=received.recorded_at, claimed=event.claimed), *to_meet(lead, days=days)
    )


async def relearn_step(tx: Transaction, event: LeadClassified | LeadAssigned, received: Received) -> None:
    """The lead was classified or assigned as the event says."""
    recalled = isinstance(event, LeadAssigned) and await recalls.has(tx, event.lead_id, event.assignment_no - 1)
    lead = (await leads.get(tx, event.lead_id, lock=True)).after(event, recalled=recalled)
    at = event.effective_at
    await leads.save(tx, lead, "relearn", by=None, effective_at=at, at=received.at)
    days = await notices.calendar(tx)
    if isinstance(event, LeadClassified):
        await deadlines.stop(tx, lead.id, DeadlineKind.CLASSIFY, at=at)
        await answered(tx, lead, at=at)
        # to be met: runs from the receipt, but did not always
        await deadlines.start(tx, to_assign(lead, days=days, at=at), *to_meet(lead, days=days))
    else:
        # as with each assignment (charge_unit)
        runs = await deadlines.runs_since(tx, lead.id, DeadlineKind.CONCLUDE) if recalled else None
        ends = [kind for kind in OF_THE_LEAD if not (runs and kind is DeadlineKind.CONCLUDE)]
        await deadlines.stop(tx, lead.id, *ends, at=at)
        limits = of_assignment(lead, days=days, at=at)
        if event.due_on < limits[-1].due.on:
            # the superior's date is gone with the text, but the event tells that it won
            limits = of_assignment(replace(lead, upstream_deadline=event.due_on), days=days, at=at)
        await deadlines.start(tx, *(limit for limit in limits if limit.kind in ends))


async def relearn_recalled(tx: Transaction, event: LeadRecalled, _: Received) -> None:
    """A unit's work was taken back: what verification says of it once more is not followed. The assignment that comes next says the rest;
    why is lost with the text."""
    await recalls.add(tx, event.lead_id, event.recalled_no, at=event.effective_at)


async def relearn_urgency(tx: Transaction, event: LeadUrgencySaid, received: Received) -> None:
    """A person said whether it is urgent; who stands on the history again, why is lost."""
    if event.said_by is None:
        return  # told to the unit: nothing of the lead changed
    lead = await leads.get(tx, event.lead_id, lock=True)
    after = replace(lead, urgent=event.urgent, version=lead.version + 1)
    by, at = Principal(sub=event.said_by, roles=frozenset(), unit=""), event.effective_at
    await leads.save(tx, after, DEED, by=by, effective_at=at, at=received.at, reason=LOST)
    await keep_limits(tx, lead, after, await deadlines.claims_of_repeats(tx, lead.id), at=at)


async def relearn_dual(tx: Transaction, event: DualAssignmentCreated, received: Received) -> None:
    """Both legs were opened."""
    at = event.effective_at
    dual = DualAssignment(id=event.dual_assignment_id, lead_id=event.lead_id, created_at=at, crime=event.crime)
    await dual_assignments.add(tx, dual, region=received.region)


async def relearn_leg(tx: Transaction, event: LegStatusChanged, _: Received) -> None:
    """A leg moved on, or began again; what it follows from comes again later and finds it there."""
    dual = await dual_assignments.get(tx, event.dual_assignment_id)
    await dual_assignments.save(tx, dual.relearn(event.leg, event.status, at=event.effective_at))


async def relearn_nothing(tx: Transaction, event: DualAssignmentCompleted, received: Received) -> None:
    """The parent closed by itself with its second leg."""


async def relearn_merged(tx: Transaction, event: LeadMerged, received: Received) -> None:
    """The lead is a repeat of its master; who proposed and who agreed stands in the audit chain that the others keep."""
    lead, master = await merges.lock_both(tx, event.lead_id, event.master_id)
    lead = lead.merge_into(master)
    await leads.save(tx, lead, "relearn", by=None, effective_at=event.effective_at, at=received.at)
    await stop_merged(tx, lead, master, at=event.effective_at)
    if (standing := await merges.open_of(tx, lead.id)) is not None:
        # the backup knew the proposal and not the decision
        await merges.save(tx, replace(standing, state=MergeState.STANDING, decided_at=event.effective_at))
        return
    merge = Merge(
        id=event.merge_id,
        lead_id=lead.id,
        master_id=master.id,
        proposed_at=event.effective_at,
        reason=LOST,
        proposed_by=None,
        state=MergeState.STANDING,
        decided_at=event.effective_at,
    )
    await merges.add(tx, merge, region=received.region)


async def relearn_unmerged(tx: Transaction, event: LeadUnmerged, received: Received) -> None:
    """The lead stands for itself again."""
    lead = (await leads.get(tx, event.lead_id, lock=True)).unmerge()
    await leads.save(tx, lead, "relearn", by=None, effective_at=event.effective_at, at=received.at)
    merge = await merges.get(tx, event.merge_id, lock=True)
    if merge.decided_at is not None:
        await deadlines.resume(tx, lead.id, stopped_at=merge.decided_at, at=received.at)
    await stand_alone(tx, lead, at=received.at)
    await merges.save(tx, replace(merge, state=MergeState.UNDONE, undone_at=event.effective_at))
