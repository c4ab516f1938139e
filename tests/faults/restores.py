"""The restore drill: the database of one service goes back to a point in time while the others run, and all come to equal totals.

A base backup is taken under load and the write-ahead log is archived; then leads come in after the point that will be restored. Each
service has one server here, so going back takes that server's other databases along unless they are saved: the drill moves the service
to a server of its own first, as in production.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from deploy.local import databases
from deploy.local.places import CannotRun, as_user, free_port, unprivileged
from deploy.local.postgres import Postgres
from shared.contracts.topics import SERVICES
from tests.faults.clients import start_load
from tests.faults.ledger import accepted, balance
from tests.faults.past_office import PastOffice
from tests.faults.rig import Rig, RiggedPlatform

LEADS, RATE = 200, 40.0
RESTORED = ("intake", "discipline", "publicity")
"""Services whose restore is played."""


class OwnServer(RiggedPlatform):
    """One service's database on a server of its own, with its log archived."""

    apart: str = ""
    server: Postgres

    def start_servers(self) -> None:
        self.server = Postgres(self.folder / "apart", port=free_port())
        archive = self.server.folder / "archive"
        archive.mkdir(exist_ok=True)
        if user := unprivileged():
            shutil.chown(archive, user.pw_uid, user.pw_gid)
        self.archive = archive
        self.server.settings |= {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f", "wal_level": "replica"}
        self.server.start()
        super().start_servers()
        self.wire.listen(self.database_port[self.apart], to=self.server.port)

    def prepare(self) -> None:
        asyncio.run(databases.ensure(self.server.dsn("postgres"), self.keys.secret))
        super().prepare()

    def stop(self) -> None:
        super().stop()
        self.server.stop()


class RestoreRig(Rig):
    """The rig with one service apart."""

    def __init__(self, folder: Path, service: str) -> None:
        self.service = service
        super().__init__(folder, nodes=1)

    def new_platform(self, folder: Path, nodes: int) -> RiggedPlatform:
        platform = OwnServer(folder, port=free_port(), nodes=nodes)
        platform.apart = self.service
        self.own = platform
        return platform

    async def rows(self, service: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        if service != self.service:
            return await super().rows(service, statement, *values)
        url = make_url(self.own.server.dsn(service)).render_as_string(hide_password=False)
        return await self.rows_at(url, statement, *values)

    def backup(self, to: Path) -> None:
        """A base backup of the server as it runs."""
        server = self.own.server
        binary = server._binaries / "pg_basebackup"
        done = subprocess.run(
            [str(binary), "-D", str(to), "-d", server.dsn("postgres"), "-c", "fast", "-X", "none"],
            capture_output=True,
            check=False,
            text=True,
            cwd="/",
            **as_user(unprivileged()),
        )
        assert done.returncode == 0, done.stderr

    def go_back(self, base: Path, point: str) -> None:
        """Stop the server, put the backup in its place, recover up to the named point, and wait until it takes writes."""
        server = self.own.server
        server.stop()
        shutil.rmtree(server.data)
        shutil.move(base, server.data)
        (server.data / "recovery.signal").touch()
        if user := unprivileged():
            shutil.chown(server.data / "recovery.signal", user.pw_uid, user.pw_gid)
        archive = self.own.archive
        server.settings |= {
            "restore_command": f"cp {archive}/%f %p",
            "recovery_target_name": point,
            "recovery_target_action": "promote",
        }
        server.start()
        deadline = time.monotonic() + 60
        while self.rows_now(self.service, "select pg_is_in_recovery()") != [(False,)]:
            if time.monotonic() > deadline:
                raise CannotRun("the recovery does not end")
            time.sleep(0.2)


def restore(service: str) -> list[str]:
    """→ what was not as it should be."""
    folder = Path(tempfile.mkdtemp(prefix="xiansuo-restore-"))
    folder.chmod(0o711)
    rig = RestoreRig(folder / "platform", service)
    wrong: list[str] = []
    beside = PastOffice(rig) if service == "discipline" else None
    try:
        rig.start()
        told = _leads(rig, folder / "one")
        base = rig.own.server.folder / "base"
        rig.backup(base)
        told += _leads(rig, folder / "two")
        if beside:
            beside.before()
        rig.rows_now(service, "select pg_create_restore_point('before')")
        told += _leads(rig, folder / "three")
        if beside:
            beside.after()
        asyncio.run(rig.settled(90))
        rig.rows_now(service, "select pg_switch_wal()")
        totals = _totals(rig)
        parts = rig.parts(service)
        rig.go_back(base, "before")
        after = _totals(rig)
        if after[service] == totals[service]:
            wrong.append("the restore forgot nothing, so nothing was shown")
        _stops(rig, wrong)
        for name in parts:
            rig.platform.children[name].stop()
        done = rig.ops(service, "accept-restore", "--reason", "恢复到备份点,已核对")
        said = done.stdout.decode().strip().replace("\n", " ")
        if done.returncode:
            raise AssertionError(f"accept-restore: {said} {done.stderr.decode(errors='replace')[-1500:]}")
        for name in parts:
            rig.launch(name)
        rig.healthy(rig.names())
        asyncio.run(rig.settled(90))
        if beside:
            wrong += beside.goes_on()
        told += _leads(rig, folder / "four")
        asyncio.run(rig.settled(90))
        found = asyncio.run(balance(rig, told, set(), forgotten=service))
        for name in ("lost", "doubled", "reordered", "stuck"):
            wrong += [f"{name}: {sentence}" for sentence in getattr(found, name)[:5]]
        print(f"   restore of {service}: had {totals}, restored {after}, now {_totals(rig)}; {said}", flush=True)
    finally:
        rig.stop()
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)
    return wrong


def _stops(rig: RestoreRig, wrong: list[str]) -> None:
    """The workers of the restored service say what happened and do nothing."""
    for name in rig.parts(rig.service):
        rig.platform.children[name].stop()
        rig.launch(name)
    worker = rig.platform.children[f"{rig.service} worker 1"]
    deadline = time.monotonic() + 40
    while "accept-restore" not in worker.tail(6000) and time.monotonic() < deadline:
        time.sleep(0.3)
    if "accept-restore" not in worker.tail(6000):
        wrong.append("the restored worker did not say that an operator is needed")
    if rig.ready(worker.name):
        wrong.append("the restored worker called itself ready")


def _leads(rig: Rig, folder: Path) -> list[dict[str, Any]]:
    folder.mkdir()
    (folder / "stop").touch()
    load = start_load(rig, folder, LEADS, RATE)
    assert load.wait(240) == 0
    asyncio.run(rig.settled(90))
    return accepted(folder / "told")


def _totals(rig: Rig) -> dict[str, int]:
    tables = {"intake": "leads", "verification": "works", "discipline": "legs", "publicity": "facts"}
    return {service: rig.rows_now(service, f"select count(*) from {tables[service]}")[0][0] for service in SERVICES}


if __name__ == "__main__":
    for each in sys.argv[1:] or RESTORED:
        print(json.dumps(restore(each), ensure_ascii=False, indent=1), flush=True)
