"""Who is concerned in a lead is found by the person too, and by the vault (G4): no door shows them that lead."""

from shared.migrations.run import script

revision = "0055"
down_revision = "0054"

_INDEXES = """
create index ix_lead_subjects_subjects on lead_subjects using gin (subjects jsonb_path_ops);
create index ix_interests_staff on interests (staff);
"""

# the vault asks as intake does; why somebody is concerned it cannot read
_VAULT = """
grant select (staff, account) on directory_staff to intake_vault;
grant select (lead_id, staff, status) on interests to intake_vault;
grant select (lead_id, version, subjects) on lead_subjects to intake_vault;
grant select (merged_into) on leads to intake_vault;
"""


def upgrade() -> None:
    """Forward only."""
    script(_INDEXES)
    script(_VAULT)
