"""More time for a result, and prints of assignment sheets."""

from shared.migrations.run import script

revision = "0018"
down_revision = "0017"

_STATEMENTS = """
alter table deadlines add column extension integer not null default 0;
comment on column deadlines.extension is 'natural days more (D08), once';
grant update (extension) on deadlines to intake;
create table deadline_extensions (
    id uuid not null,
    lead_id uuid not null,
    round integer not null,
    days integer not null,
    reason text not null,
    asked_by text not null,
    asked_at timestamp with time zone not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    constraint pk_deadline_extensions primary key (id),
    constraint fk_deadline_extensions_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_deadline_extensions_state check (state in ('asked', 'granted', 'refused')),
    constraint ck_deadline_extensions_days check (days between 1 and 30),
    constraint ck_deadline_extensions_two_people check (decided_by <> asked_by),
    constraint ck_deadline_extensions_decided_whole check (
        (state = 'asked') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
create unique index uq_deadline_extensions_lead_id_round on deadline_extensions (lead_id, round) where state in ('asked', 'granted');
create index ix_deadline_extensions_asked_at_id on deadline_extensions (asked_at, id);
create table sheet_prints (
    lead_id uuid not null,
    print_no integer not null,
    assignment_no integer not null,
    printed_by text not null,
    printed_at timestamp with time zone not null,
    constraint pk_sheet_prints primary key (lead_id, print_no),
    constraint fk_sheet_prints_lead_id_leads foreign key (lead_id) references leads (id)
);
revoke update, delete, truncate on deadline_extensions, sheet_prints from intake;
grant update (state, decided_by, decided_at, decision_reason) on deadline_extensions to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
