"""A report that a restored database has lost is known again by its number and by the orders to keep it, before it is heard of again."""

from shared.migrations.run import script

revision = "0016"
down_revision = "0015"

_TABLES = """
create table relearned_numbers (
    report_id uuid not null,
    day date not null,
    place integer not null,
    constraint pk_relearned_numbers primary key (report_id)
);
comment on column relearned_numbers.place is 'its running number of that day';
revoke update, delete, truncate on relearned_numbers from discipline;
alter table report_holds drop constraint fk_report_holds_report_id_reports;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
