"""Discipline moved a report past the office: only what its reporter is told by the query code."""

from services.intake.db import passed_reports
from services.intake.domain.mailbox import Writer
from shared.contracts.discipline import LetterSent, ReportAccepted, ReportEnded
from shared.contracts.passed import LetterRead
from shared.db import Transaction
from shared.inbox import Received


async def follow_report_accepted(tx: Transaction, event: ReportAccepted, _: Received) -> None:
    """It is accepted."""
    await passed_reports.accepted(tx, event.report_id, event.on)


async def follow_report_ended(tx: Transaction, event: ReportEnded, _: Received) -> None:
    """It is done."""
    await passed_reports.ended(tx, event.report_id, event.on)


async def relearn_read(tx: Transaction, event: LetterRead, _: Received) -> None:
    """The reporter had read it; of a restored intake that still knows it."""
    await passed_reports.mark_read(tx, event.report_id, [event.number], on=event.on)


async def keep_letter(tx: Transaction, event: LetterSent, _: Received) -> None:
    """Discipline wrote to the reporter, or told him of an opening: the box waits for the query code."""
    if event.sealed is not None:
        box = event.sealed.box
        await passed_reports.add_letter(tx, event.report_id, Writer.DISCIPLINE, box, theirs=event.number, on=event.on)
