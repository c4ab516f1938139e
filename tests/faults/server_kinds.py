"""Faults of the servers and of what lies between: brokers, PostgreSQL, network, disks, and records that nobody of us wrote."""

import importlib
import json
import signal
import time
from contextlib import suppress
from random import Random
from uuid import UUID, uuid4

import psutil

from deploy.local.kafka import Kafka
from deploy.local.places import CannotRun
from shared.contracts.intake import LeadAssigned
from shared.contracts.topics import SERVICES, read_by
from tests.faults.rig import Rig
from tests.faults.seen import Seen
from tests.support.builders import DAY, NOON, envelope


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
    rig.recovered()
    return f"node {node.node} for {seconds:.1f} s"


def _back(rig: Rig, node: Kafka) -> str:
    node.start()
    rig.recovered()
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
    rig.recovered()
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
    rig.recovered()
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


NETWORK = ("cut", "hang", "slow", "half")


def network(mode: str, rig: Rig, dice: Random, _: Seen) -> str:
    seconds = dice.uniform(1, 8)
    what: str = dice.choice([*SERVICES, "intake", "kafka"])
    node = dice.choice(rig.rigged.brokers)
    port = node.advertised if what == "kafka" else rig.rigged.database_port[what]
    rig.rigged.wire.mode(port, mode)
    time.sleep(seconds)
    rig.rigged.wire.mode(port, "pass")
    rig.recovered()
    return f"to {f'Kafka node {node.node}' if what == 'kafka' else f'the database of {what}'} for {seconds:.1f} s"


DISKS = ("postgres", "kafka")


def disk_full(what: str, rig: Rig, dice: Random, _: Seen) -> str:
    seconds = dice.uniform(2, 5)
    rig.disks[what].fill()
    time.sleep(seconds)
    rig.disks[what].empty()
    fell = []
    server = rig.platform.postgres
    if server is not None and not server.alive():
        fell.append("PostgreSQL")
        server.start()
    fallen = [node for node in rig.rigged.brokers if not node.alive()]
    for node in fallen:
        node.launch()
    for node in rig.rigged.brokers:
        try:
            node.wait()
        except CannotRun:
            # it was still falling when it was looked at
            fallen.append(node)
            node.start()
    fell += [f"node {node.node}" for node in fallen]
    rig.recovered()
    return f"for {seconds:.1f} s ({', '.join(fell) + ' fell' if fell else 'nothing fell'})"


POISONS = ("bytes", "large bytes", "wrong schema", "forged sequence", "oversized")


def poison(kind: str, rig: Rig, dice: Random, seen: Seen) -> str:
    """Records that nobody of us wrote. Each reader parks them, goes on, and an operator skips them."""
    lead, topic = uuid4(), "intake.leads"
    if kind == "oversized":
        refusal = rig.produce(topic, str(lead), bytes(2_000_000))
        if refusal is None:
            raise AssertionError("the broker took a record of 2 MB")
        seen.refused += 1
        return f"on {topic}: refused by the broker ({refusal})"
    seen.forged.add(str(lead))
    number = {"wrong schema": 1, "forged sequence": 3}.get(kind, 0)
    value = dice.randbytes(980_000 if kind == "large bytes" else 40)
    if number:
        event = LeadAssigned(
            lead_id=lead,
            assignment_no=1,
            unit="GA",
            level="key",
            sign_by=DAY,
            due_on=DAY,
            provisional=False,
            effective_at=NOON,
        )
        forged = json.loads(envelope(event, number))
        forged["data"].pop("effective_at")
        value = json.dumps(forged).encode()
    if (refusal := rig.produce(topic, str(lead), value)) is not None:
        raise AssertionError(f"the broker refused {kind}: {refusal}")
    readers = [service for service in SERVICES if topic in {t.name for t in read_by(service)}]
    for service in readers:
        _skip(rig, service, topic, lead, number, seen)
    return f"on {topic}: parked and skipped by {', '.join(readers)}"


def _skip(rig: Rig, service: str, topic: str, lead: UUID, number: int, seen: Seen) -> None:
    """An operator skips it; number 0 is a record that nobody can read. Who has no use for that type of event sees nothing wrong with it."""
    where = f"subject = '{lead}'" if number else "sequence = 0"
    # what came before a forged number never comes; then the forged one itself is in turn
    if number > 1:
        _waits_in(rig, service, "held", where)
    for step in range(1, number):
        _command(rig, service, "skip", topic, str(lead), str(step))
        seen.skipped += 1
    if number and LeadAssigned not in importlib.import_module(f"services.{service}.consumer").HANDLERS:
        _waits_in(rig, service, "inbox", f"{where} and last = {number}")
        return
    _command(rig, service, "skip", topic, _waits_in(rig, service, "parked", where), str(number))
    seen.skipped += 1


def _waits_in(rig: Rig, service: str, table: str, where: str) -> str:
    deadline = rig.soon(150)
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
