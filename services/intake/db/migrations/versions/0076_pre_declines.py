"""What is proposed not to be accepted is found without a look at all histories."""

from shared.migrations.run import script

revision = "0076"
down_revision = "0075"

_INDEX = """
create index ix_lead_history_rest_too on lead_history (action, effective_at)
  where action in ('close', 'end-redirect', 'decline', 'seal', 'propose-decline');
drop index ix_lead_history_rest;
alter index ix_lead_history_rest_too rename to ix_lead_history_rest;
"""


def upgrade() -> None:
    """Forward only."""
    script(_INDEX)
