"""The platform as processes: PostgreSQL, Kafka, four APIs, their workers, the gateway. `up` runs it for people, tests for proof."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from deploy.kafka.provision import connect, provision
from deploy.local import databases
from deploy.local.kafka import Kafka
from deploy.local.keys import API_ALONE, Keyring, environment, vault_environment
from deploy.local.places import FULL, ROOT, CannotRun, free_port
from deploy.local.postgres import Postgres
from deploy.local.processes import Child, pause
from shared.contracts.topics import SERVICES


class Platform:
    """All parts in `folder`, one origin on `port`; `workers` instances of each worker. `admin` names an outside PostgreSQL."""

    replication = 1

    def __init__(self, folder: Path, *, port: int, workers: int = 1, admin: str | None = None) -> None:
        self.folder, self.port = folder, port
        self.origin = f"http://127.0.0.1:{port}"
        self.issuer = f"{self.origin}/issuer"
        self.keys = Keyring(folder / "keys")
        self.logs = folder / "logs"
        self._admin = admin
        self.postgres = None if admin else Postgres(folder / "postgres")
        self.kafka = self._broker({name: self.keys.secret(f"kafka-{name}") for name in ("admin", *SERVICES)})
        self.ports = {(service, role): free_port() for service in SERVICES for role in self._roles(service, workers)}
        self.children: dict[str, Child] = {}
        (folder / "issuer").write_text(self.issuer)

    def _broker(self, users: Mapping[str, str]) -> Kafka:
        return Kafka(self.folder / "kafka", users=users)

    @staticmethod
    def _roles(service: str, workers: int) -> list[str]:
        vault = ["vault"] if service == "intake" else []
        return ["api", *vault, *(f"worker {number}" for number in range(1, workers + 1))]

    @property
    def admin(self) -> str:
        """The superuser's address of the PostgreSQL server."""
        if self.postgres is not None:
            return self.postgres.dsn("postgres")
        if self._admin is None:
            raise CannotRun("no PostgreSQL server")
        return self._admin

    def start_servers(self) -> None:
        """PostgreSQL and Kafka."""
        if self.postgres is not None:
            self.postgres.start()
        self.kafka.start()

    def prepare(self) -> None:
        """Databases, schemas, topics and rights; changes only what is missing."""
        asyncio.run(databases.ensure(self.admin, self.keys.secret))
        with ThreadPoolExecutor(4) as pool:
            migrations = [pool.submit(self._migrate, service) for service in SERVICES]
            self.provision()
            for migration in migrations:
                migration.result()

    def provision(self) -> None:
        """Topics and rights on Kafka."""
        admin = connect(
            self.kafka.bootstrap, security="SASL_PLAINTEXT", user="admin", password=self.keys.secret("kafka-admin")
        )
        provision(admin, replication=self.replication)

    def start_services(self) -> None:
        """APIs, workers, gateway."""
        for (service, role), port in self.ports.items():
            name = f"{service} {role}"
            arguments = [sys.executable, "-m", f"services.{service}", role.split()[0]]
            if role == "vault":
                variables = {**self.vault_environment(), "INTAKE_VAULT_PORT": str(port)}
            else:
                variables = {**self.environment(service), f"{service.upper()}_PORT": str(port)}
                if role != "api":
                    variables.pop(API_ALONE, None)
            self.children[name] = Child(
                name, arguments, variables, self.logs / f"{service}-{role.replace(' ', '-')}.log"
            )
        for service in SERVICES:
            self.keys.write(self.keys.settings(service), json.dumps(self.environment(service)))
        self.keys.write(self.keys.settings("vault"), json.dumps(self.vault_environment()))
        self._write_targets()
        self.children["gateway"] = self._gateway()
        for child in self.children.values():
            child.start()

    @property
    def targets(self) -> Path:
        """Which port shows which process's metrics, as Prometheus' file discovery reads it."""
        return self.folder / "targets.json"

    def _write_targets(self) -> None:
        targets = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"service": service, "role": role.split()[0]}}
            for (service, role), port in self.ports.items()
        ]
        self.targets.write_text(json.dumps(targets, indent=1))

    def environment(self, service: str) -> dict[str, str]:
        """The settings of one service."""
        kafka = {
            "KAFKA": self.kafka.bootstrap,
            "KAFKA_SECURITY": "SASL_PLAINTEXT",
            "KAFKA_USER": service,
            "KAFKA_PASSWORD": self.keys.secret(f"kafka-{service}"),
        }
        return environment(
            service,
            self.keys,
            database=databases.at(self.admin, service, service, self.keys.secret(service)),
            owner=databases.at(self.admin, service, f"{service}_owner", self.keys.secret(f"{service}_owner")),
            kafka=kafka,
            issuer=self.issuer,
        )

    def vault_environment(self) -> dict[str, str]:
        """The settings of intake's vault."""
        role = "intake_vault"
        return vault_environment(
            self.keys,
            database=databases.at(self.admin, "intake", role, self.keys.secret(role)),
            issuer=self.issuer,
            key_store=self.folder / "vault" / "keys.sqlite",
        )

    def health(self) -> tuple[bool, dict[str, str]]:
        """What /healthz says: whether all is ready, and the state of each part."""
        try:
            answer = httpx.get(f"{self.origin}/healthz", timeout=5, trust_env=False)
            return answer.status_code == 200, dict(answer.json()["parts"])
        except (httpx.HTTPError, ValueError, KeyError):
            return False, {"gateway": "does not answer"}

    def wait_ready(self, seconds: float = 240) -> None:
        """Wait until every part is ready. Raises `CannotRun` naming what is not, with the end of its log."""
        deadline = time.monotonic() + seconds
        while True:
            ready, parts = self.health()
            if ready:
                return
            dead = [child for child in self.children.values() if not child.alive()]
            if dead or time.monotonic() > deadline:
                waiting = [f"{name}: {state}" for name, state in parts.items() if state != "ready"]
                logs = "\n".join(f"--- {child.name}\n{child.tail()}" for child in dead[:2] or self._named_in(parts))
                raise CannotRun("未就绪 / not ready: " + "; ".join(waiting) + f"\n{logs}")
            pause(0.2)

    def stop(self) -> None:
        """In order: gateway, APIs, workers, Kafka, PostgreSQL; each with a deadline."""
        for group in (
            ["gateway"],
            [n for n in self.children if "api" in n or "vault" in n],
            [n for n in self.children if "worker" in n],
        ):
            members = [self.children[name] for name in group if name in self.children]
            for child in members:
                child.ask_to_stop()
            for child in members:
                child.stop()
        self.kafka.stop()
        if self.postgres is not None:
            self.postgres.stop()

    def _named_in(self, parts: dict[str, str]) -> list[Child]:
        return [self.children[name] for name, state in parts.items() if state != "ready" and name in self.children][:2]

    def _migrate(self, service: str) -> None:
        child = Child("migrate", [], self.environment(service), self.logs / f"{service}-migrate.log")
        variables = {**child.environment, f"{service.upper()}_PORT": "1"}
        done = subprocess.run(
            [sys.executable, "-m", f"services.{service}", "migrate"],
            env=variables,
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise CannotRun(
                f"{service} could not be migrated:\n{(done.stdout + done.stderr).decode(errors='replace')[-2000:]}"
            )

    def _gateway(self) -> Child:
        checks = {"kafka": f"tcp:{self.kafka.port}", "disk": f"disk:{FULL}:{self.kafka.folder}"}
        if self.postgres is not None:
            checks["postgres"] = f"tcp:{self.postgres.port}"
        for (service, role), port in self.ports.items():
            checks[f"{service} {role}"] = f"http://127.0.0.1:{port}/{service}/readyz"
        config = {
            "port": self.port,
            "issuer": self.issuer,
            "keys": str(self.keys.folder),
            "apis": {
                "intake/v1/vault": f"http://127.0.0.1:{self.ports['intake', 'vault']}",
                **{service: f"http://127.0.0.1:{self.ports[service, 'api']}" for service in SERVICES},
            },
            "checks": checks,
        }
        path = self.folder / "gateway.json"
        path.write_text(json.dumps(config))
        arguments = [sys.executable, "-m", "deploy.local.gateway", str(path)]
        return Child("gateway", arguments, {}, self.logs / "gateway.log")
