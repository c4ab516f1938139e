"""Measures of the whole platform: how many leads a second go all the way, at what cost, how soon they are seen, how a backlog drains."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import asyncpg
from confluent_kafka.admin import NewTopic
from joserfc.jwk import ECKey
from sqlalchemy.engine import make_url

from deploy.kafka.provision import connect
from deploy.local.places import ROOT, free_port
from deploy.local.processes import Child
from tests.load.generator import Plan, Seen
from tests.load.rig import HEARD, HEARERS, Rig, bodies, generate, percentile, seconds_of, spent

WITHOUT_DATABASE = "tests.load.without_database"


def pipeline(rig: Rig, leads: int) -> dict[str, Any]:
    """As many as the machine gives: from the first request until every service that hears them has applied the last."""
    asyncio.run(_all_applied(rig))
    before, started = rig.processor_seconds(), time.monotonic()
    seen = rig.load(count=leads)
    accepted = time.monotonic() - started
    asyncio.run(rig.heard([lead_id for lead_id, _ in seen.answers]))
    whole = time.monotonic() - started
    cost = spent(before, rig.processor_seconds(), leads)
    assert not seen.refused, seen.refused
    return {
        "per_s": leads / whole,
        "accept_per_s": leads / accepted,
        "cpu_us": cost,
        "cpu_us_all": round(sum(cost.values())),
    }


async def _all_applied(rig: Rig) -> int:
    counts = await rig.applied()
    total = max(counts.values())
    await rig.settled(total)
    return total


class Textbook:
    """The textbook stack on the same servers."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.port = free_port()
        self.children: list[Child] = []
        self._total = 0

    def start(self) -> None:
        """Databases, topic, one API, one relay, three consumers."""
        for name in ("api", *HEARERS):
            self._prepare(name)
        admin = connect(
            self.rig.platform.kafka.bootstrap,
            security="SASL_PLAINTEXT",
            user="admin",
            password=self.rig.platform.keys.secret("kafka-admin"),
        )
        for future in admin.create_topics([NewTopic("textbook.leads", 6, 1)]).values():
            future.result()
        for name, role in (("api", "api"), ("api", "relay"), *((hearer, f"consumer {hearer}") for hearer in HEARERS)):
            child = self._child(name, role)
            child.start()
            self.children.append(child)
        for _ in range(300):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                break
            time.sleep(0.1)
        else:
            raise TimeoutError(self.children[0].tail())
        self._load(100)
        self._wait(self._total)

    def stop(self) -> None:
        """End its processes."""
        for child in self.children:
            child.stop()

    def run(self, leads: int) -> dict[str, Any]:
        """The same load until all three have it."""
        base = self._total
        before, started = self._spent(), time.monotonic()
        self._load(leads)
        self._wait(base + leads)
        whole = time.monotonic() - started
        return {"per_s": leads / whole, "cpu_us_all": round((self._spent() - before) / leads * 1e6)}

    def projection_per_s(self, messages: int) -> float:
        """Messages a second through its consumer's transaction alone, on a database of its own; for that it need not be started."""
        self._prepare("publicity")
        done = subprocess.run(
            [sys.executable, "-m", "tests.load.textbook.stack", "apply", str(messages)],
            env=self._child("publicity", "apply").environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return messages / float(done.stdout)

    def _load(self, leads: int) -> None:
        seen = generate(Plan(port=self.port, path="/leads", token=self.rig.token, bodies=bodies(), count=leads))
        assert not seen.refused, (seen.refused, self.children[0].tail())
        self._total += leads

    def _wait(self, total: int) -> None:
        deadline = time.monotonic() + 300
        for name in HEARERS:
            while asyncio.run(self._count(name)) < total:
                assert time.monotonic() < deadline, f"{name} does not get there"
                time.sleep(0.05)

    def _spent(self) -> float:
        own = sum(seconds_of(child.process.pid) for child in self.children if child.process)
        parts = self.rig.processor_seconds()
        return own + parts["kafka"] + parts["postgres"]

    def _database(self, name: str) -> str:
        url = make_url(self.rig.platform.admin).set(database=f"textbook_{name}")
        return url.render_as_string(hide_password=False)

    def _prepare(self, name: str) -> None:
        asyncio.run(self._create(name))
        self._child(name, "prepare").wait_done()

    async def _create(self, name: str) -> None:
        connection = await asyncpg.connect(self.rig.platform.admin)
        await connection.execute(f"create database textbook_{name}")
        await connection.close()

    async def _count(self, name: str) -> int:
        connection = await asyncpg.connect(self._database(name))
        try:
            return int(await connection.fetchval("select count(*) from projection"))
        finally:
            await connection.close()

    def _child(self, name: str, role: str) -> "_Role":
        kafka = {
            "bootstrap_servers": self.rig.platform.kafka.bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "admin",
            "sasl_plain_password": self.rig.platform.keys.secret("kafka-admin"),
        }
        key: ECKey = self.rig.platform.keys.signing_key()
        environment = {
            "TEXTBOOK_DATABASE": self._database(name),
            "TEXTBOOK_KAFKA": json.dumps(kafka),
            "TEXTBOOK_KEY": json.dumps(key.as_dict(private=False)),
            "TEXTBOOK_PORT": str(self.port),
        }
        arguments = [sys.executable, "-m", "tests.load.textbook.stack", *role.split()]
        return _Role(f"textbook {name}", arguments, environment, self.rig.platform.logs / f"textbook-{name}.log")


class _Role(Child):
    def wait_done(self) -> None:
        self.start()
        assert self.process is not None
        assert self.process.wait() == 0, self.tail()


def accept(rig: Rig, leads: int) -> dict[str, float]:
    """Accepted leads a second by intake's API alone (no worker runs), and by the same endpoint that asks no database; taken in turns."""
    port = free_port()
    variables = {**rig.platform.environment("intake"), "INTAKE_PORT": str(port)}
    bare = Child(
        "bare", [sys.executable, "-m", WITHOUT_DATABASE], variables, rig.platform.logs / "without-database.log"
    )
    bare.start()
    try:
        _until_answers(rig, port)
        real, none = [], []
        for _ in range(3):
            real.append(leads / rig.load(count=leads).seconds)
            none.append(leads / rig.load(count=leads, port=port).seconds)
    finally:
        bare.stop()
    return {
        "per_s": sorted(real)[1],
        "without_database_per_s": sorted(none)[1],
        "ratio": sorted(real)[1] / sorted(none)[1],
    }


def _until_answers(rig: Rig, port: int) -> None:
    for _ in range(100):
        try:
            rig.load(count=200, port=port)
            return
        except RuntimeError:
            time.sleep(0.1)
    raise TimeoutError("the endpoint without a database does not answer")


def latency(rig: Rig, rate: float, seconds: float) -> dict[str, float]:
    """At a steady rate: intake's answer as the client sees it, and from its commit until the last service has committed the effect."""
    since = asyncio.run(_now(rig))
    seen = rig.load(count=10**9, rate=rate, seconds=seconds)
    total = asyncio.run(_all_applied(rig))
    visible = asyncio.run(_visible(rig, since))
    assert len(visible) >= len(seen.answers) * 0.99, (len(visible), len(seen.answers), total)
    return {
        "rate": rate,
        "answer_p50_ms": percentile(seen.latencies, 0.5) * 1000,
        "answer_p99_ms": percentile(seen.latencies, 0.99) * 1000,
        "visible_p50_ms": percentile(visible, 0.5) * 1000,
        "visible_p99_ms": percentile(visible, 0.99) * 1000,
        "late": seen.late,
    }


async def _now(rig: Rig) -> Any:
    return (await rig.rows("intake", "select clock_timestamp() as now"))[0]["now"]


async def _visible(rig: Rig, since: Any) -> list[float]:
    """Seconds from the commit of each registration to the commit of its effect in the slowest service."""
    said = (
        "select subject, pg_xact_commit_timestamp(xmin) as at from outbox where sequence = 1 and topic = 'intake.leads'"
    )
    began = {row["subject"]: row["at"] for row in await rig.rows("intake", said) if row["at"] and row["at"] >= since}
    slowest = dict.fromkeys(began, 0.0)
    heard = "select subject, pg_xact_commit_timestamp(xmin) as at from inbox where topic = 'intake.leads'"
    for service in HEARERS:
        for row in await rig.rows(service, heard):
            if row["subject"] in began and row["at"]:
                seconds = (row["at"] - began[row["subject"]]).total_seconds()
                slowest[row["subject"]] = max(slowest[row["subject"]], seconds)
    return list(slowest.values())


def drain(rig: Rig, rate: float, outage: float) -> dict[str, float]:
    """The broker is away for `outage` seconds while leads come in at `rate`; how long after its return is the backlog gone?"""
    seen: list[Seen] = []
    load = threading.Thread(target=lambda: seen.append(rig.load(count=10**9, rate=rate, seconds=outage + 40)))
    load.start()
    time.sleep(5)
    rig.platform.kafka.stop()
    time.sleep(outage)
    backlog = asyncio.run(_behind(rig))
    rig.platform.kafka.start()
    back = time.monotonic()
    while not asyncio.run(_caught_up(rig, int(rate / 2))):
        assert time.monotonic() - back < 300, "the backlog does not drain"
        time.sleep(0.5)
    seconds = time.monotonic() - back
    load.join()
    assert not seen[0].refused, seen[0].refused
    return {"rate": rate, "backlog": backlog, "drain_s": seconds}


async def _caught_up(rig: Rig, most: int) -> bool:
    """Whether no hearer is further behind than so many: all have applied the newest that were said before those (order holds in each
    partition, and so many lie in all of them). To count what is applied would take the time that is measured."""
    newest = """select subject from outbox where topic = 'intake.leads' and position <= (select max(position) from outbox) - $1
        order by position desc limit 60"""
    leads = [row["subject"] for row in await rig.rows("intake", newest, most)]
    for service in HEARERS:
        [row] = await rig.rows(service, HEARD, leads)
        if row["n"] < len(leads):
            return False
    return True


async def _behind(rig: Rig) -> int:
    [row] = await rig.rows("intake", "select count(*) as n from outbox_sequences where topic = 'intake.leads'")
    return int(row["n"]) - min((await rig.applied()).values())
