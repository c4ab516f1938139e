"""The reply to a superior is put on record; no lead of a superior ends without it (§4.2, M14)."""

from datetime import date, datetime
from uuid import UUID

from services.intake.db import deadlines, leads, life, objections, replies
from services.intake.domain.codes import Source
from services.intake.domain.deadline import to_answer_superior
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.reply import (
    ANSWERABLE,
    Reply,
    corrected,
    must_be_answerable,
    must_be_answered,
    must_tell_the_result,
)
from shared import audit
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import Calendar, china_date
from shared.errors import NotFound
from shared.secrecy import refuse_marked


async def record_reply(
    tx: Transaction, lead_id: UUID, reply_no: str, sent_on: date, *, by: Principal, at: datetime
) -> Reply:
    """It went out under this number on this day. Raises `NotFound`, `Invalid`, `NotAllowed` while there is no result, `Registered` for a
    number that stands already."""
    refuse_marked("reply_no", [reply_no])
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_be_used()
    master = await _master_of(tx, lead)
    must_be_answerable(lead, master)
    must_tell_the_result(sent_on, since=await _found_on(tx, master or lead), today=china_date(at))
    reply = Reply(lead_id=lead_id, reply_no=reply_no, sent_on=sent_on, recorded_by=by.sub, recorded_at=at)
    await replies.add(tx, reply)
    if lead.standing in (Status.MERGED, Status.NOT_ACCEPTED):
        await deadlines.stop(tx, lead.id, DeadlineKind.CONCLUDE, at=at)
    detail = {"reply_no": reply_no, "sent_on": sent_on.isoformat()}
    await audit.record(tx, by, "lead.reply-upstream", lead_id, at=at, detail=detail)
    return reply


async def begin_to_answer(tx: Transaction, lead: Lead, *, days: Calendar, at: datetime) -> None:
    """It ended without a close that waits for the reply (merged into a lead that is closed; not accepted): its superior's limit runs until
    that is on record. The caller holds the lock of the lead, or of its master."""
    if lead.source is Source.SUPERIOR:
        await deadlines.start_anew(tx, to_answer_superior(lead, days=days, at=at))


async def correct_reply(
    tx: Transaction, lead_id: UUID, reply_no: str, sent_on: date, reason: str, *, by: Principal, at: datetime
) -> tuple[Reply, ...]:
    """The day of a letter was mistyped: the right one stands from now on, the old one stays on record, and why is on the lead's history.
    → all versions. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_be_used()
    versions = next((each for each in await replies.of_lead(tx, lead_id) if each[0].reply_no == reply_no), None)
    if versions is None:
        raise NotFound("没有该文号的回复 / no reply of that number is on record")
    before = versions[-1].sent_on
    reply = corrected(versions, sent_on, since=await _earliest(tx, lead, before), by=by.sub, at=at)
    await replies.add(tx, reply)
    await leads.save(tx, lead.corrected(), "correct-reply", by=by, effective_at=at, at=at, reason=reason)
    detail = {"reply_no": reply_no, "was": before.isoformat(), "is": sent_on.isoformat()}
    await audit.record(tx, by, "lead.correct-reply", lead_id, at=at, purpose=reason, detail=detail)
    return (*versions, reply)


async def superiors_must_be_answered(tx: Transaction, *leads_: Lead, since: date) -> None:
    """Each of these leads that a superior handed down was answered with the result found on this day. Raises `NotAllowed`."""
    for lead in leads_:
        standing = [versions[-1] for versions in await replies.of_lead(tx, lead.id)]
        must_be_answered(lead, standing, since=since)


async def _master_of(tx: Transaction, lead: Lead) -> Lead | None:
    return await leads.get(tx, lead.merged_into) if lead.standing is Status.MERGED and lead.merged_into else None


async def _earliest(tx: Transaction, lead: Lead, sent_on: date) -> date:
    """The first day on which a letter that was sent on this day could have been: with the result that stands, or with one before it."""
    whole = await _master_of(tx, lead) or lead
    found_on = await _found_on(tx, whole) if whole.standing in ANSWERABLE else None
    return found_on if found_on is not None and sent_on >= found_on else lead.received_on


async def _found_on(tx: Transaction, lead: Lead) -> date:
    """The day of the result that stands; of a matter that is with a regulator, the day it went there; of one that is not accepted, the day
    that was decided."""
    if lead.standing is Status.NOT_ACCEPTED:
        return (await objections.answer_to(tx, lead)).given_on
    if lead.standing is Status.REDIRECTED:
        return china_date((await life.last_redirect(tx, lead.id)).sent_at)
    try:
        # the day that the end asks for, too (close_lead)
        return await life.concluded_on(tx, lead.id)
    except NotFound:
        # a regulator's result closed it
        return await replies.found_on(tx, lead.id)
