"""Kafka in memory: partitions, a group with rebalances, and everything that may happen to a batch on its way.

The same functions as shared/kafka.py has for the relay and the consuming side; errors are aiokafka's own.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError, KafkaTimeoutError

from shared.contracts.catalogue import DAY_TYPES
from shared.contracts.topics import TOPICS
from shared.kafka import TopicPartition
from tests.simulation.machine import Chance, Journal, Process

MIDNIGHT = 16 * 3_600_000
"""Of a day in China, in ms of a day in UTC."""
Named = tuple[str, str, int] | None
"""(topic, subject, sequence) of a record, None for one that nobody can read."""


@dataclass(frozen=True, slots=True)
class Message:
    offset: int
    value: bytes
    named: Named
    id: str
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Cluster:
    """The broker's own state. Faults are knobs, turned while it runs."""

    chance: Chance
    journal: Journal
    id: str = "cluster-1"
    up: bool = True
    generation: int = 0
    logs: dict[TopicPartition, list[Message]] = field(default_factory=dict)
    wiped: set[TopicPartition] = field(default_factory=set)
    acked: set[str] = field(default_factory=set)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    members: "list[Consumer]" = field(default_factory=list)
    epoch: int = 0
    plan: "tuple[int, dict[Consumer, list[TopicPartition]]]" = (-1, {})
    slow: float = 0.0
    lose: float = 0.0
    lose_ack: float = 0.0
    refuse_commit: float = 0.0
    on_commit: Callable[[TopicPartition, int], None] = lambda *_: None

    def reachable(self) -> bool:
        return self.up

    def log(self, target: TopicPartition) -> list[Message]:
        return self.logs.setdefault(target, [])

    def append(
        self,
        target: TopicPartition,
        value: bytes,
        headers: tuple[tuple[str, bytes], ...] = (),
        timestamp: int | None = None,
    ) -> int:
        log = self.log(target)
        try:
            head = json.loads(value)
            named, event_id = (target.topic, head["subject"], int(head["sequence"])), head["id"]
            if head["type"] in DAY_TYPES and (timestamp is None or timestamp % 86_400_000 != MIDNIGHT):
                self.journal.violated("a record of a day bears its minute")
        except (ValueError, KeyError):
            named, event_id = None, ""
        log.append(Message(len(log), value, named, event_id, headers))
        return len(log) - 1

    def cut_back(self, target: TopicPartition, end: int) -> None:
        """Records from `end` on are gone; what was on its way to the broker is gone too. Members do not hear of it: they go on at their
        positions, and only one that is beyond the new end is told so."""
        self.generation += 1
        self.wiped.add(target)
        del self.log(target)[end:]
        if end == 0:
            self.committed.pop(target, None)

    def replace(self, cluster_id: str) -> None:
        self.id = cluster_id
        for target in self.all_targets():
            self.cut_back(target, 0)
        self.committed.clear()
        # another broker knows no members
        self.members, strangers = [], self.members
        for member in strangers:
            member.wanted.set()

    def all_targets(self) -> list[TopicPartition]:
        return [
            TopicPartition(name, n)
            for name, topic in TOPICS.items()
            if topic.writer == "intake" and "verification" in topic.readers
            for n in range(topic.partitions)
        ]

    def share(self, epoch: int) -> "dict[Consumer, list[TopicPartition]]":
        """Who reads what in this round; the leader of the group says it once, for those who have come."""
        if self.plan[0] != epoch:
            come = [member for member in self.members if member.ready]
            targets = self.all_targets()
            self.plan = (epoch, {member: targets[n :: len(come)] for n, member in enumerate(come)})
        return self.plan[1]

    def rebalance(self) -> None:
        self.epoch += 1
        for member in self.members:
            member.wanted.set()


class Builder:
    """A batch; small, so that a page of rows takes several."""

    def __init__(self, room: int) -> None:
        self.room, self.values = room, list[tuple[bytes, tuple[tuple[str, bytes], ...], Any]]()

    def append(self, *, key: bytes, value: bytes, timestamp: Any, headers: Iterable[tuple[str, bytes]]) -> bool:
        if len(self.values) >= self.room:
            return False
        self.values.append((value, tuple(headers), timestamp))
        return True

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Stored:
    offset: int


class Producer:
    """Sends batches; each is on its way by itself, so two of one partition may overtake each other."""

    def __init__(self, cluster: Cluster, process: Process, timeout: float) -> None:
        self.cluster, self.process, self.timeout = cluster, process, timeout
        self.closed = self.failed = False
        self.room = cluster.chance.randint(2, 5)

    async def start(self) -> None:
        await self.process.reach()
        if not self.cluster.up:
            await asyncio.sleep(1)
            raise KafkaConnectionError

    def create_batch(self) -> Builder:
        return Builder(self.room)

    async def send_batch(self, builder: Builder, topic: str, *, partition: int) -> asyncio.Future[Stored]:
        await self.process.reach(0.002)
        if self.failed:
            self.cluster.journal.violated("a producer was used after one of its batches failed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Stored] = loop.create_future()
        target = TopicPartition(topic, partition)
        loop.create_task(self._deliver(target, builder.values, future))  # noqa: RUF006 - the network's, not ours
        loop.call_later(self.timeout, self._expire, future)
        return future

    def _expire(self, future: asyncio.Future[Stored]) -> None:
        if not future.done():
            self.failed = True
            future.set_exception(KafkaTimeoutError())

    async def _deliver(self, target: TopicPartition, values: list[Any], future: asyncio.Future[Stored]) -> None:
        cluster, chance = self.cluster, self.cluster.chance
        generation = cluster.generation
        await asyncio.sleep(chance.random() * (8.0 if chance.happens(cluster.slow) else 0.02))
        lost = chance.happens(cluster.lose) or (self.closed and chance.happens(0.5))
        if lost or not cluster.up or generation != cluster.generation:
            return
        first = len(cluster.log(target))
        for value, headers, timestamp in values:
            cluster.append(target, value, headers, timestamp)
        ids = [message.id for message in cluster.log(target)[first:]]
        cluster.journal.note(f"stored {target.topic}/{target.partition} {first}+{len(values)} by {self.process.name}")
        await asyncio.sleep(chance.random() * 0.02)
        if not cluster.reachable() or chance.happens(cluster.lose_ack) or future.done() or not self.process.alive:
            return
        cluster.acked.update(ids)
        future.set_result(Stored(first))


class Consumer:
    """One member of the group, with the coordinator's part in the background as aiokafka has it."""

    def __init__(self, cluster: Cluster, process: Process) -> None:
        self.cluster, self.process = cluster, process
        self.positions: dict[TopicPartition, int] = {}
        self.wanted = asyncio.Event()
        self.epoch = -1
        self.ready = False
        self.coordinator: asyncio.Task[None] | None = None
        self.listener: Any = None

    def subscribe(self, topics: list[str], listener: Any) -> None:
        self.listener = listener

    async def start(self) -> None:
        await self.process.reach()
        if not self.cluster.up:
            await asyncio.sleep(1)
            raise KafkaConnectionError
        self.cluster.members.append(self)
        self.cluster.rebalance()
        self.coordinator = asyncio.get_running_loop().create_task(self._coordinate())

    def expelled(self) -> bool:
        return self not in self.cluster.members

    async def _coordinate(self) -> None:
        while True:
            await self.wanted.wait()
            self.wanted.clear()
            await self.process.reach()
            if self.expelled():  # frozen for too long: the group went on without it
                self.cluster.members.append(self)
                self.cluster.rebalance()
                self.wanted.clear()
            epoch = self.cluster.epoch
            self.ready = False
            await self.listener.on_partitions_revoked(list(self.positions))
            self.positions = {}
            self.ready = True
            await self._all_ready(epoch)
            if epoch != self.cluster.epoch:
                continue
            mine = self.cluster.share(epoch).get(self)
            if mine is None:  # came too late for this round
                self.cluster.rebalance()
                continue
            self.positions = {target: self.cluster.committed.get(target, 0) for target in mine}
            self.epoch = epoch
            self.cluster.journal.note(f"{self.process.name} has {len(mine)} partitions")
            await self.listener.on_partitions_assigned(mine)

    async def _all_ready(self, epoch: int) -> None:
        for _ in range(60):
            waiting = [m for m in self.cluster.members if not m.ready and m.process.awake.is_set()]
            if not waiting or epoch != self.cluster.epoch:
                return
            await asyncio.sleep(0.1)
        for member in waiting:  # the rebalance timeout
            self.cluster.members.remove(member)
            member.wanted.set()

    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Message]]:
        await self.process.reach()
        if self.cluster.up and self.expelled():
            self.wanted.set()  # its heartbeat is answered so
        found: dict[TopicPartition, list[Message]] = {}
        chance, left = self.cluster.chance, min(max_records, self.cluster.chance.randint(1, 12))
        if self.cluster.up and not chance.happens(0.1):
            targets = list(self.positions)
            chance.shuffle(targets)
            for target in targets:
                log, at = self.cluster.log(target), self.positions[target]
                if at > len(log):
                    at = 0  # out of range: earliest
                if messages := log[at : at + left]:
                    found[target] = messages
                    left -= len(messages)
                self.positions[target] = at + len(messages)
                if left <= 0:
                    break
        if not found:
            await asyncio.sleep(timeout_ms / 1000)
        return found

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        await self.process.reach()
        if not self.cluster.up:
            raise KafkaConnectionError
        if self not in self.cluster.members or (self.epoch < self.cluster.epoch and self.ready):
            raise CommitFailedError
        for target in offsets:
            if target not in self.positions:
                raise IllegalStateError(str(target))
        if self.cluster.chance.happens(self.cluster.refuse_commit):
            raise KafkaTimeoutError
        for target, offset in offsets.items():
            if offset <= len(self.cluster.log(target)):
                self.cluster.committed[target] = offset
                self.cluster.on_commit(target, offset)

    def assignment(self) -> list[TopicPartition]:
        return list(self.positions)

    async def end_offsets(self, targets: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        await self.process.reach()
        if not self.cluster.up:
            raise KafkaConnectionError
        return {target: len(self.cluster.log(target)) for target in targets}

    async def beginning_offsets(self, targets: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(await self.end_offsets(targets), 0)

    async def position(self, target: TopicPartition) -> int:
        if target not in self.positions:
            raise IllegalStateError(str(target))
        return self.positions[target]

    def seek(self, target: TopicPartition, offset: int) -> None:
        if target not in self.positions:
            raise IllegalStateError(str(target))
        self.positions[target] = offset

    async def seek_to_beginning(self, *targets: TopicPartition) -> None:
        for target in targets:
            if target not in self.positions:
                raise IllegalStateError(str(target))
            self.positions[target] = 0

    def gone(self) -> None:
        if self.coordinator:
            self.coordinator.cancel()
        if self in self.cluster.members:
            self.cluster.members.remove(self)
            self.cluster.rebalance()


class KafkaFor:
    """shared.kafka as one process sees it."""

    def __init__(self, cluster: Cluster, process: Process) -> None:
        self.cluster, self.process = cluster, process
        self.clients: list[Consumer] = []

    def producer(self, address: Any, client_id: str, /, *, request_timeout_ms: int = 10_000) -> Producer:
        return Producer(self.cluster, self.process, request_timeout_ms / 1000)

    async def throw_away(self, client: Producer) -> None:
        client.closed = True

    async def cluster_id(self, address: Any, client_id: str, /) -> str:
        await self._ask()
        return self.cluster.id

    async def end_offsets(
        self, address: Any, client_id: str, partitions: Iterable[TopicPartition], /
    ) -> dict[TopicPartition, int]:
        await self._ask()
        return {target: len(self.cluster.log(target)) for target in partitions}

    async def values_at(
        self, address: Any, client_id: str, places: Mapping[TopicPartition, int], /
    ) -> dict[TopicPartition, bytes]:
        await self._ask()
        here = {target: self.cluster.log(target) for target in places}
        return {target: log[places[target]].value for target, log in here.items() if places[target] < len(log)}

    async def _ask(self) -> None:
        await self.process.reach()
        if not self.cluster.up:
            await asyncio.sleep(0.5)
            raise KafkaConnectionError

    def consumer(self, address: Any, client_id: str, /, *, group: str) -> Consumer:
        self.clients.append(Consumer(self.cluster, self.process))
        return self.clients[-1]

    async def leave(self, client: Consumer) -> None:
        client.gone()
