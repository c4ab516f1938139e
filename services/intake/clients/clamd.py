"""Asks a ClamAV daemon about a file (clamd's INSTREAM): `host:port`, or the path of a socket."""

import asyncio
from collections.abc import AsyncIterator

from shared.errors import Unavailable

SECONDS = 120


async def is_clean(where: str, content: AsyncIterator[bytes]) -> bool:
    """Whether nothing was found. Raises `Unavailable` when the scanner does not answer as it should: then nothing is kept unscanned."""
    try:
        async with asyncio.timeout(SECONDS):
            answer = await _ask(where, content)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        raise _away() from None
    if answer.endswith("OK"):
        return True
    if answer.endswith("FOUND"):
        return False
    raise _away()


async def _ask(where: str, content: AsyncIterator[bytes]) -> str:
    if where.startswith("/"):
        reader, writer = await asyncio.open_unix_connection(where)
    else:
        host, _, port = where.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"zINSTREAM\0")
        async for piece in content:
            writer.write(len(piece).to_bytes(4, "big") + piece)
            await writer.drain()
        writer.write((0).to_bytes(4, "big"))
        await writer.drain()
        return (await reader.readuntil(b"\0")).rstrip(b"\0").decode("ascii", "replace").strip()
    finally:
        writer.close()


def _away() -> Unavailable:
    return Unavailable("病毒扫描没有应答,文件暂不接收 / the virus scanner does not answer; the file waits")
