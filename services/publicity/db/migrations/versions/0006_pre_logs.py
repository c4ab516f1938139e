"""An offset may remember which log of its topic it belongs to."""

from shared.migrations import e0004_logs

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward only."""
    e0004_logs.upgrade()
