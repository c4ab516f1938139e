"""One run: intake's relay twice, verification's consumer twice, writers, an operator, and faults; then what must be true.

The relay, the inbox and the consuming side are the real ones. A run is its seed: everything left to chance comes from it.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import structlog
from aiokafka.errors import KafkaError

from shared import consumer as consuming
from shared import inbox as deciding
from shared import relay as relaying
from shared.contracts.envelope import Event, SealedBox
from shared.contracts.intake import (
    After,
    DualAssignmentCreated,
    LeadClassified,
    LegStatusChanged,
    VerificationFactsSealed,
)
from shared.db import is_transient
from shared.errors import Invalid, NeedsOperator, NotFound, NotYet
from shared.inbox import Received
from shared.kafka import KafkaAddress, TopicPartition
from shared.relay_store import Cursor
from tests.simulation.broker import Cluster, KafkaFor
from tests.simulation.inbox import InboxDatabase, InboxServer, InboxStore, Tx
from tests.simulation.machine import Chance, Journal, Process, VirtualLoop
from tests.simulation.outbox import OutboxDatabase, OutboxServer, OutboxStore

START = datetime(2018, 6, 1, tzinfo=UTC)
ADDRESS = KafkaAddress(servers="simulated")
Numbered = tuple[str, str, int]
LEADS, DUAL = "intake.leads", "intake.dual-assignments"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a seed showed."""

    seed: int
    violations: tuple[str, ...]
    digest: str
    lines: tuple[str, ...]
    events: int
    faults: int


class World:
    """All parts of one run."""

    def __init__(self, seed: int) -> None:
        self.seed, self.chance, self.journal = seed, Chance(seed), Journal()
        self.outbox, self.inbox = OutboxServer(), InboxServer()
        self.cluster = Cluster(self.chance, self.journal)
        self.outbox.saved, self.cluster.on_commit = self._cursor_is_true, self._offset_is_true
        self.outbox.went_on = lambda: self.journal.violated("a relay went on after it was fenced")
        self.needs: dict[UUID, list[Numbered]] = {}
        self.poison: set[UUID] = set()
        self.passed: set[Numbered] = set()
        """What the operator was about to skip; `skipped` once it is done."""
        self.skipped: set[Numbered] = set()
        self.tried: set[Numbered] = set()
        self.durable_to: dict[TopicPartition, int] = {}
        self.faults = 0
        self.writing = True
        self.cut = self.chance.choice((0.0, 0.0, 0.005, 0.02))
        self.leads = [UUID(int=self.chance.getrandbits(128), version=4) for _ in range(self.chance.randint(2, 5))]
        self.duals = {lead: UUID(int=self.chance.getrandbits(128), version=4) for lead in self.leads}
        self.processes: dict[str, Process] = {}

    def clock(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    # --- the owner -------------------------------------------------------------------------------------------------------------------

    def _event(self, lead: UUID) -> Event:
        kind = self.chance.random()
        if kind < 0.6:
            return LeadClassified(
                lead_id=lead, tier="evil", level="key", area_codes=(), manifestation_codes=(), effective_at=START
            )
        if kind < 0.8:
            after = After(
                topic=LEADS, subject=str(lead), sequence=max(self.outbox.sequences.get((LEADS, str(lead)), 0), 1)
            )
            return VerificationFactsSealed(
                lead_id=lead, after=after, sealed=SealedBox(key_id="k", box="AAAA"), effective_at=START
            )
        dual = self.duals[lead]
        if (DUAL, str(dual)) not in self.outbox.sequences:
            return DualAssignmentCreated(lead_id=lead, dual_assignment_id=dual, effective_at=START)
        return LegStatusChanged(
            lead_id=lead, dual_assignment_id=dual, leg="discipline", status="accepted", effective_at=START
        )

    async def write(self) -> None:
        """One writer of the owner: a transaction with one to three events, committed late, or never."""
        chance, server = self.chance, self.outbox
        await asyncio.sleep(chance.random() * 0.5)
        restarts, xid = server.restarts, server.begin()
        events = sorted(
            (self._event(chance.choice(self.leads)) for _ in range(chance.choice((1, 1, 2, 3)))),
            key=lambda event: (event.TOPIC, event.subject),
        )
        locked: list[asyncio.Lock] = []
        drawn: dict[tuple[str, str], int] = {}
        try:
            await asyncio.sleep(chance.random() * 0.3)
            for event in events:
                key = (event.TOPIC, event.subject)
                if key not in drawn:
                    lock = server.counters.setdefault(key, asyncio.Lock())
                    await lock.acquire()
                    locked.append(lock)
                drawn[key] = number = drawn.get(key, server.sequences.get(key, 0)) + 1
                if server.restarts == restarts:
                    server.insert(xid, self._row(event, number))
                await asyncio.sleep(chance.random() * 0.1)
            await asyncio.sleep(chance.random() * chance.choice((0.05, 0.05, 2.0)))
            if server.restarts != restarts:
                return
            if chance.happens(0.1):
                server.abort(xid)
                return
            server.commit(xid)
            server.sequences |= drawn
        finally:
            for lock in locked:
                lock.release()

    def _row(self, event: Event, number: int) -> dict[str, Any]:
        event_id = UUID(int=self.chance.getrandbits(128), version=4)
        if isinstance(event, VerificationFactsSealed) and (LEADS, event.subject) in self.outbox.sequences:
            self.needs[event_id] = [(event.after.topic, event.after.subject, event.after.sequence)]
        elif isinstance(event, LegStatusChanged) and self.chance.happens(0.5):
            known = sorted(key for key in self.outbox.sequences if key[0] != DUAL)
            self.needs[event_id] = [
                (*key, self.outbox.sequences[key]) for key in self.chance.sample(known, min(2, len(known)))
            ]
        if self.chance.happens(0.04):
            self.poison.add(event_id)
        value = event.model_dump_json(exclude={"sealed"}).encode()
        return {
            "id": event_id,
            "topic": event.TOPIC,
            "subject": event.subject,
            "sequence": number,
            "partition_key": event.partition_key,
            "type": event.TYPE,
            "value": value,
            "recorded_at": self.clock(),
            "traceparent": None,
            "key_id": "k",
            "box": "AAAA",
        }

    # --- the hearer ------------------------------------------------------------------------------------------------------------------

    async def _handle(self, tx: Any, _: Any, received: Received) -> None:
        mine: Tx = tx
        await mine.use()
        for topic, subject, sequence in self.needs.get(received.id, ()):
            row = mine.get("inbox", (topic, subject))
            if (row[0] if row else 0) < sequence:
                raise NotYet(topic, subject, sequence)
        if received.id in self.poison:
            raise KeyError("broken")
        mine.effects.append((received.topic, received.subject, received.sequence, received.id))

    def hearer(self, process: Process) -> deciding.Inbox:
        handlers: Any = dict.fromkeys(
            (LeadClassified, VerificationFactsSealed, DualAssignmentCreated, LegStatusChanged), self._handle
        )
        database: Any = InboxDatabase(self.inbox, process)
        store: Any = InboxStore()
        return deciding.Inbox(database, handlers, clock=self.clock, store=store)

    # --- processes -------------------------------------------------------------------------------------------------------------------

    def launch(self, name: str) -> None:
        process = self.processes[name] = Process(name, self.chance)
        work = self._relay(process) if name.startswith("relay") else self._consume(process)
        process.start(self._supervise(process, work))

    async def _supervise(self, process: Process, run: Callable[[], Awaitable[None]]) -> None:
        while process.alive:
            try:
                await run()
            except NeedsOperator as stop:
                if process.alive:
                    self.journal.violated(f"{process.name} asks for an operator: {stop}")
                return
            except Exception as fault:  # noqa: BLE001 - whatever it is, the supervisor starts anew; unknown ones are told
                known = is_transient(fault) or isinstance(fault, KafkaError | consuming.Stuck)
                if not known and process.alive:
                    self.journal.violated(f"{process.name} died of {type(fault).__name__}: {fault}")
                self.journal.note(f"{process.name} begins anew after {type(fault).__name__}")
            await asyncio.sleep(0.5)

    def _relay(self, process: Process) -> Callable[[], Awaitable[None]]:
        database: Any = OutboxDatabase(self.outbox, process, cut=self.cut)
        store: Any = OutboxStore()
        return relaying.Relay(
            database,
            ADDRESS,
            service="intake",
            region="999999",
            poll=0.25,
            page=self.chance.choice((3, 5, 50)),
            check_every=2.0,
            request_timeout=3.0,
            clock=lambda: self.clock().timestamp(),
            store=store,
            broker=KafkaFor(self.cluster, process),
        ).run

    def _consume(self, process: Process) -> Callable[[], Awaitable[None]]:
        kafka = KafkaFor(self.cluster, process)

        async def run() -> None:
            await consuming.Consume(
                self.hearer(process),
                ADDRESS,
                service="verification",
                sweep=1.0,
                rewind_after=8.0,
                tail_every=5.0,
                broker=kafka,
            ).run()

        process.clients = kafka.clients
        return run

    def kill(self, name: str) -> None:
        process = self.processes[name]
        process.kill()
        for client in process.clients:
            client.gone()
        for tx in [tx for tx in self.inbox.transactions if tx.process is process]:
            tx.end()
        for connection in [c for c in self.outbox.connections if c.process is process]:
            connection.terminate()

    # --- the operator ----------------------------------------------------------------------------------------------------------------

    async def operate(self, *, heal: bool = False) -> None:
        """Look at what is parked; mend and replay, or skip."""
        inbox = self.hearer(Process("operator", self.chance))
        for (topic, subject, sequence), (value, _, _) in sorted(self.inbox.parked.items()):
            event_id = UUID(json.loads(value)["id"]) if sequence else None
            key = (topic, subject, sequence)
            replays = event_id is not None and (heal or self.chance.happens(0.7))
            if event_id and event_id not in self.poison and key not in self.tried:
                self.journal.violated(f"parked though nothing is wrong with it: {key}")
            self.tried.add(key)
            applied = self.inbox.last((topic, subject)) >= sequence > 0
            if event_id and replays:
                self.poison.discard(event_id)
            if not replays:
                self.passed.add(key)
            try:
                async with inbox.database.transaction() as tx:
                    await (inbox.replay if replays else inbox.skip)(tx, *key)
                await inbox.release()
            except (Invalid, NotFound, NotYet, KeyError, ConnectionError, TimeoutError) as refused:
                self.journal.note(f"operator on {key}: {type(refused).__name__}")
            if not replays and not applied and key not in self.inbox.parked:
                self.skipped.add(key)  # also when only the answer was lost

    # --- what must always be true ----------------------------------------------------------------------------------------------------

    def _cursor_is_true(self, cursor: Cursor) -> None:
        """No row that the saved cursor covers lacks an acknowledgement."""
        for row in self.outbox.committed():
            covered = self.outbox.visible(row, cursor.snapshot) or (
                cursor.catching_up_to is not None
                and row["position"] <= cursor.page_position
                and self.outbox.visible(row, cursor.catching_up_to)
            )
            if covered and str(row["id"]) not in self.cluster.acked:
                self.journal.violated(f"the cursor passed an unacknowledged row: position {row['position']}")

    def _offset_is_true(self, target: TopicPartition, offset: int) -> None:
        """Every record below a committed offset is applied, held or parked, durably. Not so where records were lost: a position of the
        lost log may be committed onto the new one until that is known; what counts then is the end."""
        if target in self.cluster.wiped:
            return
        log, start = self.cluster.log(target), self.durable_to.get(target, 0)
        for message in log[start:offset]:
            key = message.named or (target.topic, f"{target.partition}:{message.offset}", 0)
            applied = message.named and self.inbox.last(key[:2]) >= key[2]
            if not (applied or key in self.inbox.held or key in self.inbox.parked or key in self.passed):
                self.journal.violated(f"offset {offset} of {target} was committed, record {message.offset} is nowhere")
        self.durable_to[target] = max(start, offset)

    # --- what must be true in the end ------------------------------------------------------------------------------------------------

    def missing(self) -> list[str]:
        """What is not everywhere yet."""
        stored = {message.id for log in self.cluster.logs.values() for message in log}
        found = []
        for row in self.outbox.committed():
            key = (row["topic"], row["subject"], row["sequence"])
            if str(row["id"]) not in stored:
                found.append(f"{key} is not on its topic")
            elif self.inbox.last(key[:2]) < key[2]:
                found.append(f"{key} is not applied")
        found += [f"{key} is still held for {need or 'a gap'}" for key, (_, need, _) in self.inbox.held.items()]
        found += [f"{key} is still parked" for key in self.inbox.parked]
        return found

    def judge(self) -> None:
        violated = self.journal.violated
        applied: dict[tuple[str, str], list[int]] = defaultdict(list)
        ids = {(row["topic"], row["subject"], row["sequence"]): row["id"] for row in self.outbox.committed()}
        for topic, subject, sequence, event_id in self.inbox.effects:
            applied[topic, subject].append(sequence)
            if ids.get((topic, subject, sequence)) != event_id:
                violated(f"{topic}/{subject} {sequence} was applied and never said")
        for key, last in sorted(self.outbox.sequences.items()):
            want = [n for n in range(1, last + 1) if (*key, n) not in self.skipped]
            got = applied[key]
            if len(got) != len(set(got)):
                violated(f"doubled on {key}: {got}")
            if got != sorted(got):
                violated(f"reordered on {key}: {got}")
            if lost := sorted(set(want) - set(got)):
                violated(f"lost on {key}: {lost}")
            if extra := sorted(set(got) - set(want)):
                violated(f"applied though skipped on {key}: {extra}")
        for target, log in sorted(self.cluster.logs.items()):
            if target not in self.cluster.wiped:
                self._judge_order(target, [message.named for message in log if message.named])

    def _judge_order(self, target: TopicPartition, names: list[Numbered]) -> None:
        seen: dict[tuple[str, str], int] = defaultdict(int)
        for topic, subject, sequence in names:
            if sequence > seen[topic, subject] + 1:
                self.journal.violated(
                    f"reordered on the topic {target}: {subject} {sequence} after {seen[topic, subject]}"
                )
            seen[topic, subject] = max(seen[topic, subject], sequence)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the log, which would cost more than the run."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.reset_defaults()


def simulate(seed: int, script: Callable[[World], Awaitable[None]]) -> Outcome:
    """Run one seed on a loop of its own."""
    loop = VirtualLoop()
    with quiet(), patch.object(consuming, "random", Chance(seed)):
        world = World(seed)
        try:
            loop.run_until_complete(script(world))
        finally:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            for process in world.processes.values():
                process.alive = False
                process.awake.set()
            loop.run_until_complete(asyncio.sleep(0.1))
            loop.close()
    return Outcome(
        seed,
        tuple(world.journal.violations),
        world.journal.digest,
        tuple(world.journal.lines),
        len(world.outbox.committed()),
        world.faults,
    )
