"""The queue of the search for repeats refers to leads without a foreign key: it is checked with each registration and guards nothing."""

from shared.migrations.run import script

revision = "0009"
down_revision = "0008"

# Who takes a lead from the queue reads the lead itself; leads are never deleted.
_STATEMENTS = "alter table repeat_pending drop constraint fk_repeat_pending_lead_id_leads"


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
