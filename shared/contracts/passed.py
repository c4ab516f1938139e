"""What intake says of reports past the office (G22): boxes for discipline, and which letters of discipline were read."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from shared.contracts.envelope import Event, SealedEvent


class ReportPassed(SealedEvent):
    """A report past the office 绕行举报 (反有组织犯罪法 §53): addressed to discipline, or about the office itself. Sealed at the
    door, no lead, and nothing of it in the open; the day only."""

    TYPE: ClassVar[str] = "xiansuo.intake.report.passed.v1"
    TOPIC: ClassVar[str] = "intake.sealed-reports"
    SUBJECT: ClassVar[str] = "report_id"
    DAY_PRECISION: ClassVar[bool] = True
    report_id: UUID
    received_on: date


class LetterPassed(SealedEvent):
    """The reporter of a report past the office wrote to discipline, or added a file 绕行举报人的密封信件或附件 (D19): sealed at the
    door; the day only."""

    TYPE: ClassVar[str] = "xiansuo.intake.letter.passed.v1"
    TOPIC: ClassVar[str] = "intake.sealed-reports"
    SUBJECT: ClassVar[str] = "report_id"
    DAY_PRECISION: ClassVar[bool] = True
    report_id: UUID
    on: date


class LetterRead(Event):
    """The reporter of a report past the office read a letter of discipline 绕行举报人已阅信件; the day only."""

    TYPE: ClassVar[str] = "xiansuo.intake.letter.read.v1"
    TOPIC: ClassVar[str] = "intake.read-letters"
    SUBJECT: ClassVar[str] = "report_id"
    DAY_PRECISION: ClassVar[bool] = True
    report_id: UUID
    number: int
    """Of the letter at discipline."""
    on: date
