"""Until when an arrest or a publication waits for the discipline leg."""

from shared.migrations.run import script

revision = "0008"
down_revision = "0007"

_STATEMENTS = """
alter table lead_standings add column arrest_held_until date;
alter table lead_standings add column publication_held_until date;
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
