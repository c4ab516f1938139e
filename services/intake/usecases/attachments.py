"""What all work on attachments needs: the files' keys and the object store; and the pieces of a file in the clear, one by one.

Where pieces are written before the row that they belong to, their folder is noted first (`begin`), and the note goes with the transaction
that keeps the row (`keep`): what a process leaves that dies in between the clock removes (docs/decisions/0104).
"""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from services.intake.db import attachments
from services.intake.domain.attachment import Attachment, KeyBoxes, Piece, State
from services.intake.usecases.office_keys import OfficeKeys
from shared.db import Database, Transaction
from shared.deadlines import china_date
from shared.errors import Unavailable
from shared.file_key import CannotRead, FileKey, FileKeys
from shared.objects import PASSED, Objects

log = structlog.get_logger(__name__)

PIECE = 1024 * 1024
"""Bytes of a file that are written at a time: what a crash can lose, and what an upload takes of memory."""
NAME = "name"
"""What the file's name is sealed as."""


def folder_of(attachment: Attachment) -> str:
    """Where its pieces lie in the store."""
    return str(attachment.id) if attachment.report_id is None else f"{PASSED}/{attachment.id}"


@dataclass(frozen=True, slots=True)
class Store:
    """Keys and objects; `office` opens what is sealed for the office, the api alone has it; `clamd` is where the virus scanner listens, if
    there is one."""

    keys: FileKeys
    objects: Objects
    region: str
    clamd: str | None = None
    office: OfficeKeys | None = None

    def key_of(self, attachment: Attachment) -> FileKey:
        """Its key, opened; by the office's box also when the key of the service was taken out. Raises `CannotRead`."""
        try:
            return self.keys.open(attachment.id, attachment.key_id, attachment.wrapped_key)
        except CannotRead:
            if attachment.boxes and self.office:
                return self.office.open(attachment.id, attachment.boxes)
            raise

    def key_now(self, attachment: Attachment) -> FileKey:
        """The same, where a key that is not in the settings is no fault of the file: it waits for the operator. Raises `Unavailable`."""
        try:
            return self.key_of(attachment)
        except CannotRead as fault:
            log.warning("attachments.no_key", reason=str(fault))
            raise Unavailable("文件暂时无法解密 / the file cannot be opened now") from None

    def boxes(self, key: FileKey, public_key: bytes) -> KeyBoxes:
        """A file's key for the office and the reporter whose public half this is; by the api alone."""
        if self.office is None:
            raise RuntimeError("MAILBOX_KEYS is needed to seal what office and reporter exchange")
        return self.office.boxes(key, public_key)

    async def write(self, attachment: Attachment, key: FileKey, content: bytes) -> Piece:
        """A further piece under a name of its own: whoever writes at the same time overwrites nothing."""
        name = secrets.token_hex(16)
        await self.objects.put(folder_of(attachment), name, key.seal(name, content))
        return Piece(name, len(content))

    async def read(
        self, attachment: Attachment, pieces: Sequence[Piece], key: FileKey | None = None
    ) -> AsyncIterator[bytes]:
        """These pieces in the clear. `key`: its key, of who opened it otherwise. Raises `CannotRead`, `Unavailable`."""
        key = key or self.key_of(attachment)
        for piece in pieces:
            yield key.open(piece.name, await self.objects.get(folder_of(attachment), piece.name))

    async def write_whole(self, file: Attachment, content: bytes) -> Attachment:
        """All of it, ready to be examined. Raises `Unavailable`."""
        key = self.key_of(file)
        pieces = [await self.write(file, key, content[at : at + PIECE]) for at in range(0, len(content), PIECE)]
        return replace(file, pieces=tuple(pieces), state=State.EXAMINING)

    async def forget(self, files: Sequence[Attachment]) -> None:
        """What was written for them is of no use; the clock removes what is left if this fails."""
        with suppress(Unavailable):
            for file in files:
                await self.objects.remove(folder_of(file))


async def begin(database: Database, files: Sequence[Attachment], *, at: datetime) -> None:
    """Pieces of these are about to be written, and have no row yet."""
    if files:
        async with database.transaction() as tx:
            await attachments.begin_folders(tx, map(folder_of, files), on=china_date(at))


async def keep(tx: Transaction, files: Sequence[Attachment]) -> None:
    """They have one now. Raises `Unavailable` when the clock took them for left ones."""
    if files:
        await attachments.keep_folders(tx, [folder_of(file) for file in files])
