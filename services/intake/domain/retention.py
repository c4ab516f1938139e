"""What is kept for how long (G24): the retention table as data, and the legal hold that stops it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

from shared.codes import Labelled
from shared.deadlines import Calendar, Limit, Unit
from shared.errors import NotAllowed
from shared.two_people import Person, must_be_another


class Record(Labelled):
    """A kind of record with a time of its own. 保存事项"""

    UNFOUNDED = "unfounded", "查否、并入线索:办结后封存", "unfounded or merged lead: sealed after its close"
    SEALED = "sealed", "封存线索:期满销毁", "sealed lead: expunged after its time"
    REPORTER = "reporter", "举报人身份:办结后期满销毁", "reporter's identity: shredded after the close"


RETENTION: Mapping[Record, Limit] = {
    Record.UNFOUNDED: Limit("R1", 60, Unit.NATURAL_DAYS, "封存 / seal [DESIGN] §4.2"),
    Record.SEALED: Limit("R2", 24, Unit.MONTHS, "销毁 / expunge [DESIGN] §4.14; PIPL §47"),
    Record.REPORTER: Limit("R3", 24, Unit.MONTHS, "举报人身份 / reporter's identity [DESIGN] §4.14; PIPL §19"),
}
"""Defaults, to be fixed with the archive office."""


def over_on(record: Record, since: date, days: Calendar) -> date:
    """The last day on which it is kept as it is."""
    return RETENTION[record].after(since, days).on


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """An order to keep: a case, a court, an audit. While it stands nothing of the lead is sealed or destroyed."""

    id: UUID
    lead_id: UUID
    basis_no: str
    reason: str
    set_by: str
    set_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    release_reason: str | None = None

    def release(self, reason: str, *, by: Person, at: datetime) -> Self:
        """Another person ends it. Raises `NotAllowed`, `Forbidden`."""
        if self.released_at is not None:
            raise NotAllowed("依法保留已解除 / the hold is released already")
        must_be_another(self.set_by, by, "须由设定人以外的人解除 / released by another person than the one who set it")
        return replace(self, released_by=by.sub, released_at=at, release_reason=reason)
