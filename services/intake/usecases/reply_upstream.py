"""The reply to a superior is put on record; no lead of a superior ends without it (§4.2, M14)."""

from datetime import date, datetime
from uuid import UUID

from services.intake.db import leads, life, replies
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.reply import Reply, must_be_answerable, must_be_answered, must_tell_the_result
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
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
    master = await leads.get(tx, lead.merged_into) if lead.standing is Status.MERGED and lead.merged_into else None
    must_be_answerable(lead, master)
    must_tell_the_result(sent_on, since=await _found_on(tx, master or lead), today=china_date(at))
    reply = Reply(lead_id=lead_id, reply_no=reply_no, sent_on=sent_on, recorded_by=by.sub, recorded_at=at)
    await replies.add(tx, reply)
    detail = {"reply_no": reply_no, "sent_on": sent_on.isoformat()}
    await audit.record(tx, by, "lead.reply-upstream", lead_id, at=at, detail=detail)
    return reply


async def superiors_must_be_answered(tx: Transaction, *leads_: Lead, since: date) -> None:
    """Each of these leads that a superior handed down was answered with the result found on this day. Raises `NotAllowed`."""
    for lead in leads_:
        must_be_answered(lead, await replies.of_lead(tx, lead.id), since=since)


async def _found_on(tx: Transaction, lead: Lead) -> date:
    """The day of the result that stands; of a matter that is with a regulator, the day it went there."""
    if lead.standing is Status.REDIRECTED:
        return china_date((await life.last_redirect(tx, lead.id)).sent_at)
    try:
        # the day that the end asks for, too (close_lead)
        return await life.concluded_on(tx, lead.id)
    except NotFound:
        # a regulator's result closed it
        return await replies.found_on(tx, lead.id)
