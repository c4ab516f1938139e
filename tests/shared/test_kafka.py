"""What the engine does with a Kafka client that does not end, or that is not let to begin."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from shared import kafka
from shared.kafka import KafkaAddress, TopicPartition
from tests.support.kafka import Broker

HERE = TopicPartition("intake.leads", 0)


class Stubborn:
    """Its `stop` swallows cancellation once and goes on waiting, as aiokafka's was seen to."""

    connected = True

    async def stop(self) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def cut(self) -> None:
        self.connected = False


class Cancelled:
    """Its `stop` ends in the CancelledError of a task inside it, as aiokafka's does when that task had not begun."""

    async def stop(self) -> None:
        raise asyncio.CancelledError


@pytest.mark.parametrize("end", [kafka.leave, kafka.throw_away])
async def test_a_client_that_ends_as_cancelled_does_not_end_us(end: object) -> None:
    assert callable(end)
    assert await end(Cancelled()) is None


@pytest.mark.parametrize("end", [kafka.leave, kafka.throw_away])
async def test_a_client_that_never_stops_holds_nobody_up(end: object) -> None:
    assert callable(end)
    client = Stubborn()
    await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(end(client))), 15)
    await asyncio.sleep(0)
    assert not client.connected
    for task in list(kafka._abandoned):
        task.cancel()


@pytest.mark.parametrize("ask", [kafka.cluster_id, lambda address, client: kafka.end_offsets(address, client, [HERE])])
async def test_a_question_that_is_broken_off_leaves_no_connection(ask: Callable[..., Awaitable[object]]) -> None:
    ended = asyncio.Event()

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            pass
        writer.close()
        ended.set()

    server = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    async with server:
        address = KafkaAddress(servers=f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(address, "asking"), 0.5)
        await asyncio.wait_for(ended.wait(), 5)


@pytest.mark.parametrize("ask", [kafka.cluster_id, lambda address, client: kafka.end_offsets(address, client, [HERE])])
async def test_a_question_that_is_broken_off_while_the_client_begins_leaves_no_connection(
    broker: Broker, ask: Callable[..., Awaitable[object]]
) -> None:
    """At any moment: pytest makes a failure of what the collector finds open."""
    for moment in range(40):
        asking = asyncio.ensure_future(ask(broker.address, "asking"))
        await asyncio.sleep(moment * 0.0005)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    del asking
    gc.collect()
