"""The index of the search knows each lead's day of receipt; what it holds already is looked up in the register as before."""

from shared.migrations.run import script

revision = "0041"
down_revision = "0040"

_DAY = """
alter table lead_search add column received_on date;
comment on column lead_search.received_on is 'the lead''s; null where it became searchable before this was kept';
"""


def upgrade() -> None:
    """Forward only."""
    script(_DAY)
