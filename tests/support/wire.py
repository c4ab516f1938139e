"""The network between the services and their servers, in our hands: TCP proxies that pass, cut, hang, slow down and half-close.

`python -m tests.support.wire` is a process of its own (the bytes of a busy database must not wait for the load generator); it reads
commands as JSON lines: {"listen": port, "to": port} and {"port": port, "mode": "pass|cut|hang|slow|half"}.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

import uvloop

from deploy.local.places import ROOT

SLOW = 0.05
"""Seconds that each piece waits while the network is slow."""


class _Line:
    """One proxied port and what is done to its connections."""

    def __init__(self, to: int) -> None:
        self.to, self.mode = to, "pass"
        self.moving = asyncio.Event()
        self.moving.set()
        self.open: set[asyncio.StreamWriter] = set()

    def become(self, mode: str) -> None:
        self.mode = mode
        (self.moving.clear if mode == "hang" else self.moving.set)()
        for writer in list(self.open):
            if mode == "cut":
                writer.transport.abort()
            elif mode == "half":
                with suppress(OSError, RuntimeError):
                    writer.write_eof()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "cut":
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        self.open |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self.open -= {writer, back}

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError, RuntimeError):
            while data := await source.read(262_144):
                if self.mode == "slow":
                    await asyncio.sleep(SLOW)
                await self.moving.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


async def _main() -> None:
    lines: dict[int, _Line] = {}
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while text := await reader.readline():
        order: dict[str, Any] = json.loads(text)
        if order.get("listen") in lines:
            lines[order["listen"]].to = order["to"]
        elif "listen" in order:
            line = lines[order["listen"]] = _Line(order["to"])
            await asyncio.start_server(line.accept, "127.0.0.1", order["listen"])
        else:
            lines[order["port"]].become(order["mode"])
        sys.stdout.write("done\n")
        sys.stdout.flush()


class Wire:
    """The process with all proxies. It ends when its standard input does, so it never outlives us."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.wire"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            start_new_session=True,
        )

    def listen(self, port: int, *, to: int) -> None:
        """From now on `port` leads to `to`."""
        self._order({"listen": port, "to": to})

    def mode(self, port: int, mode: str) -> None:
        """pass, cut (reset, refuse), hang (open and silent), slow, half (one side says it is done)."""
        self._order({"port": port, "mode": mode})

    def _order(self, order: dict[str, Any]) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n", "the proxies are gone"

    def stop(self) -> None:
        """End it."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()


if __name__ == "__main__":
    uvloop.run(_main())
