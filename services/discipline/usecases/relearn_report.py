"""Discipline said of a report past the office what a restored database has forgotten. What the database does not know either is heard
again and stands as arrived: it is accepted once more, and of one that ended the outcome, which was never said, is recorded once more."""

from services.discipline.db import report_letters, reports
from services.discipline.domain.report import Status
from shared.contracts.discipline import LetterSent, ReportAccepted, ReportEnded, ReportNumbered
from shared.db import Transaction
from shared.inbox import Received


async def relearn_accepted(tx: Transaction, event: ReportAccepted, received: Received) -> None:
    """It was accepted on that day."""
    report = await reports.find(tx, event.report_id)
    if report is not None and report.status is Status.ARRIVED:
        report, _ = report.accept(on=event.on)
        await reports.save(tx, report, actor="system:discipline", at=received.at)


async def relearn_ended(_: Transaction, event: ReportEnded, received: Received) -> None:
    """It had ended; what came of it stands nowhere but in what was lost."""


async def relearn_sent(tx: Transaction, event: LetterSent, _: Received) -> None:
    """A letter was sent under this number, which its reporter knows; what it says is in his box and nowhere else."""
    await report_letters.is_taken(tx, event.report_id, event.number)


async def relearn_numbered(tx: Transaction, event: ReportNumbered, received: Received) -> None:
    """It had this number, which stands on paper, too."""
    await reports.relearn_number(tx, received.region, event.on, event.place, event.report_id)
