"""The list of one working day 日梳理 (M01): opened by the clock, gone through and closed by a named person. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self

from shared.codes import Labelled
from shared.contracts.daily_digests import DailyDigestClosed, DailyDigestOpened
from shared.deadlines import Calendar, start_of
from shared.deadlines.calendar import next_day
from shared.errors import NotAllowed

OPENS = timedelta(hours=8)
"""After the day's first instant in China [DESIGN]."""
SOON = 3
"""Working days: what ends by then is due soon (M01)."""


class Part(Labelled):
    """The parts of the list. 日梳理事项"""

    FRESH = "fresh", "新登记", "registered since the last list"
    UNCLASSIFIED = "unclassified", "未分类", "not classified"
    UNASSIGNED = "unassigned", "未交办", "not assigned"
    DUE_SOON = "due_soon", "三日内到期", "ends within three working days"
    OVERDUE = "overdue", "已超期", "overdue"
    REPEATED = "repeated", "疑似重复", "may be a repeat, nobody decided"
    NEW_FACTS = "new_facts", "有结论后又被举报", "reported again after its conclusion, nobody decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One day's list; `at` is the instant that it shows, `since` that of the list before."""

    day: date
    since: datetime
    at: datetime
    opened_at: datetime
    counts: Mapping[Part, int]
    closed_by: str | None = None
    closed_at: datetime | None = None

    @classmethod
    def open(
        cls, day: date, since: datetime, counts: Mapping[Part, int], *, now: datetime
    ) -> tuple[Self, DailyDigestOpened]:
        """The day's list, as its opening hour had it, however late the clock comes."""
        digest = cls(day=day, since=since, at=opens(day), opened_at=now, counts=counts)
        said = {part.value: counts.get(part, 0) for part in Part}
        return digest, DailyDigestOpened(day=day, effective_at=digest.at, **said)

    def seen(self, hidden: Mapping[Part, int]) -> Mapping[Part, int]:
        """How many leads each part shows somebody from whom so many of it are hidden (G4)."""
        return {part: self.counts.get(part, 0) - hidden.get(part, 0) for part in Part}

    def close(self, *, by: str, at: datetime) -> tuple[Self, DailyDigestClosed]:
        """A named person closes it. Raises `NotAllowed` the second time."""
        if self.closed_by is not None:
            raise NotAllowed("当日清单已办结 / the day's list is closed already")
        return replace(self, closed_by=by, closed_at=at), DailyDigestClosed(day=self.day, effective_at=at)


def opens(day: date) -> datetime:
    """When a day's list opens."""
    return start_of(day) + OPENS


def missing(last: date | None, today: date, days: Calendar, *, now: datetime) -> Iterator[date]:
    """Working days whose lists have not been opened by now, oldest first; without any list yet, today's alone."""
    day = next_day(last) if last else today
    while day <= today and opens(day) <= now:
        if days.is_working_day(day):
            yield day
        day = next_day(day)


def before(day: date, days: Calendar) -> date:
    """The working day before."""
    day -= timedelta(days=1)
    while not days.is_working_day(day):
        day -= timedelta(days=1)
    return day


def soon(day: date, days: Calendar) -> date:
    """The last day that is soon."""
    return days.working_days(day, SOON).on
