"""By which limit something runs is nothing that intake's own role rewrites; what is of level 重大 is counted by D07c
(docs/decisions/0110)."""

from shared.migrations.run import script

revision = "0073"
down_revision = "0072"

_CHANGES = """
revoke update (limit_id) on deadlines from intake;
create function count_as_major(lead uuid, number integer) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $body$
begin
    update deadlines d set limit_id = 'D07c' from leads l
        where l.id = d.lead_id and l.level = 'major' and d.lead_id = lead and d.round = number and d.kind = 'conclude'
        and d.stopped_at is null and d.limit_id in ('D07a', 'D07b');
    return found;
end $body$;
revoke all on function count_as_major(uuid, integer) from public;
grant execute on function count_as_major(uuid, integer) to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_CHANGES)
