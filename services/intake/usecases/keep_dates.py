"""The register shows of an assignment the dates of its running limits: when they move, it follows."""

from datetime import datetime

from services.intake.db import deadlines, leads
from services.intake.domain.lead import Lead
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import Deadline


async def keep_dates(
    tx: Transaction, lead: Lead, action: str, *, by: Principal | None, at: datetime, reason: str | None = None
) -> None:
    """Bring the assignment's dates after its limits; the caller holds the lead's lock."""
    work = lead.assignment
    if work is None:
        return
    newest = sorted(await deadlines.of_lead(tx, lead.id), key=lambda one: one.round)
    found = {one.kind: one for one in newest}
    sign, conclude = found.get(DeadlineKind.SIGN), found.get(DeadlineKind.CONCLUDE)
    if sign is None or conclude is None:
        return
    # what was signed in time stays signed in time: a date of the past is not provisional any more
    signed = sign.due if sign.stopped_at is None else Deadline(work.sign_by, provisional=False)
    moved = lead.with_dates(signed, conclude.due)
    if moved.assignment != work:
        await leads.save(tx, moved, action, by=by, effective_at=at, at=at, reason=reason)
