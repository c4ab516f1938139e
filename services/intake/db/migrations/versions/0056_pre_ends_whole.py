"""Mistyped days of replies are corrected by further rows; objections made by word of mouth are entered; what is kept of repeats ends with
their master (domain.md §4.2 D12, §4.14 G24)."""

from shared.migrations.run import script

revision = "0056"
down_revision = "0055"

# a release before this one adds first versions, and reads the corrected day beside the first one
_REPLIES = """
alter table superior_replies
    add column version integer not null default 1,
    drop constraint pk_superior_replies,
    add constraint pk_superior_replies primary key (lead_id, reply_no, version),
    add constraint ck_superior_replies_version check (version >= 1);
"""
_OBJECTIONS = """
alter table objections
    alter column message drop not null,
    alter column receipt_mark drop not null,
    add constraint ck_objections_by_letter check ((message is null) = (receipt_mark is null));
comment on column objections.deed is 'version of the lead that the answer made, one objection to each; of a repeat the one that entered it';
comment on column objections.message is 'number of the letter that says it; null: by word of mouth, see feedback_tries';
"""
# intake's own role changes nothing of what was objected; to one by word of mouth a letter is added once
_LETTER = """
create function write_objection_down(lead uuid, answer integer, letter integer, mark bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $body$
begin
    update objections set message = letter, receipt_mark = mark
        where lead_id = lead and deed = answer and message is null and state = 'open';
    return found;
end $body$;
revoke all on function write_objection_down(uuid, integer, integer, bytea) from public;
grant execute on function write_objection_down(uuid, integer, integer, bytea) to intake;
"""
# a repeat ends with its master
_ENDED = """
exists (select from leads l join leads w on w.id = coalesce(l.merged_into, l.id)
        where l.id = lead and w.status in ('closed', 'sealed', 'expunged'))
"""
_FUNCTIONS = f"""
create or replace function retire_reporter(lead uuid) returns boolean language plpgsql security definer
set search_path = public, pg_temp as $body$
begin
    update vault.reporters set wrapped_key = null, shredded_on = current_date where shredded_on is null
        and reporter_ref = (select reporter_ref from leads where id = lead) and {_ENDED};
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
begin
    update reports set subjects = '' where lead_id = lead and length(subjects) > 0 and {_ENDED};
    return found;
end $body$;
"""  # noqa: S608 - constants


def upgrade() -> None:
    """Forward only."""
    script(_REPLIES)
    script(_OBJECTIONS)
    script(_LETTER)
    script(_FUNCTIONS)
