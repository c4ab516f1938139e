"""A report past the office arrived: it gets a number of discipline's own and its limit; its box stays closed (G22, D18)."""

from services.discipline.db import reports, retention
from services.discipline.domain.report import Report, number_of
from shared import audit, outbox
from shared.contracts.discipline import ReportNumbered
from shared.contracts.envelope import day_of
from shared.contracts.passed import ReportPassed
from shared.db import Transaction
from shared.deadlines import Calendar, china_date
from shared.inbox import Received


async def register_report(tx: Transaction, passed: ReportPassed, received: Received) -> None:
    """Register it under the day on which it arrived: the hour could tell who reported. One that a restored database hears of again bears
    the number that it had; of one that was expunged before, the box is not kept."""
    at = day_of(received.at)
    if known := await reports.relearned_number(tx, passed.report_id):
        day, place = known
    else:
        day = china_date(at)
        place = await reports.draw_number(tx, received.region, day)
        await outbox.put(tx, ReportNumbered(report_id=passed.report_id, on=day, place=place), at=at)
    number = number_of(received.region, day, place)
    report = Report.arrive(passed.report_id, number=number, received_on=passed.received_on, days=Calendar())
    sealed = None if await retention.expunged_on(tx, report.id) else passed.sealed
    await reports.add(tx, report, sealed, region=received.region, actor="system:discipline", at=at)
    await audit.record(tx, None, "report.register", report.id, at=at)
