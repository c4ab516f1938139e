"""What the engine does with a Kafka client that does not end."""

import asyncio
from contextlib import suppress

import pytest

from shared import kafka


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
