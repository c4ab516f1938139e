"""Transfers of concluded leads to other organs (C5): the letter, the organ's receipt, or that it is back. What a unit found to be 乱 (C6)
goes to a regulator as well."""

from shared.migrations.run import script

revision = "0069"
down_revision = "0068"

_STATEMENTS = """
alter table leads drop constraint ck_leads_assigned_by_status;
alter table leads add constraint ck_leads_assigned_by_status check (case
    when status in ('received', 'not_accepted', 'classified') then unit is null
    when status in ('redirected', 'closed', 'reopened', 'sealed', 'expunged') then true else unit is not null end);
create table handovers (
    lead_id uuid not null,
    number integer not null,
    organ text not null,
    letter_no text not null,
    sent_by text not null,
    sent_at timestamp with time zone not null,
    receipt_no text,
    receipt_on date,
    undone_at timestamp with time zone,
    constraint pk_handovers primary key (lead_id, number),
    constraint fk_handovers_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_handovers_receipt_whole check ((receipt_no is null) = (receipt_on is null)),
    constraint ck_handovers_taken_or_back check (undone_at is null or receipt_no is null)
);
comment on column handovers.undone_at is 'no receipt came in time';
create unique index uq_handovers_lead_id on handovers (lead_id) where receipt_no is null and undone_at is null;
revoke delete, truncate on handovers from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
