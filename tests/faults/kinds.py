"""The kinds of fault: each does one thing to a part of the rig, waits until that part is healthy, and says what it saw."""

import json
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import psutil

from deploy.local.kafka import Kafka
from shared.contracts.intake import LeadClassified
from shared.contracts.topics import SERVICES, read_by
from tests.faults.launch import CRASHED
from tests.faults.rig import Rig
from tests.support.builders import NOON, envelope

SESSION = 9.0
"""The consumers' session timeout: a member that is silent for longer is expelled."""
REACHED = 60.0
"""Seconds that an armed process has to come by its crash point."""


@dataclass(frozen=True)
class Fault:
    """One line of the schedule; `dice` is what the kind may still choose by, so that the seed alone decides."""

    number: int
    lane: str
    kind: str
    dice: int
    pause: float


@dataclass
class Seen:
    """What the faults leave for the ledger."""

    forged: set[str] = field(default_factory=set)
    fenced: int = 0
    skipped: int = 0
    refused: int = 0


Kind = Callable[[Rig, Random, Seen], str]


def _named(rig: Rig, dice: Random, role: str) -> str:
    return dice.choice([name for name in rig.names() if f" {role}" in name])


def kill_api(rig: Rig, dice: Random, _: Seen) -> str:
    return _end(rig, _named(rig, dice, "api"), signal.SIGKILL)


def kill_worker(rig: Rig, dice: Random, _: Seen) -> str:
    return _end(rig, _named(rig, dice, "worker"), signal.SIGKILL)


def kill_intake_api(rig: Rig, dice: Random, _: Seen) -> str:
    return _end(rig, "intake api", signal.SIGKILL)


def stop_api(rig: Rig, dice: Random, _: Seen) -> str:
    return _end(rig, _named(rig, dice, "api"), signal.SIGTERM)


def stop_worker(rig: Rig, dice: Random, _: Seen) -> str:
    return _end(rig, _named(rig, dice, "worker"), signal.SIGTERM)


def _end(rig: Rig, name: str, number: signal.Signals) -> str:
    child = rig.platform.children[name]
    (child.kill if number is signal.SIGKILL else child.stop)()
    rig.launch(name)
    rig.healthy([name])
    return name


def pause_api(rig: Rig, dice: Random, _: Seen) -> str:
    return _pause(rig, _named(rig, dice, "api"), dice.uniform(1, 4))


def pause_worker(rig: Rig, dice: Random, _: Seen) -> str:
    return _pause(rig, _named(rig, dice, "worker"), SESSION + dice.uniform(1, 3))


def _pause(rig: Rig, name: str, seconds: float) -> str:
    child = rig.platform.children[name]
    child.signal(signal.SIGSTOP)
    time.sleep(seconds)
    child.signal(signal.SIGCONT)
    rig.healthy([name])
    return f"{name} for {seconds:.1f} s"


def rebalance_storm(rig: Rig, dice: Random, _: Seen) -> str:
    service = dice.choice(["publicity", "verification", "intake"])
    name = f"{service} worker 2"
    for _round in range(3):
        rig.platform.children[name].stop()
        time.sleep(dice.uniform(0.2, 1.5))
        rig.launch(name)
        time.sleep(dice.uniform(1.0, 3.0))
    rig.healthy([name])
    return f"{name} leaves and joins 3 times"


def revived_relay(rig: Rig, dice: Random, seen: Seen) -> str:
    """The active relay is stopped in the middle, another takes over without the lock, the old one goes on: its save must be refused."""
    with rig.alone:
        return _revive(rig, "intake", seen)


def _revive(rig: Rig, service: str, seen: Seen) -> str:
    old, new = f"{service} worker 1", f"{service} worker 2"
    rig.platform.children[new].stop()
    rig.healthy([old])
    before = rig.platform.children[old].log.read_text("utf-8", "replace").count('"Fenced"')
    epoch = _epoch(rig, service)
    rig.platform.children[old].signal(signal.SIGSTOP)
    rig.launch(new, {"lock": "ignored"})
    deadline = time.monotonic() + 40
    while _epoch(rig, service) == epoch and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(1)
    rig.platform.children[old].signal(signal.SIGCONT)
    fenced = 0
    while not fenced and time.monotonic() < deadline + 30:
        time.sleep(0.3)
        fenced = rig.platform.children[old].log.read_text("utf-8", "replace").count('"Fenced"') - before
    rig.platform.children[new].stop()
    rig.launch(new)
    rig.healthy([old, new])
    if fenced < 1:
        raise AssertionError(f"{old} was never fenced")
    seen.fenced += fenced
    return f"{old}, fenced by its epoch"


def _epoch(rig: Rig, service: str) -> int:
    return int(rig.rows_now(service, "select coalesce(max(epoch), 0) from relay")[0][0])


def crash_point(rig: Rig, dice: Random, _: Seen) -> str:
    where, point = dice.choice(
        [
            ("intake api", "before commit"),
            ("intake api", "after commit before reply"),
            ("intake worker", "before publish"),
            ("intake worker", "after handing over a batch"),
            ("intake worker", "after publish before save"),
            ("verification worker", "before commit"),
            ("publicity worker", "before commit"),
            ("publicity worker", "after inbox commit before offset commit"),
            ("verification worker", "after inbox commit before offset commit"),
            ("publicity worker", "after offset commit"),
        ]
    )
    names = [where] if where.endswith("api") else [f"{where} 1", f"{where} 2"]
    spec = {"crash": point, "pass": dice.randint(3, 30)}
    for name in names:
        rig.platform.children[name].stop()
    for name in names:
        rig.launch(name, spec)
    deadline = time.monotonic() + REACHED
    crashed: list[str] = []
    while not crashed and time.monotonic() < deadline:
        time.sleep(0.1)
        for name in names:
            process = rig.platform.children[name].process
            if process is not None and process.poll() == CRASHED:
                crashed.append(name)
    for name in names:
        rig.platform.children[name].kill()
        rig.launch(name)
    rig.healthy(names)
    if not crashed:
        raise AssertionError(f"{where} never came {point}")
    return f"{crashed[0]} {point}, pass {spec['pass']}"


def clock_jump(rig: Rig, dice: Random, _: Seen) -> str:
    worker = dice.random() < 0.7
    name = _named(rig, dice, "worker" if worker else "api")
    far = 30 * 86_400.0 if worker else 3_600.0
    offsets = [dice.uniform(0, far), dice.uniform(-far, 0) if worker else 0.0, 0.0]
    rig.platform.children[name].stop()
    rig.launch(name, {"clock": offsets})
    rig.healthy([name])
    time.sleep(9)
    rig.platform.children[name].stop()
    rig.launch(name)
    rig.healthy([name])
    return f"{name} by {', '.join(f'{offset / 3600:+.1f} h' for offset in offsets[:2])}"


def kill_broker(rig: Rig, dice: Random, _: Seen) -> str:
    node = dice.choice(rig.rigged.brokers)
    node.kill()
    return _back(rig, node)


def stop_broker(rig: Rig, dice: Random, _: Seen) -> str:
    """On three nodes: the leader of intake's first partition leaves in order."""
    node = dice.choice(rig.rigged.brokers)
    if rig.rigged.nodes > 1:
        node = rig.rigged.brokers[rig.leader_of("intake.leads", dice.randrange(6)) - 1]
    node.stop()
    return _back(rig, node)


def pause_broker(rig: Rig, dice: Random, _: Seen) -> str:
    node = dice.choice(rig.rigged.brokers)
    seconds = dice.uniform(3, 12)
    node.pause()
    time.sleep(seconds)
    node.resume()
    rig.healthy(rig.names())
    return f"node {node.node} for {seconds:.1f} s"


def _back(rig: Rig, node: Kafka) -> str:
    node.start()
    rig.healthy(rig.names())
    return f"node {node.node}"


def kill_postgres(rig: Rig, dice: Random, _: Seen) -> str:
    return _postgres(rig, kill=True)


def restart_postgres(rig: Rig, dice: Random, _: Seen) -> str:
    return _postgres(rig, kill=False)


def _postgres(rig: Rig, *, kill: bool) -> str:
    server = rig.platform.postgres
    assert server is not None
    (server.kill if kill else server.stop)()
    server.start()
    rig.healthy(rig.names())
    return "all four databases"


def pause_postgres(rig: Rig, dice: Random, _: Seen) -> str:
    server, seconds = rig.platform.postgres, dice.uniform(1, 5)
    assert server is not None
    assert server.process is not None
    first = psutil.Process(server.process.pid)
    first.send_signal(signal.SIGSTOP)
    family = [first, *first.children(recursive=True)]
    for process in family[1:]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGCONT)
    rig.healthy(rig.names())
    return f"the server and {len(family) - 1} backends for {seconds:.1f} s"


def terminate_backends(rig: Rig, dice: Random, _: Seen) -> str:
    service = dice.choice(SERVICES)
    share = dice.choice([1, 2])
    ended = rig.rows_now(
        service,
        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
        f" where datname = '{service}' and pid <> pg_backend_pid() and pid % {share} = 0",
    )
    time.sleep(0.5)
    rig.healthy(rig.parts(service))
    return f"{ended[0][0]} backends of {service}"


def network(rig: Rig, dice: Random, _: Seen) -> str:
    mode = dice.choice(["cut", "hang", "slow", "half"])
    seconds = dice.uniform(1, 8)
    what: str = dice.choice([*SERVICES, "intake", "kafka"])
    node = dice.choice(rig.rigged.brokers)
    port = node.advertised if what == "kafka" else rig.rigged.database_port[what]
    rig.rigged.wire.mode(port, mode)
    time.sleep(seconds)
    rig.rigged.wire.mode(port, "pass")
    rig.healthy(rig.names())
    return (
        f"{mode} to {f'Kafka node {node.node}' if what == 'kafka' else f'the database of {what}'} for {seconds:.1f} s"
    )


def disk_full(rig: Rig, dice: Random, _: Seen) -> str:
    what = dice.choice(["postgres", "kafka"])
    seconds = dice.uniform(2, 5)
    rig.disks[what].fill()
    time.sleep(seconds)
    rig.disks[what].empty()
    fell = []
    server = rig.platform.postgres
    if server is not None and not server.alive():
        fell.append("PostgreSQL")
        server.start()
    for node in [node for node in rig.rigged.brokers if not node.alive()]:
        fell.append(f"node {node.node}")
        node.launch()
    for node in rig.rigged.brokers:
        node.wait()
    rig.healthy(rig.names())
    return f"of {what} for {seconds:.1f} s ({', '.join(fell) + ' fell' if fell else 'nothing fell'})"


def poison(rig: Rig, dice: Random, seen: Seen) -> str:
    """Records that nobody of us wrote. Each reader parks them, goes on, and an operator skips them."""
    kind = dice.choice(["bytes", "large bytes", "wrong schema", "forged sequence", "oversized"])
    lead, topic = uuid4(), "intake.leads"
    if kind == "oversized":
        refusal = rig.produce(topic, str(lead), bytes(2_000_000))
        if refusal is None:
            raise AssertionError("the broker took a record of 2 MB")
        seen.refused += 1
        return f"oversized on {topic}: refused by the broker ({refusal})"
    seen.forged.add(str(lead))
    number = {"wrong schema": 1, "forged sequence": 3}.get(kind, 0)
    value = dice.randbytes(980_000 if kind == "large bytes" else 40)
    if number:
        event = LeadClassified(
            lead_id=lead, tier="evil", level="key", area_codes=(), manifestation_codes=(), effective_at=NOON
        )
        forged = json.loads(envelope(event, number))
        forged["data"].pop("effective_at")
        value = json.dumps(forged).encode()
    if (refusal := rig.produce(topic, str(lead), value)) is not None:
        raise AssertionError(f"the broker refused {kind}: {refusal}")
    readers = [service for service in SERVICES if topic in {t.name for t in read_by(service)}]
    for service in readers:
        _skip(rig, service, topic, lead, number, seen)
    return f"{kind} on {topic}: parked and skipped by {', '.join(readers)}"


def _skip(rig: Rig, service: str, topic: str, lead: UUID, number: int, seen: Seen) -> None:
    table = "held" if number > 1 else "parked"
    where = f"subject = '{lead}'" if number else "sequence = 0"
    subject = _waits_in(rig, service, table, where)
    # what came before a forged number never comes; then the forged one itself is parked
    for step in range(1, number):
        _command(rig, service, "skip", topic, subject, str(step))
        seen.skipped += 1
    if number > 1:
        _waits_in(rig, service, "parked", where)
    _command(rig, service, "skip", topic, subject, str(number))
    seen.skipped += 1


def _waits_in(rig: Rig, service: str, table: str, where: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if rows := rig.rows_now(service, f"select subject from {table} where {where} limit 1"):
            return str(rows[0][0])
        time.sleep(0.3)
    raise AssertionError(f"{service} did not put it into {table}")


def _command(rig: Rig, service: str, *arguments: str) -> None:
    for _ in range(20):
        done = rig.ops(service, *arguments, "--reason", "伪造的记录,跳过")
        if done.returncode == 0:
            return
        time.sleep(1)
    raise AssertionError(f"ops {' '.join(arguments)}: {(done.stdout + done.stderr)[-500:].decode(errors='replace')}")


PROCESSES: dict[str, tuple[Kind, int]] = {
    "SIGKILL api": (kill_api, 3),
    "SIGKILL worker": (kill_worker, 5),
    "SIGKILL intake's api": (kill_intake_api, 3),
    "SIGTERM api": (stop_api, 2),
    "SIGTERM worker": (stop_worker, 3),
    "SIGSTOP api": (pause_api, 3),
    "SIGSTOP worker": (pause_worker, 3),
    "rebalance storm": (rebalance_storm, 1),
    "revived relay": (revived_relay, 2),
    "crash point": (crash_point, 8),
    "clock jump": (clock_jump, 2),
}
SERVERS: dict[str, tuple[Kind, int]] = {
    "SIGKILL broker and controller": (kill_broker, 3),
    "SIGTERM broker, leader change": (stop_broker, 2),
    "SIGSTOP broker": (pause_broker, 2),
    "SIGKILL PostgreSQL": (kill_postgres, 3),
    "restart of PostgreSQL": (restart_postgres, 2),
    "SIGSTOP PostgreSQL": (pause_postgres, 2),
    "pg_terminate_backend": (terminate_backends, 5),
    "network": (network, 6),
    "disk full": (disk_full, 2),
    "poison": (poison, 3),
}
LANES = {"processes": PROCESSES, "servers": SERVERS}


def schedule(seed: int, faults: int, *, disks: bool = True) -> list[Fault]:
    """All faults, from the seed alone. Each lane first plays every kind once, in an order of its own, then by weight."""
    dice = Random(seed)
    found = []
    for lane, kinds in LANES.items():
        usable = {kind: weight for kind, (_, weight) in kinds.items() if disks or kind != "disk full"}
        first = dice.sample(list(usable), len(usable))
        share = faults // 2 + (faults % 2 if lane == "processes" else 0)
        chosen = [*first, *dice.choices(list(usable), list(usable.values()), k=max(0, share - len(first)))][:share]
        found += [
            Fault(number, lane, kind, dice.getrandbits(32), dice.uniform(0.1, 1.0))
            for number, kind in enumerate(chosen, 1)
        ]
    return found
