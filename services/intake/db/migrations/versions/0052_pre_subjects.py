"""The subject store: what stands apart of a report is sealed in a column beside its content (domain.md §2.3 A)."""

from shared.migrations.run import script

revision = "0052"
down_revision = "0051"

_COLUMN = """
alter table reports add column subjects bytea;
comment on column reports.subjects is 'sealed: what stands apart of the content; empty: nothing; null: not looked at';
create index ix_reports_subjects_waiting on reports (lead_id) where subjects is null;
"""

# Intake's own role can change no report. What was written before, or by the release before this one, is null there: it is taken apart once,
# and never again. A box is sealed anew for another key, or goes when its time is over.
_FUNCTIONS = """
create function take_report_apart(lead uuid, clear jsonb, box bytea, new_summary text, new_allegations text[]) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $body$
begin
    update reports set content = clear, subjects = box where lead_id = lead and subjects is null;
    if not found then
        return false;
    end if;
    update leads set summary = new_summary, allegations = new_allegations
        where id = lead and status <> 'expunged' and (summary, allegations) is distinct from (new_summary, new_allegations);
    if found and exists (select from lead_search where lead_id = lead) then
        insert into repeat_pending (lead_id) values (lead) on conflict (lead_id) do update set searchable = false;
    end if;
    return true;
end $body$;
create function seal_subjects_anew(lead uuid, before bytea, box bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $body$
begin
    update reports set subjects = box where lead_id = lead and subjects = before and length(before) > 0 and length(box) = length(before);
    return found;
end $body$;
create function retire_subjects(lead uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $body$
begin
    update reports set subjects = '' where lead_id = lead and length(subjects) > 0
        and exists (select from leads where id = lead and status in ('closed', 'sealed', 'expunged'));
    return found;
end $body$;
revoke all on function take_report_apart(uuid, jsonb, bytea, text, text[]), seal_subjects_anew(uuid, bytea, bytea), retire_subjects(uuid)
    from public;
grant execute on function take_report_apart(uuid, jsonb, bytea, text, text[]), seal_subjects_anew(uuid, bytea, bytea), retire_subjects(uuid)
    to intake;
"""
_DESTROYED = """
update expunge_plan set statement = $$update reports set content = '{}', subjects = '', own_code = null where lead_id = $1$$
where statement = $$update reports set content = '{}', own_code = null where lead_id = $1$$
"""


def upgrade() -> None:
    """Forward only."""
    script(_COLUMN)
    script(_FUNCTIONS)
    script(_DESTROYED)
