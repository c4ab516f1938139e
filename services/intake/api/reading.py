"""Reads a ledger file in a process of its own (`spreadsheet.py`), which may die of the file without harm to anyone else.

It gets the file and the day, no settings and no secrets, and answers lines of JSON: what comes back is data whatever the file did to it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from services.intake.api import spreadsheet
from services.intake.api.spreadsheet import MOST_BYTES, Outcome
from services.intake.domain.code_list import CodeBook
from services.intake.domain.codes import Ground, IssuingLevel
from services.intake.domain.ledger import BadCell, LedgerRow
from shared.errors import Invalid, TooLarge

log = structlog.get_logger(__name__)

ROOT = Path(__file__).parents[3]
SECONDS = 120
MOST_LINE = 32 * 1024 * 1024
Heard = Callable[[list[list[Any]]], Awaitable[None]]
"""Told of each part of a file's outcomes as the reader says it."""
UNREADABLE = (
    "文件无法读取:内容异常,或在远处的行列留有内容;请只保留台账的行和列,另存为新文件后重试 / "
    "the file cannot be read: it is damaged, or something stands in far-off rows or columns; keep the ledger's cells only and save it anew"
)


async def read_ledger(content: bytes, *, today: date, book: CodeBook, heard: Heard) -> list[Outcome]:
    """Good rows and bad cells, in the order of the sheet. Raises `Invalid` and `TooLarge` for the file as a whole."""
    return list(map(_outcome, await read_file(spreadsheet.__name__, content, today=today, book=book, heard=heard)))


async def read_file(
    module: str, content: bytes, *, today: date, book: CodeBook | None = None, heard: Heard | None = None
) -> list[list[Any]]:
    """What the reader `module` makes of a file, in a process of its own, which is told the code lists first if it needs them. Raises
    `Invalid` and `TooLarge` for the file as a whole."""
    if len(content) > MOST_BYTES:
        raise TooLarge("文件超过10MB / larger than 10 MB", fields=[("file", "文件超过10MB / larger than 10 MB")])
    before = json.dumps(book.as_json()).encode() + b"\n" if book else b""
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        today.isoformat(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=MOST_LINE,
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
    )
    try:
        async with asyncio.timeout(SECONDS):
            return await _outcomes(reader, before + content, heard)
    except (TimeoutError, ValueError, OSError) as fault:
        log.warning("ledger.unreadable", error=type(fault).__name__, returncode=reader.returncode)
        raise Invalid(UNREADABLE, fields=[("file", UNREADABLE)]) from None
    finally:
        if reader.stdout and not reader.stdout.at_eof():
            with suppress(ProcessLookupError):
                reader.kill()
        await reader.wait()


async def _outcomes(reader: asyncio.subprocess.Process, content: bytes, heard: Heard | None) -> list[list[Any]]:
    assert reader.stdin is not None  # noqa: S101 - asked for above
    assert reader.stdout is not None  # noqa: S101
    reader.stdin.write(content)
    await reader.stdin.drain()
    reader.stdin.close()
    found: list[list[Any]] = []
    last: dict[str, Any] = {}
    while line := await reader.stdout.readline():
        last = json.loads(line)
        found += (some := last.get("outcomes", []))
        if heard:
            await heard(some)
    if "refused" in last:
        kind = TooLarge if last["refused"] == TooLarge.code else Invalid
        raise kind(last["detail"], fields=[(field, reason) for field, reason in last["fields"]])
    if "end" not in last:
        raise ValueError("the reader ended early")
    return found


def _outcome(values: list[Any]) -> Outcome:
    if len(values) == 4:
        return BadCell(*values)
    number, upstream_no, level, issued_on, deadline, areas, manifestations, source_l2, street, *told = values
    summary, urgent, umbrella = told
    return LedgerRow(
        row=number,
        upstream_no=upstream_no,
        issuing_level=IssuingLevel(level),
        issued_on=date.fromisoformat(issued_on),
        deadline=date.fromisoformat(deadline) if deadline else None,
        areas=tuple(areas),
        manifestations=tuple(manifestations),
        source_l2=source_l2,
        street=street,
        summary=summary,
        urgent=urgent,
        grounds=(Ground.UMBRELLA,) if umbrella else (),
        umbrella=umbrella,
    )
