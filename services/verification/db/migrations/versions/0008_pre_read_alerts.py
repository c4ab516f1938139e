"""Alerts about readings of restricted data."""

from shared.migrations import e0005_reads

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Forward only."""
    e0005_reads.upgrade("verification")
