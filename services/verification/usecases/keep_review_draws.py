"""The clock commits to the seeds of this month and the next; each draw is fixed when the others have signed something since (D36)."""

import secrets
from datetime import datetime

from services.verification.db import reviews
from services.verification.domain.review import commitment
from shared import audit
from shared.audit_witness import SIGNERS, signed_after
from shared.db import Transaction
from shared.deadlines import china_date, month_after, month_of


async def keep_review_draws(tx: Transaction, at: datetime) -> None:
    """What is due by now, each step once and on record, in the chain that the others witness."""
    this_month = month_of(china_date(at))
    for month in (this_month, month_after(this_month)):
        seed = secrets.token_bytes(32)
        if await reviews.commit(tx, month, seed, commitment(seed), at=at):
            detail = {"commitment": commitment(seed)}
            await audit.record(tx, None, "review-draw.commit", str(month), at=at, detail=detail)
    for month, committed_at in await reviews.not_fixed(tx):
        found = [" ".join(map(str, each)) for each in await signed_after(tx, committed_at)]
        if len(found) >= SIGNERS:
            await reviews.fix(tx, month, found, at=at)
            await audit.record(tx, None, "review-draw.fix", str(month), at=at, detail={"beacons": found})
