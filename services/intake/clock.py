"""Time in: which timer does what."""

from datetime import datetime

from services.intake.db.reports import forget_spent
from shared.db import Transaction
from shared.housekeeping import HOUSEKEEPING
from shared.worker import Timer, Timers


async def forget_challenges(tx: Transaction, at: datetime) -> None:
    """Forget challenges that are expired."""
    await forget_spent(tx, at)


TIMERS: Timers = {**HOUSEKEEPING, "challenges.forget": Timer(every=600, run=forget_challenges)}
