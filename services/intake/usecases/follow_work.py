"""The work on a lead moved on in verification: the register follows, and with it the crime leg of a dual assignment."""

from datetime import datetime

from services.intake.db import deadlines, dual_assignments, handovers, leads, life, merges, notices, recalls
from services.intake.db.life import SIGNED
from services.intake.domain.conclusion import ACCUSATION, PENDING
from services.intake.domain.deadline import (
    LeadDeadline,
    to_conclude,
    to_look_again,
    to_review,
    to_rework,
    to_rule,
    to_tell,
)
from services.intake.domain.handover import is_known
from services.intake.domain.lead import Lead
from services.intake.domain.lead_life import FOLLOWED, follow, refused
from services.intake.domain.lead_states import MOVES, Action
from services.intake.usecases.deliver_feedback import begin_to_tell_repeats
from services.intake.usecases.hand_over import take_back
from services.intake.usecases.keep_dates import keep_dates
from shared import audit, outbox
from shared.contracts.envelope import AboutLead
from shared.contracts.intake import DeadlineKind, Leg, LegStatus
from shared.contracts.verification import WorkAccepted, WorkConcluded, WorkDisputed, WorkFirstReported, WorkReviewed
from shared.db import Transaction
from shared.inbox import Received

OF_THE_UNIT = (DeadlineKind.CONCLUDE, DeadlineKind.FIRST_REPORT, DeadlineKind.REWORK)
"""Limits that a conclusion ends."""


async def follow_accepted(tx: Transaction, accepted: WorkAccepted, received: Received) -> None:
    """The unit signed: the lead is being verified."""
    lead = await leads.get(tx, accepted.lead_id, lock=True)
    if await _taken_back(tx, lead, accepted, received):
        return
    if await _overtaken(tx, lead, accepted, received, DeadlineKind.SIGN):
        return
    lead = follow(lead, Action.BEGIN)
    await _stop(tx, lead, DeadlineKind.SIGN, at=accepted.effective_at)
    await _save(tx, lead, accepted, received, action=SIGNED)
    await _move_leg(tx, lead, LegStatus.ACCEPTED, accepted, received)


async def follow_concluded(tx: Transaction, concluded: WorkConcluded, received: Received) -> None:
    """The work ended: its conclusion stands, or waits for its review first (D36)."""
    lead, at = await leads.get(tx, concluded.lead_id, lock=True), concluded.effective_at
    # 诬告 (C8) is none before another person has agreed (G16), whatever the event lacks
    drawn = concluded.review_because is not None or concluded.conclusion == ACCUSATION
    if await _taken_back(tx, lead, concluded, received):
        return
    if since := await _overtaken(tx, lead, concluded, received, *OF_THE_UNIT):
        if not drawn:
            await merges.conclude_unless_later(tx, lead.id, concluded.conclusion, _unit_before(lead, since), at=at)
        return
    lead = follow(lead, Action.CONCLUDE_FOR_REVIEW if drawn else Action.CONCLUDE)
    await _stop(tx, lead, *OF_THE_UNIT, at=at)
    if drawn:
        await _start(tx, lead, to_review(lead, days=await notices.calendar(tx), at=at))
        await _save(tx, lead, concluded, received)
        return
    await _stand(tx, lead, concluded, received)


async def follow_reviewed(tx: Transaction, reviewed: WorkReviewed, received: Received) -> None:
    """Its review let the conclusion stand: only now it is one."""
    lead, at = await leads.get(tx, reviewed.lead_id, lock=True), reviewed.effective_at
    if await _taken_back(tx, lead, reviewed, received):
        return
    if since := await _overtaken(tx, lead, reviewed, received, DeadlineKind.REVIEW):
        await merges.conclude_unless_later(tx, lead.id, reviewed.conclusion, _unit_before(lead, since), at=at)
        return
    lead = follow(lead, Action.PASS_REVIEW)
    await _stop(tx, lead, DeadlineKind.REVIEW, at=at)
    await _stand(tx, lead, reviewed, received)


async def _stand(tx: Transaction, lead: Lead, event: WorkConcluded | WorkReviewed, received: Received) -> None:
    """The lead is concluded, and its reporter is to be told (D11). What cannot be verified now (C4) is no end: nobody is told, the crime
    leg is not over, and a day to look again runs."""
    days, at, pending = await notices.calendar(tx), event.effective_at, event.conclusion == PENDING
    await _start(tx, lead, to_look_again(lead, days=days, at=at) if pending else to_tell(lead, days=days, at=at))
    if not pending:
        await begin_to_tell_repeats(tx, lead, days=days, at=at)
    if lead.assignment:
        await merges.conclude(tx, lead.id, event.conclusion, lead.assignment.unit, at=at)
    for entry in await merges.open_re_examinations(tx, lead.id):
        await merges.save_re_examination(tx, entry.concluded(event.conclusion))
    await _save(tx, lead, event, received)
    if not pending:
        await _move_leg(tx, lead, LegStatus.ENDED, event, received)


async def follow_disputed(tx: Transaction, disputed: WorkDisputed, received: Received) -> None:
    """The unit says that it is not its own: the office has to rule (D05)."""
    lead = await leads.get(tx, disputed.lead_id, lock=True)
    if await _taken_back(tx, lead, disputed, received):
        return
    if await _overtaken(tx, lead, disputed, received, DeadlineKind.SIGN, DeadlineKind.FIRST_REPORT):
        return
    lead = refused(lead, lead.assignment.unit if lead.assignment else "")
    at = disputed.effective_at
    await _stop(tx, lead, DeadlineKind.SIGN, DeadlineKind.FIRST_REPORT, at=at)
    await _start(tx, lead, to_rule(lead, days=await notices.calendar(tx), at=at))
    await _save(tx, lead, disputed, received)


async def follow_first_report(tx: Transaction, reported: WorkFirstReported, received: Received) -> None:
    """The first report of an urgent lead is there (D07f)."""
    lead = await leads.get(tx, reported.lead_id, lock=True)
    if await _taken_back(tx, lead, reported, received):
        return
    if await _overtaken(tx, lead, reported, received, DeadlineKind.FIRST_REPORT):
        return
    await _stop(tx, lead, DeadlineKind.FIRST_REPORT, at=reported.effective_at)
    detail = {"first_report": True}
    await audit.record(tx, None, "lead.follow", reported.lead_id, at=received.at, detail=detail)


async def follow_work(tx: Transaction, event: AboutLead, received: Received) -> None:
    """Everything else that verification says of the work (`FOLLOWED`)."""
    action = FOLLOWED[type(event)]
    lead = await leads.get(tx, event.lead_id, lock=True)
    if await _taken_back(tx, lead, event, received):
        return
    if await _overtaken(
        tx, lead, event, received, *([DeadlineKind.REVIEW] if action is Action.RETURN_BY_REVIEW else [])
    ) or await _known(tx, lead, action, event, received):
        return
    lead = follow(lead, action)
    days, at = await notices.calendar(tx), event.effective_at
    if action is Action.WAKE:
        # D07 anew: the time while it waited was nobody's
        await _stop(tx, lead, DeadlineKind.ASSIGN, at=at)
        await _start(tx, lead, to_conclude(lead, days=days, at=at))
    elif action is Action.UNDO_TRANSFER:
        await take_back(tx, lead.id, effective_at=at, at=received.at)
    elif action is Action.RETURN_BY_REVIEW:
        for entry in await merges.open_re_examinations(tx, lead.id):
            await merges.save_re_examination(tx, entry.looked_at())
        await _stop(tx, lead, DeadlineKind.REVIEW, at=at)
        await _start(tx, lead, to_rework(lead, days=days, at=at))
        if await deadlines.lasts(tx, lead.id, DeadlineKind.CONCLUDE, at=at):
            # what was concluded too early was not concluded: its own limit runs on, unless it ended while others had it
            await deadlines.run_on(tx, lead.id, DeadlineKind.CONCLUDE, at=at, suspended_at=lead.suspended_at)
    await _save(tx, lead, event, received)
    if action is Action.WAKE:
        await _begin_leg_again(tx, lead, event, received)
    await keep_dates(tx, lead, "follow", by=None, at=received.at)


async def _taken_back(tx: Transaction, lead: Lead, event: AboutLead, received: Received) -> bool:
    """Word of a work that had been taken back from its unit (收回改交) before it was heard: nothing moves, and that it came is noted."""
    number = getattr(event, "assignment_no", None)
    if number is None or lead.assignment is None or number >= lead.assignment.number:
        return False
    if not await recalls.has(tx, lead.id, number):
        return False
    await audit.record(tx, None, "lead.follow", lead.id, at=received.at, detail={"taken_back": event.TYPE})
    return True


async def _overtaken(
    tx: Transaction, lead: Lead, event: AboutLead, received: Received, *kinds: DeadlineKind
) -> list[life.Learned]:
    """After a restore: what was learned again of our own word that came later than this one, which is heard once more. Then the lead stands
    beyond it and nothing of it moves; limits of these kinds ended when it was said. Empty: it is followed like any other."""
    at = event.effective_at
    if since := await life.learned_since(tx, lead.id, at):
        await deadlines.ended_before(tx, lead.id, *kinds, at=at)
        detail = {"overtaken": event.TYPE}
        await audit.record(tx, None, "lead.follow", lead.id, at=received.at, detail=detail)
    return since


async def _known(tx: Transaction, lead: Lead, action: Action, event: AboutLead, received: Received) -> bool:
    """The office was first: it took up what could not be verified, or sent it to the other organ, or that has answered, and verification
    says so afterwards. Nothing moves."""
    if action in (Action.PARK, Action.WAKE):
        known = lead.status not in MOVES[action] and await life.was_taken_up(tx, lead.id)
    elif action in (Action.TRANSFER, Action.UNDO_TRANSFER):
        known = is_known(await handovers.of_lead(tx, lead.id), action, lead.status, said_at=event.effective_at)
    else:
        known = False
    if known:
        await audit.record(tx, None, "lead.follow", lead.id, at=received.at, detail={"known": event.TYPE})
    return known


def _unit_before(lead: Lead, since: list[life.Learned]) -> str:
    """Which unit was at work before it was given to others since."""
    given = sum(one.charged for one in since)
    return lead.worked[max(len(lead.worked) - 1 - given, 0)] if lead.worked else ""


async def _start(tx: Transaction, lead: Lead, limit: LeadDeadline) -> None:
    """It begins to run; that of a suspended lead runs on with it."""
    await deadlines.start_anew(tx, limit)
    if lead.suspended_at is not None:
        await deadlines.stop(tx, lead.id, limit.kind, at=lead.suspended_at)


async def _stop(tx: Transaction, lead: Lead, *kinds: DeadlineKind, at: datetime) -> None:
    await deadlines.stop(tx, lead.id, *kinds, at=at, suspended_at=lead.suspended_at)


async def _save(tx: Transaction, lead: Lead, event: AboutLead, received: Received, *, action: str = "follow") -> None:
    await leads.save(tx, lead, action, by=None, effective_at=event.effective_at, at=received.at)
    await audit.record(tx, None, "lead.follow", lead.id, at=received.at, detail={"status": lead.status.value})


async def _move_leg(tx: Transaction, lead: Lead, status: LegStatus, event: AboutLead, received: Received) -> None:
    dual = await dual_assignments.of_lead(tx, lead.id)
    if dual is not None and dual.crime is not status:
        # after a restore the leg may stand there already, from our own word (relearn_lead)
        dual, said = dual.move(Leg.CRIME, status, at=event.effective_at)
        await dual_assignments.save(tx, dual)
        for each in said:
            await outbox.put(tx, each, at=received.at)


async def _begin_leg_again(tx: Transaction, lead: Lead, event: AboutLead, received: Received) -> None:
    dual = await dual_assignments.of_lead(tx, lead.id)
    if dual is not None and dual.crime is LegStatus.ENDED:
        dual, said = dual.begin_again(Leg.CRIME, LegStatus.ACCEPTED, at=event.effective_at)
        await dual_assignments.save(tx, dual)
        await outbox.put(tx, said, at=received.at)
