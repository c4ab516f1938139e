"""Concurrent requests share one transaction: a queue with leaders and followers, and no timer.

The first request starts a flush at once; those that arrive while it runs form the next batch. So one request alone waits for nobody, and
under load the cost of a transaction is divided. This is the named exception to "one request, one transaction" (docs/decisions/0022).

`together` does a whole batch in one transaction, all or nothing. Whatever it could not answer (it failed, or it says None for an order) is
done by `alone`, each in a transaction of its own: one bad order never fails its neighbours, and after a commit whose outcome is unknown
`alone` finds the first answer by the order's Idempotency-Key.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from shared.errors import Unavailable

log = structlog.get_logger(__name__)

Order = TypeVar("Order")
Answer = TypeVar("Answer")


class GroupCommit(Generic[Order, Answer]):
    """At most `most` orders a batch and `flushers` batches at once. A further flusher begins only with a full batch: a small one would
    wait in the database for the numbers that the batch before it draws, while those that come meanwhile could have joined it."""

    def __init__(
        self,
        together: Callable[[Sequence[Order]], Awaitable[Sequence[Answer | None]]],
        alone: Callable[[Order], Awaitable[Answer]],
        *,
        most: int = 64,
        flushers: int = 2,
        observe: Callable[[int], None] | None = None,
    ) -> None:
        self._together, self._alone = together, alone
        self._most, self._flushers, self._observe = most, flushers, observe
        self._waiting: deque[tuple[Order, asyncio.Future[Answer]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, order: Order) -> Answer:
        """Wait for the batch that holds this order. Raises what `alone` raises for it. A caller that is cancelled harms nobody: its
        order is done all the same, as it would be if the connection broke on the answer."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((order, future))
        self._start()
        return await future

    def _start(self) -> None:
        wanted = self._most if self._running else 1
        if len(self._waiting) >= wanted and len(self._running) < self._flushers:
            # a task of its own: the request that started it may be cancelled, its followers' batch may not
            task = asyncio.create_task(self._flush())
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()

    async def _flush(self) -> None:
        while await self._gathered():
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            try:
                await self._settle(batch)
            finally:
                # only a shutdown comes here with open futures
                for _, future in batch:
                    if not future.done():
                        future.set_exception(Unavailable("服务正在停止 / the service is stopping"))

    async def _gathered(self) -> bool:
        """Whether any wait. The requests that lie in the sockets already come first, which takes two rounds of the loop (read, handled):
        one batch more costs more than they do."""
        if 0 < len(self._waiting) < self._most:
            for _ in range(2):
                await asyncio.sleep(0)
        return bool(self._waiting)

    async def _settle(self, batch: Sequence[tuple[Order, asyncio.Future[Answer]]]) -> None:
        if self._observe is not None:
            self._observe(len(batch))
        answers: Sequence[Answer | None] = [None] * len(batch)
        try:
            answers = await self._together([order for order, _ in batch])
        except Exception as fault:  # noqa: BLE001 - whatever it was, each order gets its own answer from `alone`
            log.info("groupcommit.one_by_one", count=len(batch), error=type(fault).__name__)
        left = []
        for (order, future), answer in zip(batch, answers, strict=True):
            if answer is None:
                left.append((order, future))
            elif not future.done():
                future.set_result(answer)
        await asyncio.gather(*(self._do_alone(order, future) for order, future in left))

    async def _do_alone(self, order: Order, future: asyncio.Future[Answer]) -> None:
        try:
            answer = await self._alone(order)
        except Exception as fault:  # noqa: BLE001 - handed to the one who asked
            if not future.done():
                future.set_exception(fault)
            return
        if not future.done():
            future.set_result(answer)
