"""What could not be verified (C4) is no end (§2.4): it waits for a day, six months on at the latest, and is taken up again on that day, by
something new, or by the office before. The unit's work is over; the next assignment opens another (D03, D07 anew)."""

from datetime import date, datetime
from uuid import UUID

from services.intake.db import deadlines, leads, mailbox, merges, notices
from services.intake.domain import lead_life
from services.intake.domain.conclusion import PENDING, must_be_pending
from services.intake.domain.deadline import to_assign, to_look_again
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import MOVES, Action
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.ends import LeadReviewDateSet
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Invalid
from shared.secrecy import refuse_marked

AT_ONCE = 200
DAY_CAME = "暂存期满,再行核查"
NEW_REPEAT = "并入的线索提供新情况"
NEW_LETTER = "举报人来信提供新情况"


async def set_review(tx: Transaction, lead_id: UUID, on: date, missing: str, *, by: Principal, at: datetime) -> Lead:
    """When it is looked at again, and what is missing until then. Raises `NotFound`, `NotAllowed`, `Invalid` for a day that is not to come
    or lies beyond the six months."""
    refuse_marked("missing", [missing])
    lead = (await leads.get(tx, lead_id, lock=True)).step(Action.SET_REVIEW)
    must_be_pending(await _code(tx, lead))
    days, today = await notices.calendar(tx), china_date(at)
    running = await deadlines.get(tx, lead_id, DeadlineKind.ASSIGN, lock=True)
    latest = running.limit.after(china_date(running.started_at), days).on
    if not today < on <= latest:
        told = f"应晚于今天,最迟{latest} / must be a day to come, {latest} at the latest"
        raise Invalid(told, fields=[("review_on", told)])
    await deadlines.stop(tx, lead_id, DeadlineKind.ASSIGN, at=at)
    await deadlines.start_anew(tx, to_look_again(lead, days=days, at=running.started_at, on=on))
    await leads.save(tx, lead, Action.SET_REVIEW, by=by, effective_at=at, at=at, reason=missing)
    since = china_date(running.started_at)
    await outbox.put(tx, LeadReviewDateSet(lead_id=lead_id, review_on=on, since=since, effective_at=at), at=at)
    detail = {"review_on": on.isoformat()}
    await audit.record(tx, by, "lead.set-review", lead_id, at=at, purpose=missing, detail=detail)
    return lead


async def take_up(tx: Transaction, lead_id: UUID, reason: str, *, by: Principal, at: datetime) -> Lead:
    """The office does not wait for the day. Raises `NotFound`, `NotAllowed`."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_allow(Action.TAKE_UP)
    must_be_pending(await _code(tx, lead))
    lead = await _take_up(tx, lead, reason, by=by, at=at)
    await audit.record(tx, by, "lead.take-up", lead_id, at=at, purpose=reason)
    return lead


async def wake_by_news(tx: Transaction, lead: Lead, what: str, *, by: Principal | None, at: datetime) -> None:
    """Something new is known of it: what could not be verified is taken up again; of any other lead nothing changes. The caller holds its
    lock. `by`: None is the reporter, of whom nothing but the day is put on record."""
    if lead.standing in MOVES[Action.TAKE_UP] and await _code(tx, lead) == PENDING:
        await _take_up(tx, lead, what, by=by, at=at)


async def wake_resumed(tx: Transaction, lead_id: UUID, since: datetime, *, at: datetime) -> None:
    """It stood still since this instant and goes on: what a reporter of the matter wrote meanwhile, or what was merged into it, takes it up
    now. The caller holds its lock."""
    lead = await leads.get(tx, lead_id, lock=True)
    if lead.standing not in MOVES[Action.TAKE_UP]:
        return
    since = max(since, await merges.concluded_at(tx, lead_id) or since)
    if await merges.merged_since(tx, lead_id, since):
        await wake_by_news(tx, lead, NEW_REPEAT, by=None, at=at)
    elif await mailbox.written_since(tx, await merges.matter_of(tx, lead), china_date(since)):
        await wake_by_news(tx, lead, NEW_LETTER, by=None, at=at)


async def wake_on_the_day(tx: Transaction, at: datetime) -> int:
    """Those whose day has come are taken up; → how many."""
    today, woken = china_date(at), 0
    found = await deadlines.to_look_at_again(tx, today, limit=AT_ONCE)
    await leads.hold(tx, found)
    # whoever held one of them meanwhile may have set another day
    ending = set(await deadlines.to_look_at_again(tx, today, limit=AT_ONCE))
    for lead_id in [each for each in found if each in ending]:
        lead = await leads.get(tx, lead_id, lock=True)
        if lead.standing in MOVES[Action.TAKE_UP] and await _code(tx, lead) == PENDING:
            await _take_up(tx, lead, DAY_CAME, by=None, at=at)
            await audit.record(tx, None, "lead.take-up", lead_id, at=at)
            woken += 1
    return woken


async def _take_up(tx: Transaction, lead: Lead, reason: str, *, by: Principal | None, at: datetime) -> Lead:
    lead, said = lead_life.take_up(lead, at=at)
    await leads.save(tx, lead, Action.TAKE_UP, by=by, effective_at=at, at=at, reason=reason)
    await deadlines.stop(tx, lead.id, DeadlineKind.ASSIGN, at=at)
    await deadlines.start_anew(tx, to_assign(lead, days=await notices.calendar(tx), at=at))
    await outbox.put(tx, said, at=at)
    return lead


async def _code(tx: Transaction, lead: Lead) -> str | None:
    found = await merges.conclusion_of(tx, lead.id)
    return found[0] if found else None
