"""A matter of 乱 goes to its regulator; receipt, result or return come back from there (§4.2, D29)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.intake.db import deadlines, dual_assignments, leads, life, merges, notices
from services.intake.domain import lead_life
from services.intake.domain.attachment import Door
from services.intake.domain.conclusion import ELSEWHERE
from services.intake.domain.deadline import to_assign, to_hear, to_receipt, to_tell
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action
from services.intake.domain.redirect import Redirect, counted_from
from services.intake.usecases.check_unit import check_unit, touched
from services.intake.usecases.deliver_feedback import (
    begin_to_tell_repeats,
    how_told,
    must_be_told_of_master,
    number_of,
    tell_no_repeat,
)
from services.intake.usecases.enter_objection import enter_of_repeats, must_know_refusal
from services.intake.usecases.letter_files import must_be_sent_by
from services.intake.usecases.open_legs import open_where_grounds
from services.intake.usecases.reply_upstream import superiors_must_be_answered
from services.intake.usecases.subject_store import FactsSealer
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date
from shared.secrecy import refuse_marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the regulator did, and when."""

    text: str
    on: date
    files: tuple[UUID, ...] = ()


async def redirect_lead(
    tx: Transaction, lead_id: UUID, regulator: str, *, region: str, sealer: FactsSealer, by: Principal, at: datetime
) -> Lead:
    """Send it there: classified as 乱, or found to be 乱 (C6); with grounds it goes to discipline, too. Raises `NotFound`, `NotAllowed`,
    `Invalid` for no such regulator, `ConflictOfInterest` (G-CONF)."""
    lead = await leads.get(tx, lead_id, lock=True)
    number = len(await life.redirects_of(tx, lead_id)) + 1
    found = await merges.conclusion_of(tx, lead_id)
    lead, said = lead_life.redirect(lead, regulator, number=number, at=at, conclusion=found and found[0])
    await check_unit(tx, lead, regulator, by=by, at=at, as_="regulator")
    await leads.save(tx, lead, "redirect", by=by, effective_at=at, at=at)
    sent = Redirect(lead_id=lead.id, number=number, regulator=regulator, sent_by=by.sub, sent_at=at)
    await life.add_redirect(tx, sent)
    await deadlines.stop(tx, lead.id, DeadlineKind.ASSIGN, DeadlineKind.FEEDBACK, at=at)
    await tell_no_repeat(tx, lead.id, at=at)
    await deadlines.start_anew(tx, to_receipt(lead, days=await notices.calendar(tx), at=at))
    await outbox.put(tx, said, at=at)
    await open_where_grounds(tx, lead, region=region, sealer=sealer, at=at)
    await audit.record(tx, by, "lead.redirect", lead.id, at=at, detail={"regulator": regulator, "number": number})
    return lead


async def recall_redirect(
    tx: Transaction, lead: Lead, regulator: str, reason: str, *, by: Principal, at: datetime
) -> Lead:
    """Take it back from a regulator that has a conflict of interest by now and send it to another (收回改交, docs/decisions/0112): the
    receipt is waited for anew (D29), the result is due from the first sending on. The caller holds the lead's lock. Raises `NotAllowed`,
    `Forbidden`, `Invalid`, `ConflictOfInterest`."""
    lead.must_allow(Action.RECALL_REDIRECT)
    before = await life.last_redirect(tx, lead.id)
    before.must_be_open()
    _, stands = await touched(tx, lead, before.regulator, at=at)
    obstacles = stands.obstacles if stands else ()
    number, major = before.number + 1, "ldr" in by.roles
    lead, said = lead_life.recall_redirect(
        lead, regulator, near=bool(obstacles), leading_group=major, number=number, at=at
    )
    await check_unit(tx, lead, regulator, by=by, at=at, as_="regulator", field="unit")
    await leads.save(tx, lead, Action.RECALL_REDIRECT, by=by, effective_at=at, at=at, reason=reason)
    sent = Redirect(lead_id=lead.id, number=number, regulator=regulator, sent_by=by.sub, sent_at=at)
    await life.add_redirect(tx, sent)
    await deadlines.stop(tx, lead.id, DeadlineKind.REDIRECT, at=at)
    await deadlines.start_anew(tx, to_receipt(lead, days=await notices.calendar(tx), at=at))
    await outbox.put(tx, said, at=at)
    detail = {"from": before.regulator, "regulator": regulator, "obstacles": [one.value for one in obstacles]}
    await audit.record(tx, by, "lead.recall-redirect", lead.id, at=at, purpose=reason, detail=detail)
    return lead


async def receive_redirect(
    tx: Transaction,
    lead_id: UUID,
    receipt_no: str,
    on: date,
    *,
    files: tuple[UUID, ...] = (),
    by: Principal,
    at: datetime,
) -> Lead:
    """The regulator's receipt came: its result is due, from the day on which the matter was sent. Raises `NotFound`, `NotAllowed`,
    `Invalid`."""
    lead = (await leads.get(tx, lead_id, lock=True)).step(Action.RECEIPT_OF_REDIRECT)
    await must_be_sent_by(tx, lead_id, files, Door.OFFICE)
    sent = (await life.last_redirect(tx, lead_id)).receive(receipt_no, on, today=china_date(at), files=files)
    await life.save_redirect(tx, sent)
    await leads.save(tx, lead, Action.RECEIPT_OF_REDIRECT, by=by, effective_at=at, at=at)
    since = counted_from(await life.redirects_of(tx, lead_id))
    await deadlines.stop(tx, lead.id, DeadlineKind.REDIRECT, at=at)
    await deadlines.start_anew(tx, to_hear(lead, days=await notices.calendar(tx), at=since))
    await audit.record(tx, by, "lead.receive-redirect", lead.id, at=at, detail={"number": sent.number})
    return lead


async def answer_redirect(tx: Transaction, lead_id: UUID, result: Result, *, by: Principal, at: datetime) -> Lead:
    """The regulator's result is on file: whoever reported is told within D11. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("result", [result.text])
    lead = (await leads.get(tx, lead_id, lock=True)).step(Action.RESULT_OF_REDIRECT)
    await must_be_sent_by(tx, lead_id, result.files, Door.OFFICE)
    sent = await life.last_redirect(tx, lead_id)
    sent = sent.answer(result.text, result.on, today=china_date(at), files=result.files)
    await life.save_redirect(tx, sent)
    await leads.save(tx, lead, Action.RESULT_OF_REDIRECT, by=by, effective_at=at, at=at)
    await deadlines.stop(tx, lead.id, DeadlineKind.REDIRECT, at=at)
    days = await notices.calendar(tx)
    await deadlines.start_anew(tx, to_tell(lead, days=days, at=at))
    await begin_to_tell_repeats(tx, lead, days=days, at=at)
    await audit.record(tx, by, "lead.answer-redirect", lead.id, at=at, detail={"number": sent.number})
    return lead


async def end_redirect(tx: Transaction, lead_id: UUID, *, by: Principal, at: datetime) -> Lead:
    """The regulator's result is on file and the reporter told, or tried to be (G-FEED), those of repeats and all superiors too: the lead is
    closed as C6. What its reporter objects to that is decided afterwards, too: taken back is what is closed, by two. Raises `NotFound`,
    `NotAllowed`, also while a leg of its dual assignment is open: the result stays on file and it is closed when that has ended."""
    lead = await leads.get(tx, lead_id, lock=True)
    lead, said = lead_life.end_redirect(lead, leg_open=await dual_assignments.is_open(tx, lead_id), at=at)
    sent = await life.last_redirect(tx, lead_id)
    since = sent.answered_on()
    outcome, told_on = await how_told(tx, lead, since=since)
    await must_know_refusal(tx, lead, since=since)
    repeats = await merges.repeats_of(tx, lead_id)
    for repeat in repeats:
        await must_be_told_of_master(tx, repeat, since=since)
    await superiors_must_be_answered(tx, lead, *repeats, since=since)
    await life.save_redirect(tx, replace(sent, told_on=told_on))
    await life.add_feedback(tx, lead.id, number_of(lead), outcome, accepted=False, at=at)
    if lead.assignment is None:
        await life.keep_conclusion(tx, lead.id, ELSEWHERE, sent.regulator, at=at)
    await leads.save(tx, lead, "end-redirect", by=by, effective_at=at, at=at)
    await deadlines.stop(tx, lead.id, DeadlineKind.FEEDBACK, DeadlineKind.MEET, at=at)
    for repeat in repeats:
        await deadlines.stop(tx, repeat.id, DeadlineKind.MEET, at=at)
    await enter_of_repeats(tx, lead, since=since, by=by, at=at)
    await outbox.put(tx, said, at=at)
    detail = {"number": sent.number, "outcome": outcome}
    await audit.record(tx, by, "lead.end-redirect", lead.id, at=at, detail=detail)
    return lead


async def return_redirect(tx: Transaction, lead_id: UUID, reason: str, *, by: Principal, at: datetime) -> Lead:
    """The regulator gives it back, once; its time to be assigned begins anew. Raises `NotFound`, `NotAllowed`."""
    refuse_marked("reason", [reason])
    lead, said = lead_life.return_redirect(await leads.get(tx, lead_id, lock=True), at=at)
    earlier = await life.redirects_of(tx, lead_id)
    sent = earlier[-1].give_back(reason, returned_before=any(each.returned_at for each in earlier), at=at)
    await life.save_redirect(tx, sent)
    await leads.save(tx, lead, "return-redirect", by=by, effective_at=at, at=at, reason=reason)
    await deadlines.stop(tx, lead.id, DeadlineKind.REDIRECT, at=at)
    await deadlines.start_anew(tx, to_assign(lead, days=await notices.calendar(tx), at=at))
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "lead.return-redirect", lead.id, at=at, purpose=reason, detail={"number": sent.number})
    return lead
