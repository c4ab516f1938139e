"""Accounts of people who have left have no access."""

from shared.migrations import e0005_departures

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Forward only."""
    e0005_departures.upgrade()
