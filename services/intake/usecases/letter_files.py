"""Files in letters: a letter names files that its own side sent before. Which letter has which files stands in its boxes alone."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.intake.db import attachments
from services.intake.domain.attachment import Attachment, Door, State
from services.intake.usecases.attachments import Store
from services.intake.usecases.office_keys import reporters_key
from shared.db import Transaction
from shared.errors import Invalid, NotFound

_NOT_THERE = "没有本方已上传完成、可交对方的该文件 / this side has no such file that is here whole and has a copy without metadata"
NOT_NAMED = "该信件没有此附件 / this letter has no such file"


async def must_be_passed(tx: Transaction, report_id: UUID, files: Sequence[UUID]) -> None:
    """Whether all of these are files of the report past the office that discipline has. Raises `Invalid`."""

    def fits(file: Attachment) -> bool:
        return file.report_id == report_id and file.door is Door.REPORTER and file.state is State.KEPT

    await _must_fit(tx, files, fits)


async def must_be_sent_by(tx: Transaction, lead_id: UUID, files: Sequence[UUID], door: Door) -> None:
    """Whether all of these are files of the lead that came through this door, are kept and, from the office, have a copy without metadata.
    Raises `Invalid`, for a file of another lead or another side like for none."""

    def fits(file: Attachment) -> bool:
        mine = file.lead_id == lead_id and file.door is door and file.state is State.KEPT
        return mine and (door is not Door.MAILBOX or bool(file.shared))

    await _must_fit(tx, files, fits)


async def _must_fit(tx: Transaction, files: Sequence[UUID], fits: Callable[[Attachment], bool]) -> None:
    for number, file_id in enumerate(files):
        try:
            file = await attachments.get(tx, file_id)
        except NotFound:
            file = None
        if file is None or not fits(file):
            raise Invalid(_NOT_THERE, fields=[(f"files.{number}", _NOT_THERE)])


def content(text: str, files: Sequence[UUID]) -> dict[str, Any]:
    """What is put into the boxes of a letter."""
    return {"text": text, "files": [str(file) for file in files]} if files else {"text": text}


def files_of(says: Mapping[str, Any]) -> list[UUID]:
    """The files that a letter names."""
    return [UUID(file) for file in says.get("files", [])]


async def open_file(
    tx: Transaction, store: Store, lead_id: UUID, says: dict[str, Any], file_id: UUID, *, private: bytes
) -> tuple[Attachment, AsyncIterator[bytes]]:
    """A file that this letter names, opened with the code's private half: its copy without metadata; of what the reporter sent himself and
    has none, the file as it came. Raises `NotFound`, `NotAllowed` when it was destroyed."""
    if file_id not in files_of(says):
        raise NotFound(NOT_NAMED)
    file = (await attachments.get(tx, file_id)).readable()
    if file.lead_id != lead_id:
        raise NotFound(NOT_NAMED)
    return file, _content(store, file, private)


async def _content(store: Store, file: Attachment, private: bytes) -> AsyncIterator[bytes]:
    # what an older release kept has no box for the code
    key = reporters_key(private, file.id, file.boxes) if file.boxes else None
    async for piece in store.read(file, file.shared or file.pieces, key):
        yield piece
