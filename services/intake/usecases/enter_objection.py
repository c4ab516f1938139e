"""What a reporter objects by word of mouth is an objection like one by the code (§2.3 E, D12): it is decided by another person than the one
who answered, within its limit, and nothing is closed before. Its words are those of the try to tell him (feedback_tries)."""

from collections.abc import Iterable
from datetime import date, datetime

from services.intake.db import deadlines, leads, life, mailbox, merges, notices, objections
from services.intake.domain.deadline import to_judge
from services.intake.domain.feedback import OPEN_STEPS, About, Try, outcome_of
from services.intake.domain.lead import Lead
from services.intake.domain.objection import Answer, Objection, State, must_be_in_time
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import Calendar, china_date, profile_of, start_of
from shared.errors import NotAllowed, Registered

ONCE = "对该答复已提出过异议 / it was objected to this answer already"
UNDECIDED = "{0}的举报人提出的异议尚未决定 / the objection of the reporter of {0} is undecided"
UNTOLD = "{0}的举报人尚未得知异议不成立:{1} / the reporter of {0} was not told that the objection is refused: {2}"


async def enter_objection(
    tx: Transaction, lead: Lead, answered: Answer, on: date, *, since: date, by: Principal | None, at: datetime
) -> None:
    """The reporter of a lead, or of a repeat of it, objected on this day to what was answered. `since`: the day of the result that it told.
    The caller holds the lead's lock. What is undecided stays one objection. Raises `Registered` when it was decided."""
    known = await known_to(tx, lead, answered, since=since)
    if known is not None:
        if known.state is State.OPEN:
            return
        raise Registered(ONCE)
    deed = await deed_of(tx, lead, answered, by=by, at=at)
    objection = Objection(
        lead_id=lead.id,
        deed=deed,
        against=answered.against,
        answered_by=answered.by,
        made_on=on,
        message=None,
    )
    await objections.add(tx, objection, None)
    await begin_to_judge(tx, lead, await notices.calendar(tx), on)
    if by is not None:
        detail = {"made_on": on.isoformat(), "deed": deed}
        await audit.record(tx, by, "objection.enter", lead.id, at=at, detail=detail)


async def deed_of(tx: Transaction, lead: Lead, answered: Answer, *, by: Principal | None, at: datetime) -> int:
    """The version of the lead under which an objection is kept: the answer's own; what a repeat's reporter was answered is of the master's
    history, and a regulator's answer may be told before it closes the lead, so it is one of its own."""
    if lead.merged_into is None and answered.since is None:
        return answered.deed
    lead = lead.corrected()
    await leads.save(tx, lead, "enter-objection", by=by, effective_at=at, at=at)
    return lead.version


async def enter_told(tx: Transaction, lead: Lead, tries: Iterable[Try], *, by: Principal | None, at: datetime) -> None:
    """The lead was fed back a moment ago: what its reporter, and those of its repeats, said to the result when they were told it."""
    answered = await objections.answer_to(tx, lead)
    since = await life.concluded_on(tx, lead.id)
    if on := _objected_on(tries):
        await enter_objection(tx, lead, answered, on, since=since, by=by, at=at)
    await enter_of_repeats(tx, lead, since=since, by=by, at=at)


async def enter_of_repeats(tx: Transaction, lead: Lead, *, since: date, by: Principal | None, at: datetime) -> None:
    """The lead was fed back, or closed by its regulator's result, a moment ago: what reporters of its repeats said to that."""
    for repeat in await merges.repeats_of(tx, lead.id):
        if on := _objected_on(one for _, one in await life.tries_of(tx, repeat.id) if one.on >= since):
            locked = await leads.get(tx, repeat.id, lock=True)
            answered = await objections.answer_for(tx, locked, lead)
            await enter_objection(tx, locked, answered, on, since=since, by=by, at=at)


async def enter_later(tx: Transaction, lead: Lead, whole: Lead, on: date, *, by: Principal, at: datetime) -> None:
    """Whoever was told the result, or that it is not accepted, objects to it afterwards, in time: to a regulator's also when that has
    closed the lead, of a repeat whenever its master is closed. Raises `NotAllowed`, `Registered`."""
    answered = await objections.answer_for(tx, lead, whole)
    days, limit = await notices.calendar(tx), profile_of(lead.profile_version)["D12"]
    must_be_in_time(answered, limit=limit, days=days, today=on)
    await enter_objection(tx, lead, answered, on, since=answered.since or answered.given_on, by=by, at=at)


async def begin_to_judge(tx: Transaction, lead: Lead, days: Calendar, on: date) -> date:
    """The limit to decide runs, from the beginning of the day; of a suspended lead it stands still; → its last day."""
    limit = to_judge(lead, days=days, at=start_of(on))
    await deadlines.start_anew(tx, limit)
    if lead.suspended_at is not None:
        await deadlines.stop(tx, lead.id, limit.kind, at=lead.suspended_at)
    return limit.due.on


async def must_be_decided(
    tx: Transaction, lead: Lead, repeats: Iterable[Lead], answered: Answer, *, since: date
) -> None:
    """Nobody who objected to the answer waits for a decision, or for word of it. Raises `NotAllowed`."""
    for each in (lead, *repeats):
        made = await known_to(tx, each, answered, since=since)
        if made is None:
            continue
        if made.state is State.OPEN:
            raise NotAllowed(UNDECIDED.format(each.lead_no))
        if made.decided_at is not None and not await mailbox.has_box(tx, each.id):
            await _must_be_told(tx, each, since=china_date(made.decided_at))


async def must_know_refusal(tx: Transaction, lead: Lead, *, since: date) -> None:
    """Whoever objected to a regulator's answer of this day, and in vain, was told so before it closes the lead. Raises `NotAllowed`."""
    made = await objections.standing_since(tx, lead.id, since)
    if made is not None and made.decided_at is not None and not await mailbox.has_box(tx, lead.id):
        await _must_be_told(tx, lead, since=china_date(made.decided_at))


def _objected_on(tries: Iterable[Try]) -> date | None:
    return min((one.on for one in tries if one.next_step in OPEN_STEPS), default=None)


async def known_to(tx: Transaction, lead: Lead, answered: Answer, *, since: date) -> Objection | None:
    """What its reporter objected to this answer already. `since`: the day of the result that it told."""
    if lead.merged_into is None and answered.since is None:
        return await objections.to_deed(tx, lead.id, answered.deed)
    return await objections.standing_since(tx, lead.id, since)


async def _must_be_told(tx: Transaction, lead: Lead, *, since: date) -> None:
    tries = [one for _, one in await life.tries_of(tx, lead.id) if one.about is About.FEEDBACK and one.on >= since]
    try:
        outcome_of(tries, reachable=True)
    except NotAllowed as missing:
        raise NotAllowed(UNTOLD.format(lead.lead_no, *missing.detail.split(" / ", 1))) from None


async def keep_refusal(tx: Transaction, lead: Lead, reason: str, *, by: Principal, at: datetime) -> None:
    """Why an objection is refused, where there is no mailbox for it: on the lead's history, until the reporter is told by a try."""
    await leads.save(tx, lead.corrected(), "refuse-objection", by=by, effective_at=at, at=at, reason=reason)
