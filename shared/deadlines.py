"""Working days in China and the time limits counted in them (domain.md §2.2, §2.12). Pure: days in, days out.

The start day is not counted; a limit that ends on a holiday moves to the next working day (刑诉法 §105), except custody, which never
moves. A day that rests on a year whose notice is not out yet is *provisional* and is computed again when the notice comes.
"""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
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
            raise BadNotice(f"not a holiday notice: {fault}") from None
        if not all(abs(day.year - year) <= 1 for day in days):
            raise BadNotice(f"a notice for {year} lists days of other years")
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


@lru_cache(maxsize=256)
def _library(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and weekend days worked in `year`, as the `holidays` library has them. No day worked: it does not know the notice."""
    china = holidays.country_holidays("CN", years=year)
    off = frozenset(day for day in china if day.year == year and not china.is_working_day(day))
    return off, frozenset(day for day in china.weekend_workdays if day.year == year)


class Calendar:
    """Which days are worked. An imported notice wins over the library; without either, Monday to Friday."""

    def __init__(self, notices: Iterable[Notice] = ()) -> None:
        self._notices = {notice.year: notice for notice in notices}
        self._listed = {day: off for year in sorted(self._notices) for day, off in self._notices[year].days.items()}

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

    def working_days(self, start: date, number: int) -> Deadline:
        """`number` working days after `start` (WD)."""
        _counted(number)
        day = start
        while number:
            day = _next(day)
            number -= self.is_working_day(day)
        return self._deadline(start, day)

    def natural_days(self, start: date, number: int, *, custody: bool = False) -> Deadline:
        """`number` days after `start` (ND), moved to a working day unless it is custody."""
        _counted(number)
        return self._moved(start, _checked(start + timedelta(days=number)), custody=custody)

    def months(self, start: date, number: int, *, custody: bool = False) -> Deadline:
        """`number` months after `start` (M), clipped to the month's end, moved to a working day unless it is custody."""
        _counted(number)
        year, month = divmod(start.year * 12 + start.month - 1 + number, 12)
        day = min(start.day, calendar.monthrange(year, month + 1)[1])
        return self._moved(start, _checked(date(year, month + 1, day)), custody=custody)

    def _moved(self, start: date, day: date, *, custody: bool) -> Deadline:
        if custody:
            return Deadline(day, provisional=False)
        while not self.is_working_day(day):
            day = _next(day)
        return self._deadline(start, day)

    def _deadline(self, start: date, day: date) -> Deadline:
        # a year's notice can move days of the December before it
        last = day.year + 1 if (day.month, day.day) >= (12, 25) else day.year
        return Deadline(day, provisional=not all(self.is_official(year) for year in range(start.year, last + 1)))


def _counted(number: int) -> None:
    if not 0 <= number <= 10_000:
        raise ValueError("a limit has between 0 and 10,000 days or months")


def _checked(day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"only days from {EARLIEST} to {LATEST} are counted")
    return day


def _next(day: date) -> date:
    return _checked(day + timedelta(days=1))


class Unit(StrEnum):
    """How a limit is counted: working days, natural days, months."""

    WORKING_DAYS = "WD"
    NATURAL_DAYS = "ND"
    MONTHS = "M"


@dataclass(frozen=True, slots=True)
class Limit:
    """One time limit of the profile, with the rule it comes from."""

    id: str
    number: int
    unit: Unit
    basis: str

    def after(self, start: date, days: Calendar) -> Deadline:
        """When it ends, counted from `start`."""
        match self.unit:
            case Unit.WORKING_DAYS:
                return days.working_days(start, self.number)
            case Unit.NATURAL_DAYS:
                return days.natural_days(start, self.number)
            case Unit.MONTHS:
                return days.months(start, self.number)


PROFILE_VERSION = "district-default-1"
PROFILE: Mapping[str, Limit] = {
    limit.id: limit
    for limit in (
        Limit("D01", 1, Unit.WORKING_DAYS, "register a report; 周至 1 WD [S14]"),
        Limit("D02", 3, Unit.WORKING_DAYS, "classify; [DESIGN]"),
        Limit("D03", 1, Unit.WORKING_DAYS, "assign after approval; 丘北 第二天转办 [S19]"),
        Limit("D04", 1, Unit.WORKING_DAYS, "sign for receipt; hard limit 5 WD [C3]"),
        Limit("D07a", 30, Unit.NATURAL_DAYS, "verification, level general 一般 [S58]"),
        Limit("D07b", 60, Unit.NATURAL_DAYS, "verification, level key 重点 [GK]"),
        Limit("D07c", 90, Unit.NATURAL_DAYS, "verification, level major 重大 [C3]"),
    )
}
"""The default deadline profile as far as it is used; a district's own replaces it, the version stays with each lead."""
