"""What is merged already: its masters are found by its words, too (docs/decisions/0106)."""

from shared.migrations.run import script

revision = "0068"
down_revision = "0067"

_AGAIN = """
insert into repeat_pending (lead_id) select distinct s.lead_id from leads r join lead_search s on s.lead_id = r.merged_into
on conflict (lead_id) do update set searchable = false;
"""


def upgrade() -> None:
    """Forward only."""
    script(_AGAIN)
