"""Kafka → effects, each exactly once and in order: what happens to one event or one fetched batch. The tables are shared/inbox_store.py.

The inbox row of a (topic, subject) is the truth: its last applied sequence and event id. At or below it: a repeat. The next: apply, in
the same transaction. Beyond it: *held* until the gap closes. A handler that lacks something from another topic raises `NotYet` and the
event is held until that is there. An event that can never be applied is *parked*; what follows on its subject waits behind it, other
subjects go on, and an operator replays or skips it.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID

import structlog

from shared import inbox_store, metrics, tracing
from shared.contracts.catalogue import BY_TYPE, DAY_TYPES
from shared.contracts.envelope import Envelope, Event, Unparsable, day_of, decode, parse
from shared.db import Database, Transaction, after_commit, is_transient
from shared.errors import Invalid, NeedsOperator, NotFound, NotYet
from shared.inbox_store import NOWHERE, Key, Mark, Place, Waiting, held, inbox, parked
from shared.kafka import TopicPartition
from shared.telemetry import place

__all__ = [
    "Handlers",
    "Heard",
    "InBatches",
    "Inbox",
    "NotYet",
    "OwnerRestored",
    "Received",
    "Record",
    "Store",
    "held",
    "inbox",
    "parked",
]

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
T = TypeVar("T")


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
Heard = tuple[Any, Received]


@dataclass(frozen=True, slots=True)
class InBatches:
    """A use case that takes all events of a fetched batch at once, in their order: for a projection, where a statement an event would cost
    more than the event. It runs after the batch's other handlers and must not raise `NotYet`."""

    run: Callable[[Transaction, Sequence[Heard]], Awaitable[None]]


Handlers = Mapping[type[Event], Handler | InBatches]


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


class Store(Protocol):
    """What the inbox asks of its tables, each in the caller's transaction (shared/inbox_store.py says what each does)."""

    async def lock(self, tx: Transaction, hoped: Mapping[Key, Place], /) -> dict[Key, Mark]: ...
    async def advance(self, tx: Transaction, marks: Mapping[Key, Mark], /) -> None: ...
    async def unhold(self, tx: Transaction, marks: Mapping[Key, Mark], /) -> None: ...
    async def hold(self, tx: Transaction, waiting: Iterable[Waiting], /, *, at: datetime) -> dict[str, int]: ...
    async def ready(self, tx: Transaction, /) -> list[tuple[str, bytes]]: ...
    async def gaps(self, tx: Transaction, /, *, before: datetime) -> set[str]: ...
    async def park(
        self, tx: Transaction, key: Key, sequence: int, /, *, value: bytes, fault: str, at: datetime
    ) -> bool: ...
    async def pass_over(self, tx: Transaction, key: Key, value: bytes, /) -> None: ...
    async def unpark(self, tx: Transaction, key: Key, sequence: int, /) -> bytes | None: ...
    async def last_of(self, tx: Transaction, key: Key, /) -> int | None: ...
    async def logs(self, tx: Transaction, targets: Sequence[TopicPartition], /) -> dict[TopicPartition, int]: ...
    async def note_logs(self, tx: Transaction, logs: Mapping[TopicPartition, int], /) -> dict[TopicPartition, int]: ...


class Inbox:
    """Applies events of other services to this one's database through the handler table."""

    def __init__(self, database: Database, handlers: Handlers, *, clock: Clock, store: Store = inbox_store) -> None:
        self.database = database
        self.store = store
        self.handlers = {event.TYPE: handler for event, handler in handlers.items()}
        self.clock = clock

    async def take(self, records: Sequence[Record]) -> None:
        """Apply a fetched batch: in one transaction if all goes well, else what is before the bad one, the bad one, and what is after it,
        each by itself. Raises only what passes by itself (try again) or what needs an operator."""
        if await self._take_together(records):
            await self.release()

    async def _take_together(self, records: Sequence[Record]) -> bool:
        """→ whether something may have waited for these."""
        wakes = False
        while records:
            progress, aside = _Progress(), list[Waiting]()
            try:
                async with self.database.transaction() as tx:
                    batch = [(record.topic, decode(record.value), record.value) for record in progress.of(records)]
                    moved = await self._apply(tx, batch, progress, aside)
            except NeedsOperator:
                raise
            except Exception as fault:
                if is_transient(fault):
                    raise
                log.info("inbox.set_apart", records=len(records), error=type(fault).__name__)
            else:
                wakes |= bool(aside)
                for waiting in await self._hold(aside):
                    await self._take_one(Record(waiting.key[0], -1, -1, waiting.value))
                # nothing can wait for a subject that nobody here had heard of: who waits for one writes its row
                return wakes or any(mark.waiting or not mark.new for mark in moved.values())
            wakes = True
            # where it was none of them but their end, nobody knows which one it is about: halves
            known = progress.at < len(records)
            at = progress.at if known else len(records) // 2
            await self._take_together(records[:at])
            if known or len(records) == 1:
                await self._take_one(records[at])
                at += 1
            records = records[at:]
        return wakes

    async def release(self) -> int:
        """Apply what was held and is held no longer; → how many. Also called by a timer, so that no wake-up can be missed."""
        done = 0
        while True:
            async with self.database.transaction() as tx:
                ready = await self.store.ready(tx)
            moved = 0
            for topic, value in ready:
                moved += await self._take_one(Record(topic, -1, -1, value))
            done += moved
            if not moved:
                return done

    async def gaps(self, *, before: datetime) -> set[str]:
        """Topics that miss an event since `before`."""
        async with self.database.transaction() as tx:
            return await self.store.gaps(tx, before=before)

    async def replay(self, tx: Transaction, topic: str, subject: str, sequence: int) -> None:
        """Apply a parked event in the caller's transaction, letting every error out. Raises `NotFound`, `Unparsable`, `NotYet`, the
        handler's own. Call `release` afterwards."""
        value = await self.store.unpark(tx, (topic, subject), sequence)
        if value is None:
            raise NotFound("没有该搁置事件 / no such parked event")
        await self._apply(tx, [(topic, decode(value), value)])

    async def skip(self, tx: Transaction, topic: str, subject: str, sequence: int) -> None:
        """Go past an event in the caller's transaction: parked, or missing at its owner. Raises `NotFound`, `Invalid`. Call `release`
        afterwards."""
        key = (topic, subject)
        value = await self.store.unpark(tx, key, sequence)
        last = await self.store.last_of(tx, key)
        if last is None and value is None:
            raise NotFound("该主题没有此对象 / nothing is known of this subject on this topic")
        if value is not None and not sequence:
            await self.store.pass_over(tx, key, value)
        if sequence:
            # a subject whose first event is parked has no mark yet
            if sequence != (last or 0) + 1:
                raise Invalid(
                    f"该对象的下一个事件是第{(last or 0) + 1}号 / the next event of this subject is number {(last or 0) + 1}"
                )
            await self.store.lock(tx, {key: NOWHERE})
            await self.store.advance(tx, {key: Mark(sequence, _id_of(value))})

    async def _take_one(self, record: Record) -> bool:
        """Apply, hold or park one record in a transaction of its own; → whether its subject moved on."""
        there: NotYet | None = None
        while True:
            try:
                envelope = decode(record.value)
                async with self.database.transaction() as tx:
                    return bool(await self._apply(tx, [(record.topic, envelope, record.value)]))
            except NotYet as need:
                if there is not None and need.args == there.args:
                    # what it asked for is there and it still asks: no waiting will ever help
                    await self._park(record, need)
                    return False
                waiting = Waiting((record.topic, envelope.subject), envelope.number, record.value, need)
                if not await self._hold([waiting]):
                    return False
                there = need
            except NeedsOperator:
                raise
            except Exception as fault:
                if is_transient(fault):
                    raise
                await self._park(record, fault)
                return False

    async def _apply(
        self,
        tx: Transaction,
        batch: Sequence[tuple[str, Envelope, bytes]],
        progress: "_Progress | None" = None,
        aside: list[Waiting] | None = None,
    ) -> dict[Key, Mark]:
        """→ the subjects that moved on. What is not yet in turn comes to `aside`, and the others are applied; without it `NotYet` is
        raised. After an outage whole batches may wait for another topic, and one transaction each took minutes."""
        counts: Counter[tuple[metrics.Counter, str]] = Counter()
        after_commit(tx, partial(_count, counts))
        marks = await self.store.lock(tx, _hoped(batch))
        early: list[Waiting] = []
        seen: set[Key] = set()
        together: dict[InBatches, list[Heard]] = {}
        for topic, envelope, value in (progress or _Progress()).of(batch):
            key = (topic, envelope.subject)
            mark = marks[key]
            step = decide(mark.last, mark.event_id, envelope)
            if step is Step.APPLY and mark.parked:
                continue  # it is parked already; what follows is held behind it
            if step is Step.HOLD:
                early.append(Waiting(key, envelope.number, value))
                mark.waiting = True
            elif step is Step.APPLY:
                try:
                    await self._handle(tx, topic, envelope, together)
                except NotYet as need:
                    if aside is None:
                        raise
                    aside.append(Waiting(key, envelope.number, value, need))
                    continue  # what follows of its subject is held behind it
                mark.last, mark.event_id, mark.moved = envelope.number, envelope.id, True
                counts[metrics.applied, topic] += 1
            else:
                seen.add(key)
                counts[metrics.repeated, topic] += 1
        for handler, heard in together.items():
            await handler.run(tx, heard)
        if early:
            for topic, number in (await self.store.hold(tx, early, at=self.clock())).items():
                counts[metrics.set_aside, topic] += number
        if other := {key: mark for key, mark in marks.items() if mark.place != mark.written}:
            await self.store.advance(tx, other)
        if repeated := {key: mark for key, mark in marks.items() if not mark.moved and key in seen}:
            await self.store.unhold(tx, repeated)
        return {key: mark for key, mark in marks.items() if mark.moved}

    async def _handle(
        self, tx: Transaction, topic: str, envelope: Envelope, together: dict[InBatches, list[Heard]]
    ) -> None:
        handler = self.handlers.get(envelope.type)
        if handler is None:
            return  # a type of no concern here, or of a later version
        event = parse(BY_TYPE, envelope)
        if event is None:
            return
        if topic != event.TOPIC:
            raise Unparsable("the event stands on a topic that is not its own")
        at = self.clock()
        received = Received(
            envelope.id, envelope.type, topic, envelope.subject, envelope.number, envelope.region, envelope.time, at
        )
        with tracing.continued(envelope.traceparent, f"apply {topic}", _span_of(topic, event)):
            if isinstance(handler, InBatches):
                together.setdefault(handler, []).append((event, received))
            else:
                await handler(tx, event, received)

    async def _hold(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Hold them for what they need; → those for which it has arrived meanwhile. The awaited rows are locked first, so that whoever
        applies it either is seen here or sees the held row."""
        if not waiting:
            return []
        async with self.database.transaction() as tx:
            needs = {one: (one.need.topic, one.need.subject) for one in waiting if one.need}
            marks = await self.store.lock(tx, dict.fromkeys((*(one.key for one in waiting), *needs.values()), NOWHERE))
            there = [one for one, need in needs.items() if one.need and marks[need].last >= one.need.sequence]
            early = [one for one in waiting if one not in there and one.sequence > marks[one.key].last]
            for topic, number in (await self.store.hold(tx, early, at=self.clock()) if early else {}).items():
                after_commit(tx, partial(metrics.set_aside.labels(topic).inc, number))
        return there

    async def _park(self, record: Record, fault: Exception) -> None:
        """Set aside what can never be applied, durably, before its offset is committed; what tells its day only, by the day."""
        at = self.clock()
        try:
            envelope = decode(record.value)
            subject, sequence = envelope.subject, envelope.number
            at = day_of(at) if envelope.type in DAY_TYPES else at
        except Unparsable:
            subject, sequence = f"{record.partition}:{record.offset}", 0
        where = _fault_of(fault)
        async with self.database.transaction() as tx:
            kept = await self.store.park(tx, (record.topic, subject), sequence, value=record.value, fault=where, at=at)
        if kept:
            metrics.given_up.labels(record.topic).inc()
            log.error("inbox.parked", topic=record.topic, subject=subject, sequence=sequence, error=where)


class _Progress:
    """Which one of a batch is in hand; its length when none is."""

    def __init__(self) -> None:
        self.at = 0

    def of(self, batch: Sequence[T]) -> Iterator[T]:
        """One after the other."""
        for self.at, one in enumerate(batch):
            yield one
        self.at = len(batch)


def _hoped(batch: Sequence[tuple[str, Envelope, bytes]]) -> dict[Key, Place]:
    """Where each subject of the batch will be if it is new and nothing goes wrong."""
    hoped: dict[Key, Place] = {}
    for topic, envelope, _ in batch:
        key = (topic, envelope.subject)
        last, _ = hoped.setdefault(key, NOWHERE)
        if envelope.number == last + 1:
            hoped[key] = (envelope.number, envelope.id)
    return hoped


def _count(counts: Mapping[tuple[metrics.Counter, str], int]) -> None:
    for (kind, topic), number in counts.items():
        kind.labels(topic).inc(number)


def _span_of(topic: str, event: Event) -> dict[str, str]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": topic,
        "xiansuo.event_type": event.TYPE,
    }


def _fault_of(fault: BaseException) -> str:
    """Class and place of an error; `Unparsable` also says which fields, never their values."""
    detail = f" ({fault})" if isinstance(fault, Unparsable) else ""
    return f"{type(fault).__name__} at {place(fault)}{detail}"


def _id_of(value: bytes | None) -> UUID | None:
    if value is None:
        return None
    try:
        return decode(value).id
    except Unparsable:
        return None
