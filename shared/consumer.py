"""The consuming side of a worker: fetch, apply through the inbox, then commit the offsets. Offsets only save work; the inbox decides."""

import asyncio
import random
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import structlog

from shared import kafka, metrics
from shared.contracts.topics import read_by
from shared.db import is_transient
from shared.inbox import Inbox, Record
from shared.kafka import KafkaAddress, TopicPartition

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")


class Broker(Protocol):
    """What the consuming side asks of Kafka (shared/kafka.py)."""

    def consumer(self, address: KafkaAddress, client_id: str, /, *, group: str) -> Any: ...
    async def leave(self, client: Any) -> None: ...
    async def cluster_id(self, address: KafkaAddress, client_id: str, /) -> str: ...


MOST_BETWEEN_REWINDS = 3600.0


class Stuck(Exception):
    """There is something to read and nothing comes: the client is thrown away and joins anew."""


class _Drain(kafka.ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    """Before partitions go to another member, let the batch in hand finish, or be given up."""

    def __init__(self, consume: "Consume") -> None:
        self.consume = consume

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.consume.revoked.set()
        try:
            await asyncio.wait_for(self.consume.idle.wait(), 20)
        except TimeoutError:
            log.warning("consume.drain_timeout", partitions=len(list(revoked)))
        await self.consume.commit()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.consume.revoked.clear()
        self.consume.applied = {}  # what could not be said before is another member's by now
        self.consume.assigned = len(list(assigned))


class Consume:
    """One member of the service's group."""

    def __init__(
        self,
        inbox: Inbox,
        address: KafkaAddress,
        *,
        service: str,
        batch: int = 500,
        sweep: float = 1.0,
        rewind_after: float = 20.0,
        tail_every: float = 15.0,
        commit_every: float = 0.5,
        broker: Broker = kafka,
    ) -> None:
        self.inbox, self.address, self.service, self.broker = inbox, address, service, broker
        self.batch, self.sweep, self.rewind_after, self.tail_every = batch, sweep, rewind_after, tail_every
        self.commit_every = commit_every
        self.topics = [topic.name for topic in read_by(service)]
        for topic in self.topics:
            metrics.applied.labels(
                topic
            )  # shown as 0 from the start, so that an alarm on "none applied" has something to see
        self.revoked, self.idle = asyncio.Event(), asyncio.Event()
        self.idle.set()
        self.assigned: int | None = None
        self.in_hand: dict[TopicPartition, int] = {}
        """First offset of what was fetched and is not applied yet."""
        self.applied: dict[TopicPartition, int] = {}
        """Where to read on after what is applied and not committed yet."""
        self.logs: dict[TopicPartition, int] = {}
        """The newest log of each partition of which this member knows that it is read from its beginning."""
        self._client: Any = None
        self.stopping = False

    def stop(self) -> None:
        """Fetch no more; `run` returns after the batch in hand is applied and committed."""
        self.stopping = True

    @property
    def ready(self) -> bool:
        """Whether the member has joined its group."""
        return self.assigned is not None

    async def lag(self) -> dict[str, int]:
        """Topic → records of this member's partitions beyond what is applied. Raises what the broker raises."""
        found = dict.fromkeys(self.topics, 0)
        client = self._client
        assigned = list(client.assignment()) if client and self.ready else []
        if assigned:
            for target, end in (await client.end_offsets(assigned)).items():
                at = self.in_hand.get(target)
                found[target.topic] += max(0, end - (await client.position(target) if at is None else at))
        return found

    async def run(self) -> None:
        """Join, fetch, apply, commit, until `stop`. Raises what needs an operator; a fault of the broker makes the caller start anew."""
        client = self.broker.consumer(self.address, f"{self.service}-worker", group=self.service)
        client.subscribe(self.topics, listener=_Drain(self))
        try:
            await client.start()
            self._client = client
            await self._loop(client)
        finally:
            self._client, self.assigned = None, None
            self.applied = {}
            self.idle.set()
            await self.broker.leave(client)

    async def _loop(self, client: Any) -> None:
        loop = asyncio.get_running_loop()
        next_sweep, next_look, next_rewind = loop.time(), loop.time() + 15, loop.time() + self.rewind_after
        next_tail, next_commit = loop.time() + self.tail_every, loop.time()
        behind: dict[TopicPartition, int] = {}
        pause = self.rewind_after
        while not self.stopping:
            fetched = await self._of_known_logs(client, await client.getmany(timeout_ms=250, max_records=self.batch))
            records = [
                Record(target.topic, target.partition, message.offset, message.value or b"")
                for target, messages in fetched.items()
                for message in messages
            ]
            if records:
                self.in_hand = {target: messages[0].offset for target, messages in fetched.items()}
                await self._apply(
                    client, records, {target: messages[-1].offset + 1 for target, messages in fetched.items()}
                )
                self.in_hand = {}
                next_look, behind = loop.time() + 15, {}
            if self.applied and loop.time() >= next_commit:
                await self.commit()
                next_commit = loop.time() + self.commit_every
            if loop.time() >= next_sweep:
                await self._swept()
                next_sweep = loop.time() + self.sweep
            if loop.time() >= next_look:
                behind = await self._unless_away(self._look(client, behind)) or {}
                next_look = loop.time() + 15
            if loop.time() >= next_tail:
                await self._unless_away(self._read_tails_again(client))
                next_tail = loop.time() + self.tail_every
            if loop.time() >= next_rewind:
                # less and less often: a gap that only an operator can close must not have the topic read for ever
                rewound = await self._rewind(client)
                pause = min(pause * 2, MOST_BETWEEN_REWINDS) if rewound else self.rewind_after
                next_rewind = loop.time() + pause
        await self.commit()

    async def _apply(self, client: Any, records: list[Record], offsets: dict[TopicPartition, int]) -> None:
        """Apply until done; what passes by itself is tried again without limit, unless the partitions are taken away meanwhile."""
        self.idle.clear()
        pause = 0.1
        try:
            while True:
                try:
                    await self.inbox.take(records)
                    break
                except Exception as fault:
                    if not is_transient(fault):
                        raise
                    metrics.consume_retries.inc()
                    log.warning("consume.retry", error=type(fault).__name__, records=len(records))
                    if self.revoked.is_set() or self.stopping:
                        self._give_up(client)
                        return
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
                pause = min(pause * 2, 5.0)
            self.applied |= offsets
        finally:
            self.idle.set()

    async def commit(self) -> None:
        """Say where to read on after what was applied. Not after each batch: that is as much work for the broker as the batch was, and
        whoever reads some records again finds them applied."""
        offsets, self.applied = self.applied, {}
        if not offsets or self._client is None:
            return
        try:
            await self._client.commit(offsets)
        except (kafka.KafkaError, kafka.IllegalStateError) as fault:
            # the partitions moved on
            log.info("consume.commit_refused", error=type(fault).__name__)

    def _give_up(self, client: Any) -> None:
        """Read from before this batch again: until the partitions are taken away the client would go on behind it, and what came next
        could be committed by a member that is given the same partitions once more."""
        self._seek(client, self.in_hand)

    @staticmethod
    def _seek(client: Any, places: Mapping[TopicPartition, int]) -> None:
        """Read on there, where the partition is still ours."""
        for target, offset in places.items():
            with suppress(kafka.IllegalStateError):
                client.seek(target, offset)

    async def _of_known_logs(self, client: Any, fetched: Mapping[TopicPartition, Any]) -> Mapping[TopicPartition, Any]:
        """What was fetched, without the partitions where a new log shows for the first time. The position there was one of a log that is
        lost, and of the new one it may have passed over something: it is read from its beginning, once. The offset goes first and the
        note after it, so that whoever is killed between them, or whoever has the partition next, does it again."""
        newest = {target: max(map(kafka.log_of, messages)) for target, messages in fetched.items()}
        unknown = {target: log for target, log in newest.items() if log > self.logs.get(target, 0)}
        if not unknown:
            return fetched
        try:
            async with self.inbox.database.transaction() as tx:
                self.logs |= await self.inbox.store.logs(tx, list(unknown))
            unknown = {target: log for target, log in unknown.items() if log > self.logs.get(target, 0)}
            if unknown:
                self.applied = {target: offset for target, offset in self.applied.items() if target not in unknown}
                await client.commit(dict.fromkeys(unknown, 0))
                await client.seek_to_beginning(*unknown)
                async with self.inbox.database.transaction() as tx:
                    self.logs |= await self.inbox.store.note_logs(tx, unknown)
                log.warning("consume.new_log", topics=" ".join(sorted({target.topic for target in unknown})))
        except Exception as fault:
            if not (isinstance(fault, kafka.KafkaError | kafka.IllegalStateError) or is_transient(fault)):
                raise
            log.warning("consume.new_log_retry", error=type(fault).__name__)
            self._seek(client, {target: fetched[target][0].offset for target in unknown})
            await asyncio.sleep(0.5)
        return {target: messages for target, messages in fetched.items() if target not in unknown}

    async def _unless_away(self, question: Awaitable[Answer]) -> Answer | None:
        """The answer; None while the broker answers nobody. Then the member stays and goes on when the broker is back: in the place of one
        that left, the group would wait until the broker has given that one up. Raises when others are answered and this client is not."""
        try:
            return await question
        except (kafka.KafkaError, TimeoutError) as fault:
            try:
                await asyncio.wait_for(self.broker.cluster_id(self.address, f"{self.service}-worker-check"), 10)
            except (kafka.KafkaError, TimeoutError, OSError):
                log.info("consume.broker_away", error=type(fault).__name__)
                return None
            raise

    async def _read_tails_again(self, client: Any) -> None:
        """Where nothing is left to read, read the last record again: a position that is the end of a lost log by chance, and of the new
        one too, shows in its number."""
        assigned = list(client.assignment())
        if not assigned:
            return
        first = await asyncio.wait_for(client.beginning_offsets(assigned), 10)
        for target, end in (await asyncio.wait_for(client.end_offsets(assigned), 10)).items():
            if first[target] < end == await asyncio.wait_for(client.position(target), 10):
                self._seek(client, {target: end - 1})

    async def _swept(self) -> None:
        try:
            await self.inbox.release()
        except Exception as fault:
            if not is_transient(fault):
                raise
            log.warning("consume.sweep_retry", error=type(fault).__name__)

    async def _look(self, client: Any, before: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
        """Nothing came for a while: is there nothing? Raise `Stuck` when the same lag stands twice."""
        assigned = client.assignment()
        if not assigned:
            return {}
        ends = await asyncio.wait_for(client.end_offsets(list(assigned)), 10)
        behind = {}
        for target, end in ends.items():
            position = await asyncio.wait_for(client.position(target), 10)
            if end > position:
                behind[target] = position
        if any(before.get(target) == position for target, position in behind.items()):
            raise Stuck
        return behind

    async def _rewind(self, client: Any) -> bool:
        """A gap that does not close means that offsets ran ahead of the inbox (a topic made anew, a database set back): read the topic
        again from its beginning; → whether that was done. Repeats cost time, never truth."""
        before = self.inbox.clock() - timedelta(seconds=self.rewind_after)
        try:
            topics = await self.inbox.gaps(before=before)
        except Exception as fault:
            if not is_transient(fault):
                raise
            return False
        partitions = [target for target in client.assignment() if target.topic in topics]
        if partitions:
            log.warning("consume.rewind", topics=" ".join(sorted(topics)))
            await client.seek_to_beginning(*partitions)
        return bool(partitions)
