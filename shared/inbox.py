"""Kafka → effects, each exactly once and in order: the tables, and what happens to one event or one fetched batch.

The inbox row of a (topic, subject) is the truth: its last applied sequence and event id. At or below it: a repeat. The next: apply, in
the same transaction. Beyond it: *held* until the gap closes. A handler that lacks something from another topic raises `NotYet` and the
event is held until that is there. An event that can never be applied is *parked*; what follows on its subject waits behind it, other
subjects go on, and an operator replays or skips it.
"""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from shared import metrics, tracing
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.envelope import Envelope, Event, Unparsable, decode, parse
from shared.db import Database, Transaction, after_commit, engine_metadata, is_transient
from shared.errors import NeedsOperator, NotYet
from shared.telemetry import place

log = structlog.get_logger(__name__)

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

Clock = Callable[[], datetime]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record: where it stood and its bytes."""

    topic: str
    partition: int
    offset: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """What a handler learns of the event beside its content. ``at`` is now, by the worker's clock."""

    id: UUID
    type: str
    topic: str
    subject: str
    sequence: int
    region: str
    recorded_at: datetime
    at: datetime


Handler = Callable[[Transaction, Any, Received], Awaitable[None]]
Handlers = Mapping[type[Event], Handler]


class OwnerRestored(NeedsOperator):
    """Two different events carry the same number: the service that owns the subject was restored from a backup."""


class Step(Enum):
    """What to do with an event, given the last one applied."""

    REPEAT = auto()
    APPLY = auto()
    HOLD = auto()


def decide(last: int, last_id: UUID | None, envelope: Envelope) -> Step:
    """The rule of the inbox. Raises `OwnerRestored` when the number is known under another id."""
    number = envelope.number
    if number == last and last_id is not None and envelope.id != last_id:
        raise OwnerRestored(
            f"{envelope.source} said {envelope.type} for {envelope.subject} number {number} twice with different ids: its database "
            "was restored. Nothing is applied until an operator has compared both (docs/operations.md)"
        )
    if number <= last:
        return Step.REPEAT
    return Step.APPLY if number == last + 1 else Step.HOLD


_OPEN = upsert(inbox).values(topic=bindparam("topic"), subject=bindparam("subject"), last=0).on_conflict_do_nothing()
_LOCK = text(
    """select i.topic, i.subject, i.last, i.event_id, exists (select 1 from parked p
         where p.topic = i.topic and p.subject = i.subject and p.sequence = i.last + 1) as parked
       from inbox i join unnest(cast(:topics as text[]), cast(:subjects as text[])) as k(topic, subject)
         on i.topic = k.topic and i.subject = k.subject
       order by i.topic, i.subject for update of i"""
)
_ADVANCE = text(
    """update inbox i set last = k.last, event_id = k.event_id
       from unnest(cast(:topics as text[]), cast(:subjects as text[]), cast(:lasts as bigint[]), cast(:ids as uuid[]))
         as k(topic, subject, last, event_id)
       where i.topic = k.topic and i.subject = k.subject"""
)
_HOLD = upsert(held).on_conflict_do_nothing()
_PARK = upsert(parked).on_conflict_do_nothing()
_UNHOLD = delete(held).where(
    held.c.topic == bindparam("t"), held.c.subject == bindparam("s"), held.c.sequence <= bindparam("n")
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


@dataclass(slots=True)
class _Mark:
    last: int
    event_id: UUID | None
    parked: bool
    moved: bool = False


class Inbox:
    """Applies events of other services to this one's database through the handler table."""

    def __init__(self, database: Database, handlers: Handlers, *, clock: Clock) -> None:
        self.database = database
        self.handlers = {event.TYPE: handler for event, handler in handlers.items()}
        self.clock = clock

    async def take(self, records: Sequence[Record]) -> None:
        """Apply a fetched batch: in one transaction if all goes well, else one by one. Raises only what passes by itself (try again)
        or what needs an operator."""
        try:
            async with self.database.transaction() as tx:
                await self._apply(tx, [(record.topic, decode(record.value), record.value) for record in records])
        except NeedsOperator:
            raise
        except Exception as fault:
            if is_transient(fault):
                raise
            log.info("inbox.one_by_one", records=len(records), error=type(fault).__name__)
            for record in records:
                await self._take_one(record)
        await self.release()

    async def release(self) -> int:
        """Apply what was held and is held no longer; → how many. Also called by a timer, so that no wake-up can be missed."""
        done = 0
        while True:
            async with self.database.transaction() as tx:
                if not (await tx.execute(_ANY_HELD)).scalar_one():
                    return done
                ready = (await tx.execute(_READY)).all()
            moved = 0
            for topic, value in ready:
                moved += await self._take_one(Record(topic, -1, -1, bytes(value)))
            done += moved
            if not moved:
                return done

    async def apply_parked(self, tx: Transaction, topic: str, value: bytes) -> None:
        """Apply one event in the caller's transaction, letting every error out. Raises `Unparsable`, `NotYet`, the handler's own."""
        await self._apply(tx, [(topic, decode(value), value)])

    async def _take_one(self, record: Record) -> bool:
        """Apply, hold or park one record in a transaction of its own; → whether its subject moved on."""
        waited = False
        while True:
            try:
                envelope = decode(record.value)
                async with self.database.transaction() as tx:
                    return await self._apply(tx, [(record.topic, envelope, record.value)])
            except NotYet as need:
                if waited:  # what it asked for is there and it still asks: no waiting will ever help
                    await self._park(record, need)
                    return False
                if await self._hold_for(record, envelope, need):
                    return False
                waited = True
            except NeedsOperator:
                raise
            except Exception as fault:
                if is_transient(fault):
                    raise
                await self._park(record, fault)
                return False

    async def _apply(self, tx: Transaction, batch: Iterable[tuple[str, Envelope, bytes]]) -> bool:
        batch = list(batch)
        counts: Counter[tuple[metrics.Counter, str]] = Counter()
        after_commit(tx, partial(_count, counts))
        marks = await self._lock(tx, {(topic, envelope.subject) for topic, envelope, _ in batch})
        for topic, envelope, value in batch:
            mark = marks[topic, envelope.subject]
            step = decide(mark.last, mark.event_id, envelope)
            if step is Step.APPLY and mark.parked:
                continue  # it is parked already; what follows is held behind it
            if step is Step.HOLD:
                kept = await tx.execute(_HOLD, self._held_row(topic, envelope, value))
                counts[metrics.set_aside, topic] += kept.rowcount
            elif step is Step.APPLY:
                await self._handle(tx, topic, envelope)
                mark.last, mark.event_id, mark.moved = envelope.number, envelope.id, True
                counts[metrics.applied, topic] += 1
            else:
                counts[metrics.repeated, topic] += 1
            if step is Step.REPEAT and not mark.moved:
                await tx.execute(_UNHOLD, {"t": topic, "s": envelope.subject, "n": mark.last})
        moved = {key: mark for key, mark in marks.items() if mark.moved}
        if moved:
            await tx.execute(
                _ADVANCE,
                {
                    "topics": [topic for topic, _ in moved],
                    "subjects": [subject for _, subject in moved],
                    "lasts": [mark.last for mark in moved.values()],
                    "ids": [mark.event_id for mark in moved.values()],
                },
            )
            await tx.execute(_UNHOLD, [{"t": t, "s": s, "n": mark.last} for (t, s), mark in moved.items()])
        return bool(moved)

    async def _lock(self, tx: Transaction, keys: Iterable[Key]) -> dict[Key, _Mark]:
        """The marks of these subjects, locked in one order everywhere so that two batches do not deadlock."""
        ordered = sorted(keys)
        await tx.execute(_OPEN, [{"topic": topic, "subject": subject} for topic, subject in ordered])
        rows = await tx.execute(_LOCK, {"topics": [k[0] for k in ordered], "subjects": [k[1] for k in ordered]})
        return {(row.topic, row.subject): _Mark(row.last, row.event_id, row.parked) for row in rows}

    async def _handle(self, tx: Transaction, topic: str, envelope: Envelope) -> None:
        event = parse(BY_TYPE, envelope)
        handler = self.handlers.get(envelope.type)
        if event is None or handler is None:
            return  # a type of no concern here, or of a later version
        if topic != event.TOPIC:
            raise Unparsable("the event stands on a topic that is not its own")
        at = self.clock()
        received = Received(
            envelope.id, envelope.type, topic, envelope.subject, envelope.number, envelope.region, envelope.time, at
        )
        attributes = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "xiansuo.event_type": event.TYPE,
        }
        with tracing.continued(envelope.traceparent, f"apply {topic}", attributes):
            await handler(tx, event, received)

    def _held_row(self, topic: str, envelope: Envelope, value: bytes, need: NotYet | None = None) -> dict[str, Any]:
        return {
            "topic": topic,
            "subject": envelope.subject,
            "sequence": envelope.number,
            "value": value,
            "waits_topic": need and need.topic,
            "waits_subject": need and need.subject,
            "waits_sequence": need and need.sequence,
            "held_at": self.clock(),
        }

    async def _hold_for(self, record: Record, envelope: Envelope, need: NotYet) -> bool:
        """Hold until `need` is there; False when it has arrived meanwhile. The awaited row is locked first, so that whoever applies
        it either is seen here or sees the held row."""
        async with self.database.transaction() as tx:
            marks = await self._lock(tx, {(record.topic, envelope.subject), (need.topic, need.subject)})
            if marks[need.topic, need.subject].last >= need.sequence:
                return False
            if envelope.number > marks[record.topic, envelope.subject].last:
                kept = await tx.execute(_HOLD, self._held_row(record.topic, envelope, record.value, need))
                after_commit(tx, partial(metrics.set_aside.labels(record.topic).inc, kept.rowcount))
            return True

    async def _park(self, record: Record, fault: Exception) -> None:
        """Set aside what can never be applied, durably, before its offset is committed."""
        try:
            envelope = decode(record.value)
            subject, sequence = envelope.subject, envelope.number
        except Unparsable:
            subject, sequence = f"{record.partition}:{record.offset}", 0
        where = _fault_of(fault)
        async with self.database.transaction() as tx:
            if not sequence and await _was_skipped(tx, record.topic, subject, record.value):
                return
            kept = await tx.execute(
                _PARK,
                {
                    "topic": record.topic,
                    "subject": subject,
                    "sequence": sequence,
                    "value": record.value,
                    "fault": where,
                    "parked_at": self.clock(),
                },
            )
            await tx.execute(
                delete(held).where(held.c.topic == record.topic, held.c.subject == subject, held.c.sequence == sequence)
            )
        if kept.rowcount:
            metrics.given_up.labels(record.topic).inc()
            log.error("inbox.parked", topic=record.topic, subject=subject, sequence=sequence, error=where)


def mark_of(value: bytes) -> UUID:
    """The mark of a record without a readable id, from its bytes."""
    return UUID(bytes=hashlib.sha256(value).digest()[:16])


async def skip_unreadable(tx: Transaction, topic: str, subject: str, value: bytes) -> None:
    """Remember that an operator passed over this record, so that it is not parked again when the topic is read again."""
    mark = mark_of(value)
    row = upsert(inbox).values(topic=topic, subject=subject, last=0, event_id=mark)
    await tx.execute(row.on_conflict_do_update(index_elements=["topic", "subject"], set_={"event_id": mark}))


async def _was_skipped(tx: Transaction, topic: str, subject: str, value: bytes) -> bool:
    """By its bytes too: in a topic made anew something else may stand at that place."""
    here = select(inbox.c.event_id).where(inbox.c.topic == topic, inbox.c.subject == subject)
    return (await tx.execute(here)).scalar_one_or_none() == mark_of(value)


def _count(counts: Mapping[tuple[metrics.Counter, str], int]) -> None:
    for (kind, topic), number in counts.items():
        kind.labels(topic).inc(number)


def _fault_of(fault: BaseException) -> str:
    """Class and place of an error; `Unparsable` also says which fields, never their values."""
    detail = f" ({fault})" if isinstance(fault, Unparsable) else ""
    return f"{type(fault).__name__} at {place(fault)}{detail}"
