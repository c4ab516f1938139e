"""Leads that were at work before limits were kept have none running: theirs start from when the lead came to where it stands."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, life, merges, notices
from services.intake.domain.conclusion import PENDING
from services.intake.domain.deadline import (
    LeadDeadline,
    of_assignment,
    to_assign,
    to_classify,
    to_hear,
    to_look_again,
    to_receipt,
    to_review,
    to_tell,
)
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.redirect import counted_from
from shared import audit
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import Calendar

AT_ONCE, LOOKED_AT = 500, 4_000
"""Leads whose limits are started in one transaction, and those it looks through: a look through a million at once held a processor for
seconds."""
CAME_BY = {
    Status.RECEIVED: ("register", "relearn"),
    Status.CLASSIFIED: ("classify", "relearn"),
    Status.ASSIGNED: ("assign", "relearn"),
    Status.VERIFYING: ("assign", "relearn"),
    Status.IN_REVIEW: ("follow", "relearn"),
    Status.CONCLUDED: ("follow", "relearn"),
    Status.REDIRECTED: ("redirect", "recall-redirect", "result-of-redirect", "relearn"),
    Status.REOPENED: ("reopen", "take-up", "return-redirect", "relearn"),
}
"""The deeds that began what such a lead waits for."""


ONCE_MORE = frozenset({Status.IN_REVIEW, Status.CONCLUDED, Status.REDIRECTED, Status.REOPENED})
"""They may have had a limit of the kind before: another round of it begins."""


async def start_missing(tx: Transaction, at: datetime, *, after: UUID | None = None) -> tuple[int, UUID | None]:
    """Start them for such leads among some thousand behind this one; → for how many, and up to which lead was looked (None: all)."""
    days = await notices.calendar(tx)
    found, until = await deadlines.take_leads_without(tx, CAME_BY, after=after, looked_at=LOOKED_AT, limit=AT_ONCE)
    for lead, since in found:
        if lead.status in ONCE_MORE:
            started = [await _next(tx, lead, days=days, at=since)]
            await deadlines.start_anew(tx, *started)
        else:
            started = _missing(lead, days=days, at=since)
            await deadlines.start(tx, *started)
        detail = {"kinds": [one.kind.value for one in started]}
        await audit.record(tx, None, "deadline.start-missing", lead.id, at=at, detail=detail)
    return len(found), until


async def _next(tx: Transaction, lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What is waited for where it stands: a unit, the review, the regulator, the reporter, or the day to look again (C4)."""
    if lead.status is Status.REOPENED:
        return to_assign(lead, days=days, at=at)
    if lead.status is Status.IN_REVIEW:
        return to_review(lead, days=days, at=at)
    if lead.status is Status.REDIRECTED:
        all_sent = await life.redirects_of(tx, lead.id)
        sent = all_sent[-1]
        if sent.result is not None:
            return to_tell(lead, days=days, at=at)
        if sent.receipt_no is None:
            return to_receipt(lead, days=days, at=sent.sent_at)
        return to_hear(lead, days=days, at=counted_from(all_sent))
    found = await merges.conclusion_of(tx, lead.id)
    return to_look_again(lead, days=days, at=at) if found and found[0] == PENDING else to_tell(lead, days=days, at=at)


def _missing(lead: Lead, *, days: Calendar, at: datetime) -> list[LeadDeadline]:
    if lead.status is Status.RECEIVED:
        return [to_classify(lead, days=days, at=at)]
    if lead.status is Status.CLASSIFIED:
        return [to_assign(lead, days=days, at=at)]
    both = of_assignment(lead, days=days, at=at)
    return [one for one in both if lead.status is Status.ASSIGNED or one.kind is not DeadlineKind.SIGN]
