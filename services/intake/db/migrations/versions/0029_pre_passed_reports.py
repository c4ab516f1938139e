"""Reports past the office: marks of code and receipt, and days; no content, no number."""

from shared.migrations.run import script

revision = "0029"
down_revision = "0028"

_TABLES = """
create table passed_reports (
    id uuid not null,
    region_code text not null,
    code_mark bytea not null,
    receipt_mark bytea not null,
    received_on date not null,
    accepted_on date,
    ended_on date,
    constraint pk_passed_reports primary key (id),
    constraint uq_passed_reports_code_mark unique (code_mark),
    constraint uq_passed_reports_receipt_mark unique (receipt_mark),
    constraint ck_passed_reports_ended_after_acceptance check (ended_on is null or accepted_on is not null)
);
comment on column passed_reports.id is 'random; discipline knows the report by it';
comment on column passed_reports.code_mark is 'keyed hash of the query code';
comment on column passed_reports.receipt_mark is 'keyed hash of the receipt''s number';
comment on column passed_reports.received_on is 'the day only: the hour could tell who it was';
revoke update, delete, truncate on passed_reports from intake;
grant update (accepted_on, ended_on) on passed_reports to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
