"""How a running limit looks at any instant: its colour, and what is said and done when (colour ladder of §2.2). Pure functions of
(limit, start, pauses, the superior's date, calendar, now); docs/decisions/0025 says how the short limits are read."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from shared.codes import Labelled
from shared.deadlines.calendar import Calendar, Deadline, Pauses, china_date, is_paused, start_of
from shared.deadlines.limits import Limit, Unit, after_hours, end_of


class Colour(Labelled):
    """How much of a limit is left. 期限颜色"""

    GREEN = "green", "绿", "green: more than half is left"
    YELLOW = "yellow", "黄", "yellow: half or less is left"
    ORANGE = "orange", "橙", "orange: three working days or less are left"
    RED = "red", "红", "red: overdue"


class Step(Labelled):
    """What is done about a limit that ends or has ended. 督促措施"""

    REMINDER = "reminder", "到期提醒", "reminder"
    URGE = "urge", "催办", "urging"
    SUPERVISION = "supervision", "督办单", "supervision order"
    REPORT = "report", "报分管领导", "report to the leader in charge"
    TALK = "talk", "约谈", "talk with the unit"
    CIRCULAR = "circular", "通报候选", "candidate for a circular"


AFTER_END = {Step.SUPERVISION: 3, Step.REPORT: 5, Step.TALK: 8, Step.CIRCULAR: 10}
"""Working days after the end."""
WARN = 3
"""Working days before the end from which on it is orange."""


@dataclass(frozen=True, slots=True)
class Due:
    """A change of colour or a measure, and the instant it is due."""

    what: Colour | Step
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One running limit, whole: when it ends, when it changes colour, what is due when (in order)."""

    due: Deadline
    due_at: datetime
    yellow_at: datetime
    orange_at: datetime
    ladder: tuple[Due, ...]

    def colour(self, now: datetime) -> Colour:
        """Its colour at this instant."""
        if now >= self.due_at:
            return Colour.RED
        if now >= self.orange_at:
            return Colour.ORANGE
        return Colour.YELLOW if now >= self.yellow_at else Colour.GREEN

    def passed(self, now: datetime) -> tuple[Due, ...]:
        """What is due by now, in order: it happens once, also when nobody looked at its time."""
        return tuple(due for due in self.ladder if due.at <= now)

    def next_at(self, now: datetime) -> datetime | None:
        """When the next thing is due; None after the last."""
        return next((due.at for due in self.ladder if due.at > now), None)


def schedule(
    limit: Limit,
    started_at: datetime,
    days: Calendar,
    *,
    superior: date | None = None,
    pauses: Pauses = (),
    extension: int = 0,
) -> Schedule:
    """The limit as it runs from `started_at`. The superior's date wins when it is earlier (D07e): it is nobody's to move, so neither a
    pause nor an extension (natural days after the end, D08) moves it."""
    if limit.unit is Unit.HOURS:
        return _in_hours(limit, started_at, days, pauses, superior)
    plan = _in_days(limit, china_date(started_at), days, superior, pauses, extension)
    if started_at <= plan.yellow_at and plan.orange_at < plan.due_at:
        return plan
    # something of it lies before its start
    return _from(started_at, days, plan.due, yellow_at=plan.yellow_at, orange_at=plan.orange_at)


@lru_cache(maxsize=4096)
def _in_days(
    limit: Limit, start: date, days: Calendar, superior: date | None, pauses: Pauses, extension: int
) -> Schedule:
    """It from the day's first instant on; remembered, because the leads of one day have the same."""
    due = limit.after(start, days, pauses=pauses)
    if extension:
        if limit.custody:
            raise ValueError("custody is extended by its own rules")
        due = days.deadline(start, days.natural_days(due.on, extension, pauses=pauses).on)
    if superior and superior < due.on:
        due = Deadline(superior, provisional=False)
    running = [start + timedelta(days=n) for n in range(1, (due.on - start).days + 1)]
    running = [day for day in running if not is_paused(pauses, day)]
    worked = [day for day in running if days.is_working_day(day)]
    counted = worked if limit.unit is Unit.WORKING_DAYS else running
    # the first day after which half of the counted days, or less, are left
    yellow = counted[(len(counted) + 1) // 2 - 1] if counted else start
    orange = worked[-1 - WARN] if len(worked) > WARN else start
    first, last = start_of(yellow), start_of(max(yellow, orange))
    return _from(start_of(start), days, due, yellow_at=first, orange_at=last)


def _in_hours(limit: Limit, started_at: datetime, days: Calendar, pauses: Pauses, superior: date | None) -> Schedule:
    due_at = after_hours(started_at, limit.number, pauses)
    half_at = after_hours(started_at, limit.number / 2, pauses)
    if superior and end_of(superior) < due_at:
        due_at = end_of(superior)
        half_at = min(half_at, due_at)
    last = china_date(due_at - timedelta(microseconds=1))
    return _from(
        started_at, days, Deadline(last, provisional=False), yellow_at=half_at, orange_at=half_at, due_at=due_at
    )


def _from(
    started_at: datetime,
    days: Calendar,
    due: Deadline,
    *,
    yellow_at: datetime,
    orange_at: datetime,
    due_at: datetime | None = None,
) -> Schedule:
    due_at = due_at or end_of(due.on)
    yellow_at, orange_at = (min(max(each, started_at), due_at) for each in (yellow_at, orange_at))
    ladder = []
    if due_at > started_at:
        if yellow_at < orange_at:
            ladder.append(Due(Colour.YELLOW, yellow_at))
        ladder += [Due(Colour.ORANGE, orange_at), Due(Step.REMINDER, orange_at)]
    # what is late from its first instant (a superior's date that had passed) is urged at once, the rest of the ladder counts from there
    ended = max(due_at, started_at)
    ladder += [Due(Colour.RED, ended), Due(Step.URGE, ended)]
    ladder += _after_end(days, max(due.on, china_date(started_at)))
    return Schedule(due=due, due_at=due_at, yellow_at=yellow_at, orange_at=orange_at, ladder=tuple(ladder))


@lru_cache(maxsize=4096)
def _after_end(days: Calendar, end: date) -> tuple[Due, ...]:
    return tuple(Due(step, start_of(days.working_days(end, number).on)) for step, number in AFTER_END.items())
