"""The queue that lets concurrent requests share a transaction: who waits for whom, and who is harmed by whom."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.errors import Invalid
from shared.groupcommit import GroupCommit


class Desk:
    """Does orders (numbers) and remembers how: negative ones break a batch, zero is left to be done alone."""

    def __init__(self, *, most: int = 64, flushers: int = 2) -> None:
        self.batches: list[list[int]] = []
        self.alone: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.queue = GroupCommit[int, str](self._together, self._alone, most=most, flushers=flushers)

    async def _together(self, batch: Sequence[int]) -> list[str | None]:
        self.batches.append(list(batch))
        await self.open.wait()
        if min(batch) < 0:
            raise ConnectionError
        return [f"together {order}" if order else None for order in batch]

    async def _alone(self, order: int) -> str:
        self.alone.append(order)
        if order < 0:
            raise Invalid(f"{order} is bad")
        return f"alone {order}"


async def test_one_request_alone_waits_for_nobody() -> None:
    desk = Desk()
    assert await asyncio.wait_for(desk.queue.submit(1), 1) == "together 1"
    assert desk.batches == [[1]]


async def test_requests_of_the_same_rounds_of_the_loop_share_the_first_batch() -> None:
    desk = Desk()

    async def read_a_round_later(order: int) -> str:
        await asyncio.sleep(0)
        return await desk.queue.submit(order)

    await asyncio.gather(desk.queue.submit(1), desk.queue.submit(2), read_a_round_later(3))
    assert desk.batches == [[1, 2, 3]]


async def test_those_that_come_meanwhile_form_the_next_batch_up_to_the_limit() -> None:
    desk = Desk(most=3, flushers=1)
    desk.open.clear()
    first = asyncio.create_task(desk.queue.submit(1))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(desk.queue.submit(number)) for number in range(2, 9)]
    await asyncio.sleep(0.01)
    assert desk.batches == [[1]]
    desk.open.set()
    assert await asyncio.gather(first, *others) == [f"together {number}" for number in range(1, 9)]
    assert desk.batches == [[1], [2, 3, 4], [5, 6, 7], [8]]


async def test_a_second_flusher_begins_with_a_full_batch_and_a_third_does_not() -> None:
    desk = Desk(most=2, flushers=2)
    desk.open.clear()
    tasks = []
    for number in (1, 2, 3, 4, 5, 6):
        tasks.append(asyncio.create_task(desk.queue.submit(number)))
        await asyncio.sleep(0.01)
        # what is not full waits for the first to end: it may still be joined
        assert desk.batches == [[1], [2, 3]][: 1 + (number > 2)]
    desk.open.set()
    await asyncio.gather(*tasks)
    assert desk.batches == [[1], [2, 3], [4, 5], [6]]


async def test_one_bad_order_never_fails_its_neighbours() -> None:
    desk = Desk()
    answers = await asyncio.gather(*(desk.queue.submit(number) for number in (1, -2, 0, 3)), return_exceptions=True)
    assert [answers[0], answers[2], answers[3]] == ["alone 1", "alone 0", "alone 3"]
    assert isinstance(answers[1], Invalid)
    # and the queue goes on
    assert await desk.queue.submit(5) == "together 5"


async def test_what_the_batch_leaves_open_is_done_alone() -> None:
    desk = Desk()
    assert list(await asyncio.gather(desk.queue.submit(0), desk.queue.submit(7))) == ["alone 0", "together 7"]
    assert desk.alone == [0]


async def test_a_cancelled_caller_harms_no_neighbour_and_its_order_is_done() -> None:
    desk = Desk(flushers=1)
    desk.open.clear()
    leader, follower, neighbour = (asyncio.create_task(desk.queue.submit(number)) for number in (1, 2, 3))
    await asyncio.sleep(0.01)
    leader.cancel()
    follower.cancel()
    desk.open.set()
    assert await asyncio.wait_for(neighbour, 1) == "together 3"
    assert sorted(order for batch in desk.batches for order in batch) == [1, 2, 3]
    for task in (leader, follower):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_sizes_of_the_batches_are_told() -> None:
    sizes: list[int] = []
    desk = Desk()
    desk.queue = GroupCommit[int, str](desk._together, desk._alone, observe=sizes.append)
    await asyncio.gather(*(desk.queue.submit(number) for number in range(1, 6)))
    assert sizes == [5]
