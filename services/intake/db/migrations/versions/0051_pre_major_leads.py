"""Leads of level 重大 are a list of their own, and whoever of the leading group has seen one is on record (domain.md §4.2)."""

from shared.migrations.run import script

revision = "0051"
down_revision = "0050"

_TABLE = """
create index ix_leads_major on leads (received_on, id) where level = 'major' and merged_into is null;
create table major_seen (
    lead_id uuid not null,
    account text not null,
    seen_at timestamptz not null,
    constraint pk_major_seen primary key (lead_id, account),
    constraint fk_major_seen_lead_id_leads foreign key (lead_id) references leads (id)
);
revoke update, delete, truncate on major_seen from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
