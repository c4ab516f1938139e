"""A letter 信件 between the reporter of a report past the office and discipline (D19): kept in a box for discipline; what discipline writes
goes out in a second one that only the reporter's query code opens."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from shared.codes import Labelled
from shared.contracts.envelope import SealedBox

LONGEST = 4000
"""Characters of one letter."""
MOST_FILES = 5
"""Of one letter."""


class Writer(Labelled):
    """Who wrote. 发信人"""

    REPORTER = "reporter", "举报人", "reporter"
    DISCIPLINE = "discipline", "纪检监察机关", "discipline"


class Kind(Labelled):
    """What it is for. 信件类别"""

    OPENING = "opening", "调取告知", "that the reporter's data were opened"
    MESSAGE = "message", "一般信件", "message"
    RESULT = "result", "结果反馈", "the result"
    REFUSAL = "refusal", "异议不成立", "objection refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One, as it is kept. By days only, as the hour could tell who the reporter is."""

    report_id: UUID
    number: int
    writer: Writer
    kind: Kind
    sent_on: date
    read_on: date | None
    written_by: str | None
    sealed: SealedBox | None
    """None once it was destroyed (G24)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file that the reporter added 举报人附件, as the box of his letter tells of it. `sha256`, `length` (bytes): of the file as it came;
    `index`: the name of the piece that names the others; `copy`: whether there is one without metadata."""

    id: UUID
    key: bytes
    index: str
    media_type: str
    sha256: str
    length: int
    copy: bool

    @classmethod
    def of(cls, says: Mapping[str, Any]) -> Self | None:
        """The file of a letter that says this, if it has one."""
        told = says.get("file")
        return cls(**{**told, "id": UUID(told["id"]), "key": base64.b64decode(told["key"])}) if told else None


def attached(files: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a letter with these files says besides: which they are, and what opens them."""
    return {"files": [each["id"] for each in files], "attached": list(files)} if files else {}


def said(kind: Kind, **content: Any) -> Mapping[str, Any]:
    """What stands in the boxes."""
    return {"kind": kind.value, **content}
