"""The real platform as processes with everything between its parts in our hands: proxies on each line, disks that can be filled, and
launchers in place of services."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx
from confluent_kafka import Producer
from sqlalchemy.engine import make_url

from deploy.kafka.provision import connect
from deploy.local.kafka import Kafka
from deploy.local.places import ROOT, free_port
from deploy.local.platform import Platform
from deploy.local.processes import Child
from shared.contracts.topics import SERVICES
from tests.faults.launch import CRASHED
from tests.support.cluster import Cluster
from tests.support.running import Running
from tests.support.wire import Wire

DISK_MEGABYTES = 6_000
WORKERS = 2


class Disk:
    """A disk of limited size in memory, mounted where a server keeps its data, so that it can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.mounted = self._mount(
            "mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=711", "tmpfs", str(folder)
        )

    def _mount(self, *command: str) -> bool:
        return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        """Not one byte left: the disk becomes as small as what it holds, which costs neither memory nor time."""
        for _ in range(50):
            seen = os.statvfs(self.folder)
            if self._resize(f"{(seen.f_blocks - seen.f_bfree) * seen.f_frsize}"):
                return
        raise AssertionError(f"{self.folder} grows faster than it can be made small")

    def empty(self) -> None:
        """Room again."""
        assert self._resize(f"{DISK_MEGABYTES}m")

    def _resize(self, size: str) -> bool:
        return self._mount("mount", "-o", f"remount,size={size}", str(self.folder))

    def stop(self) -> None:
        """Unmount."""
        if self.mounted:
            self._mount("umount", "-l", str(self.folder))


class RiggedPlatform(Platform):
    """Services reach PostgreSQL and Kafka through proxies."""

    def __init__(self, folder: Path, *, port: int, nodes: int) -> None:
        self.nodes, self.replication = nodes, min(nodes, 3)
        self.crash_in_migration = 0
        super().__init__(folder, port=port, workers=WORKERS)
        self.wire = Wire()
        self.database_port = {service: free_port() for service in SERVICES}
        assert self.postgres is not None
        for service in SERVICES:
            self.wire.listen(self.database_port[service], to=self.postgres.port)
        for node in self.brokers:
            node.advertised = free_port()
            self.wire.listen(node.advertised, to=node.port)

    def _broker(self, users: Mapping[str, str]) -> Kafka:
        # a cluster of one is one node, which needs no listener between brokers
        return cast("Kafka", Cluster(self.folder / "kafka", users=users, nodes=self.nodes))

    @property
    def brokers(self) -> list[Kafka]:
        """The nodes."""
        return cast("Cluster", self.kafka).nodes

    def environment(self, service: str) -> dict[str, str]:
        upper = service.upper()
        return self._by_proxy(super().environment(service), service, f"{upper}_DATABASE_URL", f"{upper}_MIGRATE_URL")

    def vault_environment(self) -> dict[str, str]:
        return self._by_proxy(super().vault_environment(), "intake", "INTAKE_VAULT_DATABASE_URL")

    def _by_proxy(self, found: dict[str, str], service: str, *names: str) -> dict[str, str]:
        for name in names:
            url = make_url(found[name]).set(port=self.database_port[service])
            found[name] = url.render_as_string(hide_password=False)
        return found

    def _migrate(self, service: str) -> None:
        """The first attempt of each service's migrations dies in the middle."""
        if self.crash_in_migration:
            spec = json.dumps({"crash": "in the middle of migrate", "pass": self.crash_in_migration})
            child = Child("migrate", [], self.environment(service), self.logs / f"{service}-migrate.log")
            command = [sys.executable, "-m", "tests.faults.launch", spec, service, "migrate"]
            done = subprocess.run(
                command,
                env={**child.environment, f"{service.upper()}_PORT": "1"},
                cwd=ROOT,
                capture_output=True,
                check=False,
            )
            assert done.returncode == CRASHED, done.stdout[-1000:] + done.stderr[-1000:]
        super()._migrate(service)

    def stop(self) -> None:
        super().stop()
        self.wire.stop()


class Rig(Running):
    """The rigged platform and what the faults and the ledger need of it. Where a machine is busy with other things everything takes
    `slow` times as long."""

    def __init__(self, folder: Path, *, nodes: int, slow: float = 1.0) -> None:
        self.slow = slow
        folder.mkdir(parents=True)
        self.outside, self._tokens = None, {}
        self.alone = threading.Lock()
        self._in_hand: Counter[str] = Counter()
        self.disks = {"postgres": Disk(folder / "postgres-disk"), "kafka": Disk(folder / "kafka-disk")}
        for name, disk in self.disks.items():
            (disk.folder / "data").mkdir(mode=0o711, exist_ok=True)
            (folder / name).symlink_to(disk.folder / "data")
        self.rigged = self.new_platform(folder, nodes)
        self.platform = self.rigged
        self.plain: dict[str, list[str]] = {}

    def new_platform(self, folder: Path, nodes: int) -> RiggedPlatform:
        """The platform that this rig plays on."""
        return RiggedPlatform(folder, port=free_port(), nodes=nodes)

    def start(self) -> None:
        super().start()
        self.plain = {name: list(child.arguments) for name, child in self.platform.children.items()}

    def soon(self, seconds: float) -> float:
        """Until when something has to be done that takes at most this long on a quiet machine."""
        return time.monotonic() + seconds * self.slow

    def stop(self) -> None:
        for child in self.platform.children.values():
            child.kill()
        super().stop()
        for disk in self.disks.values():
            disk.stop()

    def can_fill_disks(self) -> bool:
        """Whether this machine let us mount a limited disk."""
        return all(disk.mounted for disk in self.disks.values())

    @property
    def api(self) -> str:
        """Where clients reach intake."""
        return f"http://127.0.0.1:{self.platform.ports['intake', 'api']}"

    def launch(self, name: str, spec: Mapping[str, Any] | None = None) -> None:
        """Start a process, plainly or with a spec of `tests.faults.launch`."""
        child = self.platform.children[name]
        service, role = name.split()[:2]
        child.arguments = (
            [sys.executable, "-m", "tests.faults.launch", json.dumps(spec), service, role] if spec else self.plain[name]
        )
        child.start()

    def ready(self, name: str) -> bool:
        """What the process says of itself."""
        service, role = name.split(maxsplit=1)
        port = self.platform.ports[service, role]
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/{service}/readyz", timeout=2, trust_env=False)
            return answer.status_code == 200
        except httpx.HTTPError:
            return False

    def names(self) -> list[str]:
        """APIs and workers."""
        return [name for name in self.platform.children if name != "gateway"]

    def healthy(self, names: list[str], seconds: float = 90) -> float:
        """Wait until these are ready; → seconds waited. Raises TimeoutError naming those that are not."""
        began, deadline = time.monotonic(), self.soon(seconds)
        waiting = list(names)
        if (ended := self.rigged.wire.process.poll()) is not None:
            raise RuntimeError(f"the proxies ended with {ended}")
        while waiting := [name for name in waiting if not self.ready(name)]:
            if time.monotonic() > deadline:
                tails = "\n".join(self.platform.children[name].tail() for name in waiting[:2])
                raise TimeoutError(f"not healthy after {time.monotonic() - began:.0f} s: {', '.join(waiting)}\n{tails}")
            time.sleep(0.1)
        return time.monotonic() - began

    @contextmanager
    def in_hand(self, *names: str) -> Iterator[None]:
        """These are being struck: what strikes servers at the same time does not wait for them."""
        self._in_hand.update(names)
        try:
            yield
        finally:
            self._in_hand.subtract(names)

    def recovered(self, seconds: float = 90) -> None:
        """Wait until each that nobody strikes was ready once. Raises TimeoutError naming those that were not."""
        began, deadline = time.monotonic(), self.soon(seconds)
        waiting = self.names()
        while waiting := [name for name in waiting if not self._in_hand[name] and not self.ready(name)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not healthy after {time.monotonic() - began:.0f} s: {', '.join(waiting)}")
            time.sleep(0.1)

    def rows_now(self, service: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """As `rows`, from a thread without a loop; asks again while the database is away."""
        deadline = self.soon(60)
        while True:
            try:
                return asyncio.run(self.rows(service, statement, *values))
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.3)

    def ops(self, service: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """The operator's command."""
        child = Child("ops", [], self.platform.environment(service), self.platform.logs / "ops.log")
        return subprocess.run(
            [sys.executable, "-m", f"services.{service}", "ops", *arguments],
            env={**child.environment, f"{service.upper()}_PORT": "1"},
            cwd=ROOT,
            capture_output=True,
            check=False,
            timeout=120,
        )

    def admin_options(self) -> dict[str, Any]:
        """For an outside client with every right."""
        return {
            "bootstrap.servers": ",".join(node.bootstrap for node in self.rigged.brokers),
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": self.platform.keys.secret("kafka-admin"),
            "log_level": 0,
        }

    def produce(self, topic: str, key: str, value: bytes) -> str | None:
        """Put a record there from outside; → the broker's refusal, or None when it was taken."""
        said: list[str | None] = []
        options = {**self.admin_options(), "message.max.bytes": 5_000_000, "message.timeout.ms": 60_000}
        producer = Producer(options)
        producer.produce(topic, value, key, on_delivery=lambda fault, _: said.append(fault.name() if fault else None))
        producer.flush(70)
        return said[0] if said else "no answer"

    def leader_of(self, topic: str, partition: int) -> int:
        """The node that leads this partition."""
        admin = connect(
            self.rigged.brokers[0].bootstrap,
            security="SASL_PLAINTEXT",
            user="admin",
            password=self.platform.keys.secret("kafka-admin"),
        )
        return int(admin.list_topics(topic, timeout=20).topics[topic].partitions[partition].leader)
