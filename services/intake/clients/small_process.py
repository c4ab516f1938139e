"""What a process has that handles one hostile file: little memory and time, standard input and output, nothing else (0050)."""

import json
import os
import resource
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

MEMORY, CPU_SECONDS = 1024 * 1024 * 1024, 60


def be_small(*, cpu_seconds: int = CPU_SECONDS) -> None:
    """Limit this process."""
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, cpu_seconds), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError):  # a stricter limit stands already
            resource.setrlimit(limit, (value, value))


def answer(found: Mapping[str, Any], copy: bytes | None) -> None:
    """One line of JSON with the copy's length, then the copy's bytes."""
    # not sys.stdout: where that is unbuffered (PYTHONUNBUFFERED) it may write less than it is given and not say so
    with os.fdopen(1, "wb", closefd=False) as out:
        out.write(json.dumps({**found, "copy": copy and len(copy)}).encode() + b"\n")
        if copy is not None:
            out.write(copy)
