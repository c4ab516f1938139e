"""What every measure needs: the platform, load against one of its doors, the processor time of each part, waiting until all is applied."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from deploy.local import issuer
from deploy.local.places import ROOT, free_port
from deploy.local.platform import Platform
from tests.load.generator import Plan, Seen

TICK = os.sysconf("SC_CLK_TCK")
HEARERS = ("verification", "discipline", "publicity")
HEARD = "select count(*) as n from inbox where topic = 'intake.leads' and subject = any($1) and last > 0"
STREETS = ("临江街", "北关街", "南湖街", "东站街")


def bodies(count: int = 200) -> list[str]:
    """Leads as a clerk types them, a third with a reporter; Chinese text of the usual length."""
    made = []
    for number in range(count):
        body: dict[str, Any] = {
            "source": ("M", "A", "O")[number % 3],
            "summary": f"反映{STREETS[number % 4]}菜市场有人强收摊位费,每月{100 + number}元,不交就砸摊,已持续{number % 12 + 1}个月。"
            * 2,
            "street": STREETS[number % 4],
            "area_codes": ["market"],
            "manifestation_codes": ["03"],
            "allegations": ["强收摊位费", "打砸摊位"],
        }
        if number % 3 == 0:
            body["reporter"] = {"name": "示例人", "phone": f"1390000{number:04d}"}
        made.append(json.dumps(body, ensure_ascii=False))
    return made


class Rig:
    """The platform on fresh data, with durable settings: nothing is switched off to look faster."""

    def __init__(self, folder: Path, *, workers: int = 1) -> None:
        self.platform = Platform(folder, port=free_port(), workers=workers)
        if self.platform.postgres:
            # tells of each row when its transaction was committed, in all databases of the server by one clock
            self.platform.postgres.settings["track_commit_timestamp"] = "on"
        self._token = ""

    def start(self) -> None:
        """All parts."""
        self.platform.start_servers()
        self.platform.prepare()
        self.platform.start_services()
        self.platform.wait_ready(120)

    def stop(self) -> None:
        """In order."""
        self.platform.stop()

    def workers(self, *, run: bool) -> None:
        """Start or stop all workers."""
        for name, child in self.platform.children.items():
            if "worker" in name:
                child.start() if run else child.stop()
        if run:
            self.platform.wait_ready(120)

    @property
    def token(self) -> str:
        """Of a clerk."""
        if not self._token:
            self._token = issuer.token(self.platform.keys.signing_key(), self.platform.issuer, "icl")
        return self._token

    def load(self, **plan: Any) -> Seen:
        """POST leads to intake's own port (the gateway of the one-machine mode is no part of what is measured)."""
        whole: dict[str, Any] = {
            "port": self.platform.ports["intake", "api"],
            "path": "/intake/v1/leads",
            "token": self.token,
            "bodies": bodies(),
        }
        return generate(Plan(**whole | plan))

    async def rows(self, service: str, statement: str, *values: Any) -> list[Any]:
        """Rows of a service's database."""
        url = make_url(self.platform.admin).set(database=service).render_as_string(hide_password=False)
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def script(self, service: str, statements: str, *values: Any) -> None:
        """Statements with $1, $2 … filled in, one after the other, as superuser."""
        url = make_url(self.platform.admin).set(database=service).render_as_string(hide_password=False)
        connection = await asyncpg.connect(url)
        try:
            for statement in filter(str.strip, statements.split(";")):
                used = [number for number in range(1, len(values) + 1) if f"${number}" in statement]
                filled = statement
                for place, number in enumerate(used, start=1):
                    filled = filled.replace(f"${number}", f"${place}")
                await connection.execute(filled, *(values[number - 1] for number in used))
        finally:
            await connection.close()

    async def applied(self, topic: str = "intake.leads") -> dict[str, int]:
        """How many events of the topic each hearer has applied."""
        counted = {}
        for service in HEARERS:
            [row] = await self.rows(
                service, "select coalesce(sum(last), 0)::bigint as n from inbox where topic = $1", topic
            )
            counted[service] = row["n"]
        return counted

    async def settled(self, total: int, seconds: float = 300) -> float:
        """Wait until all have applied `total`; → seconds it took."""
        started = time.monotonic()
        while min((await self.applied()).values()) < total:
            if time.monotonic() - started > seconds:
                raise TimeoutError(f"not applied: {await self.applied()} of {total}")
            await asyncio.sleep(0.05)
        return time.monotonic() - started

    async def heard(self, lead_ids: Sequence[str], seconds: float = 300) -> None:
        """Wait until all have applied what these leads begin with. The last are asked for until they are there, then all: looking costs
        the same however much is stored."""
        deadline = time.monotonic() + seconds
        for service in HEARERS:
            for some in (list(lead_ids[-100:]), list(lead_ids)):
                while [row["n"] for row in await self.rows(service, HEARD, some)] != [len(some)]:
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"{service} does not hear of all leads")
                    await asyncio.sleep(0.05)

    def processor_seconds(self) -> dict[str, float]:
        """User and system time so far, by part: API, workers, PostgreSQL (all its processes), Kafka."""
        found = {name: seconds_of(child.process.pid) for name, child in self.platform.children.items() if child.process}
        if self.platform.kafka.process:
            found["kafka"] = seconds_of(self.platform.kafka.process.pid)
        if self.platform.postgres and self.platform.postgres.process:
            found["postgres"] = _tree(self.platform.postgres.process.pid)
        return found


def generate(plan: Plan) -> Seen:
    """Run the generator as a process of its own."""
    with tempfile.NamedTemporaryFile("r") as out:
        done = subprocess.run(
            [sys.executable, "-m", "tests.load.generator", out.name],
            input=json.dumps(asdict(plan)),
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return Seen(**json.load(out))


def spent(before: Mapping[str, float], after: Mapping[str, float], leads: int) -> dict[str, float]:
    """Processor microseconds a lead, by part."""
    return {name: round((after[name] - before.get(name, 0.0)) / leads * 1e6, 1) for name in after}


def percentile(values: list[float], share: float) -> float:
    """The value below which this share lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * len(ordered) * 1000) // 1000) - 1))]


def seconds_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def _tree(pid: int) -> float:
    """A server that forks: its own time, that of its children now, and of those that ended (in the parent's account)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    total = sum(int(fields[index]) for index in (11, 12, 13, 14)) / TICK
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(seconds_of(int(child)) for child in children)
