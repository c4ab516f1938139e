"""Replies to superiors are on record, by number and day (domain.md §4.2, M14)."""

from shared.migrations.run import script

revision = "0050"
down_revision = "0048"

_TABLE = """
create table superior_replies (
    lead_id uuid not null,
    reply_no text not null,
    sent_on date not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    constraint pk_superior_replies primary key (lead_id, reply_no),
    constraint fk_superior_replies_lead_id_leads foreign key (lead_id) references leads (id)
);
revoke update, delete, truncate on superior_replies from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
