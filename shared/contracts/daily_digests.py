"""What intake says of the lists of its working days (M01): how many, never which."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.envelope import Event

Count = Annotated[int, Field(ge=0)]


class _DigestEvent(Event):
    """About the list of one working day; no lead is concerned."""

    TOPIC: ClassVar[str] = "intake.daily-digests"
    SUBJECT: ClassVar[str] = "day"
    day: date
    effective_at: AwareDatetime


class DailyDigestOpened(_DigestEvent):
    """The day's list was opened by the clock 日梳理已开启 (M01): how many leads are in each part."""

    TYPE: ClassVar[str] = "xiansuo.intake.daily-digest.opened.v1"
    fresh: Count
    unclassified: Count
    unassigned: Count
    due_soon: Count
    overdue: Count
    repeated: Count
    new_facts: Count = 0


class DailyDigestClosed(_DigestEvent):
    """A named person went through the day's list and closed it 日梳理已办结 (M01)."""

    TYPE: ClassVar[str] = "xiansuo.intake.daily-digest.closed.v1"
