"""Has e-mails read by a process of its own (`mail_reader.py`): no settings, no secrets, no file system of ours in it."""

import asyncio
import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from services.intake.clients import apart, mail_reader

log = structlog.get_logger(__name__)

SECONDS = 60
"""For each mail: one that takes long takes none of the time of those behind it."""
MOST_LINE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """What a mail says: its sender, its words, its files by name and content."""

    name: str
    email: str
    subject: str
    text: str
    signature: str
    files: tuple[tuple[str, bytes], ...]
    left_out: int


async def read_mails(mails: Sequence[bytes]) -> list[ReadMail | None]:
    """Each as it was read; None for one that cannot be. A mail that its reader dies of costs the others nothing but a new reader."""
    found: list[ReadMail | None] = []
    while len(found) < len(mails):
        found += await _some(mails[len(found) :])
        if len(found) < len(mails):
            log.warning("mail.unreadable")
            found.append(None)
    return found


async def _some(mails: Sequence[bytes]) -> list[ReadMail | None]:
    """The first of them, until the reader has died."""
    reader = await apart.start(mail_reader.__name__, longest_line=MOST_LINE)
    feeding = asyncio.create_task(_feed(reader, mails))
    found: list[ReadMail | None] = []
    try:
        while len(found) < len(mails):
            async with asyncio.timeout(SECONDS):
                line = await _line(reader)
            if not line:
                break
            found.append(_mail(json.loads(line)))
    except (TimeoutError, ValueError):  # what was read before stands
        pass
    finally:
        await apart.end(reader, feeding)
    return found


async def _feed(reader: asyncio.subprocess.Process, mails: Sequence[bytes]) -> None:
    if reader.stdin is None:
        return
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # it died of one of them
            for mail in mails:
                reader.stdin.write(base64.b64encode(mail) + b"\n")
                await reader.stdin.drain()
    finally:
        reader.stdin.close()


async def _line(reader: asyncio.subprocess.Process) -> bytes:
    return await reader.stdout.readline() if reader.stdout else b""


def _mail(told: dict[str, Any] | None) -> ReadMail | None:
    if told is None:
        return None
    files = tuple((name, base64.b64decode(content)) for name, content in told.pop("files"))
    return ReadMail(**told, files=files)
