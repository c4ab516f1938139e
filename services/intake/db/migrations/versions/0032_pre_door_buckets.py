"""Limits of the public doors, shared by all processes: an unlogged table of keyed hashes and instants."""

from shared.migrations.run import script

revision = "0032"
down_revision = "0031"

_TABLE = """
create unlogged table door_buckets (
    mark bytea not null,
    full_at double precision not null,
    constraint pk_door_buckets primary key (mark)
);
comment on column door_buckets.mark is 'keyed hash of a door, a challenge or a lead number; never of who comes';
comment on column door_buckets.full_at is 'seconds of the epoch at which the bucket is full again';
create index ix_door_buckets_full_at on door_buckets (full_at);
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
