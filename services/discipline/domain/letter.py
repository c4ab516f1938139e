"""A letter 信件 between the reporter of a report past the office and discipline (D19): kept in a box for discipline; what discipline writes
goes out in a second one that only the reporter's query code opens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.codes import Labelled
from shared.contracts.envelope import SealedBox

LONGEST = 4000
"""Characters of one letter."""


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


def said(kind: Kind, **content: str) -> Mapping[str, Any]:
    """What stands in the boxes."""
    return {"kind": kind.value, **content}
