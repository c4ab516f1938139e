"""Who concluded stands with the review, and is nobody who decides it (G10)."""

from shared.migrations.run import script

revision = "0011"
down_revision = "0010"

_STATEMENTS = """
alter table reviews add column concluded_by text;
alter table reviews add constraint ck_reviews_two_people check (decided_by <> concluded_by);
comment on column reviews.concluded_by is 'null where a restore has lost it';
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
