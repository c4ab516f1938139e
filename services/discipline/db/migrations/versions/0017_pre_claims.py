"""Whether the reporter of a report past the office claims danger."""

from shared.migrations.run import script

revision = "0017"
down_revision = "0016"

_STATEMENTS = """
alter table reports add column danger_claimed boolean;
comment on column reports.danger_claimed is 'its reporter claims danger to life; null while nobody has asked';
create index ix_reports_not_looked_at on reports (id) where danger_claimed is null and status = 'arrived';
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
