"""Reports past the office, under numbers of discipline's own."""

from shared.migrations.run import script

revision = "0009"
down_revision = "0008"

_TABLES = """
create table reports (
    id uuid not null,
    region_code text not null,
    number text not null,
    received_on date not null,
    accept_by date not null,
    key_id text,
    box text,
    status text not null,
    accepted_on date,
    ended_on date,
    outcome text,
    version integer not null,
    created_at timestamp with time zone not null,
    constraint pk_reports primary key (id),
    constraint uq_reports_number unique (number),
    constraint ck_reports_status check (status in ('arrived', 'accepted', 'ended')),
    constraint ck_reports_accepted_whole check ((status = 'arrived') = (accepted_on is null)),
    constraint ck_reports_ended_whole check (
        (status = 'ended') = (ended_on is not null) and (ended_on is null) = (outcome is null)
    ),
    constraint ck_reports_whole_box check ((key_id is null) = (box is null))
);
comment on column reports.id is 'as it came from the door';
comment on column reports.accept_by is 'D18';
comment on column reports.key_id is 'null together with box once the content was destroyed';
create index ix_reports_received_on_id on reports (received_on, id);
create table report_history (
    report_id uuid not null,
    version integer not null,
    status text not null,
    actor text not null,
    recorded_at timestamp with time zone not null,
    constraint pk_report_history primary key (report_id, version),
    constraint fk_report_history_report_id_reports foreign key (report_id) references reports (id)
);
create table report_numbers (
    region_code text not null,
    day date not null,
    last integer not null,
    constraint pk_report_numbers primary key (region_code, day)
);
comment on column report_numbers.last is 'drawn in the registering transaction, so a rollback leaves no gap';
revoke delete, truncate on reports from discipline;
revoke update, delete, truncate on report_history from discipline;
revoke delete, truncate on report_numbers from discipline;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
