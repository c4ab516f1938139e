"""Leads, their history and numbers, ledgers, dual assignments; and the vault, where intake may only add."""

from shared.migrations.run import script

revision = "0002"
down_revision = "0001"

_TABLES = """
create table leads (
    id uuid not null,
    region_code text not null,
    lead_no text not null,
    source text not null,
    issuing_level text,
    upstream_no text,
    upstream_deadline date,
    received_on date not null,
    street text,
    summary text not null,
    allegations text[] not null,
    named boolean not null,
    reporter_ref uuid,
    status text not null,
    version integer not null,
    areas text[] not null,
    manifestations text[] not null,
    tier text,
    level text,
    grounds text[] not null,
    unit text,
    assignment_no integer,
    sign_by date,
    due_on date,
    provisional boolean,
    profile_version text not null,
    created_at timestamp with time zone not null,
    constraint pk_leads primary key (id),
    constraint ck_leads_status check (status in ('received', 'classified', 'assigned', 'verifying', 'concluded')),
    constraint ck_leads_source check (source in ('S', 'A', 'M', 'O')),
    constraint ck_leads_superior_is_named check (source <> 'S' or (issuing_level is not null and upstream_no is not null)),
    constraint ck_leads_classified_whole check ((status = 'received') = (tier is null) and (tier is null) = (level is null)),
    constraint ck_leads_assignment_whole check (
        (status in ('received', 'classified')) = (unit is null) and (unit is null) = (assignment_no is null)
        and (unit is null) = (sign_by is null) and (unit is null) = (due_on is null)
        and (unit is null) = (provisional is null)),
    constraint uq_leads_lead_no unique (lead_no)
);
comment on column leads.reporter_ref is 'of the sealed reporter in schema vault, which intake cannot read';
create index ix_leads_received_on_id on leads (received_on, id);
create unique index uq_leads_region_code_upstream_no on leads (region_code, upstream_no) where source = 'S'::text;
create table lead_history (
    lead_id uuid not null,
    version integer not null,
    action text not null,
    status text not null,
    actor text not null,
    unit text not null,
    reason text,
    effective_at timestamp with time zone not null,
    recorded_at timestamp with time zone not null,
    constraint pk_lead_history primary key (lead_id, version),
    constraint fk_lead_history_lead_id_leads foreign key (lead_id) references leads (id)
);
create table lead_numbers (
    region_code text not null,
    source text not null,
    day date not null,
    last integer not null,
    constraint pk_lead_numbers primary key (region_code, source, day)
);
comment on column lead_numbers.last is 'drawn in the registering transaction, so a rollback leaves no gap';
create table ledgers (
    id uuid not null,
    region_code text not null,
    sha256 text not null,
    taken integer not null,
    known integer not null,
    refused jsonb not null,
    imported_by text not null,
    created_at timestamp with time zone not null,
    constraint pk_ledgers primary key (id)
);
comment on column ledgers.refused is 'row, column, reason; never a cell''s content';
create table ledger_rows (
    ledger_id uuid not null,
    row integer not null,
    lead_id uuid not null,
    constraint pk_ledger_rows primary key (ledger_id, row),
    constraint fk_ledger_rows_ledger_id_ledgers foreign key (ledger_id) references ledgers (id),
    constraint fk_ledger_rows_lead_id_leads foreign key (lead_id) references leads (id)
);
create table dual_assignments (
    id uuid not null,
    region_code text not null,
    lead_id uuid not null,
    crime text not null,
    discipline text not null,
    created_at timestamp with time zone not null,
    completed_at timestamp with time zone,
    version integer not null,
    constraint pk_dual_assignments primary key (id),
    constraint ck_dual_assignments_crime check (crime in ('created', 'accepted', 'ended')),
    constraint ck_dual_assignments_discipline check (discipline in ('created', 'accepted', 'ended')),
    constraint ck_dual_assignments_completed_with_both check (
        (completed_at is not null) = (crime = 'ended' and discipline = 'ended')),
    constraint uq_dual_assignments_lead_id unique (lead_id),
    constraint fk_dual_assignments_lead_id_leads foreign key (lead_id) references leads (id)
);
create index ix_dual_assignments_created_at_id on dual_assignments (created_at, id);
"""

# Intake seals with the vault's public key and can only add what it sealed: it neither reads nor changes it (G1).
_VAULT = """
create schema vault;
create table vault.reporters (
    reporter_ref uuid not null,
    key_id text not null,
    wrapped_key bytea,
    ciphertext bytea not null,
    created_on date not null,
    constraint pk_reporters primary key (reporter_ref)
);
comment on column vault.reporters.reporter_ref is 'random; the only trace of a reporter outside this schema';
comment on column vault.reporters.wrapped_key is
    'this record''s data key, for the vault alone; deleting it shreds the record';
revoke all on schema vault from public;
grant usage on schema vault to intake;
revoke all on vault.reporters from intake;
grant insert on vault.reporters to intake;
"""

# Source, day of receipt, numbers and what was reported never change after registration (§4.2); history only grows.
_FIXED = """
revoke update, delete, truncate on leads from intake;
grant update (status, version, areas, manifestations, tier, level, grounds, unit, assignment_no, sign_by, due_on, provisional)
    on leads to intake;
revoke update, delete, truncate on lead_history, ledgers, ledger_rows from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_VAULT)
    script(_FIXED)
