"""What discipline (纪委监委) says to others: the status of its leg of a dual assignment and of
reports past the office, nothing of their content."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from shared.contracts.checkpoint import Checkpoint
from shared.contracts.envelope import AboutLead, Event, SealedEvent


class _LegEvent(AboutLead):
    TOPIC: ClassVar[str] = "discipline.legs"
    SUBJECT: ClassVar[str] = "leg_id"
    leg_id: UUID
    dual_assignment_id: UUID


class LegOpened(_LegEvent):
    """The leg arrived at discipline 纪律线已到达."""

    TYPE: ClassVar[str] = "xiansuo.discipline.leg.opened.v1"


class LegReceived(_LegEvent):
    """The case-supervision clerk signed for it 案管已签收."""

    TYPE: ClassVar[str] = "xiansuo.discipline.leg.received.v1"


class LegEnded(_LegEvent):
    """An outcome is on file; its category stays inside discipline 纪律线已办结."""

    TYPE: ClassVar[str] = "xiansuo.discipline.leg.ended.v1"


class _ReportEvent(Event):
    """About a report past the office; intake hears it for the reporter's query code alone. The day only, as all that a reporter is told."""

    TOPIC: ClassVar[str] = "discipline.reports"
    SUBJECT: ClassVar[str] = "report_id"
    DAY_PRECISION: ClassVar[bool] = True
    report_id: UUID
    on: date


class ReportAccepted(_ReportEvent):
    """Discipline accepted the report 已受理 (D18)."""

    TYPE: ClassVar[str] = "xiansuo.discipline.report.accepted.v1"


class ReportEnded(_ReportEvent):
    """Discipline is done with the report; what came of it stays inside discipline 已办结."""

    TYPE: ClassVar[str] = "xiansuo.discipline.report.ended.v1"


class ReportExpunged(_ReportEvent):
    """The time of a report past the office is over: content, reporter and letters are destroyed everywhere 绕行举报已销毁 (PIPL §47)."""

    TYPE: ClassVar[str] = "xiansuo.discipline.report.expunged.v1"
    TOPIC: ClassVar[str] = "discipline.expungements"


class ReportNumbered(_ReportEvent):
    """A report past the office was given its number, for a restored discipline alone 绕行举报已编号."""

    TYPE: ClassVar[str] = "xiansuo.discipline.report.numbered.v1"
    TOPIC: ClassVar[str] = "discipline.register"
    place: int
    """Its running number of that day."""


class LetterSent(SealedEvent):
    """Discipline wrote to the reporter of a report past the office, or told him that his data were opened 致举报人的密封信件 (D19).

    A box that only the query code opens: intake keeps it for who holds the code, and learns nothing of what it is about; the day only.
    """

    TYPE: ClassVar[str] = "xiansuo.discipline.letter.sent.v1"
    TOPIC: ClassVar[str] = "discipline.sealed-letters"
    SUBJECT: ClassVar[str] = "report_id"
    DAY_PRECISION: ClassVar[bool] = True
    report_id: UUID
    number: int
    """Of the letter at discipline."""
    on: date


class DisciplineCheckpointSigned(Checkpoint):
    """The audit chain of discipline is signed up to this link 审计链已签名."""

    TYPE: ClassVar[str] = "xiansuo.discipline.audit-checkpoint.signed.v1"
    TOPIC: ClassVar[str] = "discipline.audit-checkpoints"
