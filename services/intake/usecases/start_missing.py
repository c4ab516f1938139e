"""Leads that were at work before limits were kept have none running: theirs start from when the lead came to where it stands."""

from datetime import datetime

from services.intake.db import deadlines, merges, notices
from services.intake.domain.conclusion import PENDING
from services.intake.domain.deadline import (
    LeadDeadline,
    of_assignment,
    to_assign,
    to_classify,
    to_look_again,
    to_tell,
)
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from shared import audit
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import Calendar

AT_ONCE = 500
CAME_BY = {
    Status.RECEIVED: ("register", "relearn"),
    Status.CLASSIFIED: ("classify", "relearn"),
    Status.ASSIGNED: ("assign", "relearn"),
    Status.VERIFYING: ("assign", "relearn"),
    Status.CONCLUDED: ("follow", "relearn"),
}
"""The deeds that began what such a lead waits for."""


async def start_missing(tx: Transaction, at: datetime, *, at_once: int = AT_ONCE) -> int:
    """Start them for some such leads; → for how many."""
    days = await notices.calendar(tx)
    found = await deadlines.take_leads_without(tx, CAME_BY, limit=at_once)
    for lead, since in found:
        if lead.status is Status.CONCLUDED:
            concluded = await merges.conclusion_of(tx, lead.id)
            pending = concluded is not None and concluded[0] == PENDING
            started = [to_look_again(lead, days=days, at=since) if pending else to_tell(lead, days=days, at=since)]
            await deadlines.start_anew(tx, *started)
        else:
            started = _missing(lead, days=days, at=since)
            await deadlines.start(tx, *started)
        detail = {"kinds": [one.kind.value for one in started]}
        await audit.record(tx, None, "deadline.start-missing", lead.id, at=at, detail=detail)
    return len(found)


def _missing(lead: Lead, *, days: Calendar, at: datetime) -> list[LeadDeadline]:
    if lead.status is Status.RECEIVED:
        return [to_classify(lead, days=days, at=at)]
    if lead.status is Status.CLASSIFIED:
        return [to_assign(lead, days=days, at=at)]
    both = of_assignment(lead, days=days, at=at)
    return [one for one in both if lead.status is Status.ASSIGNED or one.kind is not DeadlineKind.SIGN]
