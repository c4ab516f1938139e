"""Reports by the public: what is kept of one beside its lead, and the challenges that were spent."""

from shared.migrations.run import script

revision = "0007"
down_revision = "0006"

_TABLES = """
create table reports (
    lead_id uuid not null,
    channel text not null,
    naming text not null,
    content jsonb not null,
    code_mark bytea not null,
    receipt_mark bytea not null,
    own_code text,
    received_on date not null,
    constraint pk_reports primary key (lead_id),
    constraint fk_reports_lead_id_leads foreign key (lead_id) references leads (id),
    constraint uq_reports_code_mark unique (code_mark),
    constraint uq_reports_receipt_mark unique (receipt_mark),
    constraint ck_reports_channel check (channel in ('web', 'phone', 'visit', 'letter')),
    constraint ck_reports_naming check (naming in ('named', 'confidential', 'anonymous'))
);
comment on column reports.content is 'persons, facts, umbrella; nothing of the reporter';
comment on column reports.code_mark is 'keyed hash of the query code';
comment on column reports.receipt_mark is 'keyed hash of the receipt''s number';
comment on column reports.own_code is 'Argon2id of the keyed hash of the code that the reporter chose';
comment on column reports.received_on is 'the day only: the hour could tell who it was';
create table spent_challenges (
    mark bytea not null,
    expires_at timestamp with time zone not null,
    constraint pk_spent_challenges primary key (mark)
);
comment on column spent_challenges.mark is 'hash of the challenge; unrelated to the report';
create index ix_spent_challenges_expires_at on spent_challenges (expires_at);
revoke update, delete, truncate on reports from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
