"""A reporter asks how it stands: in plain words, by days, without naming a unit or a person. Whoever asks by a code that does not exist, or
by a lead number that has none, gets one and the same answer after the same work."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from services.intake.db import (
    deadlines,
    gateway_messages,
    leads,
    mailbox,
    merges,
    notices,
    objections,
    openings,
    passed_reports,
    reports,
)
from services.intake.domain.conclusion import PENDING
from services.intake.domain.deadline import LOOK_AGAIN
from services.intake.domain.mailbox import Writer, private_half
from services.intake.domain.objection import until
from services.intake.domain.opening import Purpose
from services.intake.domain.query_code import MISTYPED, NOBODY, read_code
from services.intake.domain.report import Step, as_pending
from services.intake.domain.told_limit import OBJECT, ToldLimit, first, told, told_past_office
from services.intake.usecases.enter_objection import known_to
from services.intake.usecases.file_report import Desk
from services.intake.usecases.own_codes import OwnCodes
from services.intake.usecases.passed_letters import OPENING, RESULT, open_letters, to_be_read
from shared.contracts.intake import DeadlineKind
from shared.db import Database, Transaction
from shared.deadlines import profile_of
from shared.errors import Invalid, NotAllowed, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a reporter is told: the day of receipt, the steps since, and when his own data were opened and what for."""

    received_on: date
    steps: tuple[Step, ...]
    openings: tuple[tuple[date, Purpose], ...]
    unread: int
    """Messages of the office that the reporter has not read."""
    limits: tuple[ToldLimit, ...]
    """By which day the reporter is to hear, and until when to object."""


class ReadProgress:
    """How a report stands. It asks the database itself: no connection is held while a code is compared."""

    def __init__(self, database: Database, desk: Desk, own_codes: OwnCodes) -> None:
        self._database, self._desk, self._own_codes = database, desk, own_codes

    async def by_code(self, code: str) -> Progress:
        """By the query code. Raises `Invalid` for a mistyped one, `NotFound`."""
        marks = self._marks(code)
        async with self._database.transaction() as tx:
            lead_id = await reports.find(tx, marks)
            passed = await passed_reports.find(tx, marks)
            if passed is not None:
                return await _of_passed(tx, passed, private_half(read_code(code)))
            waiting = await gateway_messages.progress(tx, marks) if lead_id is None else None
            if waiting is not None:
                return await _of_waiting(tx, *waiting)
            # a message that was registered between the two looks
            lead_id = lead_id or await reports.find(tx, marks)
        return await self._of(lead_id)

    async def lead_by_code(self, code: str) -> UUID | None:
        """The lead of the report with this query code. Raises `Invalid` for a mistyped one."""
        marks = self._marks(code)
        async with self._database.transaction() as tx:
            return await reports.find(tx, marks)

    async def past_office(self, code: str) -> UUID | None:
        """The report with this query code, if it went to discipline alone. Raises `Invalid` for a mistyped one."""
        marks = self._marks(code)
        async with self._database.transaction() as tx:
            return await passed_reports.find(tx, marks)

    async def must_be_registered(self, code: str) -> None:
        """Raises `NotAllowed` for the code of a message that waits for a clerk or was put aside, `Invalid` for a mistyped one."""
        marks = self._marks(code)
        async with self._database.transaction() as tx:
            await gateway_messages.must_be_registered(tx, marks)

    def _marks(self, code: str) -> list[bytes]:
        try:
            return self._desk.marks(read_code(code))
        except ValueError:
            raise Invalid(MISTYPED, fields=[("query_code", MISTYPED)]) from None

    async def by_own_code(self, lead_no: str, code: str) -> Progress:
        """By the lead number and the reporter's own code. Raises `NotFound`, `Busy`."""
        return await self._of(await self.lead_by_own_code(lead_no, code))

    async def lead_by_own_code(self, lead_no: str, code: str) -> UUID | None:
        """The lead with this number and own code. Raises `Busy`."""
        async with self._database.transaction() as tx:
            lead_id, kept = await reports.own_code(tx, lead_no)
        fits = await self._own_codes.fits(code, kept)
        return lead_id if fits else None

    async def _of(self, lead_id: UUID | None) -> Progress:
        async with self._database.transaction() as tx:
            asked = lead_id or uuid4()
            found = await reports.progress(tx, asked)
            opened = await openings.told_to_reporter(tx, asked)
            unread = await mailbox.unread(tx, asked, Writer.OFFICE)
            if found is None:
                raise NotFound(NOBODY)
            received_on, steps = found
            limits = await _limits(tx, asked, received_on, steps)
            steps = await _pending(tx, asked, steps)
        return Progress(
            received_on=received_on, steps=steps, openings=tuple(opened), unread=unread, limits=tuple(limits)
        )


async def _of_passed(tx: Transaction, report_id: UUID, private: bytes) -> Progress:
    """How a report past the office stands; what discipline tells its reporter is opened with the code."""
    received_on, steps = await passed_reports.progress(tx, report_id)
    told = open_letters(await passed_reports.letters(tx, report_id), private)
    openings = tuple((one.sent_on, Purpose(says["purpose"])) for one, says in told if says["kind"] == OPENING)
    unread = sum(1 for one, says in told if to_be_read(one, says))
    answers = [one for one, says in told if says["kind"] == RESULT]
    last = (answers[-1].read_on or answers[-1].sent_on) if answers else None
    limits = told_past_office(steps, last, await notices.calendar(tx))
    return Progress(received_on=received_on, steps=steps, openings=openings, unread=unread, limits=tuple(limits))


async def _of_waiting(tx: Transaction, received_on: date, steps: tuple[Step, ...]) -> Progress:
    """How a message stands that a clerk has not registered."""
    limits = first(received_on, await notices.calendar(tx)) if len(steps) == 1 else []
    return Progress(received_on=received_on, steps=steps, openings=(), unread=0, limits=tuple(limits))


async def _pending(tx: Transaction, lead_id: UUID, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    found = await merges.conclusion_of(tx, lead_id)
    limits = (one for one in await deadlines.of_lead(tx, lead_id) if one.limit_id == LOOK_AGAIN)
    again_by = next((one.due.on for one in limits if one.stopped_at is None), None)
    return as_pending(steps, pending=found is not None and found[0] == PENDING, again_by=again_by)


async def _limits(tx: Transaction, lead_id: UUID, received_on: date, steps: tuple[Step, ...]) -> list[ToldLimit]:
    days = await notices.calendar(tx)
    if len(steps) == 1:
        return first(received_on, days)
    running, lead = await deadlines.of_lead(tx, lead_id), await leads.get(tx, lead_id)
    whole = await leads.get(tx, lead.merged_into) if lead.merged_into else lead
    if lead.merged_into:
        # by when the matter is to be checked; all else that runs for a repeat is its reporter's own
        theirs = await deadlines.of_lead(tx, whole.id)
        running = [*running, *(one for one in theirs if one.kind is DeadlineKind.CONCLUDE)]
    found = told(running, days)
    try:
        answered = await objections.answer_for(tx, lead, whole)
    except NotAllowed:
        return found
    if await known_to(tx, lead, answered, since=answered.since or answered.given_on) is None:
        last = until(answered, limit=profile_of(lead.profile_version)["D12"], days=days)
        found.append(ToldLimit(OBJECT, last))
    return found
