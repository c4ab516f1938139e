"""Load over HTTP from a process of its own: keep-alive connections that cost little, so that the machine's time goes to what is measured.

Closed loop (each connection sends when it has its answer) or open loop (at a given rate, whatever the answers do, so that waiting counts).
`python -m tests.load.generator FILE` reads a plan as JSON from standard input and writes what it saw as JSON to the file.
"""

import asyncio
import json
import re
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast
from uuid import uuid4

import uvloop


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`count` POSTs to host:port/path; `rate` a second, or as fast as `connections` in a closed loop allow."""

    port: int
    path: str
    token: str
    bodies: list[str]
    count: int
    connections: int = 64
    rate: float | None = None
    seconds: float | None = None
    """Stop after this long even if `count` is not reached."""
    proofs: list[str] = field(default_factory=list)
    """A proof of work for each, in place of the token."""


@dataclass(kw_only=True)
class Seen:
    """Seconds it took, seconds of each answer in order, ids with the instant of their answer (monotonic), refusals by status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    answers: list[tuple[str, float]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    late: int = 0
    """Open loop: how many were sent later than planned because every connection was busy."""


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, run: "_Run") -> None:
        self.run = run
        self.buffer = bytearray()
        self.planned: float | None = None
        """When the request that is not answered yet should have been sent."""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, planned: float) -> None:
        self.planned = planned
        self.buffer.clear()
        assert self.transport is not None
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0 or self.planned is None:
            return
        found = _LENGTH.search(self.buffer, 0, head + 2)
        if len(self.buffer) - head - 4 >= (int(found[1]) if found else 0):
            planned, self.planned = self.planned, None
            self.run.answered(self, planned, int(self.buffer[9:12]), bytes(self.buffer[head + 4 :]))

    def connection_lost(self, _: Exception | None) -> None:
        self.run.lost(self)


_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
LONGEST = 60.0
"""Seconds for an answer; a connection that waits longer is broken."""


class _Run:
    """One plan being carried out. No task and no timer a request: what the generator costs is missing where it is measured."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.seen = plan, Seen()
        self.number = 0
        self.raw: list[tuple[bytes, float]] = []
        """Answers as they came; they are read when all is over."""
        self.all: set[_Connection] = set()
        self.free: deque[_Connection] = deque()
        self.waiting: deque[float] = deque()
        """Open loop: what should have been sent already, by when."""
        self.closing = False
        run = uuid4()
        self.parts = [_parts(plan, body, str(run)[:-8]) for body in plan.bodies]
        self.started = self.ended = time.monotonic()

    async def connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        made = (await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self.plan.port))[1]
        self.all.add(made)
        return made

    def over(self) -> bool:
        late = self.plan.seconds is not None and time.monotonic() - self.started > self.plan.seconds
        return late or self.number >= self.plan.count

    def send(self, connection: _Connection, planned: float) -> None:
        number, self.number = self.number, self.number + 1
        before, between, after = self.parts[number % len(self.parts)]
        by = self.plan.proofs[number].encode() if self.plan.proofs else b""
        connection.ask(b"%b%b%b%08x%b" % (before, by, between, number, after), planned)

    def answered(self, connection: _Connection, planned: float, status: int, body: bytes) -> None:
        """Note it and go on with what is due."""
        now = self.ended = time.monotonic()
        self.seen.latencies.append(now - planned)
        if 200 <= status < 300:
            self.raw.append((body, now))
        else:
            self.seen.refused[str(status)] = self.seen.refused.get(str(status), 0) + 1
        self.next(connection, now)

    def next(self, connection: _Connection, now: float) -> None:
        if self.waiting:
            self.send(connection, self.waiting.popleft())
        elif self.plan.rate is None and not self.over():
            self.send(connection, now)
        else:
            self.free.append(connection)

    def lost(self, connection: _Connection) -> None:
        """Another one takes its place; what it waited for is not asked again."""
        self.all.discard(connection)
        if self.closing:
            return
        if connection.planned is not None:
            self.seen.refused["broken"] = self.seen.refused.get("broken", 0) + 1
        with suppress(ValueError):
            self.free.remove(connection)
        self.replacing = asyncio.create_task(self._replace())

    async def _replace(self) -> None:
        self.next(await self.connect(), time.monotonic())

    async def carry_out(self) -> Seen:
        """Send all, wait for the answers."""
        made = [await self.connect() for _ in range(self.plan.connections)]
        self.started = time.monotonic()
        self.free.extend(made)
        if self.plan.rate is None:
            while self.free and not self.over():
                self.send(self.free.popleft(), time.monotonic())
        else:
            await self._by_rate(self.plan.rate)
        # what is under way, and what a closed loop goes on with
        while self.waiting or (self.plan.rate is None and not self.over()) or any(map(_asked, self.all)):
            await asyncio.sleep(0.02)
            now = time.monotonic()
            for each in [each for each in self.all if each.planned is not None and now - each.planned > LONGEST]:
                assert each.transport is not None
                each.transport.abort()
        self.seen.seconds = self.ended - self.started
        self.seen.answers = [(json.loads(body).get("id", ""), at) for body, at in self.raw]
        self.closing = True
        for each in self.all:
            assert each.transport is not None
            each.transport.close()
        return self.seen

    async def _by_rate(self, rate: float) -> None:
        begun, due = time.monotonic(), 0
        while not self.over() and due < self.plan.count:
            planned = begun + due / rate
            if (wait := planned - time.monotonic()) > 0:
                await asyncio.sleep(wait)
                continue
            due += 1
            if self.free:
                self.send(self.free.popleft(), planned)
            else:
                self.seen.late += 1
                self.waiting.append(planned)


def _asked(connection: _Connection) -> bool:
    return connection.planned is not None


def _parts(plan: Plan, body: str, run: str) -> tuple[bytes, bytes, bytes]:
    """A request around its proof of work, if it has one, and the last eight digits of its Idempotency-Key."""
    weight = len(body.encode())
    by = "Proof-Of-Work: " if plan.proofs else f"Authorization: Bearer {plan.token}"
    before = f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{by}"
    between = f"\r\nIdempotency-Key: {run}"
    after = f"\r\nContent-Type: application/json\r\nContent-Length: {weight}\r\n\r\n{body}"
    return before.encode(), between.encode(), after.encode()


async def run(plan: Plan) -> Seen:
    """Carry out the plan."""
    return await _Run(plan).carry_out()


def main() -> None:
    """Plan in, what was seen out. To a file: unbuffered standard output (PYTHONUNBUFFERED) loses what a pipe does not take at once."""
    plan = Plan(**json.loads(sys.stdin.read()))
    Path(sys.argv[1]).write_text(json.dumps(asdict(uvloop.run(run(plan)))))


if __name__ == "__main__":
    main()
