"""What verification (线索核查) says: the work on a lead, from receipt to conclusion."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.checkpoint import Checkpoint
from shared.contracts.envelope import AboutLead, Code

Found = Literal["C1", "C2", "C3", "C4", "C5", "C6", "C8"]
"""A conclusion of §2.4; C8 诬告 is never told before its review has passed."""


class _WorkEvent(AboutLead):
    TOPIC: ClassVar[str] = "verification.works"
    SUBJECT: ClassVar[str] = "work_id"
    work_id: UUID
    assignment_no: int | None = None
    """Of which assignment of the lead; None: said before this was told, or not known after a restore."""


class WorkOpened(_WorkEvent):
    """The assignment arrived; the unit has not signed yet 核查任务已到达."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.opened.v1"
    unit: Code


class WorkAccepted(_WorkEvent):
    """The unit signed for it and began in order: verifiers, plan and recusal statements are on file 已签收 (N07, G-TWO)."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.accepted.v1"
    unit: Code
    verifier_count: int
    plan_on_file: bool
    recusals_on_file: bool


class WorkDisputed(_WorkEvent):
    """The unit says that the lead is not its own 提出管辖异议 (D05); why is told to the office beside this."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.disputed.v1"
    assignment_no: int


class WorkFirstReported(_WorkEvent):
    """The first report of an urgent lead is on file 紧急首报 (D07f)."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.first-reported.v1"


class WorkTaskForceFormed(_WorkEvent):
    """Several units verify it together from now on 已组建核查专班."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.task-force-formed.v1"


class WorkReportSubmitted(_WorkEvent):
    """The report went into the chain of sign-offs 核查报告已报送 (D09)."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.report-submitted.v1"


class WorkReportReturned(_WorkEvent):
    """A signer returned the report; all signatures are void 核查报告已退回 (D10)."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.report-returned.v1"


class WorkReturnedByReview(_WorkEvent):
    """Quality review sent a conclusion back 评查退回 (D36, D10)."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.returned-by-review.v1"


class WorkReviewed(_WorkEvent):
    """Quality review lets a drawn conclusion stand 评查通过 (D36): it can be told from now on."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.reviewed.v1"
    conclusion: Found


class WorkParked(_WorkEvent):
    """It cannot be verified now and waits for a date (C4) 已暂存."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.parked.v1"


class WorkWoken(_WorkEvent):
    """The date came, or a new fact 暂存到期或有新情况."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.woken.v1"


class WorkTransferred(_WorkEvent):
    """It was handed to another organ (C5) 已移交."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.transferred.v1"


class WorkTransferUndone(_WorkEvent):
    """The other organ gave no receipt: it is back where it was 移交未获接收."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.transfer-undone.v1"


class WorkConcluded(_WorkEvent):
    """The work ended with a conclusion of §2.4 核查已有结论."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.concluded.v1"
    conclusion: Found
    review_because: Literal["major", "repeats", "random", "accusation"] | None = None
    """It was drawn for quality review and is told to nobody before that (D36); None: it stands at once."""
    decided_on: date | None = None
    """Of C8 alone: the day of the formal decision that it rests on (G16)."""


class VerificationCheckpointSigned(Checkpoint):
    """The audit chain of verification is signed up to this link 审计链已签名."""

    TYPE: ClassVar[str] = "xiansuo.verification.audit-checkpoint.signed.v1"
    TOPIC: ClassVar[str] = "verification.audit-checkpoints"
