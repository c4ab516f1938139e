"""Alerts about readings of restricted data."""

from shared.migrations import e0005_reads

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Forward only."""
    e0005_reads.upgrade("verification")
