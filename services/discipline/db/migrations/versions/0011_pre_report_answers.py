"""Reporters past the office are told the result (D19), and may object."""

from shared.migrations.run import script

revision = "0011"
down_revision = "0010"

_ANSWERS = """
alter table reports
    add column feedback_by date,
    add column told_on date,
    add column told_how text,
    add column objected_on date,
    add column decide_by date,
    drop constraint ck_reports_status,
    drop constraint ck_reports_ended_whole,
    add constraint ck_reports_status check (status in ('arrived', 'accepted', 'ended', 'told', 'objected')),
    add constraint ck_reports_ended_whole check (
        (status in ('ended', 'told', 'objected')) = (ended_on is not null) and (ended_on is null) = (outcome is null)
        and (feedback_by is null or ended_on is not null)
    ),
    add constraint ck_reports_told_whole check (
        (status in ('told', 'objected')) = (told_on is not null) and (told_on is null) = (told_how is null)
    ),
    add constraint ck_reports_told_how check (told_how in ('mailbox', 'phone', 'visit', 'post')),
    add constraint ck_reports_objected_whole check (
        (objected_on is null) = (decide_by is null) and (objected_on is null or told_on is not null)
        and (status <> 'objected' or objected_on is not null)
    );
comment on column reports.feedback_by is 'D19';
comment on column reports.decide_by is 'D12';
"""


def upgrade() -> None:
    """Forward only."""
    script(_ANSWERS)
