"""Discipline answers the reporter of a report past the office (D19), and decides what he objects (D12).

By a letter that only the query code opens, delivered on the day on which it is read, or another way that an officer puts on record.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.discipline.db import report_letters, reports, retention
from services.discipline.domain.letter import Kind, Letter, Writer, attached
from services.discipline.domain.report import How, Report
from services.discipline.usecases.report_post import Post
from shared import audit, outbox, reads
from shared.auth import Principal
from shared.contracts.envelope import SealedBox, day_of
from shared.contracts.passed import LetterPassed, LetterRead
from shared.db import Transaction
from shared.deadlines import Calendar, china_date
from shared.errors import Invalid, NotFound
from shared.inbox import Received
from shared.secrecy import refuse_marked

SYSTEM = "system:discipline"
_NO_FILE = "不是为本举报交存的附件 / not the box of a file that was handed over for this report"


async def write_letter(
    tx: Transaction,
    report_id: UUID,
    kind: Kind,
    text: str,
    *,
    files: Sequence[SealedBox] = (),
    post: Post,
    by: Principal,
    at: datetime,
) -> Letter:
    """Write to the reporter; the result when it ended, once. `files`: the boxes that intake's door answered. Raises `NotFound`,
    `NotAllowed` (also without a mailbox), `Invalid`."""
    refuse_marked("text", [text])
    report = await reports.get(tx, report_id, lock=True)
    opened = [post.file_of(report_id, box) for box in files]
    if None in opened:
        raise Invalid(_NO_FILE, fields=[(f"files.{n}", _NO_FILE) for n, file in enumerate(opened) if file is None])
    with_files = attached([file for file in opened if file is not None])
    letter = await post.send(tx, report_id, kind, by=by.sub, on=china_date(at), text=text, **with_files)
    if kind is Kind.RESULT:
        await reports.save(tx, report.send_result(letter.number), actor=by.sub, at=at)
    await audit.record(tx, by, f"report.write-{kind.value}", report_id, at=at, detail={"letter": letter.number})
    return letter


async def read_letters(
    tx: Transaction, report_id: UUID, *, after: int, limit: int, by: Principal, at: datetime
) -> list[Letter]:
    """A page of the thread, and one more if there is; what is shown of the reporter is read now, and on record. Raises `NotFound`."""
    await reports.get(tx, report_id, lock=True)
    found = await report_letters.page(tx, report_id, after=after, limit=limit + 1)
    theirs = [one.number for one in found[:limit] if one.writer is Writer.REPORTER]
    await report_letters.mark_read(tx, report_id, theirs, on=china_date(at))
    await reads.note(tx, by, "report.read-letters", report_id, at=at)
    return found


async def record_feedback(
    tx: Transaction, report_id: UUID, how: How, told_on: date, *, by: Principal, at: datetime
) -> Report:
    """The reporter was told another way than by a letter. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    report = (await reports.get(tx, report_id, lock=True)).tell(how, told_on=told_on, today=china_date(at))
    await reports.save(tx, report, actor=by.sub, at=at)
    await audit.record(tx, by, "report.tell", report_id, at=at, detail={"how": how.value})
    return report


async def record_objection(
    tx: Transaction, report_id: UUID, *, letter: int | None, made_on: date | None, by: Principal, at: datetime
) -> Report:
    """The reporter objected, by this letter or on that day. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    report = await reports.get(tx, report_id, lock=True)
    if letter is not None:
        said = await report_letters.get(tx, report_id, letter)
        if said is None or said.writer is not Writer.REPORTER:
            raise NotFound("举报人没有这封信 / there is no such letter of the reporter")
        made_on = said.sent_on
    today = china_date(at)
    report = report.object(made_on=made_on or today, today=today, days=Calendar())
    await reports.save(tx, report, actor=by.sub, at=at)
    await audit.record(tx, by, "report.object", report_id, at=at, detail={"letter": letter or 0})
    return report


async def decide_objection(
    tx: Transaction, report_id: UUID, *, uphold: bool, text: str, post: Post, by: Principal, at: datetime
) -> Report:
    """Refuse it, or deal with the report anew; the reporter is told by a letter, if there is a mailbox. Raises `NotFound`, `NotAllowed`,
    `Forbidden` for who answered or knows the reporter, `Invalid`."""
    refuse_marked("text", [text])
    report, on = await reports.get(tx, report_id, lock=True), china_date(at)
    report.must_not_know_reporter(by, await reports.read_by(tx, report_id))
    answered_by = await reports.answered_by(tx, report_id)
    if uphold:
        report, again = report.uphold(by=by, answered_by=answered_by, on=on)
        await outbox.put(tx, again, at=at)
    else:
        report = report.refuse(by=by, answered_by=answered_by)
    await reports.save(tx, report, actor=by.sub, at=at)
    kind = Kind.MESSAGE if uphold else Kind.REFUSAL
    await post.send_if_possible(tx, report_id, kind, by=by.sub, on=on, text=text)
    await audit.record(tx, by, "report.uphold" if uphold else "report.refuse-objection", report_id, at=at)
    return report


async def keep_letter(tx: Transaction, event: LetterPassed, _: Received) -> None:
    """The reporter wrote. What nobody knows any more, or what belongs to an expunged report, is kept by nobody."""
    if event.sealed is None or await reports.find(tx, event.report_id, lock=True) is None:
        return
    if await retention.expunged_on(tx, event.report_id) is not None:
        return
    letter = Letter(
        report_id=event.report_id,
        number=await report_letters.next_number(tx, event.report_id),
        writer=Writer.REPORTER,
        kind=Kind.MESSAGE,
        sent_on=event.on,
        read_on=None,
        written_by=None,
        sealed=event.sealed,
    )
    await report_letters.add(tx, letter)


async def follow_read(tx: Transaction, event: LetterRead, received: Received) -> None:
    """The reporter read a letter: the result is told on that day; the hour is kept nowhere."""
    report = await reports.find(tx, event.report_id, lock=True)
    letter = await report_letters.get(tx, event.report_id, event.number)
    if report is None or letter is None or letter.writer is not Writer.DISCIPLINE:
        return
    await report_letters.mark_read(tx, report.id, [letter.number], on=event.on)
    if letter.kind is Kind.RESULT and report.waits_to_be_told(letter.number):
        # intake's clock may lag behind at midnight: nobody reads a letter before it was sent
        on = max(event.on, letter.sent_on)
        told = report.tell(How.MAILBOX, told_on=on, today=on)
        await reports.save(tx, told, actor=SYSTEM, at=day_of(received.at))
