"""The discipline leg of a dual assignment 双交办纪律线: arrived, received by the clerk, ended with an outcome category."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from shared.codes import Labelled
from shared.contracts.discipline import LegEnded, LegOpened, LegReceived
from shared.errors import NotAllowed


class Status(Labelled):
    """Where a leg stands. 纪律线状态"""

    OPENED = "opened", "已到达", "arrived"
    RECEIVED = "received", "已签收", "received"
    ENDED = "ended", "已办结", "ended"


class Outcome(Labelled):
    """Outcome category; the full disposal machine of §4.4 refines it. It never leaves discipline. 处置结果类别"""

    FORMS = "four_forms", "运用“四种形态”处理", "dealt with by the four forms"
    PROCURATORATE = "to_procuratorate", "移送检察机关", "handed to the procuratorate"
    SHELVED = "shelved", "暂存待查", "shelved"
    UNFOUNDED = "unfounded", "反映不实", "unfounded"
    LOST = "lost", "随数据库恢复遗失,待补登", "lost in a restore, to be recorded again"


Recorded = Literal[Outcome.FORMS, Outcome.PROCURATORATE, Outcome.SHELVED, Outcome.UNFOUNDED]
"""What a person can record: that it was lost is no outcome, or a matter would be ended without any."""


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
    suspended: bool = False
    """The lead stands still: nothing is done until it goes on."""
    at_rest: bool = False
    """The lead is sealed or expunged: its facts are not used any more."""

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
        self._must_be(Status.OPENED, "签收", "receive")
        leg = replace(self, status=Status.RECEIVED, version=self.version + 1)
        return leg, LegReceived(
            leg_id=self.id, dual_assignment_id=self.dual_assignment_id, lead_id=self.lead_id, effective_at=at
        )

    def end(self, outcome: Outcome, *, at: datetime) -> tuple[Self, LegEnded]:
        """An outcome is recorded; only the fact that the leg ended is told to others."""
        self._must_be(Status.RECEIVED, "登记处置结果", "record an outcome")
        leg = replace(self, status=Status.ENDED, outcome=outcome, version=self.version + 1)
        return leg, LegEnded(
            leg_id=self.id, dual_assignment_id=self.dual_assignment_id, lead_id=self.lead_id, effective_at=at
        )

    def supply(self, outcome: Outcome) -> Self:
        """The outcome that a restore has lost is on file again."""
        return replace(self, outcome=outcome, version=self.version + 1)

    def _must_be(self, status: Status, zh: str, en: str) -> None:
        if self.suspended:
            raise NotAllowed("线索已中止,暂不办理 / the lead is suspended; nothing is done until it goes on")
        if self.status is not status:
            raise NotAllowed(
                f"不能{zh}:纪律线为“{self.status.zh}”,应为“{status.zh}” / cannot {en}: the leg is {self.status.en}, not {status.en}"
            )
