"""What all work on attachments needs: the files' keys and the object store; and the pieces of a file in the clear, one by one."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from services.intake.domain.attachment import Attachment, Piece
from shared.file_key import FileKey, FileKeys
from shared.objects import PASSED, Objects

PIECE = 1024 * 1024
"""Bytes of a file that are written at a time: what a crash can lose, and what an upload takes of memory."""
NAME = "name"
"""What the file's name is sealed as."""


def folder_of(attachment: Attachment) -> str:
    """Where its pieces lie in the store."""
    return str(attachment.id) if attachment.report_id is None else f"{PASSED}/{attachment.id}"


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
        await self.objects.put(folder_of(attachment), name, key.seal(name, content))
        return Piece(name, len(content))

    async def read(self, attachment: Attachment, pieces: Sequence[Piece]) -> AsyncIterator[bytes]:
        """These pieces in the clear. Raises `CannotRead`, `Unavailable`."""
        key = self.key_of(attachment)
        for piece in pieces:
            yield key.open(piece.name, await self.objects.get(folder_of(attachment), piece.name))
