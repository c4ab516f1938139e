"""The reporter is told how it ended (D11): tries are logged, and when enough was done the lead is fed back (G-FEED)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, life
from services.intake.domain import lead_life
from services.intake.domain.feedback import Try, outcome_of
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Invalid


async def log_try(tx: Transaction, lead_id: UUID, made: Try, *, by: Principal, at: datetime) -> None:
    """Put one try on file. Raises `NotFound`, `NotAllowed` while there is nothing to tell, `Invalid` for a day to come."""
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_allow(Action.FEED_BACK)
    if made.on > china_date(at):
        told = "反馈日期晚于今天 / a day to come"
        raise Invalid(told, fields=[("on", told)])
    await life.add_try(tx, lead_id, _number(lead), made, by=by.sub, at=at)
    detail = {"channel": made.channel.value, "reached": made.reached}
    await audit.record(tx, by, "lead.log-feedback", lead_id, at=at, detail=detail)


async def deliver_feedback(tx: Transaction, lead_id: UUID, *, accepted: bool, by: Principal, at: datetime) -> Lead:
    """The reporter was told, or could not be. `accepted`: nothing is objected to. Raises `NotFound`, `NotAllowed`."""
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_allow(Action.FEED_BACK)
    reachable = lead.named or await life.holds_code(tx, lead_id)
    outcome = outcome_of(await life.tries_of(tx, lead_id, _number(lead)), reachable=reachable)
    lead, said = lead_life.feed_back(lead, outcome, at=at)
    await life.add_feedback(tx, lead_id, _number(lead), outcome, accepted=accepted and outcome == "delivered", at=at)
    await leads.save(tx, lead, "feed-back", by=by, effective_at=at, at=at)
    await deadlines.stop(tx, lead.id, DeadlineKind.FEEDBACK, at=at)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "lead.feed-back", lead.id, at=at, detail={"outcome": outcome})
    return lead


def _number(lead: Lead) -> int:
    return lead.assignment.number if lead.assignment else 0
