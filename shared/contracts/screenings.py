"""What is said of screening tasks 排查 (M49): a task was opened for a unit, and the unit returned it. Where to look, and what was found, is
said by none: a finding is a lead and is told as one."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.envelope import Code, Event


class _ScreeningEvent(Event):
    """About one task; no lead is concerned."""

    TOPIC: ClassVar[str] = "intake.screenings"
    SUBJECT: ClassVar[str] = "screening_id"
    screening_id: UUID
    effective_at: AwareDatetime


class ScreeningOpened(_ScreeningEvent):
    """A unit is to comb its field until a day 排查任务已布置 (M49)."""

    TYPE: ClassVar[str] = "xiansuo.intake.screening.opened.v1"
    unit: Code
    due_on: date


class ScreeningReturned(_ScreeningEvent):
    """The unit is done; to have found nothing is an answer like any other, and no figure is made of it 排查已反馈 (M49, G17)."""

    TYPE: ClassVar[str] = "xiansuo.intake.screening.returned.v1"
    unit: Code
    zero_return: bool
