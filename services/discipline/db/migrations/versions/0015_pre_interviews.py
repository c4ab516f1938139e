"""Two officers of discipline interview the reporter of a report past the office (G-MEET, G22)."""

from shared.migrations.run import script

revision = "0015"
down_revision = "0014"

_TABLE = """
alter table report_openings
    add column officers text[] not null default '{}',
    add constraint ck_report_openings_two_officers_for_an_interview check (
        cardinality(officers) = case when purpose = 'interview' then 2 else 0 end
    ),
    add constraint ck_report_openings_officers_apart check (not coalesce(decided_by = any (officers), false));
comment on column report_openings.officers is 'accounts of the two who read for an interview';
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
