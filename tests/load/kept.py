"""Large registers on a server of their own, filled once and measured as often as is wanted.

`python -m tests.load.<part>` fills, measures and forgets all; `… fill FOLDER [LEADS …]` leaves the filled server in a folder, one database
for each size, and `… measure FOLDER` measures what lies there, in a moment when the machine has nothing else to do. A larger register
begins as a copy of the next smaller. Nothing here waits for a limited time: whoever fills may be frozen for minutes.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.postgres import Postgres
from tests.support.postgres import Server, Templates

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "1GB",
    "autovacuum": "off",
}
"""Those that make filling cheap touch no search: what was filled is vacuumed and analysed once, at its end."""
Fill = Callable[[asyncpg.Connection, int, int], Coroutine[Any, Any, None]]
"""Bring a register of so many leads to so many."""
Measure = Callable[[Server, Mapping[int, str]], Coroutine[Any, Any, None]]
"""Measure these databases: how many leads, and its name."""


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
                for size in sorted(map(int, more)) or sizes:
                    _fill(server, Path(name), fill, size)
        case ["measure", name]:
            with _server(Path(name)) as server:
                _measure(server, Path(name), measure)
        case _:
            sys.exit("nothing, or fill FOLDER [LEADS …], or measure FOLDER")


@contextmanager
def _server(folder: Path) -> Iterator[Server]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    postgres = Postgres(folder / "postgres", settings=SETTINGS)
    postgres.start()
    try:
        yield Server(postgres.dsn("postgres"))
    finally:
        postgres.stop(3_600)


def _fill(server: Server, folder: Path, fill: Fill, size: int) -> None:
    whole, half = _lies(folder, "whole"), _lies(folder, "half")
    if size in whole:
        return
    before, began = max((each for each in whole if each < size), default=0), time.monotonic()
    if size not in half:
        half[size] = _begun(server, whole.get(before), size)
        _keep(folder, whole, half)
    asyncio.run(_filled(server, half[size], fill, before, size))
    whole[size] = half.pop(size)
    _keep(folder, whole, half)
    print(f"{size:,} leads, filled in {timedelta(seconds=round(time.monotonic() - began))}", flush=True)


def _begun(server: Server, smaller: str | None, size: int) -> str:
    """The database of a register that is still to be filled."""
    if smaller is None:
        return Templates(server).prepare("intake")
    name = f"{smaller.partition('_')[0]}_{size}"
    server.run(
        f"drop database if exists {name}",
        f"create database {name} template {smaller} owner intake_owner strategy file_copy",
    )
    return name


async def _filled(server: Server, database: str, fill: Fill, before: int, size: int) -> None:
    connection = await asyncpg.connect(server.dsn(database), timeout=3_600)
    try:
        await connection.execute(
            "set synchronous_commit = off; set work_mem = '512MB'; set maintenance_work_mem = '1GB'; set jit = off;"
            " set session_replication_role = replica"
        )
        await fill(connection, before, size)
    finally:
        await connection.close()


def _measure(server: Server, folder: Path, measure: Measure) -> None:
    whole = _lies(folder, "whole")
    if not whole:
        sys.exit("nothing was filled there")
    asyncio.run(measure(server, whole))


def _lies(folder: Path, part: str) -> dict[int, str]:
    """The databases in this folder that are whole, or half filled: how many leads it has or will have, and its name."""
    file = folder / "registers.json"
    return {int(size): name for size, name in json.loads(file.read_text())[part].items()} if file.exists() else {}


def _keep(folder: Path, whole: Mapping[int, str], half: Mapping[int, str]) -> None:
    (folder / "registers.json").write_text(json.dumps({"whole": whole, "half": half}))
