"""Discipline moved a report past the office: only what its reporter is told by the query code."""

from datetime import datetime

from services.intake.db import passed_reports
from services.intake.domain.mailbox import Writer
from shared import inbox_boxes
from shared.contracts.discipline import LetterSent, ReportAccepted, ReportEnded, ReportExpunged
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


async def follow_report_expunged(tx: Transaction, event: ReportExpunged, _: Received) -> None:
    """Its time is over (G24): what intake keeps of it is destroyed, wherever it lies. Nothing is put on record: a row would be a count."""
    await passed_reports.expunge(tx, event.report_id, on=event.on)
    await inbox_boxes.destroy(tx, LetterSent.TOPIC, event.report_id)


async def destroy_late(tx: Transaction, _: datetime) -> None:
    """Boxes of expunged reports that began to wait in the inbox afterwards are destroyed."""
    for report_id in await passed_reports.expunged_of(tx, await inbox_boxes.waiting(tx, LetterSent.TOPIC)):
        await inbox_boxes.destroy(tx, LetterSent.TOPIC, report_id)
