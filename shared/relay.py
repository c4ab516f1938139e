"""Outbox → Kafka: publishes what became visible since the last snapshot, in position order, one unacknowledged batch a partition.

The cursor is the difference of two snapshots (PgQ's way): rows that are visible now and were not in S1. Cursors on the number or on the
transaction id lose or reorder events (tests/shared/test_relay_order.py shows it). One relay a service is active; its lock lives on the
connection it saves its progress on, and an epoch fences one that lost the lock without noticing. Whatever goes wrong, the producer is
thrown away and everything since S1 is sent again: repeats are the inbox's business.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import structlog

from shared import kafka, metrics, tracing
from shared.contracts.catalogue import SEALED_TOPICS
from shared.contracts.envelope import rfc3339, schema_of
from shared.contracts.topics import TOPICS, written_by
from shared.db import Database, is_transient
from shared.errors import NeedsOperator
from shared.kafka import KafkaAddress, TopicPartition

log = structlog.get_logger(__name__)

LOCK = 0x72656C6179
"""The advisory lock's key ("relay"); each service has a database of its own."""
_COLUMNS = (
    "o.position, o.id, o.topic, o.subject, o.sequence, o.partition_key, o.type, o.value, o.recorded_at, "
    "o.traceparent, x.key_id, x.box"
)
_BOX = "left join outbox_sealed x on x.id = o.id"
NEW_ROWS = f"""
select s.now, d.* from (select pg_current_snapshot()::text as now) s left join lateral (
  select {_COLUMNS} from (
    select * from outbox where xid >= pg_snapshot_xmax($1::text::pg_snapshot)
    union all
    select * from outbox where xid = any(array(select pg_snapshot_xip($1::text::pg_snapshot)))
    order by position limit $2
  ) o {_BOX}
) d on true order by d.position
"""  # noqa: S608 - constants of this module
NEXT_PAGE = f"""
select {_COLUMNS} from (
  select * from outbox where position > $3 and (xid >= pg_snapshot_xmax($1::text::pg_snapshot)
    or xid = any(array(select pg_snapshot_xip($1::text::pg_snapshot)))) and pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
  order by position limit $4
) o {_BOX} order by o.position
"""  # noqa: S608 - constants of this module
REPLAY_PAGE = f"""
select {_COLUMNS} from (
  select * from outbox where position > $2 and topic = any($3) and pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
  order by position limit $4
) o {_BOX} order by o.position
"""  # noqa: S608 - constants of this module
TAKE_OVER = """
insert into relay (shard, epoch, snapshot) values (0, 1, '1:1:')
on conflict (shard) do update set epoch = relay.epoch + 1
returning epoch, snapshot, catching_up_to, page_position, replay_topics, cluster_id
"""
SAVE = """
update relay set snapshot = $2, catching_up_to = $3, page_position = $4, replay_topics = $5, cluster_id = $6
where shard = 0 and epoch = $1
"""
SAVE_OFFSETS = """
insert into relay_offsets (topic, partition, next_offset) select * from unnest($1::text[], $2::smallint[], $3::bigint[])
on conflict (topic, partition) do update set next_offset = excluded.next_offset
"""

Acked = dict[TopicPartition, int]


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
        poll: float = 0.02,
        page: int = 2_000,
        check_every: float = 5.0,
        request_timeout: float = 10.0,
    ) -> None:
        self.database = database
        self.address = address
        self.service = service
        self.source = f"/xiansuo/{region}/{service}"
        self.region = region
        self.poll, self.page, self.check_every, self.request_timeout = poll, page, check_every, request_timeout
        self.state, self.epoch = "starting", 0

    async def run(self) -> None:
        """Wait for the lock, publish; after a fault begin anew with a fresh connection and producer."""
        pause = 0.2
        while True:
            try:
                await self._hold_lock()
                pause = 0.2
            except NeedsOperator:
                self.state = "needs an operator"
                raise
            except Exception as fault:
                if not (isinstance(fault, BrokerUnavailable | Fenced | kafka.KafkaError) or is_transient(fault)):
                    raise
                self.state = "retrying"
                metrics.relay_retries.inc()
                log.warning("relay.retry", error=type(fault).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    async def _hold_lock(self) -> None:
        connection = await self.database.dedicated()
        try:
            while not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):
                self.state = "standby"
                await asyncio.sleep(0.5)
            await _Shift(self, connection).work()
        finally:
            # closing also gives the lock back; terminate at once when the server is gone
            connection.terminate()


class _Shift:
    """One relay's time in office: from taking the lock to its loss."""

    def __init__(self, relay: Relay, connection: Any) -> None:
        self.relay = relay
        self.connection = connection
        self.offsets: Acked = {}

    async def work(self) -> None:
        relay = self.relay
        row = await self.connection.fetchrow(TAKE_OVER)
        self.epoch: int = row["epoch"]
        relay.epoch = self.epoch
        self.snapshot: str = row["snapshot"]
        self.catching_up_to: str | None = row["catching_up_to"]
        self.page_position: int = row["page_position"]
        self.replaying: list[str] = (row["replay_topics"] or "").split()
        self.cluster: str | None = row["cluster_id"]
        for known in await self.connection.fetch("select topic, partition, next_offset from relay_offsets"):
            self.offsets[TopicPartition(known["topic"], known["partition"])] = known["next_offset"]
        self.producer = kafka.producer(
            relay.address, f"{relay.service}-relay", request_timeout_ms=int(relay.request_timeout * 1000)
        )
        try:
            await asyncio.wait_for(self.producer.start(), 30)
            await self._loop()
        finally:
            await kafka.throw_away(self.producer)

    async def _loop(self) -> None:
        relay = self.relay
        loop = asyncio.get_running_loop()
        next_check = loop.time()
        while True:
            if loop.time() >= next_check:
                await self._compare_with_broker()
                next_check = loop.time() + relay.check_every
            relay.state = "replaying" if self.replaying else "active"
            if not await self._step():
                await asyncio.sleep(relay.poll)

    async def _step(self) -> bool:
        """Publish one page; → whether there may be more at once."""
        relay, page = self.relay, self.relay.page
        if self.replaying:
            rows = await self.connection.fetch(REPLAY_PAGE, self.snapshot, self.page_position, self.replaying, page)
            await self._publish(rows)
            if len(rows) < page:
                log.info("relay.replayed", topics=" ".join(self.replaying))
                self.replaying, self.page_position = [], 0
            else:
                self.page_position = rows[-1]["position"]
            await self._save()
            return True
        if self.catching_up_to:
            rows = await self.connection.fetch(NEXT_PAGE, self.snapshot, self.catching_up_to, self.page_position, page)
            await self._publish(rows)
            if len(rows) < page:
                self.snapshot, self.catching_up_to, self.page_position = self.catching_up_to, None, 0
            else:
                self.page_position = rows[-1]["position"]
            await self._save()
            return True
        rows = await self.connection.fetch(NEW_ROWS, self.snapshot, page + 1)
        now: str = rows[0]["now"]
        rows = [row for row in rows if row["position"] is not None]
        if not rows:
            # nothing was left out by moving on in memory only; what is saved stays true
            self.snapshot = now
            return False
        await self._publish(rows[:page])
        if len(rows) > page:
            self.catching_up_to, self.page_position = now, rows[page - 1]["position"]
        else:
            self.snapshot = now
        await self._save()
        relay.state = "active"
        return len(rows) > page

    async def _publish(self, rows: Sequence[Any]) -> None:
        """Send in position order and wait for every acknowledgement: one batch in flight a partition, never two."""
        began = tracing.now() if tracing.on else 0
        traced: list[tuple[str, str, int]] = []
        queues: dict[TopicPartition, list[Any]] = defaultdict(list)
        for row in rows:
            topic = TOPICS[row["topic"]]
            target = TopicPartition(topic.name, kafka.partition_of(row["partition_key"], topic.partitions))
            queues[target].append((row["partition_key"].encode(), self._envelope(row)))
            if tracing.on and row["traceparent"]:
                traced.append((row["traceparent"], target.topic, target.partition))
        while queues:
            acks = []
            for target, queue in queues.items():
                builder = self.producer.create_batch()
                taken = 0
                while taken < len(queue) and builder.append(key=queue[taken][0], value=queue[taken][1], timestamp=None):
                    taken += 1
                if not taken:
                    raise NeedsOperator(f"a record of {target.topic} is larger than a batch")
                builder.close()
                acks.append(
                    (target, taken, await self.producer.send_batch(builder, target.topic, partition=target.partition))
                )
            await self._wait(acks)
            queues = {target: queue[taken:] for target, taken, _ in acks if (queue := queues[target])[taken:]}
        if traced:
            tracing.published(traced, began)

    async def _wait(self, acks: Iterable[tuple[TopicPartition, int, asyncio.Future[Any]]]) -> None:
        """Every batch acknowledged, or `BrokerUnavailable`. An offset below the known end means that the topic was made anew."""
        behind = set()
        deadline = self.relay.request_timeout * 2
        for target, taken, future in acks:
            try:
                record = await asyncio.wait_for(future, deadline)
            except (kafka.KafkaError, TimeoutError) as fault:
                raise BrokerUnavailable(type(fault).__name__) from None
            if record.offset < self.offsets.get(target, 0):
                behind.add(target.topic)
            self.offsets[target] = record.offset + taken
            metrics.published.labels(target.topic).inc(taken)
            metrics.batch_size.observe(taken)
        if behind:
            await self._replay(behind, "the topic was made anew")
            raise BrokerUnavailable("replay")

    async def _compare_with_broker(self) -> None:
        """Replay what the broker has not: another cluster, or a topic that ends before what was acknowledged."""
        relay = self.relay
        cluster = await kafka.cluster_id(relay.address, f"{relay.service}-relay-check")
        topics = written_by(relay.service)
        if self.cluster not in (None, cluster):
            self.offsets, self.cluster = {}, cluster
            await self._replay({topic.name for topic in topics}, "another broker")
            return
        if self.cluster is None:
            self.cluster = cluster
            await self._save()
        partitions = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
        if not partitions:
            return
        ends = await kafka.end_offsets(relay.address, f"{relay.service}-relay-check", partitions)
        behind = {target.topic for target, end in ends.items() if end < self.offsets.get(target, 0)}
        if behind:
            await self._replay(behind, "the broker is behind what it acknowledged")

    async def _replay(self, topics: set[str], why: str) -> None:
        log.warning("relay.replay", topics=" ".join(sorted(topics)), reason=why)
        for topic in topics:
            metrics.relay_replays.labels(topic).inc()
        self.replaying = sorted(topics | set(self.replaying))
        # a half-published backlog is simply found again by the difference to S1
        self.catching_up_to, self.page_position = None, 0
        self.offsets = {target: offset for target, offset in self.offsets.items() if target.topic not in topics}
        await self.connection.execute("delete from relay_offsets where topic = any($1)", sorted(topics))
        await self._save()

    async def _save(self) -> None:
        """Write down what is acknowledged, on the connection that holds the lock; `Fenced` when another relay has taken over."""
        async with self.connection.transaction():
            done = await self.connection.execute(
                SAVE,
                self.epoch,
                self.snapshot,
                self.catching_up_to,
                self.page_position,
                " ".join(self.replaying) or None,
                self.cluster,
            )
            if done != "UPDATE 1":
                raise Fenced
            await self.connection.execute(
                SAVE_OFFSETS,
                [target.topic for target in self.offsets],
                [target.partition for target in self.offsets],
                list(self.offsets.values()),
            )

    def _envelope(self, row: Any) -> bytes:
        """The CloudEvent of a row, with its sealed box if it has one and it was not destroyed."""
        head = {
            "specversion": "1.0",
            "id": str(row["id"]),
            "source": self.relay.source,
            "type": row["type"],
            "subject": row["subject"],
            "time": rfc3339(row["recorded_at"]),
            "datacontenttype": "application/json",
            "dataschema": schema_of(row["type"]),
            "partitionkey": row["partition_key"],
            "sequence": str(row["sequence"]),
            "region": self.relay.region,
        }
        if row["traceparent"]:
            head["traceparent"] = row["traceparent"]
        data = bytes(row["value"])
        if row["topic"] in SEALED_TOPICS:
            box = {"key_id": row["key_id"], "box": row["box"]} if row["box"] else None
            data = data[:-1] + b',"sealed":' + json.dumps(box).encode() + b"}"
        return json.dumps(head, ensure_ascii=False)[:-1].encode() + b',"data":' + data + b"}"
