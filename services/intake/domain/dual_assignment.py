"""The parent of a dual assignment 双交办: one lead, two legs, each learning of the other a status code and a date only (§4.3)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from shared.codes import Labelled
from shared.contracts.envelope import Event
from shared.contracts.intake import DualAssignmentCompleted, DualAssignmentCreated, Leg, LegStatus, LegStatusChanged
from shared.errors import NotAllowed


class Status(Labelled):
    """Where a dual assignment stands. 双交办状态"""

    OPEN = "open", "办理中", "open"
    COMPLETED = "completed", "已办结", "completed"


LEG_STATUS_WORDS = {
    LegStatus.CREATED: ("已交办", "assigned"),
    LegStatus.ACCEPTED: ("已签收", "accepted"),
    LegStatus.ENDED: ("已办结", "ended"),
}
_ORDER = list(LEG_STATUS_WORDS)
_LEG_WORDS = {Leg.CRIME: ("核查线", "crime leg"), Leg.DISCIPLINE: ("纪律线", "discipline leg")}


@dataclass(frozen=True, slots=True, kw_only=True)
class DualAssignment:
    """Open while a leg is not ended; completed, by itself, when both are."""

    id: UUID
    lead_id: UUID
    created_at: datetime
    crime: LegStatus = LegStatus.CREATED
    discipline: LegStatus = LegStatus.CREATED
    completed_at: datetime | None = None
    version: int = 1

    @property
    def status(self) -> Status:
        return Status.COMPLETED if self.completed_at else Status.OPEN

    @property
    def created(self) -> DualAssignmentCreated:
        """The event that opens both legs."""
        return DualAssignmentCreated(
            dual_assignment_id=self.id, lead_id=self.lead_id, crime=self.crime, effective_at=self.created_at
        )

    def move(self, leg: Leg, status: LegStatus, *, at: datetime) -> tuple[Self, tuple[Event, ...]]:
        """A leg moved one step on. → the parent, and what to say: the leg's status, and the completion when both have ended.

        Raises `NotAllowed` for a step back, a repeat or a leap.
        """
        now = self.crime if leg is Leg.CRIME else self.discipline
        if _ORDER.index(status) != _ORDER.index(now) + 1:
            (which_zh, which), (now_zh, now_en), (to_zh, to) = (
                _LEG_WORDS[leg],
                LEG_STATUS_WORDS[now],
                LEG_STATUS_WORDS[status],
            )
            raise NotAllowed(
                f"{which_zh}为“{now_zh}”,不能变为“{to_zh}” / the {which} is {now_en}; it cannot become {to}"
            )
        crime, discipline = (status, self.discipline) if leg is Leg.CRIME else (self.crime, status)
        dual = replace(self, version=self.version + 1, crime=crime, discipline=discipline)
        said: list[Event] = [
            LegStatusChanged(dual_assignment_id=self.id, lead_id=self.lead_id, leg=leg, status=status, effective_at=at)
        ]
        if dual.crime is dual.discipline is LegStatus.ENDED:
            dual = replace(dual, completed_at=at)
            said.append(DualAssignmentCompleted(dual_assignment_id=self.id, lead_id=self.lead_id, effective_at=at))
        return dual, tuple(said)

    def relearn(self, leg: Leg, status: LegStatus, *, at: datetime) -> Self:
        """What was said of a leg and then forgotten, a step on or back at work."""
        now = self.crime if leg is Leg.CRIME else self.discipline
        if _ORDER.index(status) > _ORDER.index(now):
            return self.move(leg, status, at=at)[0]
        return self.begin_again(leg, status, at=at)[0]

    def begin_again(self, leg: Leg, status: LegStatus, *, at: datetime) -> tuple[Self, LegStatusChanged]:
        """A leg that had moved on is back at work: the conclusion was returned, or another team is charged. The parent is open again."""
        crime, discipline = (status, self.discipline) if leg is Leg.CRIME else (self.crime, status)
        dual = replace(self, version=self.version + 1, completed_at=None, crime=crime, discipline=discipline)
        said = LegStatusChanged(
            dual_assignment_id=self.id, lead_id=self.lead_id, leg=leg, status=status, effective_at=at
        )
        return dual, said
