"""An operator brings a year's holiday notice, late as it may be, and learns which days moved."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from services.intake.db import deadlines, notices
from services.intake.usecases.count_deadlines_again import Moved, count_deadlines_again
from shared import audit
from shared.db import Database, Transaction
from shared.deadlines import Notice


async def import_notice(tx: Transaction, notice: Notice, *, at: datetime, reason: str | None = None) -> bool:
    """Keep it; of its year it is the one that counts from now on. False when exactly this one came before: then nothing changes."""
    number = await notices.add(tx, notice, at=at)
    if number is None:
        return False
    detail = {"year": notice.year, "days": len(notice.days), "number": number}
    await audit.record(tx, None, "notice.import", str(notice.year), at=at, detail=detail, purpose=reason)
    return True


async def import_notices(tx: Transaction, found: Iterable[Notice], *, at: datetime) -> None:
    """Those of the settings' folder that did not come before."""
    for notice in found:
        await import_notice(tx, notice, at=at, reason="settings")


async def import_and_count(
    database: Database, notice: Notice, *, at: datetime, reason: str
) -> tuple[bool, list[Moved]]:
    """Keep it, then count all that runs again; → whether it was new, and what changed. In many transactions: an end that is met half-way is
    gone on with by the worker's timer."""
    async with database.transaction() as tx:
        new = await import_notice(tx, notice, at=at, reason=reason)
    moved: list[Moved] = []
    left = True
    while left:
        async with database.transaction() as tx:
            some = await count_deadlines_again(tx, at)
            days = await notices.calendar(tx)
            moved += some
            left = await deadlines.is_counted_before(tx, days.number)
        if left and not some:
            # what is left is in other hands for a moment
            await asyncio.sleep(0.2)
    return new, sorted(moved, key=lambda one: (one.lead_no, one.kind))
