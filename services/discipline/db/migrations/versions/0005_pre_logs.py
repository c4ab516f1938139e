"""An offset may remember which log of its topic it belongs to."""

from shared.migrations import e0004_logs

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward only."""
    e0004_logs.upgrade()
