"""An event may remember its trace."""

from shared.migrations import e0002_trace

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Forward only."""
    e0002_trace.upgrade()
