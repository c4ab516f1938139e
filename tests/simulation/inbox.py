"""The consumer's database in memory: row locks, read committed, commits whose answer is lost.

The same functions as shared/inbox_store.py; test_stores_alike.py shows that both answer alike.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.inbox_store import NOWHERE, Key, Mark, Place, Waiting, mark_of
from shared.kafka import TopicPartition
from tests.simulation.machine import Process

Numbered = tuple[str, str, int]
Need = tuple[str, str, int] | None


@dataclass
class InboxServer:
    """What is committed, and who holds which row."""

    inbox: dict[Any, tuple[int, UUID | None]] = field(default_factory=dict)
    held: dict[Any, tuple[bytes, Need, datetime]] = field(default_factory=dict)
    parked: dict[Any, tuple[bytes, str, datetime]] = field(default_factory=dict)
    logs: dict[Any, int] = field(default_factory=dict)
    effects: list[tuple[str, str, int, UUID]] = field(default_factory=list)
    locks: dict[Any, "Tx"] = field(default_factory=dict)
    freed: list[asyncio.Future[None]] = field(default_factory=list)
    transactions: "list[Tx]" = field(default_factory=list)
    fault: float = 0.0

    def restart(self) -> None:
        for tx in list(self.transactions):
            tx.end()

    def last(self, key: Key) -> int:
        return self.inbox.get(key, (0, None))[0]


class Tx:
    """One transaction: its own writes over what is committed."""

    def __init__(self, server: InboxServer, process: Process) -> None:
        self.server, self.process, self.alive = server, process, True
        self.written: dict[str, dict[Any, Any]] = {"inbox": {}, "held": {}, "parked": {}, "logs": {}}
        self.effects: list[tuple[str, str, int, UUID]] = []
        self.info: dict[str, list[Any]] = {"after_commit": []}
        server.transactions.append(self)

    async def use(self, longest: float = 0.004) -> None:
        await self.process.reach(longest)
        if self.alive and self.process.chance.happens(self.server.fault):
            self.end()
        if not self.alive:
            raise ConnectionError("the server closed the connection")

    def end(self) -> None:
        """Over, either way: its locks are free."""
        self.alive = False
        if self in self.server.transactions:
            self.server.transactions.remove(self)
        self.server.locks = {row: tx for row, tx in self.server.locks.items() if tx is not self}
        waiting, self.server.freed = self.server.freed, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def commit(self) -> None:
        if not self.alive:
            raise ConnectionError("the server closed the connection")
        for table, rows in self.written.items():
            committed = getattr(self.server, table)
            for key, value in rows.items():
                if value is None:
                    committed.pop(key, None)
                else:
                    committed[key] = value
        self.server.effects += self.effects
        self.end()

    async def lock(self, *row: Any) -> None:
        """Wait for the row; whoever waits in a circle gives up, as PostgreSQL's deadlock detection makes them."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 1.0
        while self.server.locks.get(row, self) is not self:
            freed: asyncio.Future[None] = loop.create_future()
            self.server.freed.append(freed)
            try:
                await asyncio.wait_for(freed, max(deadline - loop.time(), 0.001))
            except TimeoutError:
                self.end()
                raise
        if not self.alive:
            raise ConnectionError("the server closed the connection")
        self.server.locks[row] = self

    def get(self, table: str, key: Any) -> Any:
        own = self.written[table]
        return own[key] if key in own else getattr(self.server, table).get(key)

    def all(self, table: str) -> dict[Any, Any]:
        merged = getattr(self.server, table) | self.written[table]
        return {key: value for key, value in merged.items() if value is not None}


class InboxDatabase:
    """Stands for `Database` in the inbox."""

    def __init__(self, server: InboxServer, process: Process) -> None:
        self.server, self.process = server, process

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        tx = Tx(self.server, self.process)
        try:
            yield tx
            await tx.use()
            tx.commit()
            # committed: the answer may be lost
            await self.process.reach(0.004)
            if self.process.chance.happens(self.server.fault):
                raise ConnectionError("connection lost on COMMIT")
        finally:
            tx.end()


class InboxStore:
    """`shared.inbox.Store` over the server above."""

    async def lock(self, tx: Tx, hoped: Mapping[Key, Place]) -> dict[Key, Mark]:
        await tx.use()
        marks = {}
        for key in sorted(hoped):
            await tx.lock("inbox", key)
            known = tx.get("inbox", key)
            if known is None:
                tx.written["inbox"][key] = hoped[key]
            last, event_id = known or NOWHERE
            marks[key] = Mark(last, event_id, new=known is None, written=known or hoped[key])
        for (topic, subject), mark in marks.items():
            mark.parked = tx.get("parked", (topic, subject, mark.last + 1)) is not None
        return marks

    async def advance(self, tx: Tx, marks: Mapping[Key, Mark]) -> None:
        await tx.use()
        for key, mark in marks.items():
            await tx.lock("inbox", key)
            if tx.get("inbox", key) is not None:
                tx.written["inbox"][key] = (mark.last, mark.event_id)
        await self._unhold(tx, marks)

    async def unhold(self, tx: Tx, marks: Mapping[Key, Mark]) -> None:
        await tx.use()
        await self._unhold(tx, marks)

    async def _unhold(self, tx: Tx, marks: Mapping[Key, Mark]) -> None:
        for topic, subject, sequence in list(tx.all("held")):
            mark = marks.get((topic, subject))
            if mark and sequence <= mark.last:
                await self._write(tx, "held", (topic, subject, sequence), None)

    async def _write(self, tx: Tx, table: str, key: Numbered, value: Any) -> None:
        await tx.lock(table, key)
        if value is None or tx.get(table, key) is None:  # on conflict do nothing
            tx.written[table][key] = value

    async def hold(self, tx: Tx, waiting: Iterable[Waiting], *, at: datetime) -> dict[str, int]:
        await tx.use()
        new: dict[str, int] = {}
        for one in waiting:
            need = one.need and (one.need.topic, one.need.subject, one.need.sequence)
            here = (*one.key, one.sequence)
            await tx.lock("held", here)
            standing = tx.get("held", here)
            if standing is None:
                tx.written["held"][here] = (one.value, need, at)
            elif need is not None:
                tx.written["held"][here] = (standing[0], need, standing[2])
            new[one.key[0]] = new.get(one.key[0], 0) + (standing is None)
        return new

    async def ready(self, tx: Tx) -> list[tuple[str, bytes]]:
        await tx.use()
        found = []
        for (topic, subject, sequence), (value, need, at) in tx.all("held").items():
            mark = tx.get("inbox", (topic, subject))
            if mark is None or sequence > mark[0] + 1:
                continue
            awaited = tx.get("inbox", need[:2]) if need else None
            there = need is None or sequence <= mark[0] or (awaited is not None and awaited[0] >= need[2])
            if there and tx.get("parked", (topic, subject, mark[0] + 1)) is None:
                found.append((at, sequence, topic, subject, value))
        return [(topic, value) for _, _, topic, _, value in sorted(found)[:200]]

    async def gaps(self, tx: Tx, *, before: datetime) -> set[str]:
        await tx.use()
        held, parked = tx.all("held"), tx.all("parked")
        return {
            topic
            for (topic, subject, sequence), (_, need, at) in held.items()
            if need is None
            and at < before
            and (mark := tx.get("inbox", (topic, subject))) is not None
            and sequence > mark[0] + 1
            and (topic, subject, mark[0] + 1) not in held
            and not any(key[:2] == (topic, subject) for key in parked)
        }

    async def park(self, tx: Tx, key: Key, sequence: int, *, value: bytes, fault: str, at: datetime) -> bool:
        await tx.use()
        if not sequence and (tx.get("inbox", key) or (0, None))[1] == mark_of(value):
            return False
        new = tx.get("parked", (*key, sequence)) is None
        await self._write(tx, "parked", (*key, sequence), (value, fault, at))
        if tx.get("held", (*key, sequence)) is not None:
            await self._write(tx, "held", (*key, sequence), None)
        return new

    async def pass_over(self, tx: Tx, key: Key, value: bytes) -> None:
        await tx.use()
        await tx.lock("inbox", key)
        last, _ = tx.get("inbox", key) or (0, None)
        tx.written["inbox"][key] = (last, mark_of(value))

    async def unpark(self, tx: Tx, key: Key, sequence: int) -> bytes | None:
        await tx.use()
        await tx.lock("parked", (*key, sequence))
        row = tx.get("parked", (*key, sequence))
        if row is None:
            return None
        tx.written["parked"][*key, sequence] = None
        value: bytes = row[0]
        return value

    async def last_of(self, tx: Tx, key: Key) -> int | None:
        await tx.use()
        await tx.lock("inbox", key)
        row = tx.get("inbox", key)
        return None if row is None else int(row[0])

    async def logs(self, tx: Tx, targets: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await tx.use()
        known = tx.all("logs")
        return {target: known[target] for target in targets if target in known}

    async def note_logs(self, tx: Tx, logs: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        await tx.use()
        for target in sorted(logs):
            await tx.lock("logs", target)
            tx.written["logs"][target] = max(logs[target], tx.get("logs", target) or 0)
        return {target: tx.written["logs"][target] for target in logs}
