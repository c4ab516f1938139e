"""Reports that a restore has lost, registered again by their receipts."""

from shared.migrations.run import script

revision = "0044"
down_revision = "0043"

_TABLE = """
create table lost_receipts (
    mark bytea not null,
    lead_id uuid not null,
    constraint pk_lost_receipts primary key (mark),
    constraint fk_lost_receipts_lead_id_leads foreign key (lead_id) references leads (id)
);
comment on column lost_receipts.mark is 'keyed hash of the number of the receipt that was shown';
comment on column lost_receipts.lead_id is 'the lead that it was registered as again';
revoke update, delete, truncate on lost_receipts from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
