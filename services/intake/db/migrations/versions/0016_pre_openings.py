"""Reporters' data are opened and destroyed by two people; what the DPO and the reporter are told, what of a lead the vault may know."""

from shared.migrations.run import script

revision = "0016"
down_revision = "0015"

_TABLES = """
create table vault.openings (
    id uuid not null,
    lead_id uuid not null,
    kind text not null,
    purpose text not null,
    reason text not null,
    minutes integer not null,
    officers text[] not null,
    asked_by text not null,
    asked_at timestamp with time zone not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    ends_at timestamp with time zone,
    ended_by text,
    ended_at timestamp with time zone,
    constraint pk_openings primary key (id),
    constraint fk_openings_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_openings_kind check (kind in ('keepers', 'interview', 'break-glass')),
    constraint ck_openings_state check (state in ('asked', 'granted', 'refused', 'ended')),
    constraint ck_openings_two_people check (decided_by <> asked_by),
    constraint ck_openings_two_officers_for_an_interview check (
        cardinality(officers) = case when kind = 'interview' then 2 else 0 end),
    constraint ck_openings_apart check (
        not asked_by = any (officers) and not coalesce(decided_by = any (officers), false)),
    constraint ck_openings_time_box check (
        (decided_by is null) = (decided_at is null) and (state <> 'granted' or ends_at is not null)
        and (ends_at is null or ends_at > decided_at)),
    constraint ck_openings_ended_whole check ((state = 'ended') = (ended_at is not null))
);
comment on column vault.openings.officers is 'accounts of the two who may read for an interview';
create index ix_openings_lead_id on vault.openings (lead_id);
create index ix_openings_asked_at_id on vault.openings (asked_at, id);
create unique index uq_openings_asked on vault.openings (lead_id, kind) where state = 'asked'::text;
create table vault.readings (
    opening_id uuid not null,
    number integer not null,
    reader text not null,
    read_at timestamp with time zone not null,
    constraint pk_readings primary key (opening_id, number),
    constraint fk_readings_opening_id_openings foreign key (opening_id) references vault.openings (id)
);
create table vault.dpo_notices (
    opening_id uuid not null,
    step text not null,
    told_at timestamp with time zone not null,
    seen_by text,
    seen_at timestamp with time zone,
    constraint pk_dpo_notices primary key (opening_id, step),
    constraint fk_dpo_notices_opening_id_openings foreign key (opening_id) references vault.openings (id),
    constraint ck_dpo_notices_step check (step in ('asked', 'granted', 'refused', 'ended', 'read')),
    constraint ck_dpo_notices_seen_whole check ((seen_by is null) = (seen_at is null))
);
create index ix_dpo_notices_told_at on vault.dpo_notices (told_at, opening_id, step);
create table vault.shreddings (
    id uuid not null,
    lead_id uuid not null,
    ground text not null,
    reason text not null,
    ordered_by text not null,
    ordered_at timestamp with time zone not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    constraint pk_shreddings primary key (id),
    constraint fk_shreddings_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_shreddings_state check (state in ('ordered', 'done', 'refused')),
    constraint ck_shreddings_two_people check (decided_by <> ordered_by),
    constraint ck_shreddings_decided_whole check (
        (state = 'ordered') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
create index ix_shreddings_ordered_at_id on vault.shreddings (ordered_at, id);
create unique index uq_shreddings_lead_id on vault.shreddings (lead_id) where state <> 'refused'::text;
create table reporter_openings (
    opening_id uuid not null,
    lead_id uuid not null,
    opened_on date not null,
    purpose text not null,
    constraint pk_reporter_openings primary key (opening_id),
    constraint fk_reporter_openings_lead_id_leads foreign key (lead_id) references leads (id)
);
comment on column reporter_openings.opened_on is 'the day only, as all that a reporter is told';
create index ix_reporter_openings_lead_id on reporter_openings (lead_id);
"""

# Who asked, granted and read stays on record: the vault's role adds and changes what is still open, and takes nothing away. Of a lead it
# knows what it needs to judge who may ask, nothing of what was reported. intake tells the reporter what the vault wrote for that.
_RIGHTS = """
grant select, insert, update (state, decided_by, decided_at, decision_reason, ends_at, ended_by, ended_at)
    on vault.openings to intake_vault;
grant select, insert on vault.readings to intake_vault;
grant select, insert, update (seen_by, seen_at) on vault.dpo_notices to intake_vault;
grant select, insert, update (state, decided_by, decided_at) on vault.shreddings to intake_vault;
grant select, insert on reporter_openings to intake_vault;
revoke insert, update, delete, truncate on reporter_openings from intake;
grant select (id, reporter_ref, status, unit) on leads to intake_vault;
grant select (lead_id, actor) on lead_history to intake_vault;
grant select (lead_id, discipline) on dual_assignments to intake_vault;
grant select, insert, update (status, answer) on idempotency_keys to intake_vault;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_RIGHTS)
