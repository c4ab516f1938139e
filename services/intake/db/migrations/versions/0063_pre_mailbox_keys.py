"""No index that makes sure again what the codes' own marks make sure of."""

from shared.migrations.run import script

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    """Forward only."""
    script("alter table mailboxes drop constraint uq_mailboxes_public_key;")
