"""A lead outside the scope is not accepted; an objection is judged by another person (§4.2, D02, D12)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, life, merges, notices
from services.intake.domain import lead_life
from services.intake.domain.codes import GoTo
from services.intake.domain.deadline import to_classify
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action
from services.intake.usecases.ask_of_repeats import answered
from services.intake.usecases.decide_objection import uphold
from services.intake.usecases.deliver_feedback import tell_declined
from services.intake.usecases.invite_reporter import meet_again
from services.intake.usecases.letters import Letters
from services.intake.usecases.open_legs import open_where_grounds
from services.intake.usecases.reply_upstream import begin_to_answer
from services.intake.usecases.subject_store import FactsSealer
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.errors import NotAllowed
from shared.secrecy import refuse_marked
from shared.two_people import must_be_another

TO = "可向{}反映"


ANOTHER = (
    "不予受理须由提议人以外的主任决定 / a director other than the one who proposed it decides that it is not accepted"
)
UNPROPOSED = "不予受理须先由研判员提议 / an analyst proposes first that it is not accepted"


async def propose_decline(
    tx: Transaction, lead_id: UUID, go_to: str, reason: str, *, concerns_office: bool, by: Principal, at: datetime
) -> Lead:
    """An analyst proposes that it is not accepted, with the reason and where to go; nobody is told before a director decides. Raises
    `NotFound`, `NotAllowed`, `Forbidden` when it is about this office."""
    refuse_marked("reason", [reason])
    lead = lead_life.propose_decline(await leads.get(tx, lead_id, lock=True), concerns_office=concerns_office)
    why = f"{reason}({TO.format(GoTo(go_to).zh)})"
    await leads.save(tx, lead, "propose-decline", by=by, effective_at=at, at=at, reason=why)
    await audit.record(tx, by, "lead.propose-decline", lead.id, at=at, purpose=reason, detail={"go_to": go_to})
    return lead


async def decline_lead(
    tx: Transaction,
    letters: Letters,
    lead_id: UUID,
    go_to: str,
    reason: str,
    *,
    concerns_office: bool,
    region: str,
    sealer: FactsSealer,
    by: Principal,
    at: datetime,
) -> Lead:
    """Decline what an analyst proposed to (G10). Its reporter, and each of a repeat, is told why and where to go instead; with grounds it
    goes to discipline, which hears nothing of a mere proposal. Raises
    `NotFound`, `NotAllowed` where nobody proposed it, `Forbidden` for who did, and when it is about this office."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    lead, said = lead_life.decline(lead, go_to, concerns_office=concerns_office, at=at)
    if (proposed_by := await life.proposed_to_decline(tx, lead_id)) is None:
        raise NotAllowed(UNPROPOSED)
    must_be_another(proposed_by, by, ANOTHER)
    # one text: whoever is merged into it later is told the same
    why = f"{reason}({TO.format(GoTo(go_to).zh)})"
    await leads.save(tx, lead, "decline", by=by, effective_at=at, at=at, reason=why)
    await deadlines.stop(tx, lead.id, DeadlineKind.CLASSIFY, at=at)
    await answered(tx, lead, at=at)
    days = await notices.calendar(tx)
    for each in (lead, *await merges.repeats_of(tx, lead.id)):
        await deadlines.stop(tx, each.id, DeadlineKind.MEET, at=at)
        await tell_declined(tx, letters, each, why, days=days, by=by, at=at)
        await begin_to_answer(tx, each, days=days, at=at)
    await outbox.put(tx, said, at=at)
    await open_where_grounds(tx, lead, region=region, sealer=sealer, at=at)
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
