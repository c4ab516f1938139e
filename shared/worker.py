"""A worker process: consume, relay, audit chain and clock side by side, each supervised by itself, and a health page.

A broker outage must not stop the clock, a restored database must not stop the health page from saying so. Uvicorn owns the signals; the
tasks live in its lifespan and end in order: stop fetching, finish the batch, commit, then the rest, each with a deadline.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import text

from shared import identity, kafka, metrics
from shared.audit_chain import AuditChain
from shared.audit_content import Signer
from shared.consumer import Consume
from shared.contracts.topics import read_by
from shared.db import Database, Transaction, after_commit, is_transient
from shared.errors import NeedsOperator
from shared.inbox import Handlers, Inbox
from shared.kafka import KafkaAddress
from shared.leader import LONGEST
from shared.relay import Relay

log = structlog.get_logger(__name__)

REST = 60.0
"""Seconds that a timer waits after a fault of its own; the clock itself goes on within ten."""
_MINE = text("select pg_try_advisory_xact_lock(hashtext(:kind))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Work that time asks for: every `every` seconds, by one instance at a time, in a transaction of its own."""

    every: float
    run: Callable[[Transaction, datetime], Awaitable[None]]


Timers = Mapping[str, Timer]


def now() -> datetime:
    """The instant, in UTC: the only clock a worker has."""
    return datetime.now(UTC)


@dataclass
class Worker:
    """The tasks of one service, and how each fares (`state`), which readiness shows."""

    service: str
    region: str
    database: Database
    address: KafkaAddress
    handlers: Handlers
    timers: Timers
    signer: Signer
    checkpoint_every: float = 60.0
    anchors: Path | None = None
    state: dict[str, str] = field(default_factory=dict)
    _not_before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        identity.guard(self.database)
        self.inbox = Inbox(self.database, self.handlers, clock=now)
        self.relay = Relay(self.database, self.address, service=self.service, region=self.region)
        self.audit = AuditChain(
            self.database,
            self.signer,
            service=self.service,
            region=self.region,
            checkpoint_every=self.checkpoint_every,
            anchors=self.anchors,
        )
        self.consume = Consume(self.inbox, self.address, service=self.service) if read_by(self.service) else None

    async def problems(self) -> dict[str, str]:
        """What is not ready, by name; empty when all is."""
        found = {name: state for name, state in self.state.items() if state != "running"}
        if "relay" not in found and self.relay.state not in ("active", "standby", "replaying"):
            found["relay"] = self.relay.state
        if "audit" not in found and self.audit.state not in ("active", "standby"):
            found["audit"] = self.audit.state
        if self.consume and "consume" not in found and not self.consume.ready:
            found["consume"] = "joining"
        return found

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the tasks; on leaving stop them in order."""
        tasks = {
            "relay": self._supervise("relay", self.relay.run),
            "audit": self._supervise("audit", self.audit.run),
            "clock": self._supervise("clock", self._keep_time),
        }
        if self.consume:
            tasks["consume"] = self._supervise("consume", self.consume.run)
        started = {name: asyncio.create_task(task, name=f"{self.service}-{name}") for name, task in tasks.items()}
        try:
            yield
        finally:
            if self.consume:
                self.consume.stop()
            for name in ("consume", "clock", "audit", "relay"):
                if task := started.get(name):
                    await _end(task, grace=15 if name == "consume" else 0)
            await self.database.close()

    async def _supervise(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run, and after a fault run again, more and more slowly; stop for good only where an operator is needed."""
        pause = 0.5
        while True:
            self.state[name] = "running"
            metrics.needs_operator.labels(name).set(0)
            started, away = asyncio.get_running_loop().time(), False
            try:
                await identity.check(self.database)
                await run()
                return
            except NeedsOperator as stop:
                self.state[name] = f"stopped: {stop}"
                metrics.needs_operator.labels(name).set(1)
                log.critical("worker.needs_operator", task=name, reason=str(stop))
                return
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) is None or task.cancelling():
                    raise
                # not ours: a task inside a library was cancelled, and what waited for it ended as if we had been
                self.state[name] = "restarting after a cancellation inside"
                log.warning("worker.task_died", task=name, error="CancelledError")
            except Exception as fault:
                away = isinstance(fault, kafka.KafkaError) or is_transient(fault)
                self.state[name] = f"restarting after {type(fault).__name__}"
                metrics.task_restarts.labels(name).inc()
                log.warning("worker.task_died", task=name, exc_info=not is_transient(fault), error=type(fault).__name__)
            if asyncio.get_running_loop().time() - started > 60:
                pause = 0.5
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST if away else 10.0)

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        due = {kind: max(loop.time(), self._not_before.get(kind, 0.0)) for kind in self.timers}
        for kind in self.timers.keys() - self._not_before.keys():
            # so that one that never comes to an end is seen as late
            metrics.timer_last.labels(kind).set_to_current_time()
            self._not_before[kind] = 0.0
        while True:
            for kind, timer in self.timers.items():
                if loop.time() >= due[kind]:
                    due[kind] = loop.time() + timer.every
                    try:
                        await self._run(kind, timer)
                    except Exception as fault:
                        if not is_transient(fault):
                            # the clock begins anew: this one does not keep those after it from their turn
                            self._not_before[kind] = loop.time() + REST
                        raise
            await asyncio.sleep(1.0)

    async def _run(self, kind: str, timer: Timer) -> None:
        async with self.database.transaction() as tx:
            if (await tx.execute(_MINE, {"kind": kind})).scalar_one():
                with metrics.timer_seconds.labels(kind).time():
                    await timer.run(tx, now())
                after_commit(tx, metrics.timer_runs.labels(kind).inc)
                after_commit(tx, metrics.timer_last.labels(kind).set_to_current_time)


async def _end(task: asyncio.Task[Any], *, grace: float) -> None:
    if grace:
        await asyncio.wait([task], timeout=grace)
    task.cancel()
    with suppress(asyncio.CancelledError, TimeoutError):
        await asyncio.wait_for(task, 10)
