"""The same random operations on the stores in memory and on PostgreSQL: what the simulation stands on."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from shared import inbox_store, relay_store
from shared.db import Database
from shared.errors import NotYet
from shared.inbox_store import NOWHERE, Key, Mark, Waiting
from shared.kafka import TopicPartition
from shared.relay_store import End
from tests.simulation.inbox import InboxDatabase, InboxServer, InboxStore
from tests.simulation.machine import Chance, Process
from tests.simulation.outbox import Connection, OutboxServer, OutboxStore
from tests.simulation.world import START
from tests.support.postgres import Copy

KEYS: list[Key] = [("intake.leads", "a"), ("intake.leads", "b"), ("intake.dual-assignments", "a")]


class _RolledBack(Exception):
    pass


async def _act(store: Any, tx: Any, chance: random.Random, at: Any) -> Any:
    """One operation; `chance` decides alike on both sides."""
    key, number, ids = chance.choice(KEYS), chance.randint(1, 5), UUID(int=chance.getrandbits(128))
    act = chance.randrange(11)
    some = sorted(chance.sample(KEYS, chance.randint(1, 3)))
    need = NotYet(*chance.choice(KEYS), chance.randint(1, 4)) if chance.random() < 0.5 else None
    match act:
        case 0:
            hoped = {k: (n, ids if n else None) for k in some for n in (chance.randint(0, 2),)}
            return await store.lock(tx, hoped)
        case 1 | 2:
            await store.lock(tx, dict.fromkeys(some, NOWHERE))
            told = await store.advance(tx, {k: Mark(chance.randint(0, 5), ids) for k in some})
        case 3:
            told = await store.unhold(tx, {key: Mark(number, None)})
        case 4 | 5:
            told = await store.hold(tx, [Waiting(k, chance.randint(1, 5), b"v", need) for k in some], at=at)
        case 6:
            told = await store.park(tx, key, number, value=b"p%d" % number, fault="f", at=at)
        case 7:
            told = await store.unpark(tx, key, number)
        case 8:
            told = await store.last_of(tx, key)
        case 9:
            told = await store.logs(tx, [TopicPartition(topic, number) for topic, _ in some])
        case _:
            told = await store.note_logs(tx, {TopicPartition(key[0], n): chance.randint(1, 9) for n in range(number)})
    return told


async def compare_inboxes(copy: Copy, seed: int, rounds: int) -> None:
    """Transactions one after the other, some rolled back; equal answers, equal tables."""
    server = InboxServer()
    real, fake = Database(copy.url), InboxDatabase(server, Process("contract", Chance(1)))
    try:
        for number in range(rounds):
            answers: list[Any] = []
            sides: list[tuple[Any, Any]] = [(real, inbox_store), (fake, InboxStore())]
            at = START + timedelta(seconds=number)
            for database, store in sides:
                chance, told = random.Random(f"{seed}/{number}"), list[Any]()
                try:
                    tx: Any
                    async with database.transaction() as tx:
                        for _ in range(chance.randint(1, 4)):
                            told.append(await _act(store, tx, chance, at))
                        told.append(sorted(await store.ready(tx)))
                        told.append(await store.gaps(tx, before=at - timedelta(seconds=2)))
                        if chance.random() < 0.2:
                            raise _RolledBack
                except _RolledBack:
                    told.append("rolled back")
                answers.append(told)
            assert answers[0] == answers[1], f"seed {seed}, transaction {number}: {answers}"
            assert await _tables(copy) == _in_memory(server), f"seed {seed}, transaction {number}"
    finally:
        await real.close()


async def _tables(copy: Copy) -> list[list[tuple[Any, ...]]]:
    return [
        sorted((tuple(row) for row in await copy.server.run_async(statement, database=copy.name)), key=str)
        for statement in (
            "select topic, subject, last, event_id from inbox",
            "select topic, subject, sequence, waits_topic, waits_subject, waits_sequence, held_at from held",
            "select topic, subject, sequence, value, parked_at from parked",
            "select topic, partition, log from inbox_logs",
        )
    ]


def _in_memory(server: InboxServer) -> list[list[tuple[Any, ...]]]:
    return [
        sorted(((*key, *row) for key, row in server.inbox.items()), key=str),
        sorted(((*key, *(need or (None,) * 3), at) for key, (_, need, at) in server.held.items()), key=str),
        sorted(((*key, value, at) for key, (value, _, at) in server.parked.items()), key=str),
        sorted(((*target, log) for target, log in server.logs.items()), key=str),
    ]


class Twins:
    """One outbox in PostgreSQL, one in memory, told the same."""

    def __init__(self, copy: Copy, seed: int) -> None:
        self.copy, self.chance = copy, random.Random(seed)
        self.server, self.store = OutboxServer(), OutboxStore()
        self.fake = Connection(self.server, Process("contract", Chance(seed)))
        self.open: list[tuple[Any, int]] = []
        self.labels: dict[int, str] = {0: "start"}
        self.places: dict[str, int] = {"start": 0}
        self.snapshots: list[tuple[str, str]] = [("1:1:", "1:1:")]

    async def write(self) -> None:
        """Begin, insert, commit or roll back one of up to six transactions."""
        act = self.chance.random()
        if len(self.open) < 6 and act < 0.4:
            connection = await asyncpg.connect(self.copy.url)
            await connection.execute("begin")
            await connection.fetchval("select pg_current_xact_id()")
            self.open.append((connection, self.server.begin()))
        elif self.open and act < 0.8:
            connection, xid = self.chance.choice(self.open)
            label, topic = str(uuid4()), self.chance.choice(KEYS)[0]
            self.places[label] = await connection.fetchval(
                "insert into outbox (id, topic, subject, sequence, partition_key, type, value, recorded_at)"
                " values (gen_random_uuid(), $1, $2, 1, 'k', 't', '{}', now()) returning position",
                topic,
                label,
            )
            self.server.insert(xid, {"topic": topic, "subject": label})
            self.labels[self.server.next_position - 1] = label
        elif self.open:
            connection, xid = self.open.pop(self.chance.randrange(len(self.open)))
            committed = self.chance.random() < 0.8
            await connection.execute("commit" if committed else "rollback")
            await connection.close()
            (self.server.commit if committed else self.server.abort)(xid)

    async def look(self, real: Any) -> None:
        """Read both by a snapshot taken earlier."""
        since_r, since_f = self.chance.choice(self.snapshots)
        until_r, until_f = self.snapshots[-1]
        limit, topic = self.chance.randint(1, 6), self.chance.choice(KEYS)[0]
        place = self.chance.choice(list(self.labels))
        now_r, rows_r = await relay_store.new_rows(real, since_r, limit)
        now_f, rows_f = await self.store.new_rows(self.fake, since_f, limit)
        self._equal(rows_r, rows_f)
        at = self.places[self.labels[place]]
        self._equal(
            await relay_store.next_page(real, since_r, until_r, at, limit),
            await self.store.next_page(self.fake, since_f, until_f, place, limit),
        )
        self._equal(
            await relay_store.replay_page(real, until_r, at, [topic], limit),
            await self.store.replay_page(self.fake, until_f, place, [topic], limit),
        )
        self.snapshots.append((now_r, now_f))

    def _equal(self, real: Any, fake: Any) -> None:
        assert [row["subject"] for row in real] == [row["subject"] for row in fake]


async def compare_outboxes(copy: Copy, seed: int, rounds: int) -> None:
    """Equal rows by equal snapshots while transactions are open; equal cursors through takeovers."""
    twins = Twins(copy, seed)
    real, rival = await asyncpg.connect(copy.url), await asyncpg.connect(copy.url)
    try:
        for _ in range(rounds):
            await twins.write()
            if twins.chance.random() < 0.4:
                await twins.look(real)
        await _compare_cursors(twins, real, rival)
    finally:
        for connection in (real, rival, *(connection for connection, _ in twins.open)):
            await connection.close()


async def _compare_cursors(twins: Twins, real: Any, rival: Any) -> None:
    fake, other = twins.fake, Connection(twins.server, twins.fake.process)
    for store, mine, theirs in ((relay_store, real, rival), (twins.store, fake, other)):
        store_: Any = store
        assert await store_.try_lock(mine)
        assert not await store_.try_lock(theirs), "two relays at once"
        old = await store_.take_over(mine)
        leads, duals = TopicPartition("intake.leads", 1), TopicPartition("intake.dual-assignments", 2)
        seven, two = End(7, UUID(int=7)), End(2, UUID(int=2))
        old.ends(leads, End(4, None))
        old.ends(duals, seven)
        old.cluster = "c"
        old.replaying, old.logs = ["intake.leads", "intake.dual-assignments"], {"intake.leads": 5}
        assert await store_.save(mine, old)
        new = await store_.take_over(theirs)
        assert new.epoch == old.epoch + 1
        assert (new.offsets, new.cluster, new.replaying) == (old.offsets, old.cluster, old.replaying)
        assert new.logs == {}, "a log is written down with the loss"
        assert not await store_.save(mine, old), "an old relay must be fenced"
        new.offsets, new.catching_up_to, new.page_position, new.logs = {}, "5:5:", 3, {"intake.leads": 6}
        new.ends(leads, two)
        assert await store_.save(theirs, new, forget=["intake.leads"])
        last = await store_.take_over(theirs)
        assert (last.offsets, last.catching_up_to, last.page_position) == ({leads: two, duals: seven}, "5:5:", 3)
        assert last.logs == {"intake.leads": 6}
