"""Files in letters: a letter names files that its own side sent before. Which letter has which files stands in its boxes alone."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.intake.db import attachments
from services.intake.domain.attachment import NO_COPY, Attachment, Door, State
from services.intake.usecases.attachments import NAME, Store
from services.intake.usecases.office_keys import reporters_key
from shared.db import Transaction
from shared.errors import Invalid, NotFound
from shared.file_key import CannotRead

_UNKNOWN = {
    Door.REPORTER: "没有这个文件;请先凭查询码把文件传完,再在信中列出 / no such file; send it whole with your code first, then name it",
    Door.OFFICE: "没有这个文件;请先由扫黑办上传到本线索,再在此列出 / no such file; the office first sends it to this lead",
    Door.MAILBOX: "没有这个文件;给举报人的文件须先以mailbox字样上传到本线索 / "
    "no such file; what is for the reporter is first sent to this lead with the word mailbox",
}
_NOT_YET = "文件尚未传完或仍在检查,请传完后再列出 / the file is not here whole yet or is still being examined; name it after that"
_REFUSED = "该文件未被接收,请另传一个 / the file was refused, send another"
NOT_NAMED = "该信件没有此附件 / this letter has no such file"


async def must_be_passed(tx: Transaction, report_id: UUID, files: Sequence[UUID]) -> None:
    """Whether all of these are files of the report past the office that discipline has. Raises `Invalid`."""

    await _must_fit(tx, files, lambda file: file.report_id == report_id, Door.REPORTER)


async def must_be_sent_by(tx: Transaction, lead_id: UUID, files: Sequence[UUID], door: Door) -> None:
    """Whether all of these are files of the lead that came through this door, are kept and, from the office, have a copy without metadata.
    Raises `Invalid`, for a file of another lead or another side like for none."""

    await _must_fit(tx, files, lambda file: file.lead_id == lead_id, door)


async def _must_fit(tx: Transaction, files: Sequence[UUID], here: Callable[[Attachment], bool], door: Door) -> None:
    for number, file_id in enumerate(files):
        try:
            file = await attachments.get(tx, file_id)
        except NotFound:
            file = None
        known = file if file is not None and here(file) and file.door is door else None
        if reason := _hindrance(known, door):
            raise Invalid(reason, fields=[(f"files.{number}", reason)])


def _hindrance(file: Attachment | None, door: Door) -> str | None:
    """Why a letter of this side cannot name the file; None when it can."""
    if file is None or file.state in (State.GONE, State.SHREDDED):
        return _UNKNOWN[door]
    if file.state is State.REFUSED:
        return _REFUSED
    if file.state is not State.KEPT:
        return _NOT_YET
    return NO_COPY if door is Door.MAILBOX and not file.shared else None


def content(text: str, files: Sequence[UUID]) -> dict[str, Any]:
    """What is put into the boxes of a letter."""
    return {"text": text, "files": [str(file) for file in files]} if files else {"text": text}


def files_of(says: Mapping[str, Any]) -> list[UUID]:
    """The files that a letter names."""
    return [UUID(file) for file in says.get("files", [])]


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file of a letter as its readers are told of it: `length` in bytes, as it was sent; None: what they are not told."""

    id: UUID
    name: str | None
    media_type: str | None
    length: int | None


async def enclosed(
    tx: Transaction, letters: Sequence[Mapping[str, Any]], named: Callable[[Attachment], str | None]
) -> list[list[Enclosed]]:
    """Of each of these letters its files; `named`: what the reader is told that a file is called."""
    known = await attachments.these(tx, {file for says in letters for file in files_of(says)})

    def told(file_id: UUID) -> Enclosed:
        file = known.get(file_id)
        if file is None:
            return Enclosed(file_id, None, None, None)
        return Enclosed(file_id, named(file), file.media_type, file.length)

    return [[told(file_id) for file_id in files_of(says)] for says in letters]


def named_for_reporter(private: bytes) -> Callable[[Attachment], str | None]:
    """What a file is called, for who holds the code: his own as he called them."""

    def named(file: Attachment) -> str | None:
        if file.name_box is None or file.boxes is None:
            return None
        try:
            return reporters_key(private, file.id, file.boxes).open(NAME, file.name_box).decode()
        except CannotRead:
            return None

    return named


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
