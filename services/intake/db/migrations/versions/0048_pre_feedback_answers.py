"""What the reporter said when told of the result (domain.md §2.3 E): whether it was understood, and whether it satisfied."""

from shared.migrations.run import script

revision = "0048"
down_revision = "0047"

_COLUMNS = """
alter table feedback_tries
    add column understood boolean,
    add column satisfied boolean,
    add constraint ck_feedback_tries_answer check (
        (understood is null and satisfied is null) or (reached and about = 'feedback')
    );
comment on column feedback_tries.understood is 'null: not asked, or not said';
"""


def upgrade() -> None:
    """Forward only."""
    script(_COLUMNS)
