"""What intake decides of a lead reaches its leg: suspension, sealing, destruction."""

from shared.migrations.run import script

revision = "0007"
down_revision = "0006"

_STATEMENTS = """
create table lead_standings (
    lead_id uuid not null,
    suspended_at timestamp with time zone,
    merged_into uuid,
    sealed_at timestamp with time zone,
    expunged_at timestamp with time zone,
    constraint pk_lead_standings primary key (lead_id)
);
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
