"""Has a file examined (`file_examiner.py`) or blackened (`file_blackener.py`) by a process of its own: no settings, no secrets, no file
system of ours in it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from services.intake.clients import apart, file_blackener, file_examiner
from services.intake.domain.redaction import Area

log = structlog.get_logger(__name__)

SECONDS = 180
PIECE = 1024 * 1024
UNREADABLE = "文件内容异常,无法检查 / the file is damaged or hostile and cannot be examined"


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file is, or why it is refused; its shared copy, if there is one, comes piece by piece and is read inside the `with`."""

    media_type: str
    refused: str | None
    copy: AsyncIterator[bytes] | None
    field: str | None = None
    """Of the order, where that is at fault."""
    pages: int = 0
    """Of what was blackened."""


@asynccontextmanager
async def examining(content: AsyncIterator[bytes]) -> AsyncIterator[Examined]:
    """Look into this file. Raises ValueError when it takes too long."""
    async with _handling(file_examiner.__name__, content) as found:
        yield found


@asynccontextmanager
async def blackening(media_type: str, areas: Sequence[Area], content: AsyncIterator[bytes]) -> AsyncIterator[Examined]:
    """Make a copy of this picture or PDF with these areas black. Raises ValueError when it takes too long."""
    async with _handling(file_blackener.__name__, _led_by(file_blackener.order(media_type, areas), content)) as made:
        yield made


async def _led_by(first: bytes, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in content:
        yield piece


@asynccontextmanager
async def _handling(module: str, content: AsyncIterator[bytes]) -> AsyncIterator[Examined]:
    looker = await apart.start(module)
    feeding = asyncio.create_task(_feed(looker, content))
    try:
        async with asyncio.timeout(SECONDS):
            yield await _told(looker)
            await feeding
    except TimeoutError:
        raise ValueError("the examination took too long") from None
    finally:
        await apart.end(looker, feeding)


async def _feed(looker: asyncio.subprocess.Process, content: AsyncIterator[bytes]) -> None:
    if looker.stdin is None:
        return
    # it may have seen enough
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            async for piece in content:
                looker.stdin.write(piece)
                await looker.stdin.drain()
    finally:
        looker.stdin.close()


async def _told(looker: asyncio.subprocess.Process) -> Examined:
    if looker.stdout is None:
        raise RuntimeError("no output")
    try:
        found = json.loads(await looker.stdout.readline())
    except ValueError:
        # it died of the file, or of its limits
        log.warning("attachment.unreadable")
        return Examined("", UNREADABLE, None)
    copy = _pieces(looker.stdout, found["copy"]) if found["copy"] else None
    return Examined(found["type"], found["refused"], copy, found.get("field"), found.get("pages", 0))


async def _pieces(stream: asyncio.StreamReader, length: int) -> AsyncIterator[bytes]:
    """Raises ValueError when there is less than was said."""
    while length:
        try:
            piece = await stream.readexactly(min(PIECE, length))
        except asyncio.IncompleteReadError:
            raise ValueError("the examination broke off") from None
        length -= len(piece)
        yield piece
