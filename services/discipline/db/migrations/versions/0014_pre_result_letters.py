"""Which letter tells a reporter past the office the result: one for each ending."""

from shared.migrations.run import script

revision = "0014"
down_revision = "0013"

_LETTERS = """
alter table reports
    add column result_letter integer,
    add constraint ck_reports_result_letter_when_ended check (result_letter is null or ended_on is not null);
comment on column reports.result_letter is 'number of the letter that tells the result';
update reports r set result_letter = (
    select max(l.number) from report_letters l where l.report_id = r.id and l.kind = 'result' and l.sent_on >= r.ended_on
) where r.ended_on is not null;
"""


def upgrade() -> None:
    """Forward only."""
    script(_LETTERS)
