# ruff: noqa: ISC004 - the texts of a mutant stand as they stand in the module
"""`python -m tests.faults.mutants [NAME …]`: breaks the engine on purpose, one break at a time, and shows what catches each.

A mutant is a change of a module's text, made in memory while it is tried. Exit 1 when one survives; then the tests are too weak.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from deploy.local.postgres import Postgres
from shared.contracts.envelope import day_of
from shared.contracts.intake import LeadReceived
from shared.inbox import OwnerRestored, Record
from shared.kafka import log_of
from tests.faults.breaking import Mutant, broken, mutant
from tests.faults.rule_mutants import RULE_MUTANTS, catch_rule
from tests.faults.sql_mutants import SQL_MUTANTS, SqlMutant, catch_sql
from tests.simulation.faults import NAMES, lose_once, run
from tests.simulation.machine import Process
from tests.simulation.world import LEADS, START, World, quiet, simulate
from tests.support.builders import classified, envelope
from tests.support.postgres import Copy, Server, Templates

SEEDS = 600


_TAKE = "                    await self.inbox.take(records)\n"
MUTANTS = (
    # the consuming side
    mutant(
        "offsets committed before the inbox",
        "shared.consumer",
        (_TAKE, f"                    await client.commit(offsets)\n{_TAKE}"),
    ),
    mutant(
        "offsets committed of a batch that was given up",
        "shared.consumer",
        ("_give_up(client)\n                        return\n", "_give_up(client)\n                        break\n"),
    ),
    mutant(
        "a new log is not read from its beginning",
        "shared.consumer",
        ("                await client.seek_to_beginning(*unknown)\n", ""),
    ),
    mutant("offsets committed one too far", "shared.consumer", ("messages[-1].offset + 1", "messages[-1].offset + 2")),
    # the inbox
    mutant("no dedupe", "shared.inbox", ("        return Step.REPEAT\n", "        return Step.APPLY\n")),
    mutant(
        "a gap is jumped over",
        "shared.inbox",
        ("if number == last + 1 else Step.HOLD", "if number > last else Step.HOLD"),
    ),
    mutant("what comes early is dropped", "shared.inbox", ("        if early:\n", "        if False:\n")),
    mutant(
        "held dropped at release",
        "shared.inbox",
        ("            for topic, value in ready:\n", "            for topic, value in ready[1:]:\n"),
    ),
    mutant(
        "parked without durability",
        "shared.inbox",
        ("            kept = await self.store.park(", "            kept = bool(str) or await self.store.park("),
    ),
    mutant(
        "later events of a parked subject go on",
        "shared.inbox",
        ("            if step is Step.HOLD:\n", "            if step is Step.HOLD and not mark.parked:\n"),
        ("            elif step is Step.APPLY:\n", "            elif step is not Step.REPEAT:\n"),
    ),
    mutant(
        "what comes before a bad one is dropped",
        "shared.inbox",
        ("            await self._take_together(records[:at])\n", ""),
    ),
    mutant(
        "what comes after a bad one is dropped",
        "shared.inbox",
        ("            records = records[at:]\n", "            records = records[at + 1 :]\n"),
    ),
    mutant(
        "NotYet dropped", "shared.inbox", ("await self.store.hold(tx, early, at=self.clock()) if early else {}", "{}")
    ),
    mutant(
        "a passing fault parks",
        "shared.inbox",
        ("                if is_transient(fault):\n                    raise\n", ""),
    ),
    mutant(
        "same number with another id accepted",
        "shared.inbox",
        ("and envelope.id != last_id", "and envelope.id is None"),
    ),
    # the relay
    mutant(
        "two batches in flight",
        "shared.relay",
        ("        while queues:\n", "        waits: list[Any] = []\n        while queues:\n"),
        ("            await self._wait(acks)\n", "            waits += acks\n"),
        (
            "if (queue := queues[target])[taken:]}\n",
            "if (queue := queues[target])[taken:]}\n        await self._wait(waits)\n",
        ),
    ),
    mutant("no fence", "shared.relay", ("            raise Fenced\n", "            pass\n")),
    mutant(
        "position saved before acks",
        "shared.relay",
        ("done = await self._publish(self.records.page(rows[:page]))\n", "done = self.records.page(rows[:page])\n"),
        (
            '        await self._save()\n        relay.state = "active"\n',
            "        await self._save()\n        await self._publish(done)\n",
        ),
    ),
    mutant(
        "a failed batch counts as sent",
        "shared.relay",
        ("                raise BrokerUnavailable(type(fault).__name__) from None\n", "                continue\n"),
    ),
    mutant(
        "producer kept after a failed batch",
        "shared.relay",
        (
            "            await asyncio.wait_for(self.producer.start(), 30)\n",
            '            self.producer = relay.__dict__.setdefault("kept", self.producer)\n',
        ),
    ),
    mutant(
        "replay starts past the beginning",
        "shared.relay",
        ("self.cursor.page_position = None, 0\n", "self.cursor.page_position = None, 5\n"),
    ),
    mutant(
        "a broker that is behind goes unseen",
        "shared.relay",
        ("if end < known.get(target, NO_END).offset}", "if end < 0}"),
        ("if record.offset < self.cursor", "if -1 > self.cursor"),
        ("        if places:\n", "        if False:\n"),
    ),
    mutant(
        "a log that was lifted to its old end goes unseen",
        "shared.relay",
        ("        if places:\n", "        if False:\n"),
    ),
    mutant(
        "records that are published again say no new log",
        "shared.relay",
        ("kafka.log_header(self.cursor.logs.get(target.topic, 0))", "kafka.log_header(0)"),
    ),
    mutant("a record of a day bears its minute", "shared.relay", ("timestamp=queue[taken][3]", "timestamp=None")),
    mutant(
        "offsets forgotten apart from the replay",
        "shared.relay",
        (
            "        await self._save(forget=sorted(topics))\n",
            "        due, self.cursor.replaying = self.cursor.replaying, []\n        await self._save(forget=sorted(topics))\n"
            "        self.cursor.replaying = due\n        await self._save()\n",
        ),
    ),
    mutant(
        "a page skips a row",
        "shared.relay",
        (
            "                at.page_position = records.last_position\n",
            "                at.page_position = records.last_position + 1\n",
        ),
    ),
    mutant(
        "a page that was made ahead stands for any other",
        "shared.relay",
        ("if self._ahead is not None and self._ahead[0] == place:", "if self._ahead is not None:"),
    ),
)


def _twin_is_stopped() -> bool:
    """The same number under another id must stop the inbox."""

    async def script(world: World) -> None:
        inbox = world.hearer(Process("alone", world.chance))
        lead = classified().id
        event = world._event(lead)
        for number in (1, 2):
            value = envelope(event, 1, event_id=UUID(int=number))
            try:
                await inbox.take([Record(LEADS if event.TOPIC == LEADS else event.TOPIC, 0, number, value)])
            except OwnerRestored:
                return
            except Exception as stop:
                if type(stop).__name__ == "OwnerRestored":
                    return
                raise
        world.journal.violated("two events under one number were taken")

    return not simulate(3, script).violations


def _a_new_log_is_named() -> bool:
    """What is published again to another broker must say that its log is a new one."""

    async def script(world: World) -> None:
        for name in NAMES:
            world.launch(name)
        for _ in range(5):
            await world.write()
        await asyncio.sleep(10)
        world.cluster.replace("another")
        await asyncio.sleep(60)
        again = [record for target in world.cluster.all_targets() for record in world.cluster.log(target)]
        if not again or not all(map(log_of, again)):
            world.journal.violated("a record of a new log does not say so")

    return not simulate(3, script).violations


def _a_day_has_no_minute() -> bool:
    """A record of which the day alone may be known bears the start of a day and no more."""

    async def script(world: World) -> None:
        world.launch(NAMES[0])
        event = LeadReceived(
            lead_id=world.leads[0], lead_no="999999-M20180601-0000010", source="M", named=False, effective_at=START
        )
        xid = world.outbox.begin()
        world.outbox.insert(xid, {**world._row(event, 1), "recorded_at": day_of(world.clock())})
        world.outbox.commit(xid)
        await asyncio.sleep(20)
        if not any(world.cluster.log(target) for target in world.cluster.all_targets()):
            world.journal.violated("nothing was published")

    return not simulate(3, script).violations


QUICK: dict[str, Callable[[], bool]] = {
    "one number under two ids stops": _twin_is_stopped,
    "a new log is named": _a_new_log_is_named,
    "a day has no minute": _a_day_has_no_minute,
}


def catch(it: Mutant, seeds: int = SEEDS) -> str | None:
    """What catches the mutant; None when nothing does."""
    with broken(it):
        for name, holds in QUICK.items():
            if not holds():
                return name
        for seed, course in (*((seed, run) for seed in range(seeds)), *((seed, lose_once) for seed in range(seeds))):
            try:
                outcome = simulate(seed, course)
            except Exception as fault:  # noqa: BLE001 - a break that makes the run impossible is seen as well
                return f"{course.__name__}, seed {seed}: {type(fault).__name__}"
            if outcome.violations:
                return f"{course.__name__}, seed {seed}: {outcome.violations[0]}"
    return None


def main(names: list[str]) -> int:
    """Try those of these names, or all; → how many survived."""
    seen: list[str | None] = []

    def told(name: str, caught: str | None, started: float) -> None:
        seen.append(caught)
        print(f"{name:52} → {caught or 'SURVIVED'} ({time.monotonic() - started:.1f} s)"[:230], flush=True)

    for it in [it for it in MUTANTS if not names or it.name in names]:
        started = time.monotonic()
        told(it.name, catch(it), started)
    statements = [it for it in SQL_MUTANTS if not names or it.name in names]
    rules = [it for it in RULE_MUTANTS if not names or it.name in names]
    if statements or rules:
        with _templates() as templates:
            for one in statements:
                started = time.monotonic()
                told(one.name, asyncio.run(_catch_sql(one, templates)), started)
            for rule in rules:
                started = time.monotonic()
                with broken(rule):
                    told(rule.name, asyncio.run(catch_rule(_copies(templates))), started)
    print(f"{len(seen)} breaks, {seen.count(None)} survived")
    return seen.count(None)


@contextmanager
def _templates() -> Iterator[Templates]:
    """A PostgreSQL of its own."""
    with TemporaryDirectory(prefix="xiansuo-mutants-") as folder:
        Path(folder).chmod(0o711)
        postgres = Postgres(Path(folder) / "postgres", settings={"fsync": "off"})
        postgres.start()
        try:
            yield Templates(Server(postgres.dsn("postgres")))
        finally:
            postgres.stop()


def _copies(templates: Templates) -> Callable[[str], Awaitable[Copy]]:
    async def new(service: str) -> Copy:
        return Copy(templates.server, await templates.copy(service), service)

    return new


async def _catch_sql(it: SqlMutant, templates: Templates) -> str | None:
    with quiet():
        return await catch_sql(it, _copies(templates))


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
