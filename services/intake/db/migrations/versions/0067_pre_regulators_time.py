"""More time for a regulator, too (D29x): which limit an extension is of. When a reporter was told is what tries and letters say."""

from shared.migrations.run import script

revision = "0067"
down_revision = "0066"

_STATEMENTS = """
alter table deadline_extensions add column kind text not null default 'conclude';
alter table deadline_extensions add constraint ck_deadline_extensions_kind check (kind in ('conclude', 'redirect'));
drop index uq_deadline_extensions_lead_id_round;
create unique index uq_deadline_extensions_lead_id_kind_round on deadline_extensions (lead_id, kind, round)
    where state in ('asked', 'granted');
comment on column redirects.told_on is 'when the reporter was told; null when nobody was, or could be, reached';
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
