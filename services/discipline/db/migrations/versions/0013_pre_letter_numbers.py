"""Numbers of letters to and from reporters past the office are drawn, so that a restored database gives none a second time."""

from shared.migrations.run import script

revision = "0013"
down_revision = "0012"

_TABLE = """
create table report_letter_numbers (
    report_id uuid not null,
    last integer not null,
    constraint pk_report_letter_numbers primary key (report_id),
    constraint ck_report_letter_numbers_last check (last >= 1)
);
revoke delete, truncate on report_letter_numbers from discipline;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
