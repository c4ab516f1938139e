"""The clock commits to a seed each month, fixes the list after it, and draws when the other services have signed something since (D38)."""

import secrets
from datetime import date, datetime

from services.intake.db import call_backs, notices
from services.intake.domain.call_back_draw import (
    Beacon,
    calls_by,
    commitment,
    draw,
    drawn_by,
    fixed_on,
    list_digest,
    token,
)
from shared import audit
from shared.audit_witness import SIGNERS, signed_after
from shared.db import Transaction
from shared.deadlines import china_date, month_after, month_of, start_of


async def draw_call_backs(tx: Transaction, at: datetime) -> None:
    """What is due by now, each step once and on record, in the chain that the others witness."""
    today, days = china_date(at), await notices.calendar(tx)
    this_month = month_of(today)
    seed = secrets.token_bytes(32)
    if await call_backs.commit(tx, this_month, seed, commitment(seed), at=at):
        detail = {"commitment": commitment(seed)}
        await audit.record(tx, None, "call-back.commit", str(this_month), at=at, detail=detail)
    for row in await call_backs.undone(tx, this_month):
        month = row["month"]
        if row["fixed_at"] is None:
            if today >= fixed_on(month, days):
                found = await call_backs.ended(tx, start_of(month), start_of(month_after(month)))
                entries = [(token(row["seed"], str(lead_id)), lead_id) for lead_id in found]
                digest = list_digest(each for each, _ in entries)
                await call_backs.fix(tx, month, entries, digest, at=at)
                fixed = {"list_digest": digest, "number": len(entries)}
                await audit.record(tx, None, "call-back.fix", str(month), at=at, detail=fixed)
            continue
        beacons = [Beacon(*each) for each in await signed_after(tx, row["fixed_at"])]
        if len(beacons) < SIGNERS:
            continue
        drawn = draw(row["seed"], await call_backs.tokens(tx, month), beacons)
        await call_backs.made(tx, month, drawn, beacons, due_on=calls_by(today, days), at=at)
        made = {"drawn": len(drawn), "late": today > drawn_by(month, days)}
        await audit.record(tx, None, "call-back.draw", str(month), at=at, detail=made)


async def late_draws(tx: Transaction, at: datetime) -> list[date]:
    """Months whose draw is not made and should have been (D38)."""
    today, days = china_date(at), await notices.calendar(tx)
    return [month for month in await call_backs.undrawn(tx, month_of(today)) if today > drawn_by(month, days)]
