"""Leads that are urgent, or claimed to be, come first in the day's list, and are found among all limits that run (docs/decisions/0108)."""

from shared.migrations.run import script

revision = "0065"
down_revision = "0064"

_CHANGES = """
create index ix_deadlines_urgent on deadlines (due_at, lead_id) where kind = 'classify' and limit_id = 'D02u';
alter table digest_leads add column place smallint not null default 2;
comment on column digest_leads.place is '0 urgent, 1 claimed to be, 2 others';
"""


def upgrade() -> None:
    """Forward only."""
    script(_CHANGES)
