"""A repeat's claim of danger reaches the unit that has its master."""

from shared.migrations.run import script

revision = "0012"
down_revision = "0011"

_STATEMENTS = """
alter table lead_standings add column danger_claimed boolean not null default false;
comment on column lead_standings.danger_claimed is 'a repeat claims danger to life, and nobody has said whether that holds';
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
