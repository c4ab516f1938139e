"""Running limits of leads, what was said of them, their pauses, and the holiday notices they are counted with."""

from shared.migrations.run import script

revision = "0006"
down_revision = "0005"

_TABLES = """
create table deadlines (
    lead_id uuid not null,
    kind text not null,
    round integer not null,
    limit_id text not null,
    profile_version text not null,
    started_at timestamp with time zone not null,
    superior date,
    due_on date not null,
    provisional boolean not null,
    yellow_at timestamp with time zone not null,
    orange_at timestamp with time zone not null,
    due_at timestamp with time zone not null,
    next_at timestamp with time zone,
    calendar_no integer not null,
    stopped_at timestamp with time zone,
    constraint pk_deadlines primary key (lead_id, kind, round),
    constraint fk_deadlines_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_deadlines_kind check (kind in ('classify', 'assign', 'sign', 'conclude')),
    constraint ck_deadlines_colours_in_order check (yellow_at <= orange_at and orange_at <= due_at),
    constraint ck_deadlines_stopped_is_silent check (stopped_at is null or next_at is null)
);
comment on column deadlines.round is 'number of the assignment; 1 before there is one';
comment on column deadlines.superior is 'the superior body''s date, which nobody here moves';
comment on column deadlines.next_at is 'when the timer has something to say next; null after the last';
comment on column deadlines.calendar_no is 'the newest holiday notice that it was counted with';
create index ix_deadlines_next on deadlines (calendar_no, next_at) where stopped_at is null;
create index ix_deadlines_running on deadlines (due_at, lead_id, kind) where stopped_at is null;
create table deadline_steps (
    lead_id uuid not null,
    kind text not null,
    round integer not null,
    due_on date not null,
    what text not null,
    due_at timestamp with time zone not null,
    said_at timestamp with time zone not null,
    constraint pk_deadline_steps primary key (lead_id, kind, round, due_on, what),
    constraint fk_deadline_steps_deadlines foreign key (lead_id, kind, round) references deadlines (lead_id, kind, round)
);
create table deadline_pauses (
    id uuid not null,
    lead_id uuid not null,
    kind text not null,
    round integer not null,
    until date not null,
    reason text not null,
    asked_by text not null,
    asked_at timestamp with time zone not null,
    status text not null,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    first date,
    last date,
    constraint pk_deadline_pauses primary key (id),
    constraint fk_deadline_pauses_deadlines foreign key (lead_id, kind, round) references deadlines (lead_id, kind, round),
    constraint ck_deadline_pauses_status check (status in ('asked', 'granted', 'refused', 'resumed')),
    constraint ck_deadline_pauses_two_people check (decided_by <> asked_by),
    constraint ck_deadline_pauses_decided_whole check (
        (status = 'asked') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
    constraint ck_deadline_pauses_days_whole check (
        (status in ('granted', 'resumed')) = (first is not null) and (first is null) = (last is null))
);
create index ix_deadline_pauses_lead_id on deadline_pauses (lead_id);
create index ix_deadline_pauses_asked_at_id on deadline_pauses (asked_at, id);
create unique index uq_deadline_pauses_asked on deadline_pauses (lead_id, kind, round) where status = 'asked'::text;
create table holiday_notices (
    number integer not null,
    year integer not null,
    days jsonb not null,
    sha256 text not null,
    imported_at timestamp with time zone not null,
    constraint pk_holiday_notices primary key (number),
    constraint uq_holiday_notices_sha256 unique (sha256)
);
comment on column holiday_notices.days is 'day → whether it is off';
"""

# What a limit is and when it began never changes; what was said and which notices came only grow.
_FIXED = """
revoke update, delete, truncate on deadlines, deadline_pauses from intake;
grant update (due_on, provisional, yellow_at, orange_at, due_at, next_at, calendar_no, stopped_at) on deadlines to intake;
grant update (status, decided_by, decided_at, decision_reason, first, last) on deadline_pauses to intake;
revoke update, delete, truncate on deadline_steps, holiday_notices from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_FIXED)
