"""What is measured when an operator's Prometheus asks: backlogs, what is held and parked, the pool, the tasks.

Each look is bounded: it counts to a limit, by an index, under a statement timeout, and what does not answer leaves its last value and
`xiansuo_probe_up` 0. How long an event waits is what this process has seen: the time of record may say the day only, and the clock of a
demonstration stands in 2018.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog
from sqlalchemy import Column, Pool, QueuePool, Select, func, select, text

from shared import identity, metrics, outbox
from shared.db import Database
from shared.inbox import held, parked
from shared.outbox import Backlog
from shared.worker import Worker, now

log = structlog.get_logger(__name__)

PATIENCE, NOT_AGAIN_WITHIN = 3.0, 1.0
_SHORT = text("set local statement_timeout = '2s'")


def _aside(at: Column[datetime]) -> Select[int, datetime | None]:
    some = select(at.label("at")).limit(outbox.MOST_COUNTED).subquery()
    return select(func.count(), func.min(some.c.at))


_HELD, _PARKED = _aside(held.c.held_at), _aside(parked.c.parked_at)


class Waiting:
    """How long the first unpublished event has been seen waiting, from looks at the backlog."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looks: deque[tuple[float, int]] = deque()

    def seen(self, backlog: Backlog) -> float:
        """→ seconds. At the earliest look whose last position is not below today's first, that first one stood there already."""
        if backlog.first is None or backlog.last is None:
            self._looks.clear()
            return 0.0
        instant = self._clock()
        self._looks.append((instant, backlog.last))
        while self._looks[0][1] < backlog.first:
            self._looks.popleft()
        if len(self._looks) > 10_000:  # days of looks at a backlog that only grows: the first one is what counts
            del self._looks[1]
        return instant - self._looks[0][0]


class Gauges:
    """The looks of one process; `worker` where it is one. Without `events`, at what is not of outbox and inbox. `parts`: more to look at,
    by name."""

    def __init__(
        self,
        database: Database,
        worker: Worker | None = None,
        *,
        events: bool = True,
        parts: Mapping[str, Callable[[], Awaitable[None]]] | None = None,
    ) -> None:
        self.database, self.worker, self._events, self._parts = database, worker, events, parts or {}
        self._waiting = Waiting()
        self._one_at_a_time = asyncio.Lock()
        self._last = float("-inf")

    async def refresh(self) -> None:
        """Look at everything, at most once a second, however many ask."""
        async with self._one_at_a_time:
            if time.monotonic() - self._last < NOT_AGAIN_WITHIN:
                return
            self._pool(self.database.engine.pool)
            await self._look("database", self._database)
            if self.worker:
                self._relay(self.worker)
                await self._look("kafka", self._inbox)
            for part, look in self._parts.items():
                await self._look(part, look)
            self._last = time.monotonic()

    async def _look(self, part: str, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await asyncio.wait_for(look(), PATIENCE)
        except Exception as fault:  # noqa: BLE001 - whatever keeps a part from answering, the page is served and says so
            metrics.probe_up.labels(part).set(0)
            log.info("gauges.no_answer", reason=part, error=type(fault).__name__)
        else:
            metrics.probe_up.labels(part).set(1)

    async def _database(self) -> None:
        try:
            await identity.check(self.database)
            metrics.database_restored.set(0)
        except identity.DatabaseRestored:
            metrics.database_restored.set(1)
        if self._events:
            await self._backlogs()

    async def _backlogs(self) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(_SHORT)
            backlog = await outbox.unpublished(tx)
            metrics.outbox_rows.set(backlog.rows)
            metrics.outbox_seconds.set(self._waiting.seen(backlog))
            for aside, number, age in (
                (_HELD, metrics.held, metrics.held_age),
                (_PARKED, metrics.parked, metrics.parked_age),
            ):
                rows, oldest = (await tx.execute(aside)).one()
                number.set(rows)
                age.set((now() - oldest).total_seconds() if oldest else 0)

    async def _inbox(self) -> None:
        if self.worker and self.worker.consume:
            for topic, records in (await self.worker.consume.lag()).items():
                metrics.inbox_lag.labels(topic).set(records)

    @staticmethod
    def _relay(worker: Worker) -> None:
        state = worker.relay.state if worker.state.get("relay") == "running" else "retrying"
        if worker.state.get("relay", "").startswith("stopped"):
            state = "needs an operator"
        for name in metrics.RELAY_STATES:
            metrics.relay_state.labels(name).set(name == state)
        metrics.relay_epoch.set(worker.relay.epoch)

    @staticmethod
    def _pool(pool: Pool) -> None:
        if isinstance(pool, QueuePool):
            metrics.pool_in_use.set(pool.checkedout())
            metrics.pool_size.set(pool.size())
