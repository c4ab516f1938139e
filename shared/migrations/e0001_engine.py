"""Frozen first step of the tables that every service has. A change is a new step beside it, never an edit."""

from shared.migrations.run import script

_OUTBOX = """
create sequence outbox_position as bigint;
create table outbox (
    position bigint default nextval('outbox_position') not null,
    xid xid8 default pg_current_xact_id() not null,
    id uuid not null,
    topic text not null,
    subject text not null,
    sequence bigint not null,
    partition_key text not null,
    type text not null,
    value bytea not null,
    recorded_at timestamp with time zone not null,
    constraint pk_outbox primary key (position)
) partition by range (position);
create index ix_outbox_xid on outbox (xid);
create index ix_outbox_subject on outbox (subject, topic);
create table outbox_sequences (
    topic text not null,
    subject text not null,
    last bigint not null,
    constraint pk_outbox_sequences primary key (topic, subject)
);
create table outbox_sealed (
    id uuid not null,
    key_id text not null,
    box text not null,
    constraint pk_outbox_sealed primary key (id)
);
comment on column outbox_sealed.id is 'the event''s id; deleting the row destroys the facts in every replay';
create table relay (
    shard smallint not null,
    epoch bigint not null,
    snapshot text not null,
    catching_up_to text,
    page_position bigint default '0' not null,
    replay_topics text,
    cluster_id text,
    constraint pk_relay primary key (shard)
);
comment on column relay.epoch is 'raised by each relay that takes over; an older one is fenced';
comment on column relay.snapshot is 'S1: all that is visible in it has been published';
comment on column relay.catching_up_to is 'S2 of a backlog that is published in pages, else null';
comment on column relay.replay_topics is 'topics being replayed up to S1 by page_position, space-separated, else null';
comment on column relay.cluster_id is 'the Kafka cluster that acknowledged';
create table relay_offsets (
    topic text not null,
    partition smallint not null,
    next_offset bigint not null,
    constraint uq_relay_offsets_topic_partition unique (topic, partition)
);
comment on column relay_offsets.next_offset is 'one past the last offset the broker acknowledged';
"""

# The service's own role may not make tables. This function runs with the owner's rights and does one thing: keep at least half a
# partition of room ahead.
_GROW = """
create function outbox_grow() returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    size constant bigint := 10000000;
    block bigint;
begin
    select coalesce(last_value, 1) / size into block from outbox_position;
    for wanted in block .. block + 1 loop
        if to_regclass(format('outbox_p%s', wanted)) is null then
            execute format('create table outbox_p%s partition of outbox for values from (%s) to (%s)',
                           wanted, wanted * size, (wanted + 1) * size);
        end if;
    end loop;
end $$;
revoke all on function outbox_grow() from public;
select outbox_grow();
"""

_INBOX = """
create table inbox (
    topic text not null,
    subject text not null,
    last bigint not null,
    event_id uuid,
    constraint pk_inbox primary key (topic, subject)
);
comment on column inbox.last is 'sequence of the last applied event, 0 before the first';
comment on column inbox.event_id is 'id of that event: the same sequence with another id means that the owner was restored';
create table held (
    topic text not null,
    subject text not null,
    sequence bigint not null,
    value bytea not null,
    waits_topic text,
    waits_subject text,
    waits_sequence bigint,
    held_at timestamp with time zone not null,
    constraint pk_held primary key (topic, subject, sequence)
);
create index ix_held_waits on held (waits_topic, waits_subject);
comment on column held.waits_topic is 'what it waits for on another topic; null: for the gap before it';
create table parked (
    topic text not null,
    subject text not null,
    sequence bigint not null,
    value bytea not null,
    fault text not null,
    parked_at timestamp with time zone not null,
    constraint pk_parked primary key (topic, subject, sequence)
);
comment on column parked.subject is 'partition:offset where the record has no readable subject';
comment on column parked.fault is
    'class of the error and place in the code, never its text: it could quote the payload';
"""

_IDENTITY = """
create table database_identity (
    one smallint default '1' not null,
    system_identifier text not null,
    timeline bigint not null,
    constraint pk_database_identity primary key (one),
    constraint ck_database_identity_single_row check (one = 1)
);
"""

_AUDIT_AND_KEYS = """
create table audit_log (
    position bigint generated always as identity,
    xid xid8 default pg_current_xact_id() not null,
    id uuid not null,
    at timestamp with time zone not null,
    actor text not null,
    roles text not null,
    unit text not null,
    action text not null,
    subject text not null,
    purpose text,
    detail jsonb not null,
    constraint pk_audit_log primary key (position)
);
create index ix_audit_log_subject on audit_log (subject);
comment on column audit_log.actor is 'pseudonymous account, or system';
comment on column audit_log.subject is 'id of the thing acted on';
comment on column audit_log.detail is 'codes and numbers only';
create table idempotency_keys (
    caller text not null,
    key text not null,
    fingerprint bytea not null,
    status smallint,
    answer jsonb,
    created_at timestamp with time zone not null,
    constraint pk_idempotency_keys primary key (caller, key)
);
create index ix_idempotency_keys_created_at on idempotency_keys (created_at);
comment on column idempotency_keys.fingerprint is 'keyed hash of method, path and body';
comment on column idempotency_keys.status is 'null only inside the transaction that is answering';
"""

# What was said and what was done stays said and done: the service's role can add to these tables, not change them.
_RIGHTS = """
grant execute on function outbox_grow() to {role};
revoke update, delete, truncate on outbox, audit_log from {role};
revoke insert, update, delete, truncate on database_identity from {role};
grant select, insert on outbox, audit_log to {role};
grant select on database_identity to {role};
"""


def upgrade(role: str) -> None:
    """Create the engine's tables; `role` is the service's own database role, which may use but not own them."""
    for statements in (_OUTBOX, _GROW, _INBOX, _IDENTITY, _AUDIT_AND_KEYS):
        script(statements)
    script(_RIGHTS.format(role=role))
