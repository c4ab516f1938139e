"""After a restore: what intake itself said of a lead's later life and then forgot (docs/operations.md).

Where verification's own word moved a lead in between, that word is heard again only afterwards; so the lead is brought to where intake's
event found it, and verification's repeats then find it beyond.
"""

from dataclasses import replace

from services.intake.db import deadlines, leads, life, notices, retention
from services.intake.domain.deadline import to_assign
from services.intake.domain.lead import LOST, Lead
from services.intake.domain.lead_life import TOLD
from services.intake.domain.lead_states import MOVES, WITH_UNIT, Action, Status
from services.intake.domain.redirect import Redirect
from services.intake.usecases.ask_of_repeats import answered
from shared.contracts.envelope import AboutLead
from shared.contracts.intake import (
    DeadlineKind,
    FeedbackDelivered,
    FeedbackObjected,
    LeadClosed,
    LeadDeclined,
    LeadExpunged,
    LeadRedirected,
    LeadRedirectReturned,
    LeadReopened,
    LeadResumed,
    LeadRuled,
    LeadSealed,
    LeadSuspended,
)
from shared.db import Transaction
from shared.inbox import Received

_FOUND_AT: dict[type[AboutLead], Status] = {
    FeedbackDelivered: Status.CONCLUDED,
    FeedbackObjected: Status.FED_BACK,
    LeadRedirected: Status.CONCLUDED,
    LeadRuled: Status.DISPUTED,
}
"""Where verification's word had brought the lead when intake said this."""


async def relearn_told(tx: Transaction, event: AboutLead, received: Received) -> None:
    """The lead stands as the event says, so that it can go on; what ran for it has stopped."""
    found = await _found(tx, event)
    forgotten = (await leads.get(tx, event.lead_id)).status not in MOVES[Action.FEED_BACK]
    if isinstance(event, FeedbackDelivered) and forgotten:
        # verification's word is forgotten, too: that there was a result, and from when on, stands on the history
        found = replace(found, version=found.version + 1)
        await _save(tx, found, event, received)
    lead = TOLD[type(event)](found)
    if isinstance(event, LeadResumed):
        await _save(tx, lead, event, received, action="resume")
        if found.suspended_at is not None:
            await deadlines.resume(tx, lead.id, stopped_at=found.suspended_at, at=received.at)
        return
    await _save(tx, lead, event, received)
    if isinstance(event, FeedbackDelivered):
        # whether it was accepted no event says: the time to object runs (D12)
        number = lead.assignment.number if lead.assignment else 0
        await life.add_feedback(tx, lead.id, number, event.outcome, accepted=False, at=event.effective_at)
    elif isinstance(event, LeadRedirected):
        sent = Redirect(
            lead_id=lead.id,
            number=event.number,
            regulator=event.regulator,
            sent_by="system:restore",
            sent_at=event.effective_at,
        )
        await life.add_redirect(tx, sent)
        # what the regulator has to keep begins with the clock's next look (start_missing)
        kinds = (DeadlineKind.ASSIGN, DeadlineKind.FEEDBACK, DeadlineKind.REDIRECT)
        await deadlines.stop(tx, lead.id, *kinds, at=event.effective_at)
    elif isinstance(event, LeadRedirectReturned):
        last = await life.last_redirect(tx, lead.id)
        await life.save_redirect(tx, last.give_back(LOST, returned_before=False, at=event.effective_at))
        await deadlines.stop(tx, lead.id, DeadlineKind.REDIRECT, at=event.effective_at)
        if lead.status is Status.CLASSIFIED:
            days = await notices.calendar(tx)
            await deadlines.start_anew(tx, to_assign(lead, days=days, at=event.effective_at))
    elif isinstance(event, LeadClosed) and event.by == "regulator" and lead.assignment is None:
        # what a unit found (C6) stays its own; forgotten, it is heard again
        last = await life.last_redirect(tx, lead.id)
        await life.keep_conclusion(tx, lead.id, "C6", last.regulator, at=event.effective_at)
    if isinstance(event, LeadDeclined):
        await deadlines.stop(tx, lead.id, DeadlineKind.CLASSIFY, at=event.effective_at)
        await answered(tx, lead, at=event.effective_at)
    if isinstance(event, LeadClosed | LeadReopened | FeedbackDelivered):
        await deadlines.stop(tx, lead.id, *DeadlineKind, at=event.effective_at)


async def relearn_suspended(tx: Transaction, event: LeadSuspended, received: Received) -> None:
    """It stands still; why is lost with the text."""
    lead = await leads.get(tx, event.lead_id, lock=True)
    suspended = replace(lead, suspended_at=event.effective_at, version=lead.version + 1)
    await _save(tx, suspended, event, received, action="suspend")
    await deadlines.stop(tx, lead.id, *DeadlineKind, at=event.effective_at)


async def relearn_ruled(tx: Transaction, event: LeadRuled, received: Received) -> None:
    """A dispute was ruled; the assignment that follows says the rest."""
    lead = await _found(tx, event)
    refused = (lead.assignment.unit,) if lead.assignment else ()
    changed = replace(lead, version=lead.version + 1, refused_by=tuple(dict.fromkeys((*lead.refused_by, *refused))))
    await _save(tx, changed, event, received)


async def relearn_objection(tx: Transaction, event: FeedbackObjected, received: Received) -> None:
    """Another team was charged; the assignment that follows says which."""
    lead = await _found(tx, event)
    await _save(tx, replace(lead, version=lead.version + 1, earlier_units=lead.worked), event, received)


async def _found(tx: Transaction, event: AboutLead) -> Lead:
    lead = await leads.get(tx, event.lead_id, lock=True)
    at = _FOUND_AT.get(type(event))
    if isinstance(event, LeadReopened) and lead.status in WITH_UNIT:
        # taken up again: verification's word that it cannot be verified comes afterwards
        at = Status.CONCLUDED
    return replace(lead, status=at) if at and lead.assignment else lead


async def _save(
    tx: Transaction, lead: Lead, event: AboutLead, received: Received, *, action: str = life.RELEARN
) -> None:
    """Standing still and going on are named as they are: where verification's work stands they do not tell."""
    await leads.save(tx, lead, action, by=None, effective_at=event.effective_at, at=received.at)


async def relearn_rest(tx: Transaction, event: LeadSealed | LeadExpunged, received: Received) -> None:
    """It was sealed or expunged, and stays so: what an older backup brought back of an expunged lead is destroyed before anyone is
    served."""
    lead = await leads.get(tx, event.lead_id, lock=True)
    status = Status.EXPUNGED if isinstance(event, LeadExpunged) else Status.SEALED
    await _save(tx, replace(lead, status=status, suspended_at=None, version=lead.version + 1), event, received)
    await deadlines.stop(tx, lead.id, *DeadlineKind, at=event.effective_at)
    await retention.stop_finding(tx, lead.id)
    if isinstance(event, LeadExpunged):
        await retention.destroy_texts(tx, lead.id)
