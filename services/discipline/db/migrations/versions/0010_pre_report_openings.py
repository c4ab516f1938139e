"""Openings of reporters past the office, and the letters to them."""

from shared.migrations.run import script

revision = "0010"
down_revision = "0009"

_TABLES = """
create table report_openings (
    id uuid not null,
    report_id uuid not null,
    purpose text not null,
    reason text not null,
    minutes integer not null,
    asked_by text not null,
    asked_at timestamp with time zone not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    ends_at timestamp with time zone,
    ended_by text,
    ended_at timestamp with time zone,
    constraint pk_report_openings primary key (id),
    constraint ck_report_openings_state check (state in ('asked', 'granted', 'refused', 'ended')),
    constraint ck_report_openings_two_people check (decided_by <> asked_by),
    constraint ck_report_openings_time_box check (
        (decided_by is null) = (decided_at is null) and (state <> 'granted' or ends_at is not null)
        and (ends_at is null or ends_at > decided_at)
    ),
    constraint ck_report_openings_ended_whole check ((state = 'ended') = (ended_at is not null)),
    constraint fk_report_openings_report_id_reports foreign key(report_id) references reports (id)
);
create index ix_report_openings_asked_at_id on report_openings (asked_at, id);
create unique index uq_report_openings_asked on report_openings (report_id) where state = 'asked'::text;
create table report_readings (
    opening_id uuid not null,
    number integer not null,
    reader text not null,
    read_at timestamp with time zone not null,
    constraint pk_report_readings primary key (opening_id, number),
    constraint fk_report_readings_opening_id_report_openings foreign key(opening_id) references report_openings (id)
);
create table report_letters (
    report_id uuid not null,
    number integer not null,
    writer text not null,
    kind text not null,
    sent_on date not null,
    read_on date,
    written_by text,
    key_id text not null,
    box text not null,
    constraint pk_report_letters primary key (report_id, number),
    constraint ck_report_letters_writer check (writer in ('reporter', 'discipline')),
    constraint ck_report_letters_kind check (kind in ('opening', 'message', 'result', 'refusal')),
    constraint ck_report_letters_kind_of_writer check (writer = 'discipline' or kind = 'message'),
    constraint ck_report_letters_written_by check ((writer = 'reporter') = (written_by is null)),
    constraint fk_report_letters_report_id_reports foreign key(report_id) references reports (id)
);
comment on column report_letters.sent_on is 'the day only: the hour could tell who it was';
comment on column report_letters.read_on is 'when the other side first read it';
comment on column report_letters.written_by is 'null: the reporter';
comment on column report_letters.key_id is 'of discipline';
revoke delete, truncate on report_openings from discipline;
revoke update, delete, truncate on report_readings from discipline;
revoke update, delete, truncate on report_letters from discipline;
grant update (read_on) on report_letters to discipline;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
