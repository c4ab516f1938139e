"""The owner's database in memory: transactions that commit out of order, snapshots, one relay lock, the saved cursor.

The same functions as shared/relay_store.py; test_stores_alike.py shows that both answer alike.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from shared.relay_store import Cursor
from tests.simulation.machine import Process

Row = dict[str, Any]


def copy_of(cursor: Cursor) -> Cursor:
    """As it stands now."""
    return replace(
        cursor, replaying=list(cursor.replaying), offsets=dict(cursor.offsets), logs=dict(cursor.logs), moved=set()
    )


@cache
def parts(snapshot: str) -> tuple[int, frozenset[int]]:
    """xmax, and the transactions that were open."""
    _, xmax, open_ = snapshot.split(":")
    return int(xmax), frozenset(int(xid) for xid in open_.split(",") if xid)


@dataclass
class OutboxServer:
    """Committed and open transactions, as PostgreSQL keeps them apart."""

    rows: list[Row] = field(default_factory=list)
    open: set[int] = field(default_factory=set)
    aborted: set[int] = field(default_factory=set)
    next_xid: int = 700
    next_position: int = 1
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    counters: dict[tuple[str, str], asyncio.Lock] = field(default_factory=dict)
    cursor: Cursor | None = None
    holder: "Connection | None" = None
    connections: "list[Connection]" = field(default_factory=list)
    saved: Callable[[Cursor], None] = lambda _: None
    went_on: Callable[[], None] = lambda: None
    """A relay that was fenced came again."""
    restarts: int = 0

    def begin(self) -> int:
        xid, self.next_xid = self.next_xid, self.next_xid + 1
        self.open.add(xid)
        return xid

    def insert(self, xid: int, row: Row) -> None:
        self.rows.append({"position": self.next_position, "xid": xid, **row})
        self.next_position += 1

    def commit(self, xid: int) -> None:
        self.open.discard(xid)

    def abort(self, xid: int) -> None:
        self.open.discard(xid)
        self.aborted.add(xid)

    def restart(self) -> None:
        self.restarts += 1
        for xid in sorted(self.open):
            self.abort(xid)
        for connection in list(self.connections):
            connection.terminate()

    def snapshot(self) -> str:
        open_ = sorted(self.open)
        return f"{open_[0] if open_ else self.next_xid}:{self.next_xid}:{','.join(map(str, open_))}"

    def visible(self, row: Row, snapshot: str) -> bool:
        xmax, open_ = parts(snapshot)
        xid = row["xid"]
        return xid < xmax and xid not in open_ and xid not in self.aborted

    def committed(self) -> list[Row]:
        return [row for row in self.rows if row["xid"] not in self.open and row["xid"] not in self.aborted]

    def since(self, snapshot: str) -> list[Row]:
        xmax, open_ = parts(snapshot)
        return [row for row in self.committed() if row["xid"] >= xmax or row["xid"] in open_]


class Connection:
    """The relay's connection; the lock lives and dies with it."""

    def __init__(self, server: OutboxServer, process: Process, *, cut: float = 0.0) -> None:
        self.server, self.process, self.cut, self.alive = server, process, cut, True
        self.fenced = False
        server.connections.append(self)

    async def use(self) -> None:
        await self.process.reach()
        if self.alive and self.process.chance.happens(self.cut):
            self.terminate()
        if not self.alive:
            raise ConnectionError("the server closed the connection")

    def terminate(self) -> None:
        self.alive = False
        if self in self.server.connections:
            self.server.connections.remove(self)
        if self.server.holder is self:
            self.server.holder = None


class OutboxDatabase:
    """Stands for `Database` in the relay."""

    def __init__(self, server: OutboxServer, process: Process, *, cut: float) -> None:
        self.server, self.process, self.cut = server, process, cut

    async def dedicated(self) -> Connection:
        await self.process.reach()
        return Connection(self.server, self.process, cut=self.cut)


class OutboxStore:
    """`shared.relay.Store` over the server above."""

    async def try_lock(self, connection: Connection) -> bool:
        await connection.use()
        if connection.server.holder in (None, connection):
            connection.server.holder = connection
            return True
        return False

    async def take_over(self, connection: Connection) -> Cursor:
        await connection.use()
        server = connection.server
        if server.cursor is None:
            server.cursor = Cursor(0, "1:1:")
        server.cursor.epoch += 1
        return copy_of(server.cursor)

    async def new_rows(self, connection: Connection, since: str, limit: int) -> tuple[str, Sequence[Row]]:
        await connection.use()
        return connection.server.snapshot(), connection.server.since(since)[:limit]

    async def next_page(
        self, connection: Connection, since: str, until: str, position: int, limit: int
    ) -> Sequence[Row]:
        await connection.use()
        server = connection.server
        rows = [r for r in server.since(since) if r["position"] > position and server.visible(r, until)]
        return rows[:limit]

    async def replay_page(
        self, connection: Connection, until: str, position: int, topics: list[str], limit: int
    ) -> Sequence[Row]:
        await connection.use()
        server = connection.server
        rows = [
            r for r in server.rows if r["position"] > position and r["topic"] in topics and server.visible(r, until)
        ]
        return rows[:limit]

    async def save(self, connection: Connection, cursor: Cursor, *, forget: Sequence[str] = ()) -> bool:
        await connection.use()
        server = connection.server
        assert server.cursor is not None
        if server.cursor.epoch != cursor.epoch:
            if connection.fenced:
                server.went_on()
            connection.fenced = True
            return False
        kept = {target: at for target, at in server.cursor.offsets.items() if target.topic not in forget}
        kept |= {target: cursor.offsets[target] for target in cursor.moved if target in cursor.offsets}
        logs = server.cursor.logs | {topic: cursor.logs[topic] for topic in forget}
        server.cursor = copy_of(cursor)
        server.cursor.offsets, server.cursor.logs = kept, logs
        server.saved(server.cursor)
        cursor.moved.clear()
        await connection.use()  # the answer may be lost after the deed
        return True
