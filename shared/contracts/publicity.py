"""What publicity (宣传发动) says: how far its audit chain is signed. Otherwise it only listens."""

from typing import ClassVar

from shared.contracts.checkpoint import Checkpoint


class PublicityCheckpointSigned(Checkpoint):
    """The audit chain of publicity is signed up to this link 审计链已签名."""

    TYPE: ClassVar[str] = "xiansuo.publicity.audit-checkpoint.signed.v1"
    TOPIC: ClassVar[str] = "publicity.audit-checkpoints"
