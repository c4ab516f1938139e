"""An objection is decided by another person than the one who answered; the reporter reads the decision in the mailbox (D12)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, mailbox, merges, notices, objections
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.mailbox import Kind
from services.intake.domain.objection import ANOTHER, DONE_BY, REGULATORS, Against, Objection, State
from services.intake.usecases.deliver_feedback import begin_to_tell
from services.intake.usecases.enter_objection import keep_refusal
from services.intake.usecases.letters import Letters
from services.intake.usecases.write_to_reporter import put_letter
from shared import audit
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.errors import NotFound
from shared.secrecy import refuse_marked
from shared.two_people import must_be_another

UPHELD = {
    Against.FEEDBACK: "您的异议成立,将由另一核查力量重新核查,结果将再次向您反馈。",
    Against.DECLINE: "您的异议成立,您反映的问题已改为受理。",
}


async def uphold(tx: Transaction, letters: Letters, lead: Lead, *, by: Principal, at: datetime) -> None:
    """An answer is taken back by another person than who gave it, also when nobody objected. The caller holds the lock of the lead, as it
    stood. Raises `Forbidden`."""
    answered = await objections.answer_to(tx, lead)
    must_be_another(answered.by, by, ANOTHER)
    await uphold_all(tx, letters, lead, by=by, at=at)


async def uphold_all(tx: Transaction, letters: Letters, lead: Lead, *, by: Principal, at: datetime) -> None:
    """The objections of its reporter and of those of its repeats are upheld. Whoever has a mailbox is told there, others with the next
    result. Raises `Forbidden` for who stands behind the answer to one."""
    for each in (lead, *await merges.repeats_of(tx, lead.id)):
        objection = await objections.open_of(tx, each.id)
        if objection is None:
            continue
        await _decide(tx, objection, State.UPHELD, by=by, at=at)
        if await mailbox.has_box(tx, each.id):
            theirs = lead if each.id == lead.id else await leads.get(tx, each.id, lock=True)
            await put_letter(tx, letters, theirs, Kind.MESSAGE, UPHELD[objection.against], by=by, at=at)


async def refuse_objection(
    tx: Transaction, letters: Letters, lead_id: UUID, text: str, *, by: Principal, at: datetime
) -> Objection:
    """Refuse it; `text` goes to the reporter, where there is no mailbox by a try that is logged afterwards. Raises `NotFound` without an
    undecided one, `NotAllowed`, `Forbidden` for who answered."""
    refuse_marked("text", [text])
    lead, whole = await merges.lock_whole(tx, lead_id)
    objection = await objections.open_of(tx, lead_id)
    if objection is None:
        raise NotFound("没有待决定的异议 / no objection waits to be decided")
    whole.must_allow(REGULATORS.get(whole.standing, DONE_BY[objection.against]))
    objection = await _decide(tx, objection, State.REFUSED, by=by, at=at)
    if await mailbox.has_box(tx, lead_id):
        await put_letter(tx, letters, lead, Kind.REFUSAL, text, by=by, at=at)
    else:
        await keep_refusal(tx, lead, text, by=by, at=at)
        if whole.standing is not Status.FED_BACK:
            # no close waits for it: a limit sees to it
            await begin_to_tell(tx, lead, days=await notices.calendar(tx), at=at)
    return objection


async def _decide(tx: Transaction, objection: Objection, state: State, *, by: Principal, at: datetime) -> Objection:
    objection = objection.decide(state, by=by, at=at)
    await objections.save(tx, objection)
    await deadlines.stop(tx, objection.lead_id, DeadlineKind.OBJECTION, at=at)
    detail = {"against": objection.against.value, "state": state.value}
    await audit.record(tx, by, "objection.decide", objection.lead_id, at=at, detail=detail)
    return objection
