"""Ledgers are listed by time, and found again by their file's hash."""

from shared.migrations.run import script

revision = "0005"
down_revision = "0004"

_INDEXES = """
create index ix_ledgers_created_at_id on ledgers (created_at, id);
create index ix_ledgers_sha256 on ledgers (sha256);
"""


def upgrade() -> None:
    """Forward only."""
    script(_INDEXES)
