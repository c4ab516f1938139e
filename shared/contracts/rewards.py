"""What intake says of rewards: that one was paid, to nobody but itself after a restore (docs/decisions/0077)."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.envelope import Event


class RewardPaid(Event):
    """The reward for the report of this lead was paid 奖励已发放; the day only, and no service hears it."""

    TYPE: ClassVar[str] = "xiansuo.intake.reward.paid.v1"
    TOPIC: ClassVar[str] = "intake.reward-payments"
    SUBJECT: ClassVar[str] = "lead_id"
    DAY_PRECISION: ClassVar[bool] = True
    lead_id: UUID
    reward_id: UUID
