"""Alerts about readings of restricted data."""

from shared.migrations import e0004_reads

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward only."""
    e0004_reads.upgrade("discipline")
