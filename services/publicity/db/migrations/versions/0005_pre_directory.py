"""What the figures N13-N15 need of the directory: units, when staff were here, placements. No names of persons, no accounts."""

from shared.migrations.run import script

revision = "0005"
down_revision = "0004"

_TABLES = """
create table units (
    code text not null,
    region_code text not null,
    name text not null,
    kind text not null,
    from_on date not null,
    to_on date,
    constraint pk_units primary key (code)
);
create index ix_units_kind on units (kind);
create table staff (
    staff text not null,
    region_code text not null,
    from_on date not null,
    to_on date,
    constraint pk_staff primary key (staff)
);
create table placements (
    id uuid not null,
    region_code text not null,
    staff text not null,
    unit text not null,
    post text not null,
    kind text not null,
    from_on date not null,
    to_on date,
    constraint pk_placements primary key (id)
);
create index ix_placements_unit on placements (unit);
create index ix_placements_staff on placements (staff);
revoke delete, truncate on units, staff, placements from publicity;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
