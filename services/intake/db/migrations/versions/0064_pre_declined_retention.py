"""What is not accepted ended with that decision: its reporter's identity and the numbers of the reported are given up like those of a
closed lead (domain.md §4.14 G24; docs/decisions/0103)."""

from shared.migrations.run import script

revision = "0064"
down_revision = "0063"

_INDEX = """
drop index ix_lead_history_rest;
create index ix_lead_history_rest on lead_history (action, effective_at)
    where action in ('close', 'end-redirect', 'decline', 'seal');
"""
_FUNCTIONS = """
create function has_ended(lead uuid) returns boolean language sql stable set search_path = public, pg_temp as $body$
    -- a repeat ends with its master
    select exists (select from leads l join leads w on w.id = coalesce(l.merged_into, l.id)
        where l.id = lead and w.status in ('closed', 'not_accepted', 'sealed', 'expunged'))
$body$;
revoke all on function has_ended(uuid) from public;
create or replace function retire_reporter(lead uuid) returns boolean language plpgsql security definer
set search_path = public, pg_temp as $body$
begin
    update vault.reporters set wrapped_key = null, shredded_on = current_date where shredded_on is null
        and reporter_ref = (select reporter_ref from leads where id = lead) and has_ended(lead);
    if not found then
        return false;
    end if;
    insert into vault.shreddings (id, lead_id, ground, reason, ordered_by, ordered_at, state)
    select gen_random_uuid(), l.id, 'retention', '保存期满', 'system:intake', h.recorded_at, 'ordered'
    from leads l cross join lateral (select recorded_at from lead_history where lead_id = l.id order by version desc limit 1) h
    where l.id = lead on conflict do nothing;
    return true;
end $body$;
create or replace function retire_subjects(lead uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $body$
declare
    gone boolean;
begin
    if not has_ended(lead) then
        return false;
    end if;
    update reports set subjects = '' where lead_id = lead and length(subjects) > 0;
    gone := found;
    delete from subject_boxes where lead_id = lead;
    return gone or found;
end $body$;
"""


def upgrade() -> None:
    """Forward only."""
    script(_INDEX)
    script(_FUNCTIONS)
