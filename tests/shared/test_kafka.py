"""What the engine does with a Kafka client that does not end, or that is not let to begin."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from shared import kafka
from shared.kafka import KafkaAddress, TopicPartition

HERE = TopicPartition("intake.leads", 0)


class Stubborn:
    """Its `stop` swallows cancellation once and goes on waiting, as aiokafka's was seen to."""

    async def stop(self) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)


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
    await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(end(Stubborn()))), 15)
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
