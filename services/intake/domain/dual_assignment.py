"""The parent of a dual assignment 双交办: one lead, two legs, each learning of the other a status code and a date only (§4.3)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from shared.contracts.envelope import Event
from shared.contracts.intake import DualAssignmentCompleted, DualAssignmentCreated, Leg, LegStatus, LegStatusChanged
from shared.errors import NotAllowed


class Status(StrEnum):
    """open 办理中, completed 已办结."""

    OPEN = "open"
    COMPLETED = "completed"


_ORDER = [LegStatus.CREATED, LegStatus.ACCEPTED, LegStatus.ENDED]


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
        return DualAssignmentCreated(dual_assignment_id=self.id, lead_id=self.lead_id, effective_at=self.created_at)

    def move(self, leg: Leg, status: LegStatus, *, at: datetime) -> tuple[Self, tuple[Event, ...]]:
        """A leg moved one step on. → the parent, and what to say: the leg's status, and the completion when both have ended.

        Raises `NotAllowed` for a step back, a repeat or a leap.
        """
        now = self.crime if leg is Leg.CRIME else self.discipline
        if _ORDER.index(status) != _ORDER.index(now) + 1:
            raise NotAllowed(f"the {leg} leg is {now}; it cannot become {status}")
        crime, discipline = (status, self.discipline) if leg is Leg.CRIME else (self.crime, status)
        dual = replace(self, version=self.version + 1, crime=crime, discipline=discipline)
        said: list[Event] = [
            LegStatusChanged(dual_assignment_id=self.id, lead_id=self.lead_id, leg=leg, status=status, effective_at=at)
        ]
        if dual.crime is dual.discipline is LegStatus.ENDED:
            dual = replace(dual, completed_at=at)
            said.append(DualAssignmentCompleted(dual_assignment_id=self.id, lead_id=self.lead_id, effective_at=at))
        return dual, tuple(said)
