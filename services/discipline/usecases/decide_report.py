"""Discipline accepts a report past the office, and is done with it."""

from datetime import datetime
from uuid import UUID

from services.discipline.db import reports
from services.discipline.domain.leg import Recorded
from services.discipline.domain.report import Report
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import Calendar, china_date


async def accept_report(tx: Transaction, report_id: UUID, *, by: Principal, at: datetime) -> Report:
    """Accept it. Raises `NotFound`, `NotAllowed`."""
    report, accepted = (await reports.get(tx, report_id, lock=True)).accept(on=china_date(at))
    await reports.save(tx, report, actor=by.sub, at=at)
    await outbox.put(tx, accepted, at=at)
    await audit.record(tx, by, "report.accept", report.id, at=at)
    return report


async def end_report(tx: Transaction, report_id: UUID, outcome: Recorded, *, by: Principal, at: datetime) -> Report:
    """Record what came of it. Raises `NotFound`, `NotAllowed`, `Forbidden` for who knows the reporter."""
    report = await reports.get(tx, report_id, lock=True)
    report.must_not_know_reporter(by, await reports.read_by(tx, report_id))
    report, ended = report.end(outcome, on=china_date(at), days=Calendar())
    await reports.save(tx, report, actor=by.sub, at=at)
    await outbox.put(tx, ended, at=at)
    await audit.record(tx, by, "report.end", report.id, at=at)
    return report
