"""A sealed file handed out as an answer."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from shared.errors import Unavailable
from shared.file_key import CannotRead


async def handed_out(name: str, content: AsyncIterator[bytes]) -> StreamingResponse:
    """A file under this name, for saving and never for showing. Raises `Unavailable`, also when the key that opens the file was taken out
    of the settings."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(await _begun(content), media_type="application/octet-stream", headers=headers)


async def _begun(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same, with the first piece here already: an answer that has begun cannot say any more that the store is away."""
    try:
        first = await anext(content, b"")
    except CannotRead:
        raise Unavailable("文件暂时无法解密 / the file cannot be opened now") from None

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in content:
            yield piece

    return whole()
