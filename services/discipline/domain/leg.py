"""The discipline leg of a dual assignment 双交办纪律线: arrived, received by the clerk, ended with an outcome category."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from shared.contracts.discipline import LegEnded, LegOpened, LegReceived
from shared.errors import NotAllowed


class Status(StrEnum):
    """opened 已到达, received 已签收, ended 已办结."""

    OPENED = "opened"
    RECEIVED = "received"
    ENDED = "ended"


class Outcome(StrEnum):
    """Outcome category 处置结果类别; the full disposal machine of §4.4 refines it. It never leaves discipline."""

    FORMS = "four_forms"
    """运用“四种形态”处理"""
    PROCURATORATE = "to_procuratorate"
    """移送检察机关"""
    SHELVED = "shelved"
    """暂存待查"""
    UNFOUNDED = "unfounded"
    """反映不实"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One leg. A transition returns the new state and the event; what is not allowed raises `NotAllowed`."""

    id: UUID
    dual_assignment_id: UUID
    lead_id: UUID
    status: Status
    version: int
    opened_at: datetime
    outcome: Outcome | None = None

    @classmethod
    def open(cls, leg_id: UUID, *, dual_assignment_id: UUID, lead_id: UUID, at: datetime) -> tuple[Self, LegOpened]:
        """The dual assignment arrived."""
        leg = cls(
            id=leg_id,
            dual_assignment_id=dual_assignment_id,
            lead_id=lead_id,
            status=Status.OPENED,
            version=1,
            opened_at=at,
        )
        return leg, LegOpened(leg_id=leg_id, dual_assignment_id=dual_assignment_id, lead_id=lead_id, effective_at=at)

    def receive(self, *, at: datetime) -> tuple[Self, LegReceived]:
        """The case-supervision clerk signs for it (§4.4 sent → received, D16)."""
        self._must_be(Status.OPENED, "receive")
        leg = replace(self, status=Status.RECEIVED, version=self.version + 1)
        return leg, LegReceived(
            leg_id=self.id, dual_assignment_id=self.dual_assignment_id, lead_id=self.lead_id, effective_at=at
        )

    def end(self, outcome: Outcome, *, at: datetime) -> tuple[Self, LegEnded]:
        """An outcome is recorded; only the fact that the leg ended is told to others."""
        self._must_be(Status.RECEIVED, "record an outcome")
        leg = replace(self, status=Status.ENDED, outcome=outcome, version=self.version + 1)
        return leg, LegEnded(
            leg_id=self.id, dual_assignment_id=self.dual_assignment_id, lead_id=self.lead_id, effective_at=at
        )

    def _must_be(self, status: Status, action: str) -> None:
        if self.status is not status:
            raise NotAllowed(f"cannot {action}: the leg is {self.status}, not {status}")
