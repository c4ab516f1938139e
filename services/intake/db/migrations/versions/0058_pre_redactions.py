"""Blackened copies of attachments, and what is blackened in which. Rows are never changed."""

from shared.migrations.run import script

revision = "0058"
down_revision = "0057"

_DOOR = """
alter table attachments drop constraint ck_attachments_door;
alter table attachments add constraint ck_attachments_door
    check (door in ('reporter', 'office', 'unit', 'partner', 'letter', 'call', 'mailbox', 'redacted'));
"""

_TABLE = """
create table redactions (
    copy_id uuid not null,
    original_id uuid not null,
    lead_id uuid not null,
    number integer not null,
    areas jsonb not null,
    pages integer not null,
    redacted_by text not null,
    redacted_at timestamptz not null,
    constraint pk_redactions primary key (copy_id),
    constraint fk_redactions_copy_id_attachments foreign key (copy_id) references attachments (id),
    constraint fk_redactions_original_id_attachments foreign key (original_id) references attachments (id),
    constraint fk_redactions_lead_id_leads foreign key (lead_id) references leads (id),
    constraint uq_redactions_original_id_number unique (original_id, number),
    constraint ck_redactions_adds check (number >= 1 and pages >= 1 and jsonb_array_length(areas) >= 1),
    constraint ck_redactions_copy check (copy_id <> original_id)
);
create index ix_redactions_lead_id on redactions (lead_id);
comment on column redactions.number is 'of this original, from 1; the highest is the one that is given out';
comment on column redactions.areas is 'what this one added: page, edges as parts of the page, code of reason';
revoke update, delete, truncate on redactions from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_DOOR)
    script(_TABLE)
