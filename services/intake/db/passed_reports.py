"""The store of reports past the office: marks and days; the box itself lies with the outbox alone."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.engine import Row

from services.intake.db import reports
from services.intake.db.passed_tables import passed_letters
from services.intake.db.tables import passed_reports
from services.intake.domain.mailbox import Writer
from services.intake.domain.passed_report import Passed, PassedLetter, steps
from services.intake.domain.report import Step
from shared.db import Transaction

_EXPUNGE = text("select expunge_passed(:report, :day)")


async def add(tx: Transaction, passed: Passed, *, region: str) -> None:
    """Add one, and spend its challenge. Raises `Spent`."""
    await reports.spend(tx, passed.spent)
    await tx.execute(
        insert(passed_reports),
        {
            "id": passed.id,
            "region_code": region,
            "code_mark": passed.code_mark,
            "receipt_mark": passed.receipt_mark,
            "received_on": passed.received_on,
        },
    )


async def find(tx: Transaction, marks: Sequence[bytes]) -> UUID | None:
    """The one with one of these marks."""
    query = select(passed_reports.c.id).where(passed_reports.c.code_mark.in_(marks))
    return (await tx.execute(query)).scalar_one_or_none()


async def lock(tx: Transaction, report_id: UUID) -> bool:
    """Hold it until the transaction ends, so that its letters have one order; False for one that is expunged, or that a restored database
    does not know."""
    mine = select(passed_reports.c.id).where(passed_reports.c.id == report_id, passed_reports.c.expunged_on.is_(None))
    return (await tx.execute(mine.with_for_update())).one_or_none() is not None


async def progress(tx: Transaction, report_id: UUID) -> tuple[date, tuple[Step, ...]]:
    """The day of receipt, and how it stands."""
    days = (passed_reports.c.received_on, passed_reports.c.accepted_on, passed_reports.c.ended_on)
    row: Row[date, date | None, date | None] = (
        await tx.execute(select(*days).where(passed_reports.c.id == report_id))
    ).one()
    return row[0], steps(row[0], row[1], row[2])


async def accepted(tx: Transaction, report_id: UUID, on: date) -> None:
    """Discipline accepted it, or deals with it anew. One that a restored database does not know has no code here any more."""
    await _mark(tx, report_id, accepted_on=on, ended_on=None)


async def ended(tx: Transaction, report_id: UUID, on: date) -> None:
    """Discipline is done with it."""
    await _mark(tx, report_id, ended_on=on)


async def add_letter(
    tx: Transaction, report_id: UUID, writer: Writer, box: str, *, theirs: int | None, on: date
) -> int | None:
    """One more letter; → its number, or None for a report that is expunged, or that a restored database does not know."""
    if not await lock(tx, report_id):
        return None
    last = select(func.coalesce(func.max(passed_letters.c.number), 0)).where(passed_letters.c.report_id == report_id)
    number: int = (await tx.execute(last)).scalar_one() + 1
    row = {"report_id": report_id, "number": number, "writer": writer.value, "theirs": theirs, "sent_on": on}
    await tx.execute(insert(passed_letters), {**row, "box": box})
    return number


async def expunge(tx: Transaction, report_id: UUID, *, on: date) -> None:
    """Destroy the marks of code and receipt, the letters, and the boxes of all replays; the days stay (G24)."""
    await tx.execute(_EXPUNGE, {"report": report_id, "day": on})


async def expunged_of(tx: Transaction, report_ids: Collection[UUID]) -> list[UUID]:
    """Those of them that are expunged."""
    mine = passed_reports.c.id.in_(report_ids), passed_reports.c.expunged_on.is_not(None)
    return list((await tx.execute(select(passed_reports.c.id).where(*mine))).scalars())


async def letters(tx: Transaction, report_id: UUID) -> list[PassedLetter]:
    """All letters of this report in their order."""
    query = select(passed_letters).where(passed_letters.c.report_id == report_id).order_by(passed_letters.c.number)
    return [
        PassedLetter(
            number=row.number,
            writer=Writer(row.writer),
            theirs=row.theirs,
            sent_on=row.sent_on,
            read_on=row.read_on,
            box=row.box,
        )
        for row in await tx.execute(query)
    ]


async def mark_read(tx: Transaction, report_id: UUID, theirs: Collection[int], *, on: date) -> None:
    """The reporter has read these letters of discipline, by their numbers there."""
    mine = passed_letters.c.report_id == report_id, passed_letters.c.theirs.in_(theirs)
    await tx.execute(update(passed_letters).where(*mine, passed_letters.c.read_on.is_(None)).values(read_on=on))


async def _mark(tx: Transaction, report_id: UUID, **days: date | None) -> None:
    await tx.execute(update(passed_reports).where(passed_reports.c.id == report_id).values(days))
