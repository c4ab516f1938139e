"""Frozen fourth step of the tables that every service has: which log of a topic an offset belongs to (docs/decisions/0041)."""

from shared.migrations.run import script

_LOGS = """
alter table relay_offsets add column last_id uuid;
comment on column relay_offsets.last_id is
    'id of the record before it: where another stands, the log is another one; null: not known';
create table relay_logs (
    topic text not null,
    log bigint not null,
    constraint pk_relay_logs primary key (topic)
);
comment on column relay_logs.log is 'number of the log that the records of this topic say they belong to; no row: none, they say none';
create table inbox_logs (
    topic text not null,
    partition smallint not null,
    log bigint not null,
    constraint pk_inbox_logs primary key (topic, partition)
);
comment on column inbox_logs.log is 'the newest log of this partition that is being read from its beginning';
"""


def upgrade() -> None:
    """Additions only: the code before reads and writes as it did."""
    script(_LOGS)
