"""After the feedback: nobody objects and the lead is closed (§4.2, D12), or an objection with new facts gives it to another team."""

from datetime import date, datetime
from uuid import UUID

from services.intake.db import deadlines, dual_assignments, leads, life, merges, notices, objections
from services.intake.domain import lead_life
from services.intake.domain.feedback import Feedback, must_be_final
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action
from services.intake.domain.objection import Answer
from services.intake.usecases.charge_unit import charge
from services.intake.usecases.check_unit import check_unit
from services.intake.usecases.decide_objection import uphold
from services.intake.usecases.deliver_feedback import must_be_told_of_master
from services.intake.usecases.enter_objection import known_to, must_be_decided
from services.intake.usecases.letters import Letters
from services.intake.usecases.reply_upstream import superiors_must_be_answered
from services.intake.usecases.subject_store import FactsSealer
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import Calendar, china_date, profile_of
from shared.errors import NotAllowed
from shared.secrecy import refuse_marked


async def close_lead(tx: Transaction, lead_id: UUID, *, by: Principal, at: datetime) -> Lead:
    """Close it. Raises `NotFound`, `NotAllowed` while its reporter, or one of a repeat, may object or was not told, a superior was not
    answered, or a leg of its dual assignment is open."""
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_allow(Action.CLOSE)
    feedback = await life.feedback_of(tx, lead_id, lead.assignment.number if lead.assignment else 0)
    objection = profile_of(lead.profile_version)["D12"]
    answered = await objections.answer_to(tx, lead)
    made = await objections.to_deed(tx, lead_id, answered.deed)
    days, today = await notices.calendar(tx), china_date(at)
    must_be_final(feedback, objection=objection, days=days, today=today, objected=made.state if made else None)
    repeats, since = await merges.repeats_of(tx, lead_id), await life.concluded_on(tx, lead_id)
    await must_be_decided(tx, lead, repeats, answered, since=since)
    for repeat in repeats:
        await must_be_told_of_master(tx, repeat, since=since)
        await _must_be_final_for(tx, repeat, answered, since=since, days=days, today=today)
    await superiors_must_be_answered(tx, lead, *repeats, since=since)
    lead, said = lead_life.close(lead, leg_open=await dual_assignments.is_open(tx, lead_id), at=at)
    await leads.save(tx, lead, "close", by=by, effective_at=at, at=at)
    for repeat in repeats:
        await deadlines.stop(tx, repeat.id, DeadlineKind.MEET, at=at)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "lead.close", lead.id, at=at)
    return lead


async def _must_be_final_for(
    tx: Transaction, repeat: Lead, answered: Answer, *, since: date, days: Calendar, today: date
) -> None:
    """Whoever reported a repeat has his own 30 days from when he was told (D12), unless he said that he is content. Nobody waits for one
    who could not be told: should he hear of it, he objects to what is closed (docs/decisions/0103). Raises `NotAllowed`."""
    told_on = await life.told_on(tx, repeat.id, since)
    if told_on is None:
        return
    made = await known_to(tx, repeat, answered, since=since)
    tries = [one for _, one in await life.tries_of(tx, repeat.id) if one.on >= since]
    content = any(one.says_content for one in tries) and not await life.holds_code(tx, repeat.id)
    told = Feedback(outcome="delivered", accepted=content, told_on=told_on)
    objection = profile_of(repeat.profile_version)["D12"]
    try:
        must_be_final(told, objection=objection, days=days, today=today, objected=made.state if made else None)
    except NotAllowed as early:
        zh, en = early.detail.split(" / ", 1)
        raise NotAllowed(f"并入的{repeat.lead_no}:{zh} / the repeat {repeat.lead_no}: {en}") from None


async def take_objection(
    tx: Transaction,
    lead_id: UUID,
    unit: str,
    reason: str,
    *,
    region: str,
    sealer: FactsSealer,
    letters: Letters,
    by: Principal,
    at: datetime,
) -> Lead:
    """The reporter's objection has new facts: another team looks. Raises `NotFound`, `NotAllowed`, `Forbidden` for who answered, `Invalid`
    for a team that has, `ConflictOfInterest`."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_allow(Action.OBJECT)
    await uphold(tx, letters, lead, by=by, at=at)
    days = await notices.calendar(tx)
    lead, said, assigned = lead_life.object_to(lead, unit, days=days, at=at)
    findings = await check_unit(tx, lead, unit, by=by, at=at)
    await leads.save(tx, lead, "object", by=by, effective_at=at, at=at, reason=reason)
    await outbox.put(tx, said, at=at)
    await charge(tx, lead, assigned, excluded=findings.excluded, days=days, region=region, sealer=sealer, by=by, at=at)
    await audit.record(tx, by, "lead.object", lead.id, at=at, purpose=reason, detail={"unit": unit})
    return lead
