"""The clock finds what is to be looked at again without a look at all limits that run (docs/decisions/0107)."""

from shared.migrations.run import script

revision = "0075"
down_revision = "0074"

_INDEX = """
create index ix_deadlines_look_again on deadlines (due_at, lead_id) where limit_id = 'D07w' and stopped_at is null;
"""


def upgrade() -> None:
    """Forward only."""
    script(_INDEX)
