"""A lead outside the scope is not accepted; an objection is judged by another person (§4.2, D02, D12)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, merges, notices
from services.intake.domain import lead_life
from services.intake.domain.codes import LABELS
from services.intake.domain.deadline import to_classify
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action
from services.intake.usecases.decide_objection import uphold
from services.intake.usecases.deliver_feedback import tell_declined
from services.intake.usecases.invite_reporter import meet_again
from services.intake.usecases.letters import Letters
from services.intake.usecases.reply_upstream import begin_to_answer
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.secrecy import refuse_marked

TO = "可向{}反映"


async def decline_lead(
    tx: Transaction,
    letters: Letters,
    lead_id: UUID,
    go_to: str,
    reason: str,
    *,
    concerns_office: bool,
    by: Principal,
    at: datetime,
) -> Lead:
    """Decline it. Its reporter, and each of a repeat, is told why and where to go instead. Raises `NotFound`, `NotAllowed`, `Forbidden`
    when it is about this office."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    lead, said = lead_life.decline(lead, go_to, concerns_office=concerns_office, at=at)
    # one text: whoever is merged into it later is told the same
    why = f"{reason}({TO.format(LABELS['go_to'][go_to][0])})"
    await leads.save(tx, lead, "decline", by=by, effective_at=at, at=at, reason=why)
    await deadlines.stop(tx, lead.id, DeadlineKind.CLASSIFY, at=at)
    days = await notices.calendar(tx)
    for each in (lead, *await merges.repeats_of(tx, lead.id)):
        await deadlines.stop(tx, each.id, DeadlineKind.MEET, at=at)
        await tell_declined(tx, letters, each, why, days=days, by=by, at=at)
        await begin_to_answer(tx, each, days=days, at=at)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "lead.decline", lead.id, at=at, purpose=reason, detail={"go_to": go_to})
    return lead


async def accept_after_all(
    tx: Transaction, letters: Letters, lead_id: UUID, reason: str, *, by: Principal, at: datetime
) -> Lead:
    """An objection is upheld: it is received, and its time to be classified begins anew. Raises `NotFound`, `NotAllowed`,
    `Forbidden` for the one who declined it."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_allow(Action.ACCEPT_AFTER_ALL)
    await uphold(tx, letters, lead, by=by, at=at)
    lead, said = lead_life.accept_after_all(lead, at=at)
    await leads.save(tx, lead, "accept-after-all", by=by, effective_at=at, at=at, reason=reason)
    for each in (lead, *await merges.repeats_of(tx, lead.id)):
        # nobody is to be told anything but the next result
        await deadlines.stop(tx, each.id, DeadlineKind.FEEDBACK, DeadlineKind.CONCLUDE, at=at)
        await meet_again(tx, each, at=at)
    await deadlines.start_anew(tx, to_classify(lead, days=await notices.calendar(tx), at=at))
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "lead.accept-after-all", lead.id, at=at, purpose=reason)
    return lead
