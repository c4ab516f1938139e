"""A lead that is with a unit becomes 重大, because it is reported again and again or for what is found: its limit, the unit and the leading
group follow (§2.1, D07c, §4.2 "LDR informed")."""

from dataclasses import replace
from datetime import datetime

from services.intake.db import deadlines, leads, notices
from services.intake.domain import lead_life
from services.intake.domain.codes import Level
from services.intake.domain.decision import Decision
from services.intake.domain.lead import Lead
from services.intake.usecases.keep_dates import keep_dates
from shared import outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind, LeadLevelRaised
from shared.db import Transaction
from shared.deadlines import Deadline
from shared.inbox import Received

DEED = "raise-level"


async def raise_level(tx: Transaction, decision: Decision, by: Principal, at: datetime) -> None:
    """Do what two have decided; the list of the leading group shows it from now on. Raises `NotAllowed`."""
    lead = lead_life.raise_level(await leads.get(tx, decision.lead_id, lock=True))
    await leads.save(tx, lead, DEED, by=by, effective_at=at, at=at, reason=decision.reason)
    due = await count_by_level(tx, lead, by=by, at=at)
    said = LeadLevelRaised(
        lead_id=lead.id,
        level=lead.level or "",
        due_on=due.on if due else None,
        provisional=due.provisional if due else False,
        effective_at=at,
    )
    await outbox.put(tx, said, at=at)


async def count_by_level(tx: Transaction, lead: Lead, *, by: Principal | None, at: datetime) -> Deadline | None:
    """The result is due by the limit of its level, from the same start; → when, or None when nothing of the kind runs. The caller holds the
    lead's lock."""
    if await deadlines.runs_since(tx, lead.id, DeadlineKind.CONCLUDE) is None:
        return None
    limit = await deadlines.get(tx, lead.id, DeadlineKind.CONCLUDE, lock=True)
    limit = limit.of_level(lead.result_limit, calendar=await notices.calendar(tx), now=at)
    await deadlines.save_as_major(tx, limit)
    await keep_dates(tx, lead, DEED, by=by, at=at)
    return limit.due


async def relearn_raised(tx: Transaction, event: LeadLevelRaised, received: Received) -> None:
    """After a restore: it was raised, and is counted so."""
    lead = await leads.get(tx, event.lead_id, lock=True)
    lead = replace(lead, version=lead.version + 1, level=Level.MAJOR)
    await leads.save(tx, lead, "relearn", by=None, effective_at=event.effective_at, at=received.at)
    await count_by_level(tx, lead, by=None, at=received.at)
