"""Accounts of people who have left have no access, to the vault neither."""

from shared.migrations import e0005_departures
from shared.migrations.run import script

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Forward only."""
    e0005_departures.upgrade()
    script("grant select on staff_accounts to intake_vault")
