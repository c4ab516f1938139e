"""Working days in China (domain.md §2.12): which days are worked, by the holiday notices.

A day that rests on a year whose notice is not out yet is *provisional* and is computed again when the notice comes.
"""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import holidays

from shared.contracts.envelope import CHINA

EARLIEST, LATEST = date(1950, 1, 1), date(2100, 12, 31)


class BadNotice(ValueError):
    """A notice file is not in the form {"year": 2018, "days": [{"date": "2018-02-15", "isOffDay": true}]}."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a limit, in China. `provisional` while a year that it rests on has no notice."""

    on: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that do not count, from the first to the last."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a pause does not end before it begins")


Pauses = tuple[Pause, ...]


def cut_short(pauses: Pauses, on: date) -> Pauses:
    """The pauses when work goes on again `on` this day: the last is cut short, or gone if it had not begun."""
    *kept, last = pauses
    if on <= last.first:
        return tuple(kept)
    return (*kept, Pause(last.first, min(last.last, on - timedelta(days=1))))


@dataclass(frozen=True, slots=True)
class Notice:
    """One year's holiday notice 放假通知: listed days and whether each is off. It may list days of the neighbouring December."""

    year: int
    days: Mapping[date, bool]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Notice":
        """From a notice file's JSON. Raises `BadNotice`."""
        try:
            days = {date.fromisoformat(day["date"]): _flag(day["isOffDay"]) for day in content["days"]}
            year = int(content["year"])
        except (KeyError, TypeError, ValueError) as fault:
            what = "" if isinstance(fault, TypeError) else f" ({fault})"
            raise BadNotice(f"不是放假通知文件 / not a holiday notice{what}") from None
        if not all(abs(day.year - year) <= 1 for day in days):
            raise BadNotice(f"{year}年的通知列有其他年份的日期 / a notice for {year} lists days of other years")
        return cls(year, days)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("isOffDay is not true or false")
    return value


def china_date(instant: datetime) -> date:
    """The day in China (UTC+8) of an instant. Raises ValueError for a time without zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(CHINA).date()


@lru_cache(maxsize=4096)
def start_of(day: date) -> datetime:
    """The instant (UTC) at which this day begins in China."""
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


@lru_cache(maxsize=256)
def _library(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and weekend days worked in `year`, as the `holidays` library has them. No day worked: it does not know the notice."""
    china = holidays.country_holidays("CN", years=year)
    off = frozenset(day for day in china if day.year == year and not china.is_working_day(day))
    return off, frozenset(day for day in china.weekend_workdays if day.year == year)


class Calendar:
    """Which days are worked. An imported notice wins over the library; without either, Monday to Friday."""

    def __init__(self, notices: Iterable[Notice] = (), *, number: int = 0) -> None:
        self._notices = {notice.year: notice for notice in notices}
        self._listed = {day: off for year in sorted(self._notices) for day, off in self._notices[year].days.items()}
        self.number = number
        """How many notices had been imported when it was made: what was counted with fewer is counted again."""

    def is_official(self, year: int) -> bool:
        """Whether the year's notice was imported or is known to the library (which knows every year with make-up days)."""
        return year in self._notices or bool(_library(year)[1])

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this day."""
        if day in self._listed:
            return not self._listed[day]
        if day.year in self._notices:
            return day.weekday() < 5
        off, worked = _library(day.year)
        return day in worked or (day.weekday() < 5 and day not in off)

    def working_days(self, start: date, number: int, *, pauses: Pauses = ()) -> Deadline:
        """`number` working days after `start` (WD)."""
        _counted(number)
        day = start
        while number:
            day = next_day(day)
            number -= self.is_working_day(day) and not is_paused(pauses, day)
        return self.deadline(start, day)

    def natural_days(self, start: date, number: int, *, custody: bool = False, pauses: Pauses = ()) -> Deadline:
        """`number` days after `start` (ND), moved to a working day unless it is custody."""
        _counted(number)
        return self._moved(start, _checked(start + timedelta(days=number)), custody=custody, pauses=pauses)

    def months(self, start: date, number: int, *, custody: bool = False, pauses: Pauses = ()) -> Deadline:
        """`number` months after `start` (M), clipped to the month's end, moved to a working day unless it is custody."""
        _counted(number)
        year, month = divmod(start.year * 12 + start.month - 1 + number, 12)
        day = min(start.day, calendar.monthrange(year, month + 1)[1])
        return self._moved(start, _checked(date(year, month + 1, day)), custody=custody, pauses=pauses)

    def deadline(self, start: date, day: date) -> Deadline:
        """`day` as the end of a limit that runs from `start`."""
        # a year's notice can move days of the December before it
        last = day.year + 1 if (day.month, day.day) >= (12, 25) else day.year
        return Deadline(day, provisional=not all(self.is_official(year) for year in range(start.year, last + 1)))

    def _moved(self, start: date, day: date, *, custody: bool, pauses: Pauses) -> Deadline:
        if custody:
            if pauses:
                raise ValueError("custody is never paused")
            return Deadline(day, provisional=False)
        day = _without(pauses, start, day)
        while not self.is_working_day(day) or is_paused(pauses, day):
            day = next_day(day)
        return self.deadline(start, day)


def is_paused(pauses: Pauses, day: date) -> bool:
    """Whether this day does not count."""
    return any(pause.first <= day <= pause.last for pause in pauses)


def _without(pauses: Pauses, start: date, end: date) -> date:
    """The day that has as many unpaused days after `start` as there are days up to `end`."""
    if not pauses:
        return end
    owed, day = (end - start).days, start
    while owed:
        day = next_day(day)
        owed -= not is_paused(pauses, day)
    return day


def _counted(number: int) -> None:
    if not 0 <= number <= 10_000:
        raise ValueError("a limit has between 0 and 10,000 days or months")


def _checked(day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"only days from {EARLIEST} to {LATEST} are counted")
    return day


def next_day(day: date) -> date:
    """The day after. Raises ValueError beyond the calendar."""
    return _checked(day + timedelta(days=1))


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
