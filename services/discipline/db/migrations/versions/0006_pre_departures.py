"""Accounts of people who have left have no access."""

from shared.migrations import e0005_departures

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward only."""
    e0005_departures.upgrade()
