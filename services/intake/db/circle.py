"""The store of what readers declare of their own circle."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select

from services.intake.db.desk_tables import circle_marks
from services.intake.domain.circle import Mark, Tie
from shared.db import Transaction
from shared.departures import staff_accounts


async def of(tx: Transaction, person: str) -> list[Mark]:
    """What this person declared."""
    rows = await tx.execute(select(circle_marks).where(circle_marks.c.person == person))
    return [Mark(Tie(row.tie), row.length, row.mark) for row in rows]


async def replace(tx: Transaction, person: str, marks: Iterable[Mark]) -> None:
    """What the person declares now stands in place of what was declared before."""
    await tx.execute(delete(circle_marks).where(circle_marks.c.person == person))
    rows = [{"person": person, "tie": mark.tie.value, "length": mark.length, "mark": mark.value} for mark in marks]
    if rows:
        await tx.execute(insert(circle_marks), rows)


async def forget_departed(tx: Transaction, at: datetime) -> None:
    """What somebody declared of his circle goes when his account has ended: he reads nothing any more (PIPL §6, §47)."""
    gone = select(staff_accounts.c.account).where(staff_accounts.c.ends_at <= at)
    await tx.execute(delete(circle_marks).where(circle_marks.c.person.in_(gone)))
