"""The chain over the audit log, its checkpoints, and those of the other services."""

from shared.migrations import e0002_audit_chain

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Forward only."""
    e0002_audit_chain.upgrade("discipline")
