"""The tables that every service has: outbox, inbox, audit, idempotency keys."""

from shared.migrations import e0001_engine

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Forward only: what was written is never dropped by a command."""
    e0001_engine.upgrade("publicity")
