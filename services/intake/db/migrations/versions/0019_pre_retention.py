"""Retention: legal holds, and the one way in which the texts of a lead are destroyed."""

from shared.migrations.run import script

revision = "0019"
down_revision = "0018"

_TABLES = """
create table legal_holds (
    id uuid not null,
    lead_id uuid not null,
    basis_no text not null,
    reason text not null,
    set_by text not null,
    set_at timestamp with time zone not null,
    released_by text,
    released_at timestamp with time zone,
    release_reason text,
    constraint pk_legal_holds primary key (id),
    constraint fk_legal_holds_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_legal_holds_two_people check (released_by <> set_by),
    constraint ck_legal_holds_released_whole check ((released_by is null) = (released_at is null))
);
create index ix_legal_holds_lead_id on legal_holds (lead_id) where released_at is null;
create index ix_lead_history_rest on lead_history (action, effective_at) where action in ('close', 'end-redirect', 'seal');
create table expunge_plan (
    place integer not null,
    statement text not null,
    constraint pk_expunge_plan primary key (place)
);
comment on column expunge_plan.statement is 'destroys what one table knows of the lead $1';
revoke update, delete, truncate on legal_holds from intake;
grant update (released_by, released_at, release_reason) on legal_holds to intake;
revoke insert, update, delete, truncate on expunge_plan from intake;
"""

# Intake's own role can change no text of a lead (0002); it can only ask that those of an expunged lead go. A table that comes later adds
# its line; a test names tables with text that have none.
_STEPS = (
    "update leads set summary = '', allegations = '{}' where id = $1",
    "update lead_history set reason = null where lead_id = $1",
    "update reports set content = '{}', own_code = null where lead_id = $1",
    "update deadline_pauses set reason = '', decision_reason = null where lead_id = $1",
    "update deadline_extensions set reason = '', decision_reason = null where lead_id = $1",
    "update merges set reason = '', undo_reason = null, features = '{}' where $1 in (lead_id, master_id)",
    "update repeat_suggestions set features = '{}' where $1 in (lead_id, candidate_id)",
    "delete from repeat_keys where number in (select number from repeat_leads where lead_id = $1)",
    "delete from repeat_leads where lead_id = $1",
    "delete from repeat_pending where lead_id = $1",
    "delete from lead_search where lead_id = $1",
    "update lead_subjects set subjects = '[]', reason = '' where lead_id = $1",
    "update interests set reason = '', decision_reason = null where lead_id = $1",
    "update redirects set result = case when result is not null then '' end, return_reason = null where lead_id = $1",
    "update decisions set reason = '', decision_reason = null where lead_id = $1",
    "update legal_holds set reason = '', release_reason = null where lead_id = $1",
    "delete from outbox_sealed where id in (select id from outbox where subject = $1::text and topic like 'intake.sealed-%')",
    (
        "update vault.reporters r set wrapped_key = null, shredded_on = coalesce(r.shredded_on, current_date) from leads l "
        "where l.id = $1 and r.reporter_ref = l.reporter_ref"
    ),
)
_FUNCTIONS = """
create function expunge_texts(lead uuid) returns void language plpgsql security definer set search_path = public, pg_temp as $body$
declare step record;
begin
    if not exists (select from leads where id = lead and status = 'expunged') then
        raise exception 'lead % is not expunged', lead;
    end if;
    for step in select statement from expunge_plan order by place loop
        execute step.statement using lead;
    end loop;
end $body$;
create function retire_reporter(lead uuid) returns boolean language plpgsql security definer set search_path = public, pg_temp as $body$
begin
    update vault.reporters set wrapped_key = null, shredded_on = current_date where shredded_on is null
        and reporter_ref = (select reporter_ref from leads where id = lead and status in ('closed', 'sealed', 'expunged'));
    return found;
end $body$;
revoke all on function expunge_texts(uuid), retire_reporter(uuid) from public;
grant execute on function expunge_texts(uuid), retire_reporter(uuid) to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    for place, statement in enumerate(_STEPS, 1):
        script(f"insert into expunge_plan (place, statement) values ({place}, $step${statement}$step$)")  # noqa: S608 - constants
    script(_FUNCTIONS)
