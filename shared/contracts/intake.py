"""What intake (线索受理) says: leads, dual assignments, and restricted facts sealed for one receiver each."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.contracts.checkpoint import Checkpoint
from shared.contracts.directory import StaffNo
from shared.contracts.envelope import AboutLead, ChineseCode, Code, SealedEvent

LeadNo = Annotated[str, StringConstraints(pattern=r"^\d{6}-[SAMO]\d{8}-\d{6}[0-9A-Z]$")]


class DeadlineKind(StrEnum):
    """What a running limit asks for 期限种类: 分类, 交办, 签收, 办结."""

    CLASSIFY = "classify"
    ASSIGN = "assign"
    SIGN = "sign"
    CONCLUDE = "conclude"


class Leg(StrEnum):
    """The two sides of a dual assignment 双交办: 核查线 and 纪律线."""

    CRIME = "crime"
    DISCIPLINE = "discipline"


class LegStatus(StrEnum):
    """All that one side learns of the other: created 已交办, accepted 已签收, ended 已办结."""

    CREATED = "created"
    ACCEPTED = "accepted"
    ENDED = "ended"


class _LeadEvent(AboutLead):
    TOPIC: ClassVar[str] = "intake.leads"
    SUBJECT: ClassVar[str] = "lead_id"


class LeadReceived(_LeadEvent):
    """A lead was registered 线索已登记 (M05). The day only: the hour could tell who reported."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.received.v1"
    DAY_PRECISION: ClassVar[bool] = True
    lead_no: LeadNo
    source: Literal["S", "A", "M", "O"]
    issuing_level: Literal["centre", "province", "city"] | None = None
    street: ChineseCode | None = None
    area_codes: tuple[Code, ...] = ()
    manifestation_codes: tuple[Code, ...] = ()
    named: bool


class LeadClassified(_LeadEvent):
    """Tier 黑/恶/乱, level 一般/重点/重大, areas and manifestations were chosen by a person 线索已分类 (M07)."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.classified.v1"
    tier: Code
    level: Code
    area_codes: tuple[Code, ...]
    manifestation_codes: tuple[Code, ...]


class LeadAssigned(_LeadEvent):
    """A unit was charged with the lead 线索已交办 (M13). ``sign_by`` is D04, ``due_on`` the earlier of D07 and the superior's date;
    a date is provisional while a year's holiday notice is missing (§2.12)."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.assigned.v1"
    assignment_no: int
    unit: Code
    level: Code
    sign_by: date
    due_on: date
    provisional: bool


class LeadMerged(_LeadEvent):
    """A repeat was merged into its master by two people 线索已并入. The master's clock is not reset."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.merged.v1"
    merge_id: UUID
    master_id: UUID
    repeat_count: int
    """Repeats of the master, with this one."""


class LeadUnmerged(_LeadEvent):
    """A merge was undone by two people 并入已撤销: both leads stand as they would without it."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.unmerged.v1"
    merge_id: UUID
    master_id: UUID
    repeat_count: int
    """Repeats that the master still has."""


class _DualEvent(AboutLead):
    TOPIC: ClassVar[str] = "intake.dual-assignments"
    SUBJECT: ClassVar[str] = "dual_assignment_id"
    dual_assignment_id: UUID


class DualAssignmentCreated(_DualEvent):
    """Both legs were opened in one transaction 双交办已建立 (M17). The grounds are restricted and travel sealed."""

    TYPE: ClassVar[str] = "xiansuo.intake.dual-assignment.created.v1"


class LegStatusChanged(_DualEvent):
    """One side moved; the other sees this code and a date, nothing else (§4.3)."""

    TYPE: ClassVar[str] = "xiansuo.intake.dual-assignment.leg-status-changed.v1"
    leg: Leg
    status: LegStatus


class DualAssignmentCompleted(_DualEvent):
    """Both legs are ended 双交办已办结."""

    TYPE: ClassVar[str] = "xiansuo.intake.dual-assignment.completed.v1"


class _DeadlineEvent(AboutLead):
    """About one running limit of a lead: what has to be done (``kind``), under which limit of the profile, in which assignment."""

    TOPIC: ClassVar[str] = "intake.deadlines"
    SUBJECT: ClassVar[str] = "lead_id"
    kind: DeadlineKind
    round: int
    limit_id: Code
    due_on: date
    provisional: bool


class DeadlineColoured(_DeadlineEvent):
    """A running limit changed its colour 期限变色 (§2.2). ``effective_at`` is when it did, also when nobody could say so at the time."""

    TYPE: ClassVar[str] = "xiansuo.intake.deadline.coloured.v1"
    colour: Literal["yellow", "orange", "red"]


class DeadlineEscalated(_DeadlineEvent):
    """The next measure of the escalation ladder is due 期限督促升级 (§2.2)."""

    TYPE: ClassVar[str] = "xiansuo.intake.deadline.escalated.v1"
    step: Literal["reminder", "urge", "supervision", "report", "talk", "circular"]


class DeadlineMoved(_DeadlineEvent):
    """A running limit ends on another day, or its day is not provisional any more 期限变动: it was paused from ``first`` to ``last``
    (inclusive), the pause was cut short (to ``last``, which lies before ``first`` when nothing is left of it), or a holiday notice came."""

    TYPE: ClassVar[str] = "xiansuo.intake.deadline.moved.v1"
    because: Literal["paused", "resumed", "notice"]
    pause_id: UUID | None = None
    first: date | None = None
    last: date | None = None


class After(BaseModel):
    """The event on another topic that has to be applied first."""

    model_config = ConfigDict(frozen=True)
    topic: Code
    subject: Code
    sequence: int


class VerificationFactsSealed(SealedEvent):
    """The restricted facts of a lead, sealed for verification; they fit the work that ``after`` opens."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.verification-facts-sealed.v1"
    TOPIC: ClassVar[str] = "intake.sealed-verification"
    SUBJECT: ClassVar[str] = "lead_id"
    after: After


class DisciplineFactsSealed(SealedEvent):
    """The restricted facts of a lead, sealed for discipline; they fit the leg that ``after`` opens."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.discipline-facts-sealed.v1"
    TOPIC: ClassVar[str] = "intake.sealed-discipline"
    SUBJECT: ClassVar[str] = "lead_id"
    dual_assignment_id: UUID
    after: After


class IntakeCheckpointSigned(Checkpoint):
    """The audit chain of intake is signed up to this link 审计链已签名."""

    TYPE: ClassVar[str] = "xiansuo.intake.audit-checkpoint.signed.v1"
    TOPIC: ClassVar[str] = "intake.audit-checkpoints"


class Facts(BaseModel):
    """What lies inside a box: the restricted facts a receiving unit needs. Never anything of the reporter."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    lead_no: LeadNo
    summary: str
    upstream_no: str | None = None
    street: str | None = None
    allegations: tuple[str, ...] = ()
    discipline_grounds: tuple[Code, ...] = ()
    """Only in the box for discipline."""
    excluded_staff: tuple[StaffNo, ...] = ()
    """Staff who must not take part: subjects, and those whose interest stands (G-CONF). Only in the box for verification."""
