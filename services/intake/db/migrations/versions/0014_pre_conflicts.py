"""Whom a lead is about, interests in it, and relatives in the service."""

from shared.migrations.run import script

revision = "0014"
down_revision = "0013"

_TABLES = """
alter table directory_staff add column relatives text[] not null default '{}';
comment on column directory_staff.relatives is 'staff numbers, for recusal (G4)';
create table lead_subjects (
    lead_id uuid not null,
    version integer not null,
    subjects jsonb not null,
    reason text not null,
    stated_by text not null,
    stated_at timestamp with time zone not null,
    constraint pk_lead_subjects primary key (lead_id, version),
    constraint fk_lead_subjects_lead_id_leads foreign key (lead_id) references leads (id)
);
comment on column lead_subjects.subjects is 'unit and staff, codes of the directory; [] when none is in it';
create table interests (
    id uuid not null,
    lead_id uuid not null,
    staff text not null,
    ground text not null,
    declared boolean not null,
    decider text not null,
    reason text not null,
    stated_by text not null,
    stated_at timestamp with time zone not null,
    status text not null,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    constraint pk_interests primary key (id),
    constraint fk_interests_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_interests_status check (status in ('open', 'upheld', 'dismissed')),
    constraint ck_interests_decided_whole check (
        (status = 'open') = (decided_by is null) and (decided_by is null) = (decided_at is null)
        and (decided_by is null) = (decision_reason is null)
    ),
    constraint ck_interests_two_people check (decided_by <> stated_by)
);
comment on column interests.declared is 'by the person; else a challenge by another';
comment on column interests.decider is 'role of the next level';
create index ix_interests_lead_id on interests (lead_id);
create unique index uq_interests_open on interests (lead_id, staff) where status = 'open';
revoke update, delete, truncate on lead_subjects from intake;
revoke delete, truncate on interests from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
