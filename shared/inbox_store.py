"""The inbox in PostgreSQL: its tables and every statement on them. What the statements are for is decided in shared/inbox.py.

All functions work in the caller's transaction; the whole module is the port of `Inbox` (`shared.inbox.Store`).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    delete,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db import Transaction, engine_metadata
from shared.errors import NotYet
from shared.kafka import TopicPartition

inbox = Table(
    "inbox",
    engine_metadata,
    Column("topic", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("last", BigInteger, nullable=False, comment="sequence of the last applied event, 0 before the first"),
    Column(
        "event_id",
        Uuid,
        comment="id of that event: the same sequence with another id means that the owner was restored",
    ),
)
held = Table(
    "held",
    engine_metadata,
    Column("topic", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("waits_topic", Text, comment="what it waits for on another topic; null: for the gap before it"),
    Column("waits_subject", Text),
    Column("waits_sequence", BigInteger),
    Column("held_at", DateTime(timezone=True), nullable=False),
    Index("ix_held_waits", "waits_topic", "waits_subject"),
)
parked = Table(
    "parked",
    engine_metadata,
    Column("topic", Text, primary_key=True),
    Column("subject", Text, primary_key=True, comment="partition:offset where the record has no readable subject"),
    Column("sequence", BigInteger, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column(
        "fault",
        Text,
        nullable=False,
        comment="class of the error and place in the code, never its text: it could quote the payload",
    ),
    Column("parked_at", DateTime(timezone=True), nullable=False),
)
inbox_logs = Table(
    "inbox_logs",
    engine_metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column(
        "log",
        BigInteger,
        nullable=False,
        comment="the newest log of this partition that is being read from its beginning",
    ),
)

Key = tuple[str, str]
"""(topic, subject)"""
Place = tuple[int, UUID | None]
"""Sequence and id of the last applied event."""
NOWHERE: Place = (0, None)
"""Before the first."""


@dataclass(slots=True)
class Mark:
    """How far a subject is: the last applied event, and whether the one after it is parked. `waiting`: an event of the batch is
    held for the gap before it. `written`: what stands in its row, which of a `new` subject is what was hoped for."""

    last: int
    event_id: UUID | None
    parked: bool = False
    moved: bool = False
    waiting: bool = False
    new: bool = False
    written: Place = NOWHERE

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.last, self.event_id


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event to hold: for `need` on another topic, or (None) for the gap before it."""

    key: Key
    sequence: int
    value: bytes
    need: NotYet | None = None


# One statement a batch, whatever it holds: a statement a subject cost more than the effects themselves. A subject that is new is written
# as it will stand if all goes well: most are, and need no second write. The rows of those that are known are locked in one order.
_LOCK = text(
    """with k as (
         select * from unnest(cast(:topics as text[]), cast(:subjects as text[]), cast(:lasts as bigint[]), cast(:ids as uuid[]))
           as k(topic, subject, last, event_id)
       ), new as (
         insert into inbox (topic, subject, last, event_id) select * from k order by topic, subject
         on conflict do nothing returning topic, subject
       ), known as (
         select i.* from inbox i join k on i.topic = k.topic and i.subject = k.subject
         where (select count(*) from new) < (select count(*) from k) order by i.topic, i.subject for update of i
       )
       select m.*, exists (select 1 from parked p
         where p.topic = m.topic and p.subject = m.subject and p.sequence = m.last + 1) as parked
       from (select topic, subject, 0 as last, cast(null as uuid) as event_id, true as new from new
         union all select topic, subject, last, event_id, false from known) m"""
)
_ADVANCE = text(
    """update inbox i set last = k.last, event_id = k.event_id
       from unnest(cast(:topics as text[]), cast(:subjects as text[]), cast(:lasts as bigint[]), cast(:ids as uuid[]))
         as k(topic, subject, last, event_id)
       where i.topic = k.topic and i.subject = k.subject"""
)
_hold = upsert(held)
_HOLD_FOR_GAP = _hold.on_conflict_do_nothing().returning(held.c.sequence)
# what it waits for now; the first thing it asked for may be there since. xmax is 0 in a row that is new
_HOLD_FOR_NEED: Any = _hold.on_conflict_do_update(
    index_elements=["topic", "subject", "sequence"],
    set_={name: _hold.excluded[name] for name in ("waits_topic", "waits_subject", "waits_sequence")},
).returning(literal_column("xmax = 0"))
_PARK = upsert(parked).on_conflict_do_nothing()
_UNHOLD = text(
    """delete from held h
       using unnest(cast(:topics as text[]), cast(:subjects as text[]), cast(:lasts as bigint[])) as k(topic, subject, last)
       where h.topic = k.topic and h.subject = k.subject and h.sequence <= k.last"""
)
_READY = text(
    """select h.topic, h.value from held h join inbox i on i.topic = h.topic and i.subject = h.subject
       where h.sequence <= i.last + 1
         and (h.waits_topic is null or h.sequence <= i.last or exists (select 1 from inbox w where w.topic = h.waits_topic
              and w.subject = h.waits_subject and w.last >= h.waits_sequence))
         and not exists (select 1 from parked p where p.topic = h.topic and p.subject = h.subject and p.sequence = i.last + 1)
       order by h.held_at, h.sequence limit 200"""
)
_ANY_HELD = text("select exists (select 1 from held)")
_GAPS = text(
    """select distinct h.topic from held h join inbox i on i.topic = h.topic and i.subject = h.subject
       where h.waits_topic is null and h.held_at < :before and h.sequence > i.last + 1
         and not exists (select 1 from held n where n.topic = h.topic and n.subject = h.subject and n.sequence = i.last + 1)
         and not exists (select 1 from parked p where p.topic = h.topic and p.subject = h.subject)"""
)
_NOTE_LOGS = text(
    """insert into inbox_logs as i (topic, partition, log)
       select * from unnest(cast(:topics as text[]), cast(:partitions as smallint[]), cast(:logs as bigint[]))
       on conflict (topic, partition) do update set log = greatest(i.log, excluded.log)
       returning topic, partition, log"""
)


async def lock(tx: Transaction, hoped: Mapping[Key, Place]) -> dict[Key, Mark]:
    """The marks of these subjects, locked in one order everywhere so that two batches do not deadlock. A new subject's row is written as
    hoped; its mark says where it is."""
    marks: dict[Key, Mark] = {}
    # those that another transaction wrote while this one waited for it are seen by a second look
    while left := sorted(hoped.keys() - marks.keys()):
        columns = {
            "topics": [topic for topic, _ in left],
            "subjects": [subject for _, subject in left],
            "lasts": [hoped[key][0] for key in left],
            "ids": [hoped[key][1] for key in left],
        }
        for row in await tx.execute(_LOCK, columns):
            key = (row.topic, row.subject)
            written = hoped[key] if row.new else (row.last, row.event_id)
            marks[key] = Mark(row.last, row.event_id, row.parked, new=row.new, written=written)
    return marks


async def advance(tx: Transaction, marks: Mapping[Key, Mark]) -> None:
    """These subjects have moved on; what was held up to there is held no longer."""
    await tx.execute(
        _ADVANCE,
        {
            "topics": [topic for topic, _ in marks],
            "subjects": [subject for _, subject in marks],
            "lasts": [mark.last for mark in marks.values()],
            "ids": [mark.event_id for mark in marks.values()],
        },
    )
    await unhold(tx, marks)


async def unhold(tx: Transaction, marks: Mapping[Key, Mark]) -> None:
    """Forget what is held up to these marks: it is applied."""
    await tx.execute(
        _UNHOLD,
        {
            "topics": [topic for topic, _ in marks],
            "subjects": [subject for _, subject in marks],
            "lasts": [mark.last for mark in marks.values()],
        },
    )


async def hold(tx: Transaction, waiting: Iterable[Waiting], *, at: datetime) -> dict[str, int]:
    """Keep these events until their time comes; one that is held already stays, with its newest need. → how many were new, by topic."""
    new: dict[str, int] = {}
    for one in waiting:
        kept = await tx.execute(
            _HOLD_FOR_GAP if one.need is None else _HOLD_FOR_NEED,
            {
                "topic": one.key[0],
                "subject": one.key[1],
                "sequence": one.sequence,
                "value": one.value,
                "waits_topic": one.need and one.need.topic,
                "waits_subject": one.need and one.need.subject,
                "waits_sequence": one.need and one.need.sequence,
                "held_at": at,
            },
        )
        new[one.key[0]] = new.get(one.key[0], 0) + bool(kept.scalar_one_or_none())
    return new


async def ready(tx: Transaction) -> list[tuple[str, bytes]]:
    """Topic and value of held events whose time has come, a page of them, oldest first."""
    if not (await tx.execute(_ANY_HELD)).scalar_one():
        return []
    return [(topic, bytes(value)) for topic, value in (await tx.execute(_READY)).all()]


async def gaps(tx: Transaction, *, before: datetime) -> set[str]:
    """Topics on which something has waited since `before` for an event that is neither held nor parked."""
    return set((await tx.execute(_GAPS, {"before": before})).scalars())


async def park(tx: Transaction, key: Key, sequence: int, *, value: bytes, fault: str, at: datetime) -> bool:
    """Set an event aside for an operator; → whether that is new. A record without readable subject that was passed over once stays so."""
    topic, subject = key
    if not sequence:
        # by its bytes too: in a topic made anew something else may stand at that place
        here = select(inbox.c.event_id).where(inbox.c.topic == topic, inbox.c.subject == subject)
        if (await tx.execute(here)).scalar_one_or_none() == mark_of(value):
            return False
    row = {"topic": topic, "subject": subject, "sequence": sequence, "value": value, "fault": fault, "parked_at": at}
    parked_now = await tx.execute(_PARK, row)
    await tx.execute(delete(held).where(held.c.topic == topic, held.c.subject == subject, held.c.sequence == sequence))
    return bool(parked_now.rowcount)


async def pass_over(tx: Transaction, key: Key, value: bytes) -> None:
    """Remember that an operator passed over a record without readable subject, so that it is not parked again when the topic is read
    again."""
    mark = mark_of(value)
    row = upsert(inbox).values(topic=key[0], subject=key[1], last=0, event_id=mark)
    await tx.execute(row.on_conflict_do_update(index_elements=["topic", "subject"], set_={"event_id": mark}))


def mark_of(value: bytes) -> UUID:
    """The mark of a record without a readable id, from its bytes."""
    return UUID(bytes=hashlib.sha256(value).digest()[:16])


async def unpark(tx: Transaction, key: Key, sequence: int) -> bytes | None:
    """Take a parked event back; → its value, or None when there is none."""
    here = (parked.c.topic == key[0], parked.c.subject == key[1], parked.c.sequence == sequence)
    value = (await tx.execute(delete(parked).where(*here).returning(parked.c.value))).scalar_one_or_none()
    return None if value is None else bytes(value)


async def last_of(tx: Transaction, key: Key) -> int | None:
    """The last applied sequence of a subject, locked; None for a subject never heard of."""
    here = (inbox.c.topic == key[0], inbox.c.subject == key[1])
    last = (await tx.execute(select(inbox.c.last).where(*here).with_for_update())).scalar_one_or_none()
    return None if last is None else int(last)


async def logs(tx: Transaction, targets: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Which log of these partitions is being read, as far as one was written down."""
    here = tuple_(inbox_logs.c.topic, inbox_logs.c.partition).in_(targets)
    rows = await tx.execute(select(inbox_logs).where(here))
    return {TopicPartition(row.topic, row.partition): row.log for row in rows}


async def note_logs(tx: Transaction, logs: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """Write down which log of these partitions is being read, never an older one than is known; → what is known now."""
    targets = sorted(logs)
    columns = {
        "topics": [target.topic for target in targets],
        "partitions": [target.partition for target in targets],
        "logs": [logs[target] for target in targets],
    }
    return {TopicPartition(row.topic, row.partition): row.log for row in await tx.execute(_NOTE_LOGS, columns)}
