"""What intake (线索受理) says: leads, dual assignments, and restricted facts sealed for one receiver each."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.contracts.checkpoint import Checkpoint
from shared.contracts.directory import Account, StaffNo
from shared.contracts.envelope import AboutLead, ChineseCode, Code, SealedEvent

LeadNo = Annotated[str, StringConstraints(pattern=r"^\d{6}-[SAMO]\d{8}-\d{6}[0-9A-Z]$")]


class DeadlineKind(StrEnum):
    """What a running limit asks for. 期限种类:分类、交办、签收、首报、办结、裁定、主管部门办理、反馈、约见举报人、异议审查、评查、
    退查重报"""

    CLASSIFY = "classify"
    ASSIGN = "assign"
    SIGN = "sign"
    FIRST_REPORT = "first-report"
    CONCLUDE = "conclude"
    RULE = "rule"
    REDIRECT = "redirect"
    FEEDBACK = "feedback"
    MEET = "meet"
    OBJECTION = "objection"
    REVIEW = "review"
    REWORK = "rework"


class Leg(StrEnum):
    """The two sides of a dual assignment: verification and discipline. 双交办两线:核查线、纪律线"""

    CRIME = "crime"
    DISCIPLINE = "discipline"


class LegStatus(StrEnum):
    """All that one side learns of the other: created, accepted, ended. 另一线状态:已交办、已签收、已办结"""

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
    source_l2: Code | None = None
    """二级来源, of the district's own list."""
    codes_version: Code | None = None
    """The version of intake's code lists that these codes are of."""
    urgent: bool = False
    """紧急, by the word of whoever registered it."""
    claimed: bool = False
    """Its reporter claims that somebody is in danger now; nobody has said whether that holds."""


class LeadClassified(_LeadEvent):
    """Tier 黑/恶/乱, level 一般/重点/重大, areas and manifestations were chosen by a person 线索已分类 (M07)."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.classified.v1"
    tier: Code
    level: Code
    area_codes: tuple[Code, ...]
    manifestation_codes: tuple[Code, ...]
    codes_version: Code | None = None
    """The version of intake's code lists that these codes are of."""
    urgent: bool | None = None
    """紧急, as it was or as whoever classified it said; None: an event from before that was told."""


class LeadUrgencySaid(_LeadEvent):
    """Whether it is urgent was said 已确定是否紧急 (D02), or the unit that has it hears of a repeat's claim of danger 已报称人身危险."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.urgency-said.v1"
    urgent: bool
    claimed: bool = False
    """A repeat claims danger, or is urgent, and nobody has said yet whether that holds for the matter."""
    said_by: Account | None = None
    """Who said it; None: nobody, a repeat was merged or is one no longer."""


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
    urgent: bool = False
    """紧急: the short limits count."""
    dispute_by: date | None = None
    """Until when the unit may say "not ours" (D05); None: the ruling binds it."""


class LeadLevelRaised(_LeadEvent):
    """A lead that is with a unit was raised to 重大 by two people 线索提级. ``due_on``: when the result is due now (D07c from its start, or
    the superior's date); None while nothing of the kind runs."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.level-raised.v1"
    level: Code
    due_on: date | None = None
    provisional: bool = False


class LeadDeclined(_LeadEvent):
    """Outside the scope 线索不予受理 (§4.2). ``go_to`` is where the reporter is sent; the reason is restricted."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.declined.v1"
    go_to: Code


class LeadRedirected(_LeadEvent):
    """A matter of 乱 went to the regulator that treats it 线索已转主管部门 (D29)."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.redirected.v1"
    regulator: Code
    number: int
    """Which redirection of this lead it is."""


class LeadRedirectReturned(_LeadEvent):
    """The regulator gave it back, which happens once at most 主管部门退回."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.redirect-returned.v1"


class LeadRuled(_LeadEvent):
    """A dispute about who is charged was ruled 管辖已裁定 (D05): the disputed assignment is over, the next one follows as assigned.
    ``binding``: two units have refused, the leading group has ruled."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.ruled.v1"
    disputed_no: int
    """The assignment that was disputed."""
    unit: Code
    binding: bool


class LeadRecalled(_LeadEvent):
    """It was taken back from a unit that has a conflict of interest 线索已收回改交 (G-CONF): that work is over, wherever it stands, and
    what is said of it afterwards counts no more; the next assignment follows. Why is restricted."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.recalled.v1"
    recalled_no: int
    """The assignment that was taken back."""


class LeadSuspended(_LeadEvent):
    """It stands still: danger to a reporter, or a court's order 线索已中止. Its limits do not count."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.suspended.v1"


class LeadResumed(_LeadEvent):
    """It goes on where it stood 线索已恢复办理."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.resumed.v1"


class FeedbackDelivered(_LeadEvent):
    """The reporter was told, could not be reached in three tries, or is nobody who can be told 已反馈举报人 (D11, G-FEED)."""

    TYPE: ClassVar[str] = "xiansuo.intake.feedback.delivered.v1"
    outcome: Literal["delivered", "attempts", "not-applicable"]


class FeedbackObjected(_LeadEvent):
    """The reporter objected with new facts; another team looks 举报人提出异议 (D12)."""

    TYPE: ClassVar[str] = "xiansuo.intake.feedback.objected.v1"


class LeadClosed(_LeadEvent):
    """It is done 线索已办结, by a regulator's result or after feedback."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.closed.v1"
    by: Literal["regulator", "feedback"]


class LeadReopened(_LeadEvent):
    """It is taken up again 线索已重启: accepted after an objection, or reopened after its close by two people."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.reopened.v1"
    status: Literal["received", "reopened"]


class LeadSealed(_LeadEvent):
    """Unfounded and at rest 线索已封存 (§4.2, G14): nobody uses what is known of it any more; counts stay."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.sealed.v1"


class LeadExpunged(AboutLead):
    """Its retention is over 线索已销毁 (PIPL §47): whoever has restricted facts of it destroys them within 24 hours; counts stay.

    On a topic of its own that is kept for years, so that a database restored from an old backup hears it again.
    """

    TYPE: ClassVar[str] = "xiansuo.intake.lead.expunged.v1"
    TOPIC: ClassVar[str] = "intake.expungements"
    SUBJECT: ClassVar[str] = "lead_id"


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
    """Both legs were opened in one transaction 双交办已建立 (M17). The grounds are restricted and travel sealed. `crime`: where that leg
    stands already, for the discipline leg opens later when grounds are found later."""

    TYPE: ClassVar[str] = "xiansuo.intake.dual-assignment.created.v1"
    crime: LegStatus = LegStatus.CREATED


class LegStatusChanged(_DualEvent):
    """One side moved; the other sees this code and a date, nothing else (§4.3)."""

    TYPE: ClassVar[str] = "xiansuo.intake.dual-assignment.leg-status-changed.v1"
    leg: Leg
    status: LegStatus


class DualAssignmentCompleted(_DualEvent):
    """Both legs are ended 双交办已办结."""

    TYPE: ClassVar[str] = "xiansuo.intake.dual-assignment.completed.v1"


class DualHoldSet(_DualEvent):
    """An arrest or a publication waits until a day (inclusive): discipline asked, the leader of the crime leg agreed 已暂缓 (§4.3)."""

    TYPE: ClassVar[str] = "xiansuo.intake.dual-assignment.hold-set.v1"
    hold_id: UUID
    what: Literal["arrest", "publication"]
    until: date


class DualHoldReleased(_DualEvent):
    """A hold is over: its last day has passed, or it is needed no longer 暂缓已解除."""

    TYPE: ClassVar[str] = "xiansuo.intake.dual-assignment.hold-released.v1"
    hold_id: UUID
    what: Literal["arrest", "publication"]


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
    (inclusive), the pause was cut short (to ``last``, which lies before ``first`` when nothing is left of it), a holiday notice came, or it
    was extended by ``days`` (D08)."""

    TYPE: ClassVar[str] = "xiansuo.intake.deadline.moved.v1"
    because: Literal["paused", "resumed", "notice", "extended"]
    pause_id: UUID | None = None
    first: date | None = None
    last: date | None = None
    days: int | None = None


class After(BaseModel):
    """The event on another topic that has to be applied first."""

    model_config = ConfigDict(frozen=True)
    topic: Code
    subject: Code
    sequence: int


class VerificationFactsSealed(SealedEvent, AboutLead):
    """The restricted facts of a lead, sealed for verification; they fit the work that ``after`` opens."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.verification-facts-sealed.v1"
    TOPIC: ClassVar[str] = "intake.sealed-verification"
    SUBJECT: ClassVar[str] = "lead_id"
    after: After


class DisciplineFactsSealed(SealedEvent, AboutLead):
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
    """What lies inside a box: the restricted facts a receiving unit needs. Never anything of the reporter. 线索事实(不含举报人)"""

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


class BoxedFacts(Facts):
    """The facts as they lie in the box, with what alerts about readings need (G12); that is shown to nobody."""

    near_units: tuple[Code, ...] = ()
    """Units of staff whom the lead names or the office states, and units that it states."""
    near_staff: tuple[StaffNo, ...] = ()
    """Staff with a relative among those persons, as the directory has it."""
