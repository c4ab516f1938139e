"""Accounts of people who have left have no access; staff, their pledges and absences, to choose verifiers from (G-TWO)."""

from shared.migrations import e0005_departures
from shared.migrations.run import script

revision = "0006"
down_revision = "0005"

_TABLES = """
create table staff (
    staff text not null,
    region_code text not null,
    pledged_on date,
    from_on date not null,
    to_on date,
    constraint pk_staff primary key (staff)
);
create table absences (
    id uuid not null,
    staff text not null,
    from_on date not null,
    to_on date,
    constraint pk_absences primary key (id)
);
create index ix_absences_staff on absences (staff);
create index ix_verifiers_staff on verifiers (staff);
revoke delete, truncate on staff, absences from verification;
"""


def upgrade() -> None:
    """Forward only."""
    e0005_departures.upgrade()
    script(_TABLES)
