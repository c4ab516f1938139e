"""A lead that is with a unit is raised to 重大 by two, and its limit is counted by that level's (docs/decisions/0110)."""

from shared.migrations.run import script

revision = "0072"
down_revision = "0071"

_CHANGES = """
alter table decisions drop constraint ck_decisions_kind;
alter table decisions add constraint ck_decisions_kind check (kind in ('raise-level', 'reopen', 'seal', 'expunge'));
grant update (limit_id) on deadlines to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_CHANGES)
