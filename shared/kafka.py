"""The only place that knows aiokafka: connections, one producer, one consumer, and what the broker knows of itself."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from typing import Any
from zlib import crc32

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IllegalStateError, KafkaError, KafkaTimeoutError
from aiokafka.structs import ConsumerRecord

from shared.contracts.topics import TOPICS
from shared.kafka_address import KafkaAddress

__all__ = [
    "ConsumerRebalanceListener",
    "IllegalStateError",
    "KafkaAddress",
    "KafkaError",
    "TopicPartition",
    "cluster_id",
    "consumer",
    "end_offsets",
    "leave",
    "log_header",
    "log_of",
    "partition_of",
    "producer",
    "throw_away",
    "values_at",
]

log = structlog.get_logger(__name__)


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: its CRC-32, as librdkafka's `consistent` partitioner has it. (murmur2 exists here in Python only and was the
    relay's largest cost.) Only the relay asks, so nobody else has to agree."""
    return crc32(key.encode()) % partitions


LOG_HEADER = "log"
"""Name of the record header that tells to which log of its topic a record belongs; a topic that was never lost has none."""


def log_header(log: int) -> list[tuple[str, bytes]]:
    """The headers of a record of this log."""
    return [(LOG_HEADER, str(log).encode())] if log else []


def log_of(record: Any) -> int:
    """To which log of its topic a record says it belongs; 0: it says nothing that can be read."""
    for name, value in record.headers:
        if name == LOG_HEADER and value.isdigit():
            return int(value[:18])
    return 0


class _Producer(AIOKafkaProducer):  # type: ignore[misc] # aiokafka is untyped
    async def start(self) -> None:
        await _to_its_end(super().start())

    async def cut(self) -> None:
        if (sending := self._sender.sender_task) is not None:
            sending.cancel()
        await self.client.close()


class _Consumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka is untyped
    async def start(self) -> None:
        await _to_its_end(super().start())

    async def cut(self) -> None:
        await self._client.close()


class _Admin(AIOKafkaAdminClient):  # type: ignore[misc] # aiokafka is untyped
    async def start(self) -> None:
        await _to_its_end(super().start())


async def _to_its_end(starting: Coroutine[Any, Any, None]) -> None:
    """In a task of its own, waited for within a limit when we are cancelled: aiokafka forgets the connection on which it asks its first
    question when that is broken off, and nobody could close it any more."""
    task: asyncio.Task[None] = asyncio.create_task(starting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=3)
        _let_go(task)
        raise


def producer(address: KafkaAddress, client_id: str, *, request_timeout_ms: int = 10_000) -> AIOKafkaProducer:
    """A producer for `send_batch`: all replicas acknowledge. Not idempotent: the inbox removes repeats, and aiokafka's idempotent
    producer loops on OutOfOrderSequence after a broker blip (aio-libs/aiokafka, open)."""
    return _Producer(
        **address.options(client_id),
        acks="all",
        enable_idempotence=False,
        request_timeout_ms=request_timeout_ms,
        retry_backoff_ms=100,
        max_batch_size=512 * 1024,
        max_request_size=1024 * 1024,
        metadata_max_age_ms=30_000,
    )


def consumer(address: KafkaAddress, client_id: str, *, group: str) -> AIOKafkaConsumer:
    """A member of a service's group. Offsets are committed by hand; membership is dynamic (two members with one static id flap)."""
    return _Consumer(
        **address.options(client_id),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=9_000,
        heartbeat_interval_ms=2_000,
        rebalance_timeout_ms=30_000,
        max_poll_interval_ms=300_000,
        metadata_max_age_ms=10_000,
        # a fetch that waits holds back those for partitions that it does not ask of: longer, and a trickle comes late
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=2 * 1024 * 1024,
    )


LONGEST_READ = 5.0
"""Seconds for records that are known to be there."""


async def cluster_id(address: KafkaAddress, client_id: str) -> str:
    """The id of the cluster: another one means another broker, which has nothing of ours."""
    admin = _Admin(**address.options(client_id))
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def end_offsets(
    address: KafkaAddress, client_id: str, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """One past the last offset of each partition, as the broker knows it now."""
    reader = _Consumer(**address.options(client_id), enable_auto_commit=False)
    try:
        await reader.start()
        return dict(await reader.end_offsets(list(partitions)))
    finally:
        await leave(reader)


async def values_at(
    address: KafkaAddress, client_id: str, places: Mapping[TopicPartition, int]
) -> dict[TopicPartition, bytes]:
    """The records at these offsets, which are below the end; without those that the broker keeps no longer. Raises KafkaError when the log
    ends before one of them: it was made anew since, and would be waited on for ever."""
    reader = _Consumer(
        **address.options(client_id),
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=1024 * 1024,
        fetch_max_wait_ms=20,
    )
    found: dict[TopicPartition, bytes] = {}
    try:
        await reader.start()
        first = await reader.beginning_offsets(list(places))
        left = {target for target, offset in places.items() if first[target] <= offset}
        reader.assign(left)
        for target in left:
            reader.seek(target, places[target])
        deadline = asyncio.get_running_loop().time() + LONGEST_READ
        while left:
            if asyncio.get_running_loop().time() > deadline:
                raise KafkaTimeoutError
            for target, records in (await reader.getmany(timeout_ms=1_000, max_records=len(left))).items():
                # another first offset: the log ends before by now, or begins after
                if target in left and records[0].offset == places[target]:
                    found[target] = records[0].value or b""
                left.discard(target)
                reader.pause(target)
    finally:
        await leave(reader)
    return found


async def read_all(address: KafkaAddress, client_id: str, topics: Iterable[str]) -> AsyncIterator[ConsumerRecord]:
    """Every record that stands on these topics now, partition by partition in their order."""
    topics = list(topics)
    if not topics:
        return
    reader = _Consumer(
        **address.options(client_id),
        enable_auto_commit=False,
        max_partition_fetch_bytes=2 * 1024 * 1024,
        # a fetch of the partition before is waited for when the next one is assigned
        fetch_max_wait_ms=20,
    )
    try:
        await reader.start()
        for target, end in (await reader.end_offsets(_partitions(topics))).items():
            if not end:
                continue
            reader.assign([target])
            await reader.seek_to_beginning(target)
            while await reader.position(target) < end:
                for record in (await reader.getmany(target, timeout_ms=500)).get(target, []):
                    yield record
    finally:
        await leave(reader)


async def rewind(address: KafkaAddress, client_id: str, *, group: str, topics: Iterable[str]) -> None:
    """Set the offsets of a group without members back to the beginning of these topics. Raises KafkaError while it has members."""
    member = _Consumer(**address.options(client_id), group_id=group, enable_auto_commit=False)
    try:
        await member.start()
        targets = _partitions(topics)
        member.assign(targets)
        await member.commit(dict(await member.beginning_offsets(targets)))
    finally:
        await leave(member)


def _partitions(topics: Iterable[str]) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for topic in topics for number in range(TOPICS[topic].partitions)]


async def throw_away(client: AIOKafkaProducer) -> None:
    """Stop a producer without waiting for what it still holds: after a failed batch nothing of it may follow."""
    await _stop(client, 3, "kafka.producer_abandoned")


async def leave(client: AIOKafkaConsumer) -> None:
    """Leave the group, within a limit: a broker that is away must not hold up a shutdown."""
    await _stop(client, 5, "kafka.consumer_abandoned")


_abandoned: set[asyncio.Task[None]] = set()


async def _stop(client: Any, seconds: float, otherwise: str) -> None:
    """In a task of its own: aiokafka's `stop` can raise CancelledError out of a task inside it, which would take our own task with it
    without a word (seen after a SIGKILL of the broker: consumers that never came back). And not `wait_for`, which waits for what it
    cancels, however long that takes."""
    stopping: asyncio.Task[None] = asyncio.create_task(client.stop())
    await asyncio.wait({stopping}, timeout=seconds)
    if not stopping.done():
        log.warning(otherwise)
        _let_go(stopping)
        # to what `stop` did not come: what is still in its hands is not sent any more, and no connection stays open
        _let_go(asyncio.create_task(client.cut()), cancel=False)
    elif stopping.cancelled():
        log.warning(otherwise)
    elif (fault := stopping.exception()) is not None:
        if not isinstance(fault, KafkaError | TimeoutError | OSError):
            raise fault
        log.warning(otherwise)


def _let_go(task: asyncio.Task[None], *, cancel: bool = True) -> None:
    """Wait no longer for this task; how it ends does not matter any more."""
    if cancel:
        task.cancel()
    _abandoned.add(task)
    task.add_done_callback(_forget)


def _forget(stopped: asyncio.Task[None]) -> None:
    _abandoned.discard(stopped)
    if not stopped.cancelled():
        stopped.exception()
