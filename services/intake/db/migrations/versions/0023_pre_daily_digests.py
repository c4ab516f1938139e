"""The list of each working day."""

from shared.migrations.run import script

revision = "0023"
down_revision = "0022"

_TABLES = """
create table daily_digests (
    day date not null,
    since timestamp with time zone not null,
    at timestamp with time zone not null,
    opened_at timestamp with time zone not null,
    counts jsonb not null,
    closed_by text,
    closed_at timestamp with time zone,
    constraint pk_daily_digests primary key (day),
    constraint ck_daily_digests_closed_whole check ((closed_by is null) = (closed_at is null))
);
comment on column daily_digests.at is 'the instant that it shows';
comment on column daily_digests.counts is 'part → number of leads';
create index ix_daily_digests_open on daily_digests (day) where closed_at is null;
create table digest_leads (
    day date not null,
    part text not null,
    lead_id uuid not null,
    constraint pk_digest_leads primary key (day, part, lead_id),
    constraint fk_digest_leads_day_daily_digests foreign key (day) references daily_digests (day),
    constraint fk_digest_leads_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_digest_leads_part check (part in ('fresh', 'unclassified', 'unassigned', 'due_soon', 'overdue', 'repeated'))
);
"""
# A list shows for ever what it showed; who closed it is added once.
_RIGHTS = """
revoke update, delete, truncate on daily_digests, digest_leads from intake;
grant update (counts, closed_by, closed_at) on daily_digests to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_RIGHTS)
