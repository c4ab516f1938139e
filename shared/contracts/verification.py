"""What verification (线索核查) says: the work on a lead, from receipt to conclusion."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.checkpoint import Checkpoint
from shared.contracts.envelope import AboutLead, Code


class _WorkEvent(AboutLead):
    TOPIC: ClassVar[str] = "verification.works"
    SUBJECT: ClassVar[str] = "work_id"
    work_id: UUID


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


class WorkConcluded(_WorkEvent):
    """The work ended with a conclusion of §2.4 核查已有结论."""

    TYPE: ClassVar[str] = "xiansuo.verification.work.concluded.v1"
    conclusion: Literal["C1", "C2", "C3", "C4", "C5", "C6"]


class VerificationCheckpointSigned(Checkpoint):
    """The audit chain of verification is signed up to this link 审计链已签名."""

    TYPE: ClassVar[str] = "xiansuo.verification.audit-checkpoint.signed.v1"
    TOPIC: ClassVar[str] = "verification.audit-checkpoints"
