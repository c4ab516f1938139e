"""What is kept of reports past the office for how long (G24), and the legal hold 依法保留 that stops its end. Pure.

The periods are limits of the profile (`district-default.toml`, R4 and R5), in the version that is in force when they begin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

from shared.codes import Labelled
from shared.deadlines import Calendar, Limit, in_force
from shared.errors import NotAllowed
from shared.two_people import Person, must_be_another


class Record(Labelled):
    """A kind of record with a time of its own. 保存事项"""

    REPORT = (
        "report",
        "绕行举报:内容、举报人、往来信件,了结后期满销毁",
        "report past the office: its content, its reporter, the letters; expunged after it came to rest",
    )
    OPENING = (
        "opening",
        "举报人信息调取事由:申请后期满销毁",
        "why a reporter was opened: destroyed after it was asked for",
    )


_LIMITS: Mapping[Record, str] = {Record.REPORT: "R4", Record.OPENING: "R5"}


def limit_of(record: Record, since: date) -> Limit:
    """How long what began on that day is kept, and by which rule."""
    return in_force(since)[_LIMITS[record]]


def over_on(record: Record, since: date, days: Calendar) -> date:
    """The last day on which it is kept."""
    return limit_of(record, since).after(since, days).on


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHold:
    """An order to keep: a case, a court, an audit. While it stands nothing of the report is destroyed, here or at intake."""

    id: UUID
    report_id: UUID
    basis_no: str
    reason: str
    set_by: str
    set_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    release_reason: str | None = None

    def release(self, reason: str, *, by: Person, at: datetime) -> Self:
        """Another person ends it (G10). Raises `NotAllowed`, `Forbidden`."""
        if self.released_at is not None:
            raise NotAllowed("依法保留已解除 / the hold is released already")
        must_be_another(self.set_by, by, "须由设定人以外的人解除 / released by another person than the one who set it")
        return replace(self, released_by=by.sub, released_at=at, release_reason=reason)
