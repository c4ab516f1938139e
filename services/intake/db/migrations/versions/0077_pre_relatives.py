"""Whose relative somebody is, is found without a look at the whole directory."""

from shared.migrations.run import script

revision = "0077"
down_revision = "0076"


def upgrade() -> None:
    """Forward only."""
    script("create index ix_directory_staff_relatives on directory_staff using gin (relatives);")
