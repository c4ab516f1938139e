"""The store of holiday notices: what the calendar is made of. The number of notices says how new a calendar is."""

import hashlib
import json
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import func, insert, select

from services.intake.db.tables import holiday_notices as table
from shared.db import Transaction
from shared.deadlines import Calendar, Notice

_NEWEST = select(func.coalesce(func.max(table.c.number), 0))
_ALL = select(table).order_by(table.c.number)
_TURN = select(func.pg_advisory_xact_lock(func.hashtext("holiday_notices")))


async def calendar(tx: Transaction) -> Calendar:
    """The calendar as of now; of a year, the notice that came last."""
    number = (await tx.execute(_NEWEST)).scalar_one()
    if number == 0:
        return _calendar(0, ())
    rows = await tx.execute(_ALL)
    found = [(row.year, tuple(sorted(row.days.items()))) for row in rows if row.number <= number]
    return _calendar(number, tuple(found))


async def add(tx: Transaction, notice: Notice, *, at: datetime) -> int | None:
    """Keep a notice; → its number, None when exactly this one came before."""
    days = {day.isoformat(): off for day, off in sorted(notice.days.items())}
    sha256 = hashlib.sha256(json.dumps([notice.year, days]).encode()).hexdigest()
    await tx.execute(_TURN)
    if (await tx.execute(select(table.c.number).where(table.c.sha256 == sha256))).first():
        return None
    number = int((await tx.execute(_NEWEST)).scalar_one()) + 1
    row = {"number": number, "year": notice.year, "days": days, "sha256": sha256, "imported_at": at}
    await tx.execute(insert(table), row)
    return number


@lru_cache(maxsize=4)
def _calendar(number: int, notices: tuple[tuple[int, tuple[tuple[str, bool], ...]], ...]) -> Calendar:
    """One calendar for one number of notices: what is counted with it is remembered by it."""
    found = (Notice(year, {date.fromisoformat(day): off for day, off in days}) for year, days in notices)
    return Calendar(found, number=number)
