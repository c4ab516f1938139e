"""What all work on attachments needs: the files' keys and the object store; and the pieces of a file in the clear, one by one."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from services.intake.clients.objects import Objects
from services.intake.domain.attachment import Attachment, Piece
from services.intake.domain.file_key import CannotRead, FileKey, FileKeys
from shared.errors import Unavailable

PIECE = 1024 * 1024
"""Bytes of a file that are written at a time: what a crash can lose, and what an upload takes of memory."""
NAME = "name"
"""What the file's name is sealed as."""


@dataclass(frozen=True, slots=True)
class Store:
    """Keys and objects; `clamd` is where the virus scanner listens, if there is one."""

    keys: FileKeys
    objects: Objects
    region: str
    clamd: str | None = None

    def key_of(self, attachment: Attachment) -> FileKey:
        """Its key, opened. Raises `CannotRead`."""
        return self.keys.open(attachment.id, attachment.key_id, attachment.wrapped_key)

    async def write(self, attachment: Attachment, key: FileKey, content: bytes) -> Piece:
        """A further piece under a name of its own: whoever writes at the same time overwrites nothing."""
        name = secrets.token_hex(16)
        await self.objects.put(attachment.id, name, key.seal(name, content))
        return Piece(name, len(content))

    async def read(self, attachment: Attachment, pieces: Sequence[Piece]) -> AsyncIterator[bytes]:
        """These pieces in the clear. Raises `CannotRead`, `Unavailable`."""
        key = self.key_of(attachment)
        for piece in pieces:
            yield key.open(piece.name, await self.objects.get(attachment.id, piece.name))


async def begun(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same, with the first piece here already: an answer that has begun cannot say any more that the store is away. Raises
    `Unavailable`, also when the key that opens the file was taken out of the settings."""
    try:
        first = await anext(content, b"")
    except CannotRead:
        raise Unavailable("文件暂时无法解密 / the file cannot be opened now") from None

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in content:
            yield piece

    return whole()
