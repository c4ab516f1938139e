"""The reporter is told how it ended (D11): a letter to the code, or tries that are logged; when enough was done the lead is fed back
(G-FEED). A letter that the reporter has read is the delivery."""

from datetime import date, datetime
from uuid import UUID

from services.intake.db import deadlines, handovers, leads, life, mailbox, merges, objections
from services.intake.domain import lead_life
from services.intake.domain.conclusion import must_be_an_end
from services.intake.domain.deadline import to_tell
from services.intake.domain.feedback import OPEN_STEPS, About, Channel, Outcome, Try, must_name_nobody, outcome_of
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import MOVES, Action, Status
from services.intake.domain.mailbox import Kind, Message
from services.intake.domain.objection import REGULATORS, TO_OWN, TO_REPEATS, State
from services.intake.usecases.enter_objection import enter_later, enter_told, known_to
from services.intake.usecases.invite_reporter import must_be_met
from services.intake.usecases.letters import Letters
from services.intake.usecases.write_to_reporter import put_letter
from shared import audit, outbox, reads
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import Calendar, china_date, start_of
from shared.errors import Invalid, NotAllowed
from shared.secrecy import refuse_marked

TOLD_TO_REPEATS = frozenset(
    {*MOVES[Action.FEED_BACK], Status.NOT_ACCEPTED, Status.REDIRECTED, Status.FED_BACK, Status.CLOSED}
)
"""States of a master in which whoever reported a repeat of it can be told how it ended."""
DECLINED = "您反映的问题不属于本办受理范围,不予受理。理由:{}。如不同意,可凭查询码提出异议,截止日期见查询结果。"
UNKNOWN = "请来信询问"
"""Where a restore has lost why."""


async def log_try(tx: Transaction, lead_id: UUID, made: Try, *, by: Principal, at: datetime) -> None:
    """Put one try on file. Raises `NotFound`, `NotAllowed` while there is nothing to tell, `Invalid` for a day to come, for what is not
    whole or bears a secrecy mark, and for a letter to the code, which is on file by itself."""
    refuse_marked("text", [made.text or ""])
    lead, whole = await merges.lock_whole(tx, lead_id)
    answered = TO_REPEATS if lead.standing is Status.MERGED else TO_OWN
    objects = made.next_step in OPEN_STEPS and whole.standing in answered
    if made.about is About.FEEDBACK:
        if not objects and not await _was_refused(tx, lead):
            await _must_have_a_result(tx, lead, whole)
    else:
        must_be_met(lead, whole)
    if made.channel is Channel.MAILBOX:
        told = "信箱信件由系统登记,请发出信件 / a letter to the mailbox is on file by itself; send one"
        raise Invalid(told, fields=[("channel", told)])
    if made.reached and made.why_not:
        told = "已联系上的不填原因 / reached: no reason why not"
        raise Invalid(told, fields=[("why_not", told)])
    made.must_be_whole()
    if made.on > china_date(at):
        told = "反馈日期晚于今天 / a day to come"
        raise Invalid(told, fields=[("on", told)])
    await life.add_try(tx, lead_id, number_of(lead), made, by=by.sub, at=at)
    if made.reached and (made.about is About.MEETING or lead.standing is Status.MERGED):
        await deadlines.stop(tx, lead_id, DeadlineKind.MEET, at=at)
    if objects:
        await enter_later(tx, lead, whole, made.on, by=by, at=at)
    await _end_when_told(tx, lead, at=at)
    detail = {"about": made.about.value, "channel": made.channel.value, "reached": made.reached}
    await audit.record(tx, by, "lead.log-feedback", lead_id, at=at, detail=detail)


async def read_tries(tx: Transaction, lead_id: UUID, *, by: Principal, at: datetime) -> list[tuple[int, Try]]:
    """The log of tries, with the number of the conclusion that each is about. Raises `NotFound`, `NotAllowed`."""
    (await leads.get(tx, lead_id)).must_be_used()
    await reads.note(tx, by, "lead.read-tries", lead_id, at=at)
    return await life.tries_of(tx, lead_id)


async def write_feedback(
    tx: Transaction, letters: Letters, lead_id: UUID, text: str, *, by: Principal, at: datetime
) -> Message:
    """The result in a letter that only the code opens. Raises `NotFound`, `NotAllowed` while there is nothing to tell or without a mailbox,
    `Invalid` for a secrecy mark or a number of a person."""
    refuse_marked("text", [text])
    must_name_nobody(text)
    lead, whole = await merges.lock_whole(tx, lead_id)
    await _must_have_a_result(tx, lead, whole)
    return await put_letter(tx, letters, lead, Kind.FEEDBACK, text, by=by, at=at)


async def deliver_feedback(tx: Transaction, lead_id: UUID, *, accepted: bool, by: Principal, at: datetime) -> Lead:
    """The reporter was told, or could not be. `accepted`: nothing is objected to; of a holder of a code it is not taken on another's word.
    Raises `NotFound`, `NotAllowed`."""
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_allow(Action.FEED_BACK)
    await _must_be_an_end(tx, lead)
    with_code = await life.holds_code(tx, lead_id)
    tries = await _tries(tx, lead) if lead.named or with_code else []
    outcome = outcome_of(tries, reachable=lead.named or with_code, by_code_alone=with_code and not lead.named)
    if accepted and any(one.next_step in OPEN_STEPS for one in tries):
        raise NotAllowed(
            "举报人有异议或新证据,不能登记为无异议 / the reporter objects or has new evidence; it is not accepted"
        )
    accepted = accepted and outcome == "delivered" and not with_code
    lead = await _feed_back(tx, lead, outcome, accepted=accepted, by=by, at=at)
    await audit.record(tx, by, "lead.feed-back", lead.id, at=at, detail={"outcome": outcome})
    return lead


async def how_told(tx: Transaction, lead: Lead, *, since: date) -> tuple[Outcome, date | None]:
    """What was done from this day on to tell its reporter, and the day of being told. Raises `NotAllowed` while more is to be tried."""
    with_code = await life.holds_code(tx, lead.id)
    tries = [one for _, one in await life.tries_of(tx, lead.id) if one.about is About.FEEDBACK and one.on >= since]
    outcome = outcome_of(tries, reachable=lead.named or with_code, by_code_alone=with_code and not lead.named)
    return outcome, min((one.on for one in tries if one.reached), default=None)


async def must_be_told_of_master(tx: Transaction, repeat: Lead, *, since: date) -> None:
    """Who reported a repeat hears how the matter ended like whoever reported it first: was told from this day on, was tried to be
    told, or is nobody who can be. Raises `NotAllowed`."""
    try:
        await how_told(tx, repeat, since=since)
    except NotAllowed as missing:
        zh, en = missing.detail.split(" / ", 1)
        raise NotAllowed(f"并入的{repeat.lead_no}:{zh} / the repeat {repeat.lead_no}: {en}") from None


async def begin_to_tell(tx: Transaction, repeat: Lead, *, days: Calendar, at: datetime) -> None:
    """It has an end that is not fed back by its own state (that of its master; not accepted): whoever reported it is told within the limit
    (D11)."""
    if repeat.named or await life.holds_code(tx, repeat.id):
        await deadlines.start_anew(tx, to_tell(repeat, days=days, at=at))


async def begin_to_tell_repeats(tx: Transaction, master: Lead, *, days: Calendar, at: datetime) -> None:
    """The matter has a result: whoever reported a repeat is told within the same limit as whoever reported it first (D11)."""
    for repeat in await merges.repeats_of(tx, master.id):
        await begin_to_tell(tx, repeat, days=days, at=at)


async def tell_no_repeat(tx: Transaction, master_id: UUID, *, at: datetime) -> None:
    """The result of the matter was taken back, or another is looked for: nobody is to be told but the next one."""
    for repeat in await merges.repeats_of(tx, master_id):
        await deadlines.stop(tx, repeat.id, DeadlineKind.FEEDBACK, at=at)


async def tell_declined(
    tx: Transaction, letters: Letters, lead: Lead, why: str | None, *, days: Calendar, by: Principal, at: datetime
) -> None:
    """It, or the master that it was merged into, is not accepted: its reporter reads why in the mailbox at once; who has none is told
    within D11. The caller holds the lock of that one."""
    lead = await leads.get(tx, lead.id, lock=True)
    if await mailbox.has_box(tx, lead.id):
        text = DECLINED.format(why or UNKNOWN)
        await put_letter(tx, letters, lead, Kind.FEEDBACK, text, by=by, at=at)
    else:
        await begin_to_tell(tx, lead, days=days, at=at)


async def _must_have_a_result(tx: Transaction, lead: Lead, whole: Lead) -> None:
    """There is something to tell: the lead's own result, or of a repeat that of its master; of a matter at its regulator, what that found.
    Raises `NotAllowed`."""
    if whole.standing is Status.REDIRECTED and lead.standing in (Status.REDIRECTED, Status.MERGED):
        (await life.last_redirect(tx, whole.id)).answered_on()
        return
    told = lead.standing is Status.MERGED and whole.standing in TOLD_TO_REPEATS
    if not told and lead.standing is not Status.NOT_ACCEPTED:
        lead.must_allow(Action.FEED_BACK)
    await _must_be_an_end(tx, whole)


async def _must_be_an_end(tx: Transaction, lead: Lead) -> None:
    """What was concluded can be told as its result (§2.4). Raises `NotAllowed`."""
    if lead.standing in MOVES[Action.FEED_BACK]:
        found = await merges.conclusion_of(tx, lead.id)
        must_be_an_end(found and found[0], lead.standing, taken=await handovers.is_taken(tx, lead.id))


async def _was_refused(tx: Transaction, lead: Lead) -> bool:
    """Whether its reporter objected to the answer that stands and is to hear why that is refused."""
    if lead.standing not in (Status.FED_BACK, Status.CLOSED):
        return False
    try:
        answered = await objections.answer_for(tx, lead, lead)
    except NotAllowed:
        return False
    made = await known_to(tx, lead, answered, since=answered.since or answered.given_on)
    return made is not None and made.state is State.REFUSED


async def _end_when_told(tx: Transaction, lead: Lead, *, at: datetime) -> None:
    """Whoever reported what was merged into a closed lead, what is not accepted or what a regulator has answered knows how it ended, or why
    his objection to that is refused, or was tried to be told often enough: nothing waits for that any more. Other leads are fed back."""
    if lead.standing not in (Status.MERGED, Status.NOT_ACCEPTED, *REGULATORS):
        return
    if lead.standing is Status.REDIRECTED:
        since = (await life.last_redirect(tx, lead.id)).result_on
        refused = await objections.standing_since(tx, lead.id, since) if since else None
        if refused is not None and refused.decided_at is not None:
            since = china_date(refused.decided_at)
    else:
        runs = await deadlines.runs_since(tx, lead.id, DeadlineKind.FEEDBACK)
        since = china_date(runs) if runs else None
    if since is None:
        return
    try:
        outcome, _ = await how_told(tx, lead, since=since)
    except NotAllowed:
        return
    if outcome != "not-applicable":
        await deadlines.stop(tx, lead.id, DeadlineKind.FEEDBACK, DeadlineKind.MEET, at=at)


async def told_by_letter(tx: Transaction, lead: Lead, read: list[Message], *, on: date) -> None:
    """The reporter has read these letters on this day. If one tells the result that stands, the lead is fed back by that; of the hour, and
    of who it was, nothing is put on record."""
    told = [one.sent_on for one in read if one.kind is Kind.FEEDBACK and one.assignment_no == number_of(lead)]
    if told:
        await _end_when_told(tx, lead, at=start_of(on))
        if lead.standing is Status.MERGED:
            await deadlines.stop(tx, lead.id, DeadlineKind.MEET, at=start_of(on))
    if not told or lead.standing not in MOVES[Action.FEED_BACK]:
        return
    try:
        await _must_be_an_end(tx, lead)
    except NotAllowed:
        return
    if max(told) >= await life.concluded_on(tx, lead.id):
        await _feed_back(tx, lead, "delivered", accepted=False, by=None, at=start_of(on))


async def _tries(tx: Transaction, lead: Lead) -> list[Try]:
    """Those to tell the conclusion that stands."""
    since, number = await life.concluded_on(tx, lead.id), number_of(lead)
    found = [one for about, one in await life.tries_of(tx, lead.id) if about == number]
    return [one for one in found if one.about is About.FEEDBACK and one.on >= since]


async def _feed_back(
    tx: Transaction, lead: Lead, outcome: Outcome, *, accepted: bool, by: Principal | None, at: datetime
) -> Lead:
    tries = await _tries(tx, lead)
    lead, said = lead_life.feed_back(lead, outcome, at=at)
    await life.add_feedback(tx, lead.id, number_of(lead), outcome, accepted=accepted, at=at)
    await leads.save(tx, lead, "feed-back", by=by, effective_at=at, at=at)
    await deadlines.stop(tx, lead.id, DeadlineKind.FEEDBACK, DeadlineKind.MEET, at=at)
    await outbox.put(tx, said, at=at)
    await enter_told(tx, lead, tries, by=by, at=at)
    return lead


def number_of(lead: Lead) -> int:
    """The number of the conclusion that stands; 0 before there is one."""
    return lead.assignment.number if lead.assignment else 0
