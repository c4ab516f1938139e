"""Indexes for the lists of leads: with one filter they walked the whole register."""

from shared.migrations.run import script

revision = "0042"
down_revision = "0041"

_INDEXES = """
create index ix_leads_status on leads (status, received_on, id);
create index ix_leads_source_l2 on leads (source_l2, received_on, id) where source_l2 is not null;
create index ix_leads_set_aside on leads (received_on, id) where merged_into is not null or suspended_at is not null;
create index ix_leads_upstream_no on leads (upstream_no) where upstream_no is not null;
"""


def upgrade() -> None:
    """Forward only."""
    script(_INDEXES)
