"""A work may be withdrawn after its unit has signed: its plan stays on file."""

from shared.migrations.run import script

revision = "0014"
down_revision = "0013"

_STATEMENTS = """
alter table works drop constraint ck_works_plan_when_accepted;
alter table works add constraint ck_works_plan_when_accepted check (case
    when status in ('accepted', 'in_review', 'concluded') then plan is not null
    when status = 'withdrawn' then true else plan is null end);
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
