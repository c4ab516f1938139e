"""Retention of reports past the office: orders to keep, and the one way in which content, reporter and letters are destroyed."""

from shared.migrations.run import script

revision = "0012"
down_revision = "0011"

_TABLES = """
create table report_holds (
    id uuid not null,
    report_id uuid not null,
    basis_no text not null,
    reason text not null,
    set_by text not null,
    set_at timestamp with time zone not null,
    released_by text,
    released_at timestamp with time zone,
    release_reason text,
    constraint pk_report_holds primary key (id),
    constraint fk_report_holds_report_id_reports foreign key (report_id) references reports (id),
    constraint ck_report_holds_two_people check (released_by <> set_by),
    constraint ck_report_holds_released_whole check ((released_by is null) = (released_at is null))
);
create index ix_report_holds_report_id on report_holds (report_id) where released_at is null;
create table expunged_reports (
    report_id uuid not null,
    expunged_on date not null,
    constraint pk_expunged_reports primary key (report_id)
);
alter table report_letters
    alter column key_id drop not null,
    alter column box drop not null,
    add constraint ck_report_letters_whole_box check ((key_id is null) = (box is null));
comment on column report_letters.key_id is 'of discipline; null together with box once the letter was destroyed';
revoke update, delete, truncate on report_holds, expunged_reports from discipline;
grant update (released_by, released_at, release_reason) on report_holds to discipline;
"""

# discipline's own role can change no letter; it can only ask that what is expunged goes
_EXPUNGE = """
create function expunge_report(report uuid) returns integer language plpgsql security definer set search_path = public, pg_temp as $body$
declare boxes integer; letters integer;
begin
    if not exists (select from expunged_reports where report_id = report) then
        raise exception 'report % is not expunged', report;
    end if;
    update reports set key_id = null, box = null where id = report and box is not null;
    get diagnostics boxes = row_count;
    update report_letters set key_id = null, box = null where report_id = report and box is not null;
    get diagnostics letters = row_count;
    update report_holds set reason = '', release_reason = null where report_id = report;
    delete from outbox_sealed where id in
        (select id from outbox where subject = report::text and topic = 'discipline.sealed-letters');
    return boxes + letters;
end $body$;
revoke all on function expunge_report(uuid) from public;
grant execute on function expunge_report(uuid) to discipline;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_EXPUNGE)
