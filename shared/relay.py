"""Outbox → Kafka: publishes what became visible since the last snapshot, in position order, one unacknowledged batch a partition.

The cursor is the difference of two snapshots (PgQ's way): rows that are visible now and were not in S1. Cursors on the number or on the
transaction id lose or reorder events (tests/shared/test_relay_order.py shows it). One relay a service is active; its lock lives on the
connection it saves its progress on, and an epoch fences one that lost the lock without noticing. Whatever goes wrong, the producer is
thrown away and everything since S1 is sent again: repeats are the inbox's business.

That a topic lost records shows in its end, or in another record at the place of the last acknowledged one. Then it is published from its
beginning, and its records carry the number of a new log, so that a consumer whose position is one of the old log begins again too.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import structlog

from shared import kafka, metrics, relay_store, tracing
from shared.contracts.envelope import Unparsable, decode
from shared.contracts.topics import written_by
from shared.db import Database
from shared.errors import NeedsOperator
from shared.kafka import KafkaAddress, TopicPartition
from shared.leader import lead
from shared.relay_records import Page, Records
from shared.relay_store import NO_END, Cursor, End

log = structlog.get_logger(__name__)


class Store(Protocol):
    """What the relay asks of the outbox (shared/relay_store.py says what each does)."""

    async def try_lock(self, connection: Any, /) -> bool: ...
    async def take_over(self, connection: Any, /) -> Cursor: ...
    async def new_rows(self, connection: Any, since: str, limit: int, /) -> tuple[str, Sequence[Any]]: ...
    async def next_page(
        self, connection: Any, since: str, until: str, position: int, limit: int, /
    ) -> Sequence[Any]: ...
    async def replay_page(
        self, connection: Any, until: str, position: int, topics: list[str], limit: int, /
    ) -> Sequence[Any]: ...
    async def save(self, connection: Any, cursor: Cursor, /, *, forget: Sequence[str] = ()) -> bool: ...


class Broker(Protocol):
    """What the relay asks of Kafka (shared/kafka.py)."""

    def producer(self, address: KafkaAddress, client_id: str, /, *, request_timeout_ms: int = ...) -> Any: ...
    async def throw_away(self, client: Any) -> None: ...
    async def cluster_id(self, address: KafkaAddress, client_id: str, /) -> str: ...
    async def end_offsets(
        self, address: KafkaAddress, client_id: str, partitions: Iterable[TopicPartition], /
    ) -> dict[TopicPartition, int]: ...
    async def values_at(
        self, address: KafkaAddress, client_id: str, places: Mapping[TopicPartition, int], /
    ) -> dict[TopicPartition, bytes]: ...


PAGE = 3_000
"""Events that are published before the cursor is saved; over six partitions about 350 KB each: one request."""
QUIET_AFTER, SLOWER = 1.0, 3
"""Seconds without a word after which the outbox is asked so many times more rarely: four idle services asked 200 times a second. The
first event after a silence waits 40 ms longer on average, nothing under load does."""

LONGEST_LOOK = 30.0
"""Seconds for a look at the broker. One that never ended would hide for ever that another broker stands there."""


class Fenced(Exception):
    """Another relay took over (its epoch is higher); this one stops at once."""


class BrokerUnavailable(Exception):
    """A batch was not acknowledged; the producer is thrown away and all since the saved snapshot is sent again."""


class Relay:
    """Publishes one service's outbox. `run` never returns by itself; it raises when an operator is needed."""

    def __init__(
        self,
        database: Database,
        address: KafkaAddress,
        *,
        service: str,
        region: str,
        poll: float = 0.04,
        page: int = PAGE,
        check_every: float = 5.0,
        request_timeout: float = 10.0,
        clock: Callable[[], float] = time.time,
        store: Store = relay_store,
        broker: Broker = kafka,
    ) -> None:
        self.database = database
        self.address = address
        self.store, self.broker = store, broker
        self.service = service
        self.source = f"/xiansuo/{region}/{service}"
        self.region = region
        self.poll, self.page, self.check_every, self.request_timeout = poll, page, check_every, request_timeout
        self.clock = clock
        self.state, self.epoch = "starting", 0

    async def run(self) -> None:
        """Wait for the lock, publish; after a fault begin anew with a fresh connection and producer."""

        def told(fault: Exception) -> None:
            metrics.relay_retries.inc()
            log.warning("relay.retry", error=type(fault).__name__)

        passing = (BrokerUnavailable, Fenced, kafka.KafkaError)
        await lead(
            self, self.store.try_lock, lambda connection: _Shift(self, connection).work(), passing=passing, told=told
        )


class _Sight(NamedTuple):
    """What a look at the broker showed."""

    cluster: str
    behind: set[str]


class _Place(NamedTuple):
    """A page of what is visible in S2 and was not in S1, behind a position."""

    since: str
    until: str
    position: int


class _Shift:
    """One relay's time in office: from taking the lock to its loss."""

    def __init__(self, relay: Relay, connection: Any) -> None:
        self.relay = relay
        self.store = relay.store
        self.connection = connection
        self.records = Records(source=relay.source, region=relay.region, clock=relay.clock)
        self._ahead: tuple[_Place, asyncio.Task[Page]] | None = None
        self.spoke = 0.0

    async def work(self) -> None:
        relay = self.relay
        self.cursor = await self.store.take_over(self.connection)
        relay.epoch = self.cursor.epoch
        self.producer = relay.broker.producer(
            relay.address, f"{relay.service}-relay", request_timeout_ms=int(relay.request_timeout * 1000)
        )
        try:
            await asyncio.wait_for(self.producer.start(), 30)
            await self._loop()
        finally:
            if self._ahead is not None:
                self._ahead[1].cancel()
                await asyncio.gather(self._ahead[1], return_exceptions=True)
            await relay.broker.throw_away(self.producer)

    async def _loop(self) -> None:
        relay = self.relay
        loop = asyncio.get_running_loop()
        await self._heed(await self._look())
        next_look = loop.time() + relay.check_every
        look: asyncio.Task[_Sight] | None = None
        try:
            while True:
                # beside the publishing, which does not wait for it
                if look is None and loop.time() >= next_look:
                    look = asyncio.create_task(self._look())
                if look is not None and look.done():
                    seen, look = look.result(), None
                    await self._heed(seen)
                    next_look = loop.time() + relay.check_every
                relay.state = "replaying" if self.cursor.replaying else "active"
                if not await self._step():
                    quiet = loop.time() - self.spoke > QUIET_AFTER
                    await asyncio.sleep(relay.poll * (SLOWER if quiet else 1))
        finally:
            if look is not None:
                look.cancel()
                await asyncio.gather(look, return_exceptions=True)

    async def _step(self) -> bool:
        """Publish one page; → whether there may be more at once."""
        relay, page, at = self.relay, self.relay.page, self.cursor
        if at.replaying:
            rows = await self.store.replay_page(self.connection, at.snapshot, at.page_position, at.replaying, page)
            done = await self._publish(self.records.page(rows))
            if done.rows < page:
                log.info("relay.replayed", topics=" ".join(at.replaying))
                at.replaying, at.page_position = [], 0
            else:
                at.page_position = done.last_position
            await self._save()
            return True
        if at.catching_up_to:
            records = await self._page_at(_Place(at.snapshot, at.catching_up_to, at.page_position))
            if records.rows == page:
                self._read_on(_Place(at.snapshot, at.catching_up_to, records.last_position))
            await self._publish(records)
            if records.rows < page:
                at.snapshot, at.catching_up_to, at.page_position = at.catching_up_to, None, 0
            else:
                at.page_position = records.last_position
            await self._save()
            return True
        now, rows = await self.store.new_rows(self.connection, at.snapshot, page + 1)
        if not rows:
            # nothing was left out by moving on in memory only; what is saved stays true
            at.snapshot = now
            return False
        done = await self._publish(self.records.page(rows[:page]))
        if len(rows) > page:
            at.catching_up_to, at.page_position = now, done.last_position
        else:
            at.snapshot = now
        await self._save()
        relay.state = "active"
        return len(rows) > page

    async def _page_at(self, place: _Place) -> Page:
        """Made already, or made now."""
        if self._ahead is not None and self._ahead[0] == place:
            return await self._ahead[1]
        return await self._next_page(place)

    async def _next_page(self, place: _Place) -> Page:
        return self.records.page(
            await self.store.next_page(self.connection, place.since, place.until, place.position, self.relay.page)
        )

    def _read_on(self, place: _Place) -> None:
        """Read it and write its records while the page before it is published: connection and processor are idle meanwhile."""
        self._ahead = place, asyncio.create_task(self._next_page(place))

    async def _publish(self, page: Page) -> Page:
        """Send in position order and wait for every acknowledgement: one batch in flight a partition, never two. → what was sent."""
        if page.rows:
            self.spoke = asyncio.get_running_loop().time()
        began = tracing.now() if tracing.on else 0
        queues = page.queues
        while queues:
            acks = []
            for target, queue in queues.items():
                builder = self.producer.create_batch()
                headers = kafka.log_header(self.cursor.logs.get(target.topic, 0))
                taken = 0
                while taken < len(queue) and builder.append(
                    key=queue[taken][0], value=queue[taken][1], timestamp=queue[taken][3], headers=headers
                ):
                    taken += 1
                if not taken:
                    raise NeedsOperator(f"a record of {target.topic} is larger than a batch")
                builder.close()
                ack = await self.producer.send_batch(builder, target.topic, partition=target.partition)
                acks.append((target, taken, queue[taken - 1][2], ack))
            await self._wait(acks)
            queues = {target: queue[taken:] for target, taken, _, _ in acks if (queue := queues[target])[taken:]}
        if page.traced:
            tracing.published(page.traced, began)
        return page

    async def _wait(self, acks: Iterable[tuple[TopicPartition, int, UUID, asyncio.Future[Any]]]) -> None:
        """Every batch acknowledged, or `BrokerUnavailable`. An offset below the known end means that the topic was made anew."""
        behind = set()
        deadline = self.relay.request_timeout * 2
        for target, taken, last_id, future in acks:
            try:
                record = await asyncio.wait_for(future, deadline)
            except (kafka.KafkaError, TimeoutError) as fault:
                raise BrokerUnavailable(type(fault).__name__) from None
            if record.offset < self.cursor.offsets.get(target, NO_END).offset:
                behind.add(target.topic)
            self.cursor.ends(target, End(record.offset + taken, last_id))
            metrics.published.labels(target.topic).inc(taken)
            metrics.batch_size.observe(taken)
        if behind:
            await self._replay(behind, "the topic was made anew")
            raise BrokerUnavailable("replay")

    async def _look(self) -> "_Sight":
        """Which cluster this is, and the topics that have not what was acknowledged when the look began: they end before it, or another
        record stands in the place of the last. The end alone would not do: what was on its way may have lifted it since."""
        relay, known, client = self.relay, dict(self.cursor.offsets), f"{self.relay.service}-relay-check"
        async with asyncio.timeout(LONGEST_LOOK):
            cluster = await relay.broker.cluster_id(relay.address, client)
            partitions = [
                TopicPartition(topic.name, number)
                for topic in written_by(relay.service)
                for number in range(topic.partitions)
            ]
            ends = await relay.broker.end_offsets(relay.address, client, partitions)
            behind = {target.topic for target, end in ends.items() if end < known.get(target, NO_END).offset}
            places = {
                target: end.offset - 1 for target, end in known.items() if end.last_id and target.topic not in behind
            }
            if places:
                found = await relay.broker.values_at(relay.address, client, places)
                behind |= {target.topic for target, value in found.items() if _id_of(value) != known[target].last_id}
        return _Sight(cluster, behind)

    async def _heed(self, seen: "_Sight") -> None:
        """Replay what the broker has not: another cluster, or a topic without what was acknowledged."""
        if self.cursor.cluster not in (None, seen.cluster):
            self.cursor.offsets, self.cursor.cluster = {}, seen.cluster
            await self._replay({topic.name for topic in written_by(self.relay.service)}, "another broker")
            return
        if self.cursor.cluster is None:
            self.cursor.cluster = seen.cluster
            await self._save()
        if seen.behind:
            await self._replay(seen.behind, "the broker is behind what it acknowledged")

    async def _replay(self, topics: set[str], why: str) -> None:
        log.warning("relay.replay", topics=" ".join(sorted(topics)), reason=why)
        for topic in topics:
            metrics.relay_replays.labels(topic).inc()
            # by the clock, so that a database set back by a restore gives no number a second time
            self.cursor.logs[topic] = max(self.cursor.logs.get(topic, 0) + 1, int(self.relay.clock()))
        self.cursor.replaying = sorted(topics | set(self.cursor.replaying))
        # a half-published backlog is simply found again by the difference to S1
        self.cursor.catching_up_to, self.cursor.page_position = None, 0
        self.cursor.offsets = {
            target: offset for target, offset in self.cursor.offsets.items() if target.topic not in topics
        }
        await self._save(forget=sorted(topics))

    async def _save(self, *, forget: Sequence[str] = ()) -> None:
        """Write down what is acknowledged, on the connection that holds the lock; `Fenced` when another relay has taken over."""
        if self._ahead is not None:
            await asyncio.wait({self._ahead[1]})
        if not await self.store.save(self.connection, self.cursor, forget=forget):
            raise Fenced


def _id_of(value: bytes) -> UUID | None:
    """The id of an event, None for a record that is none."""
    try:
        return decode(value).id
    except Unparsable:
        return None
