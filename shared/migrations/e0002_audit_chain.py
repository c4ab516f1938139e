"""Frozen second step of the tables that every service has: the chain over its audit log, its checkpoints, and those of the others."""

from shared.migrations.run import script

_CHAIN = """
create index ix_audit_log_xid on audit_log (xid);
create table audit_chain (
    number bigint not null,
    position bigint not null,
    hash bytea not null,
    constraint pk_audit_chain primary key (number),
    constraint uq_audit_chain_position unique (position),
    constraint ck_audit_chain_number check (number >= 1),
    constraint ck_audit_chain_hash check (octet_length(hash) = 32)
);
comment on column audit_chain.position is 'of the row in audit_log that this link seals';
create table audit_sealer (
    shard smallint not null,
    epoch bigint not null,
    snapshot text not null,
    number bigint not null,
    hash bytea,
    constraint pk_audit_sealer primary key (shard)
);
comment on column audit_sealer.epoch is 'raised by each sealer that takes over; an older one is fenced';
comment on column audit_sealer.snapshot is 'S1: all that is visible in it has been chained';
comment on column audit_sealer.number is 'the last link, 0 before the first';
create table audit_checkpoints (
    number bigint not null,
    hash bytea not null,
    at timestamp with time zone not null,
    key_id text not null,
    signature text not null,
    constraint pk_audit_checkpoints primary key (number, hash)
);
comment on column audit_checkpoints.number is 'the link up to which the chain is signed';
create table audit_witnesses (
    id uuid not null,
    chain text not null,
    number bigint not null,
    hash bytea not null,
    at timestamp with time zone not null,
    key_id text not null,
    signature text not null,
    heard_at timestamp with time zone not null,
    constraint pk_audit_witnesses primary key (id)
);
create index ix_audit_witnesses_chain_number on audit_witnesses (chain, number);
comment on column audit_witnesses.id is 'the event''s id: two stories of one link are both kept';
"""

# What was chained, signed and heard stays so: the service's role can add to these tables, not change them.
_RIGHTS = """
revoke update, delete, truncate on audit_chain, audit_checkpoints, audit_witnesses from {role};
grant select, insert on audit_chain, audit_checkpoints, audit_witnesses to {role};
grant select, insert, update on audit_sealer to {role};
"""


def upgrade(role: str) -> None:
    """Create the tables; `role` is the service's own database role."""
    script(_CHAIN)
    script(_RIGHTS.format(role=role))
