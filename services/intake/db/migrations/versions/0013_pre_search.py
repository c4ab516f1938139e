"""The search over leads: blocks with terms of their own, and searches that people keep."""

from shared.migrations.run import script

revision = "0013"
down_revision = "0012"

_TABLES = """
alter table repeat_pending add column searchable boolean not null default false;
comment on column repeat_pending.searchable is 'the search knows it';
create table lead_search (
    number bigint not null,
    lead_id uuid not null,
    words text not null,
    grams bigint[] not null,
    facets bigint[] not null,
    people bigint[] not null,
    constraint pk_lead_search primary key (number),
    constraint uq_lead_search_lead_id unique (lead_id),
    constraint fk_lead_search_lead_id_leads foreign key (lead_id) references leads (id)
);
comment on column lead_search.number is 'in the order of becoming searchable';
comment on column lead_search.words is 'what was reported in one writing; nothing of the reporter';
comment on column lead_search.people is 'who began and who handled it';
create index ix_lead_search_terms on lead_search using gin (grams, facets, people) with (fastupdate = off);
create table saved_searches (
    id uuid not null,
    owner text not null,
    name text not null,
    filters jsonb not null,
    created_at timestamp with time zone not null,
    constraint pk_saved_searches primary key (id),
    constraint uq_saved_searches_owner_name unique (owner, name)
);
comment on column saved_searches.filters is 'codes, days and numbers; no text, so that no one is watched by name';
"""

# What was there before becomes searchable the same way as what comes in; its repeats are found already and stay as they are.
_BACKLOG = "insert into repeat_pending (lead_id) select id from leads on conflict do nothing"


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_BACKLOG)
