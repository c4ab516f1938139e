"""A file that belongs to a lead 附件: it comes in pieces, is examined, and is kept or refused (§2.3, §2.10).
Frozen; a transition returns the new state.

A piece is what one flush of an upload wrote: its name in the object store and its length. Where the file stands is known from the pieces
alone, so an upload goes on after whatever broke it off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from shared.codes import Labelled
from shared.errors import Conflict, Invalid, NotAllowed, NotFound, TooLarge

MOST_BYTES = 200 * 1024 * 1024
MOST_EXAMINED = 50 * 1024 * 1024
"""Of what has to be read whole to be examined: pictures, documents, texts."""
MOST_FILES = 20
"""Of one side on a lead: what one side sends leaves the others their room; and of a report past the office."""
LONGEST_NAME = 200
NO_COPY = "音视频没有去除元数据的副本,不能交举报人 / sound and film have no copy without metadata and cannot go to the reporter"
DAYS = 7
"""That an unfinished upload is kept for."""


class WrongOffset(Conflict):
    """An upload goes on where it stands, nowhere else."""

    code, zh, en = "wrong-offset", "续传位置不符", "The upload stands elsewhere"


class State(Labelled):
    """Where a file stands. 附件状态"""

    UPLOADING = "uploading", "上传中", "being uploaded"
    EXAMINING = "examining", "检查中", "being examined"
    KEPT = "kept", "已保存", "kept"
    REFUSED = "refused", "未接收", "refused, see the reason"
    GONE = "gone", "已取消或过期", "given up or expired"
    SHREDDED = "shredded", "已销毁", "destroyed"


OVER = frozenset({State.REFUSED, State.GONE, State.SHREDDED})
"""Nobody can read it any more."""


class Door(Labelled):
    """Through which door a file came. 来源"""

    REPORTER = "reporter", "举报人", "the reporter, by query code"
    OFFICE = "office", "扫黑办", "the office"
    UNIT = "unit", "承办单位", "the unit that is charged"
    PARTNER = "partner", "移交单位", "the unit that transferred the lead"
    LETTER = "letter", "信件扫描件", "the scan of a letter: it shows who wrote it"
    CALL = "call", "来电录音等", "of a call: it lets the caller be heard or seen"
    MAILBOX = "mailbox", "致举报人的信件附件", "for a letter of the office to the reporter: for the two alone"
    REDACTED = "redacted", "涂黑件", "a blackened copy, in place of its original"


SEALED = frozenset({Door.LETTER, Door.CALL})
"""They show who reported, whatever is taken out of them: only two keepers open them."""
REPORTERS = SEALED | {Door.REPORTER}
"""Their names and originals tell who reported."""
EXCHANGED = frozenset({Door.REPORTER, Door.MAILBOX})
"""What a reporter and the office send each other: sealed as letters are."""
_OF_THE_OFFICE = frozenset({Door.OFFICE, Door.LETTER, Door.MAILBOX})


def side_of(door: Door) -> frozenset[Door]:
    """The doors whose files count together: the office's own, or those of the one side that comes through this door."""
    return _OF_THE_OFFICE if door in _OF_THE_OFFICE else frozenset({door})


@dataclass(frozen=True, slots=True)
class Piece:
    """One object: its name below the file's folder, and how many bytes of the file it holds."""

    name: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBoxes:
    """The key of a file that office and reporter exchange, as its letters are: for the reporter's code, and for the office (`office_key`:
    which of its keys)."""

    for_reporter: bytes
    for_office: bytes
    office_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file, of a lead or of a report past the office. Without `wrapped_key` and `boxes` nobody can read it any more."""

    id: UUID
    lead_id: UUID | None
    door: Door
    uploaded_by: str
    length: int
    key_id: str
    wrapped_key: bytes | None
    """Under a key of the service: with `boxes` only until it was examined."""
    name_box: bytes | None
    boxes: KeyBoxes | None = None
    state: State = State.UPLOADING
    pieces: tuple[Piece, ...] = ()
    shared: tuple[Piece, ...] = ()
    media_type: str | None = None
    sha256: str | None = None
    refusal: Mapping[str, Any] | None = None
    report_id: UUID | None = None
    """The report past the office: its key is wrapped under the query code, which nobody keeps (G22)."""

    @property
    def offset(self) -> int:
        """Bytes that are here."""
        return sum(piece.length for piece in self.pieces)

    def take(self, piece: Piece, *, at: int) -> Self:
        """A further piece that begins at this offset. Raises `NotAllowed`, `WrongOffset`, `TooLarge`."""
        self.expect(at)
        if at + piece.length > self.length:
            raise TooLarge("内容超过声明的长度 / more than Upload-Length said")
        pieces = (*self.pieces, piece)
        whole = at + piece.length == self.length
        return replace(self, pieces=pieces, state=State.EXAMINING if whole else State.UPLOADING)

    def expect(self, at: int) -> None:
        """The upload may go on at this offset. Raises `NotAllowed` when it is over, `WrongOffset` when it stands elsewhere."""
        if self.state in (State.GONE, State.SHREDDED):
            raise NotFound("该上传已取消或过期 / the upload was given up or has expired")
        if self.state is not State.UPLOADING:
            raise NotAllowed("文件已上传完毕 / the file is uploaded already")
        if at != self.offset:
            raise WrongOffset(f"应从第{self.offset}字节继续 / goes on at offset {self.offset}")

    def keep(self, *, media_type: str, sha256: str, shared: tuple[Piece, ...]) -> Self:
        """It was examined and is fine."""
        self._must_be(State.EXAMINING)
        wrapped = None if self.boxes else self.wrapped_key
        return replace(self, state=State.KEPT, media_type=media_type, sha256=sha256, shared=shared, wrapped_key=wrapped)

    def seal(self, boxes: KeyBoxes) -> Self:
        """From now on it is as those that were sealed when they came. Raises `NotAllowed` when it is over."""
        if self.state in (State.UPLOADING, State.EXAMINING):
            return replace(self, boxes=boxes)
        return replace(self.readable(), boxes=boxes, wrapped_key=None)

    def refuse(self, refusal: Mapping[str, Any]) -> Self:
        """It was examined and may not be here: it is destroyed at once."""
        self._must_be(State.EXAMINING)
        return replace(self._over(State.REFUSED), refusal=refusal)

    def hand_on(self, *, shared: tuple[Piece, ...]) -> Self:
        """It was examined and is fine, and discipline alone is told what it is (G22)."""
        self._must_be(State.EXAMINING)
        return replace(self, state=State.KEPT, shared=shared)

    def give_up(self) -> Self:
        """The uploader gives it up, or nobody went on with it."""
        if self.state in (State.EXAMINING, State.KEPT):
            raise NotAllowed("文件已上传完毕,不能再撤回 / the file is uploaded already and cannot be taken back")
        self._must_be(State.UPLOADING)
        return self._over(State.GONE)

    def readable(self) -> Self:
        """For a download. Raises `NotAllowed`."""
        self._must_be(State.KEPT)
        return self

    def _over(self, state: State) -> Self:
        return replace(self, state=state, wrapped_key=None, name_box=None, boxes=None)

    def _must_be(self, state: State) -> None:
        if self.state is not state:
            raise NotAllowed(f"附件为“{self.state.zh}” / the file is {self.state.en}")


def check_new(*, length: int, name: str, files: int) -> None:
    """Whether a further file of this length may come where so many of its side are. Raises `TooLarge`, `Invalid`, `NotAllowed`."""
    if length < 1:
        raise Invalid("空文件 / an empty file", fields=[("Upload-Length", "至少1字节 / at least 1 byte")])
    if length > MOST_BYTES:
        limit = f"{MOST_BYTES // 1024 // 1024} MB"
        reason = f"文件超过{limit} / the file is larger than {limit}"
        raise TooLarge(reason, fields=[("Upload-Length", reason)])
    if len(name) > LONGEST_NAME:
        reason = f"文件名最多{LONGEST_NAME}个字符 / at most {LONGEST_NAME} characters"
        raise Invalid(reason, fields=[("Upload-Metadata", reason)])
    if files >= MOST_FILES:
        raise NotAllowed(
            f"您一方在该线索下最多{MOST_FILES}个附件,其他各方的附件不计入 / "
            f"at most {MOST_FILES} files of your side a lead; those of others do not count"
        )
