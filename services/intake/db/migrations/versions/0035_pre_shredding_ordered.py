"""An expunged or retired reporter's key is ordered to be shredded in the same transaction; the vault sees which leads are under a hold."""

from shared.migrations.run import script

revision = "0035"
down_revision = "0034"

_VAULT = """
create index ix_shreddings_waiting on vault.shreddings (ordered_at) where state = 'ordered'::text;
grant select (merged_into) on leads to intake_vault;
grant select (lead_id, released_at) on legal_holds to intake_vault;
"""

# an order that waits already is carried out for this, one that was carried out is enough
_ORDER = """
insert into vault.shreddings (id, lead_id, ground, reason, ordered_by, ordered_at, state)
select gen_random_uuid(), l.id, {ground}, {reason}, {by}, h.recorded_at, 'ordered'
from leads l cross join lateral (select actor, recorded_at from lead_history where lead_id = l.id order by version desc limit 1) h
where l.id = {lead} and l.reporter_ref is not null on conflict do nothing
"""
_EXPUNGED = _ORDER.format(ground="'expungement'", reason="'线索销毁'", by="h.actor", lead="$1")
_RETIRED = _ORDER.format(ground="'retention'", reason="'保存期满'", by="'system:intake'", lead="lead")
_RETIRE = f"""
create or replace function retire_reporter(lead uuid) returns boolean language plpgsql security definer
set search_path = public, pg_temp as $body$
begin
    update vault.reporters set wrapped_key = null, shredded_on = current_date where shredded_on is null
        and reporter_ref = (select reporter_ref from leads where id = lead and status in ('closed', 'sealed', 'expunged'));
    if not found then
        return false;
    end if;
    {_RETIRED};
    return true;
end $body$;
"""  # noqa: S608 - constants


def upgrade() -> None:
    """Forward only."""
    script(_VAULT)
    script(f"insert into expunge_plan select max(place) + 1, $step${_EXPUNGED}$step$ from expunge_plan")  # noqa: S608 - constants
    script(_RETIRE)
