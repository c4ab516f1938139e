"""The store of reports past the office: marks and days; the box itself lies with the outbox alone."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Column, insert, select, update
from sqlalchemy.engine import Row

from services.intake.db import reports
from services.intake.db.tables import passed_reports
from services.intake.domain.passed_report import Passed, steps
from services.intake.domain.report import Step
from shared.db import Transaction


async def add(tx: Transaction, passed: Passed, *, region: str) -> None:
    """Add one, and spend its challenge. Raises `Registered` when the challenge is spent already."""
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


async def progress(tx: Transaction, marks: Sequence[bytes]) -> tuple[date, tuple[Step, ...]] | None:
    """How the one with one of these marks stands; None when there is none."""
    days = (passed_reports.c.received_on, passed_reports.c.accepted_on, passed_reports.c.ended_on)
    query = select(*days).where(passed_reports.c.code_mark.in_(marks))
    row: Row[date, date | None, date | None] | None = (await tx.execute(query)).one_or_none()
    return (row[0], steps(row[0], row[1], row[2])) if row else None


async def accepted(tx: Transaction, report_id: UUID, on: date) -> None:
    """Discipline accepted it. One that a restored database does not know has no code here any more: nothing is left to tell."""
    await _mark(tx, report_id, passed_reports.c.accepted_on, on)


async def ended(tx: Transaction, report_id: UUID, on: date) -> None:
    """Discipline is done with it."""
    await _mark(tx, report_id, passed_reports.c.ended_on, on)


async def _mark(tx: Transaction, report_id: UUID, column: Column[date], on: date) -> None:
    await tx.execute(update(passed_reports).where(passed_reports.c.id == report_id).values({column: on}))
