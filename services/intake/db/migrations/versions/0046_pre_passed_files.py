"""Files of reports past the office: sealed for discipline, destroyed with their report (G22, G24)."""

from shared.migrations.run import script

revision = "0046"
down_revision = "0045"

_TABLE = """
alter table attachments
    alter column lead_id drop not null,
    add column report_id uuid,
    add constraint fk_attachments_report_id_passed_reports foreign key (report_id) references passed_reports (id),
    drop constraint ck_attachments_kept_whole,
    add constraint ck_attachments_kept_whole check (
        state <> 'kept' or report_id is not null or (media_type is not null and sha256 is not null)
    ),
    add constraint ck_attachments_whose check (
        num_nonnulls(lead_id, report_id) = 1 and (report_id is null or door = 'reporter')
    ),
    add constraint ck_attachments_untold check (report_id is null or (media_type is null and sha256 is null));
comment on column attachments.lead_id is 'null: of a report past the office';
comment on column attachments.report_id is 'past the office; null: of a lead';
create index ix_attachments_report_id on attachments (report_id) where report_id is not null;
"""

_EXPUNGE = """
create or replace function expunge_passed(report uuid, day date) returns void language plpgsql security definer
set search_path = public, pg_temp as $body$
begin
    update passed_reports set code_mark = null, receipt_mark = null, expunged_on = day where id = report and expunged_on is null;
    delete from passed_letters where report_id = report;
    update attachments set state = 'shredded', wrapped_key = null, name_box = null, refusal = null where report_id = report;
    delete from outbox_sealed where id in
        (select id from outbox where subject = report::text and topic = 'intake.sealed-reports');
end $body$;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
    script(_EXPUNGE)
