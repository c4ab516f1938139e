"""The outbox: events are written in the transaction that makes them true, and published later by the relay.

Insert only and kept for ever, so that any projection can be rebuilt. ``sequence`` is drawn from a counter row per (topic, subject), whose
lock serialises the writers of one subject: what commits later has the higher number *and* the higher position.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import UserDefinedType

from shared import tracing
from shared.contracts.envelope import MAX_BYTES, Event, SealedEvent, day_of
from shared.contracts.topics import TOPICS
from shared.db import Transaction, engine_metadata
from shared.errors import TooLarge

PARTITION_ROWS = 10_000_000
"""Rows a partition; the relay adds the next one in time, old ones grow cold."""
ENVELOPE_BYTES = 1_500
"""Room that the envelope's attributes take beside the data, generously."""


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id, as text."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


outbox = Table(
    "outbox",
    engine_metadata,
    Column(
        "position",
        BigInteger,
        Sequence("outbox_position", metadata=engine_metadata, data_type=BigInteger),
        server_default=text("nextval('outbox_position')"),
        primary_key=True,
    ),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("partition_key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("traceparent", Text, comment="W3C trace context of the saying; null unless tracing was on"),
    Index("ix_outbox_xid", "xid"),
    Index("ix_outbox_subject", "subject", "topic"),
    # by position, not by date: position only grows, while the clock of a demonstration may stand in 2018
    postgresql_partition_by="RANGE (position)",
)

outbox_sequences = Table(
    "outbox_sequences",
    engine_metadata,
    Column("topic", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

outbox_sealed = Table(
    "outbox_sealed",
    engine_metadata,
    Column("id", Uuid, primary_key=True, comment="the event's id; deleting the row destroys the facts in every replay"),
    Column("key_id", Text, nullable=False),
    Column("box", Text, nullable=False),
)

relay = Table(
    "relay",
    engine_metadata,
    Column("shard", SmallInteger, primary_key=True),
    Column("epoch", BigInteger, nullable=False, comment="raised by each relay that takes over; an older one is fenced"),
    Column("snapshot", Text, nullable=False, comment="S1: all that is visible in it has been published"),
    Column("catching_up_to", Text, comment="S2 of a backlog that is published in pages, else null"),
    Column("page_position", BigInteger, nullable=False, server_default="0"),
    Column(
        "replay_topics", Text, comment="topics being replayed up to S1 by page_position, space-separated, else null"
    ),
    Column("cluster_id", Text, comment="the Kafka cluster that acknowledged"),
)

relay_offsets = Table(
    "relay_offsets",
    engine_metadata,
    Column("topic", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("next_offset", BigInteger, nullable=False, comment="one past the last offset the broker acknowledged"),
    Column(
        "last_id",
        Uuid,
        comment="id of the record before it: where another stands, the log is another one; null: not known",
    ),
    UniqueConstraint("topic", "partition"),
)

relay_logs = Table(
    "relay_logs",
    engine_metadata,
    Column("topic", Text, primary_key=True),
    Column(
        "log",
        BigInteger,
        nullable=False,
        comment="number of the log that the records of this topic say they belong to; no row: none, they say none",
    ),
)

_counter = upsert(outbox_sequences).values(topic=bindparam("topic"), subject=bindparam("subject"), last=1)
_draw = _counter.on_conflict_do_update(
    index_elements=["topic", "subject"], set_={"last": outbox_sequences.c.last + 1}
).returning(outbox_sequences.c.last)


MOST_COUNTED = 100_000
"""A backlog is counted to here: more is no more urgent, and counting it would cost."""
_RELAY = select(relay.c.snapshot, relay.c.page_position)
_UNPUBLISHED = text(
    """select count(*) as rows, min(position) as first, max(position) as last from (
         (select position from outbox where xid >= pg_snapshot_xmax(cast(cast(:snapshot as text) as pg_snapshot)) and position > :after
          order by xid limit :most)
         union all
         (select position from outbox where xid = any(array(select pg_snapshot_xip(cast(cast(:snapshot as text) as pg_snapshot))))
          and position > :after)
       ) backlog"""
)


class Backlog(NamedTuple):
    """What is not published: how many events (to `MOST_COUNTED`), and the positions of the first and the last of them."""

    rows: int
    first: int | None
    last: int | None


async def unpublished(tx: Transaction) -> Backlog:
    """What the relay's saved snapshot does not cover; found by the index on xid, so that the age of the outbox costs nothing."""
    saved = (await tx.execute(_RELAY)).one_or_none()
    snapshot, after = saved or ("1:1:", 0)
    found = await tx.execute(_UNPUBLISHED, {"snapshot": snapshot, "after": after, "most": MOST_COUNTED})
    return Backlog(*found.one())


async def put(tx: Transaction, event: Event, *, at: datetime) -> int:
    """Say `event`, recorded `at`; → its sequence. It leaves when (and only if) the transaction commits.

    The caller holds the lock of the aggregate. Raises `TooLarge` when the record would not fit the broker, in the user's own transaction,
    so that nothing unpublishable is ever accepted.
    """
    sealed = event.sealed if isinstance(event, SealedEvent) else None
    value = value_of(event)
    sequence = (await tx.execute(_draw, {"topic": event.TOPIC, "subject": event.subject})).scalar_one()
    event_id = uuid4()
    if sealed is not None:
        await tx.execute(insert(outbox_sealed), {"id": event_id, "key_id": sealed.key_id, "box": sealed.box})
    row = {
        "id": event_id,
        "topic": event.TOPIC,
        "subject": event.subject,
        "sequence": sequence,
        "partition_key": event.partition_key,
        "type": event.TYPE,
        "value": value,
        "recorded_at": recorded_at(event, at),
    }
    # a trace knows the instant, which such an event must not lead to
    if tracing.on and not event.DAY_PRECISION:
        row["traceparent"] = tracing.traceparent()
    await tx.execute(insert(outbox), row)
    return int(sequence)


async def last(tx: Transaction, topic: str, subject: str) -> int:
    """The number of the last event of this subject on this topic; 0 before the first."""
    query = select(outbox_sequences.c.last).where(
        outbox_sequences.c.topic == topic, outbox_sequences.c.subject == subject
    )
    return (await tx.execute(query)).scalar_one_or_none() or 0


def value_of(event: Event) -> bytes:
    """The event's data as the outbox keeps them; a sealed box is kept apart. Raises `TooLarge`."""
    if event.TOPIC not in TOPICS:
        raise ValueError(f"{event.TOPIC} is not in the topic matrix")
    value = event.model_dump_json(exclude={"sealed"}).encode()
    box = event.sealed.box if isinstance(event, SealedEvent) and event.sealed else ""
    if len(value) + len(box) + ENVELOPE_BYTES > MAX_BYTES:
        raise TooLarge("事件过大 / the event is larger than the broker takes")
    return value


def recorded_at(event: Event, at: datetime) -> datetime:
    """When it goes on record: the day only where the hour could tell who reported."""
    return day_of(at) if event.DAY_PRECISION else at
