"""An event may remember its trace."""

from shared.migrations import e0003_trace

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forward only."""
    e0003_trace.upgrade()
