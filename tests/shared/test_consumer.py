"""The consuming side: what was given up is read again, whoever holds the partition next."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from shared import kafka
from shared.consumer import Consume
from shared.db import Database
from shared.inbox import Inbox
from shared.kafka import KafkaAddress, TopicPartition
from tests.conftest import NewDatabase

HERE = TopicPartition("intake.leads", 0)


@dataclass
class Message:
    offset: int
    value: bytes = b"{}"
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Unreached:
    """A client that gets no answers: of one partition, with nothing to read."""

    joined: int = 0
    asked: int = 0
    listener: Any = None

    def subscribe(self, _: Iterable[str], *, listener: Any) -> None:
        self.listener = listener

    async def start(self) -> None:
        self.joined += 1
        await self.listener.on_partitions_assigned([HERE])

    async def getmany(self, **_: int) -> dict[TopicPartition, list[Message]]:
        await asyncio.sleep(0.001)
        return {}

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    async def beginning_offsets(self, _: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked += 1
        raise kafka.KafkaError


@dataclass
class Client:
    """A client with one partition that goes on reading where it stands, as aiokafka's does until the partition is taken away."""

    position: int = 0
    headers: Sequence[tuple[str, bytes]] = ()
    fetched: list[int] = field(default_factory=list)
    committed: list[int] = field(default_factory=list)
    listener: Any = None

    def subscribe(self, _: Iterable[str], *, listener: Any) -> None:
        self.listener = listener

    async def start(self) -> None:
        await self.listener.on_partitions_assigned([HERE])

    async def getmany(self, **_: int) -> dict[TopicPartition, list[Message]]:
        await asyncio.sleep(0)
        self.fetched.append(self.position)
        self.position += 1
        return {HERE: [Message(self.fetched[-1], headers=self.headers)]}

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.position = offset

    async def seek_to_beginning(self, _: TopicPartition) -> None:
        self.position = 0

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.committed += offsets.values()


class OneClient:
    """The broker as `Consume` sees it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.away = False

    async def cluster_id(self, _address: KafkaAddress, _client_id: str, /) -> str:
        if self.away:
            raise kafka.KafkaError
        return "cluster"

    def consumer(self, _address: KafkaAddress, _client_id: str, /, *, group: str) -> Client:  # noqa: ARG002 - the port's
        return self.client

    async def leave(self, client: Any) -> None:
        pass


async def test_a_batch_that_is_given_up_is_read_again_and_nothing_behind_it_is_committed() -> None:
    # nobody listens there: each try is a passing fault
    database = Database("postgresql://nobody:x@127.0.0.1:1/none", pool=1)
    inbox = Inbox(database, {}, clock=lambda: datetime.now(UTC))
    client = Client()
    consume = Consume(inbox, KafkaAddress(servers="none"), service="verification", broker=OneClient(client))
    task = asyncio.create_task(consume.run())
    try:
        while not client.fetched:  # noqa: ASYNC110 - the client tells by its list
            await asyncio.sleep(0.01)
        await client.listener.on_partitions_revoked([HERE])
        await client.listener.on_partitions_assigned([HERE])
        while len(client.fetched) < 2:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.close()
    assert set(client.fetched) == {0}
    assert client.committed == []


async def test_where_a_new_log_shows_it_is_read_from_its_beginning_once(new_database: NewDatabase) -> None:
    database = Database((await new_database("verification")).url)
    inbox = Inbox(database, {}, clock=lambda: datetime.now(UTC))
    client = Client(position=7, headers=[(kafka.LOG_HEADER, b"5")])
    consume = Consume(
        inbox, KafkaAddress(servers="none"), service="verification", commit_every=0, broker=OneClient(client)
    )
    task = asyncio.create_task(consume.run())
    while len(client.committed) < 4:  # noqa: ASYNC110 - the client tells by its list
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert client.fetched[:4] == [7, 0, 1, 2]
    assert client.committed[:4] == [0, 1, 2, 3]
    async with database.transaction() as tx:
        assert await inbox.store.logs(tx, [HERE]) == {HERE: 5}
    await database.close()


async def test_offsets_are_committed_now_and_then_before_partitions_go_and_at_the_end(
    new_database: NewDatabase,
) -> None:
    database = Database((await new_database("verification")).url)
    inbox = Inbox(database, {}, clock=lambda: datetime.now(UTC))
    client = Client()
    consume = Consume(
        inbox, KafkaAddress(servers="none"), service="verification", commit_every=3600, broker=OneClient(client)
    )
    task = asyncio.create_task(consume.run())

    async def read_to(offset: int) -> None:
        while len(client.fetched) <= offset:  # noqa: ASYNC110 - the client tells by its list
            await asyncio.sleep(0.01)

    try:
        await read_to(9)
        assert client.committed == [1]
        await client.listener.on_partitions_revoked([HERE])
        [_, told] = client.committed
        assert 8 <= told <= client.position
        await client.listener.on_partitions_assigned([HERE])
        await read_to(client.position + 3)
        assert len(client.committed) == 2
    finally:
        consume.stop()
        await task
        await database.close()
    assert client.committed[2:] == [client.position]


async def test_a_member_stays_while_the_broker_answers_nobody_and_joins_anew_when_only_it_is_not_answered() -> None:
    database = Database("postgresql://nobody:x@127.0.0.1:1/none", pool=1)
    inbox = Inbox(database, {}, clock=lambda: datetime.now(UTC))
    client: Any = Unreached()
    broker = OneClient(client)
    broker.away = True
    consume = Consume(
        inbox, KafkaAddress(servers="none"), service="verification", broker=broker, tail_every=0.01, sweep=600
    )
    task = asyncio.create_task(consume.run())
    while client.asked < 3:  # noqa: ASYNC110 - the client tells by its count
        await asyncio.sleep(0.01)
    assert (client.joined, task.done()) == (1, False)
    broker.away = False
    with pytest.raises(kafka.KafkaError):
        await asyncio.wait_for(task, 20)
    await database.close()
