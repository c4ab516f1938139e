"""What time asks of every service's database: room in the outbox, and old idempotency keys forgotten."""

from datetime import datetime, timedelta

from sqlalchemy import text

from shared.db import Transaction
from shared.idempotency import forget_before
from shared.worker import Timer, Timers

KEEP_KEYS = timedelta(days=30)
_GROW = text("select outbox_grow()")


async def grow_outbox(tx: Transaction, at: datetime) -> None:  # noqa: ARG001 - every timer is called alike
    """Add the outbox's next partition in time; a function of the owner role does it, so that the service needs no such right."""
    await tx.execute(_GROW)


async def forget_keys(tx: Transaction, at: datetime) -> None:
    """Forget idempotency keys that no client retries any more."""
    await forget_before(tx, at - KEEP_KEYS)


HOUSEKEEPING: Timers = {
    "outbox.grow": Timer(every=60, run=grow_outbox),
    "idempotency.forget": Timer(every=3600, run=forget_keys),
}
