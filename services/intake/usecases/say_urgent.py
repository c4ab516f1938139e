"""A person says whether a lead that waits to be classified is urgent, or whether a reporter's claim of danger holds (D02)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, notices
from services.intake.domain.deadline import LeadDeadline, to_report_first
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.urgency import is_claimed, limit_now, say_urgent
from services.intake.usecases.ask_of_repeats import answered
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind, LeadUrgencySaid
from shared.db import Transaction
from shared.secrecy import refuse_marked

DEED = "say-urgent"
REPORTS_FIRST = (Status.ASSIGNED, Status.VERIFYING, Status.TASKFORCE)


async def decide_urgency(
    tx: Transaction, lead_id: UUID, reason: str, *, urgent: bool, by: Principal, at: datetime
) -> Lead:
    """What is so already stays so. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("reason", [reason])
    return await settle(tx, await leads.get(tx, lead_id, lock=True), reason, urgent=urgent, by=by, at=at)


async def settle(tx: Transaction, lead: Lead, reason: str, *, urgent: bool, by: Principal, at: datetime) -> Lead:
    """The same of a lead that is held; it answers what its repeats claim, too."""
    claims = await deadlines.claims_of_repeats(tx, lead.id)
    after = say_urgent(lead, urgent=urgent, of_repeat=bool(claims))
    rounds = await deadlines.of_kind(tx, lead.id, DeadlineKind.CLASSIFY)
    if lead.urgent is urgent and not claims and not is_claimed(lead, rounds[-1]):
        return lead
    await leads.save(tx, after, DEED, by=by, effective_at=at, at=at, reason=reason)
    await keep_limits(tx, lead, after, claims, at=at)
    said = LeadUrgencySaid(lead_id=lead.id, urgent=after.urgent, said_by=by.sub, effective_at=at)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "lead.say-urgent", lead.id, at=at, detail={"urgent": urgent}, purpose=reason)
    return after


async def keep_limits(
    tx: Transaction, before: Lead, after: Lead, claims: Sequence[LeadDeadline], *, at: datetime
) -> None:
    """What runs now that it was said: its time to be classified; of one that a unit has, the first report within 24 hours (D07f). No date
    that a unit was given before becomes an earlier one."""
    days = await notices.calendar(tx)
    if after.standing is Status.RECEIVED:
        rounds = await deadlines.of_kind(tx, after.id, DeadlineKind.CLASSIFY)
        if (anew := limit_now(after, rounds, days=days, at=at, claims=claims)) is not None:
            await deadlines.stop(tx, after.id, DeadlineKind.CLASSIFY, at=at)
            await deadlines.start(tx, anew)
    elif after.standing in REPORTS_FIRST and after.assignment and after.urgent and not before.urgent:
        await deadlines.start(tx, to_report_first(after, days=days, at=at, number=after.assignment.number))
    await answered(tx, after, at=at)
