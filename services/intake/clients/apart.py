"""A process of its own for what may be hostile: no settings, no secrets, no file system of ours in it (0050)."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_LINE = 64 * 1024


async def start(module: str, *, longest_line: int = _LINE) -> Process:
    """Python with this module, fed and read by pipes."""
    env = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=longest_line, cwd=_ROOT, env=env
    )


async def end(process: Process, feeding: asyncio.Task[None]) -> None:
    """It is over, whatever it was doing."""
    feeding.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await feeding
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
