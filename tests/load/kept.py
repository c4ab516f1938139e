"""A large register on a server of its own, filled once and measured as often as is wanted.

`python -m tests.load.<part>` fills, measures and forgets all; `… fill FOLDER [LEADS]` leaves the filled server in a folder, and `… measure
FOLDER` measures what lies there, in a moment when the machine has nothing else to do.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.postgres import Postgres
from tests.support.postgres import Server, Templates

SETTINGS = {"fsync": "off", "max_wal_size": "8GB", "shared_buffers": "1GB"}
Fill = Callable[[asyncpg.Connection, int, int], Coroutine[Any, Any, None]]
"""Bring a register of so many leads to so many."""
Measure = Callable[[Server, str, int], Coroutine[Any, Any, None]]
"""Measure the database of this name, which has so many leads."""


def main(fill: Fill, measure: Measure, sizes: Sequence[int]) -> None:
    """What the command line asks for."""
    match sys.argv[1:]:
        case []:
            with tempfile.TemporaryDirectory(prefix="xiansuo-register-") as name, _server(Path(name)) as server:
                for size in sizes:
                    _fill(server, Path(name), fill, size)
                    _measure(server, Path(name), measure)
        case ["fill", name, *more]:
            with _server(Path(name)) as server:
                _fill(server, Path(name), fill, int(more[0]) if more else sizes[-1])
        case ["measure", name]:
            with _server(Path(name)) as server:
                _measure(server, Path(name), measure)
        case _:
            sys.exit("nothing, or fill FOLDER [LEADS], or measure FOLDER")


@contextmanager
def _server(folder: Path) -> Iterator[Server]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    postgres = Postgres(folder / "postgres", settings=SETTINGS)
    postgres.start()
    try:
        yield Server(postgres.dsn("postgres"))
    finally:
        postgres.stop(600)


def _fill(server: Server, folder: Path, fill: Fill, size: int) -> None:
    database, before = _lies(folder) or (Templates(server).prepare("intake"), 0)
    began = time.monotonic()
    asyncio.run(_filled(server, database, fill, before, size))
    (folder / "register.json").write_text(json.dumps({"database": database, "leads": size}))
    print(f"{size:,} leads, filled in {timedelta(seconds=round(time.monotonic() - began))}", flush=True)


async def _filled(server: Server, database: str, fill: Fill, before: int, size: int) -> None:
    connection = await asyncpg.connect(server.dsn(database), command_timeout=3_600)
    try:
        await connection.execute(
            "set synchronous_commit = off; set work_mem = '512MB'; set maintenance_work_mem = '1GB'; set jit = off;"
            " set session_replication_role = replica"
        )
        await fill(connection, before, size)
    finally:
        await connection.close()


def _measure(server: Server, folder: Path, measure: Measure) -> None:
    lies = _lies(folder)
    if lies is None:
        sys.exit("nothing was filled there")
    asyncio.run(measure(server, *lies))


def _lies(folder: Path) -> tuple[str, int] | None:
    """The database in this folder, and how many leads it has."""
    file = folder / "register.json"
    if not file.exists():
        return None
    said = json.loads(file.read_text())
    return said["database"], said["leads"]
