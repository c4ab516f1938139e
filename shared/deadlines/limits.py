"""One time limit: how much of what, and the day or the instant at which it ends."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from shared.deadlines.calendar import Calendar, Deadline, Pauses, china_date, start_of


class Unit(StrEnum):
    """How a limit is counted: hours, working days, natural days, months. 期限单位:小时、工作日、自然日、月"""

    HOURS = "H"
    WORKING_DAYS = "WD"
    NATURAL_DAYS = "ND"
    MONTHS = "M"


@dataclass(frozen=True, slots=True)
class Limit:
    """One time limit of a profile, with the rule it comes from. `custody` is never moved and never paused."""

    id: str
    number: int
    unit: Unit
    basis: str
    custody: bool = False

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError(f"{self.id}: a limit is at least 1")
        if self.custody and self.unit not in (Unit.NATURAL_DAYS, Unit.MONTHS):
            raise ValueError(f"{self.id}: custody is counted in natural days or months")

    def after(self, start: date, days: Calendar, *, pauses: Pauses = ()) -> Deadline:
        """The last day of it, counted from the day `start`; paused days do not count. Raises ValueError for hours, which have no day."""
        match self.unit:
            case Unit.WORKING_DAYS:
                return days.working_days(start, self.number, pauses=pauses)
            case Unit.NATURAL_DAYS:
                return days.natural_days(start, self.number, custody=self.custody, pauses=pauses)
            case Unit.MONTHS:
                return days.months(start, self.number, custody=self.custody, pauses=pauses)
            case Unit.HOURS:
                raise ValueError(f"{self.id} is counted in hours, from an instant")

    def day_after(self, start: datetime) -> Deadline:
        """The day of its last hour, for what is counted in hours from this instant."""
        end = after_hours(start, self.number, ())
        return Deadline(china_date(end - timedelta(microseconds=1)), provisional=False)


def after_hours(start: datetime, hours: float, pauses: Pauses) -> datetime:
    """`hours` after `start`, day and night: what is counted in hours is urgent and waits for no working day. Paused days do not count."""
    end = start + timedelta(hours=hours)
    for pause in sorted(pauses, key=lambda pause: pause.first):
        begins, ends = max(start, start_of(pause.first)), end_of(pause.last)
        if begins < end and ends > begins:
            end, start = end + (ends - begins), ends
    return end


def end_of(day: date) -> datetime:
    """The instant (UTC) at which this day is over in China."""
    return start_of(day) + timedelta(days=1)
