"""Reports past the office whose time is over: marks, letters and boxes go, the days stay (G24)."""

from shared.migrations.run import script

revision = "0045"
down_revision = "0044"

_TABLE = """
alter table passed_reports
    alter column code_mark drop not null,
    alter column receipt_mark drop not null,
    add column expunged_on date,
    add constraint ck_passed_reports_marks_until_expunged check (
        (code_mark is null) = (expunged_on is not null) and (receipt_mark is null) = (code_mark is null)
    );
comment on column passed_reports.code_mark is 'keyed hash of the query code; null once it was expunged';
comment on column passed_reports.receipt_mark is 'keyed hash of the receipt''s number; null with code_mark';
"""

# intake's own role can change no mark and no box of a letter; it can only pass on that discipline expunged the report
_EXPUNGE = """
create function expunge_passed(report uuid, day date) returns void language plpgsql security definer
set search_path = public, pg_temp as $body$
begin
    update passed_reports set code_mark = null, receipt_mark = null, expunged_on = day where id = report and expunged_on is null;
    delete from passed_letters where report_id = report;
    delete from outbox_sealed where id in
        (select id from outbox where subject = report::text and topic = 'intake.sealed-reports');
end $body$;
revoke all on function expunge_passed(uuid, date) from public;
grant execute on function expunge_passed(uuid, date) to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
    script(_EXPUNGE)
