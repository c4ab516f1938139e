"""Load over HTTP from a process of its own: keep-alive connections that cost little, so that the machine's time goes to what is measured.

Closed loop (each connection sends when it has its answer) or open loop (at a given rate, whatever the answers do, so that waiting counts).
`python -m tests.load.generator FILE` reads a plan as JSON from standard input and writes what it saw as JSON to the file.
"""

import asyncio
import json
import sys
import time
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

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        self.answer = asyncio.get_running_loop().create_future()
        self.buffer.clear()
        assert self.transport is not None
        self.transport.write(request)
        return self.answer

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = 0
        for line in bytes(self.buffer[:head]).split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(self.buffer) - head - 4 >= length and self.answer is not None and not self.answer.done():
            self.answer.set_result((int(self.buffer[9:12]), bytes(self.buffer[head + 4 :])))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(exc or ConnectionResetError())


def _request(plan: Plan, number: int) -> bytes:
    body = plan.bodies[number % len(plan.bodies)].encode()
    by = f"Proof-Of-Work: {plan.proofs[number]}" if plan.proofs else f"Authorization: Bearer {plan.token}"
    head = (
        f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{by}\r\n"
        f"Idempotency-Key: {uuid4()}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Run:
    """One plan being carried out."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.seen = plan, Seen()
        self.numbers = iter(range(plan.count))
        self.started = time.monotonic()

    async def connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(_Connection, "127.0.0.1", self.plan.port))[1]

    def over(self) -> bool:
        return self.plan.seconds is not None and time.monotonic() - self.started > self.plan.seconds

    async def one(self, connection: _Connection, number: int, planned: float) -> _Connection:
        """Send, note the answer; → the connection to go on with."""
        seen = self.seen
        try:
            status, body = await asyncio.wait_for(connection.ask(_request(self.plan, number)), 60)
        except (OSError, TimeoutError):
            seen.refused["broken"] = seen.refused.get("broken", 0) + 1
            return await self.connect()
        now = time.monotonic()
        seen.latencies.append(now - planned)
        if 200 <= status < 300:
            seen.answers.append((json.loads(body).get("id", ""), now))
        else:
            seen.refused[str(status)] = seen.refused.get(str(status), 0) + 1
        return connection

    async def closed_loop(self) -> None:
        connection = await self.connect()
        for number in self.numbers:
            connection = await self.one(connection, number, time.monotonic())
            if self.over():
                break

    async def open_loop(self, rate: float) -> None:
        free: asyncio.Queue[_Connection] = asyncio.Queue()
        for _ in range(self.plan.connections):
            free.put_nowait(await self.connect())

        async def send(number: int, planned: float) -> None:
            self.seen.late += free.empty()
            free.put_nowait(await self.one(await free.get(), number, planned))

        tasks = set()
        begun = time.monotonic()
        for number in self.numbers:
            planned = begun + number / rate
            if (wait := planned - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(send(number, planned))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if self.over():
                break
        await asyncio.gather(*tasks)


async def run(plan: Plan) -> Seen:
    """Carry out the plan."""
    it = _Run(plan)
    if plan.rate is None:
        await asyncio.gather(*(it.closed_loop() for _ in range(plan.connections)))
    else:
        await it.open_loop(plan.rate)
    it.seen.seconds = time.monotonic() - it.started
    return it.seen


def main() -> None:
    """Plan in, what was seen out. To a file: unbuffered standard output (PYTHONUNBUFFERED) loses what a pipe does not take at once."""
    plan = Plan(**json.loads(sys.stdin.read()))
    Path(sys.argv[1]).write_text(json.dumps(asdict(uvloop.run(run(plan)))))


if __name__ == "__main__":
    main()
