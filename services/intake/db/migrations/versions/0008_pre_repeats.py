"""Repeats: blind keys to find them by, suggestions, merges by two people, conclusions and the list for re-examination."""

from shared.migrations.run import script

revision = "0008"
down_revision = "0007"

_TABLES = """
alter table leads add column merged_into uuid;
comment on column leads.merged_into is 'the master, while a merge of two people stands; the rest of the row stays as it was';
alter table leads add constraint fk_leads_merged_into_leads foreign key (merged_into) references leads (id);
alter table leads add constraint ck_leads_merged_elsewhere check (merged_into <> id);
alter table leads add constraint ck_leads_merged_before_assignment check (merged_into is null or unit is null);
create index ix_leads_merged_into on leads (merged_into) where merged_into is not null;
create table repeat_pending (
    lead_id uuid not null,
    constraint pk_repeat_pending primary key (lead_id),
    constraint fk_repeat_pending_lead_id_leads foreign key (lead_id) references leads (id)
);
create table repeat_leads (
    number bigint generated always as identity,
    lead_id uuid not null,
    keys bigint[] not null,
    constraint pk_repeat_leads primary key (number),
    constraint uq_repeat_leads_lead_id unique (lead_id),
    constraint fk_repeat_leads_lead_id_leads foreign key (lead_id) references leads (id)
);
comment on column repeat_leads.keys is 'its rows in repeat_keys, so that they can be taken away';
create table repeat_keys (
    key bigint not null,
    number bigint not null,
    constraint pk_repeat_keys primary key (key, number)
);
comment on column repeat_keys.key is 'keyed hash of a mark; tells nothing without the key';
create table repeat_suggestions (
    lead_id uuid not null,
    candidate_id uuid not null,
    likelihood real not null,
    features jsonb not null,
    found_at timestamp with time zone not null,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    constraint pk_repeat_suggestions primary key (lead_id, candidate_id),
    constraint fk_repeat_suggestions_lead_id_leads foreign key (lead_id) references leads (id),
    constraint fk_repeat_suggestions_candidate_id_leads foreign key (candidate_id) references leads (id),
    constraint ck_repeat_suggestions_decision check (decision in ('merged', 'dismissed')),
    constraint ck_repeat_suggestions_decided_whole check (
        (decision is null) = (decided_by is null) and (decision is null) = (decided_at is null))
);
comment on column repeat_suggestions.features is 'feature to its share of the likelihood; never a person''s data';
create table merges (
    id uuid not null,
    region_code text not null,
    lead_id uuid not null,
    master_id uuid not null,
    state text not null,
    proposed_by text,
    proposed_at timestamp with time zone not null,
    reason text not null,
    likelihood real,
    features jsonb not null,
    decided_by text,
    decided_at timestamp with time zone,
    suggested_level text,
    undo_by text,
    undo_at timestamp with time zone,
    undo_reason text,
    undone_by text,
    undone_at timestamp with time zone,
    constraint pk_merges primary key (id),
    constraint fk_merges_lead_id_leads foreign key (lead_id) references leads (id),
    constraint fk_merges_master_id_leads foreign key (master_id) references leads (id),
    constraint ck_merges_state check (state in ('proposed', 'refused', 'standing', 'undo-proposed', 'undone')),
    constraint ck_merges_two_people check (decided_by <> proposed_by),
    constraint ck_merges_two_people_undo check (undone_by <> undo_by)
);
create unique index uq_merges_lead_id on merges (lead_id) where state in ('proposed', 'standing', 'undo-proposed');
create index ix_merges_master_id on merges (master_id);
create index ix_merges_proposed_at_id on merges (proposed_at, id);
create table conclusions (
    lead_id uuid not null,
    code text not null,
    unit text not null,
    concluded_at timestamp with time zone not null,
    constraint pk_conclusions primary key (lead_id),
    constraint fk_conclusions_lead_id_leads foreign key (lead_id) references leads (id)
);
create table re_examinations (
    merge_id uuid not null,
    lead_id uuid not null,
    repeat_id uuid not null,
    earlier_unit text not null,
    state text not null,
    opened_at timestamp with time zone not null,
    unit text,
    given_by text,
    given_at timestamp with time zone,
    constraint pk_re_examinations primary key (merge_id),
    constraint fk_re_examinations_merge_id_merges foreign key (merge_id) references merges (id),
    constraint fk_re_examinations_lead_id_leads foreign key (lead_id) references leads (id),
    constraint fk_re_examinations_repeat_id_leads foreign key (repeat_id) references leads (id),
    constraint ck_re_examinations_state check (state in ('open', 'given', 'withdrawn')),
    constraint ck_re_examinations_another_team check (unit <> earlier_unit),
    constraint ck_re_examinations_given_whole check ((state = 'given') = (unit is not null) and (unit is null) = (given_by is null))
);
create index ix_re_examinations_opened_at_merge_id on re_examinations (opened_at, merge_id);
"""

# What was there before is looked at by the worker, the same way as what comes in.
_BACKLOG = "insert into repeat_pending (lead_id) select id from leads"

_RIGHTS = """
grant update (merged_into) on leads to intake;
revoke delete, truncate on merges, re_examinations, conclusions, repeat_suggestions from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_BACKLOG)
    script(_RIGHTS)
