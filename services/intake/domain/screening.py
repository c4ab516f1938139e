"""A screening task 排查 (M49): a unit combs its field and says what it found. To find nothing is an answer like any other:
nothing counts it, nothing chases it, no unit is compared by it (G17)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

from shared.codes import Labelled
from shared.contracts.screenings import ScreeningOpened, ScreeningReturned
from shared.errors import NotAllowed


class ScreeningState(Labelled):
    """Where a task stands. 排查状态"""

    OPEN = "open", "进行中", "under way"
    RETURNED = "returned", "已反馈", "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """One task for one unit."""

    id: UUID
    title: str
    scope: str
    unit: str
    due_on: date
    opened_by: str
    opened_at: datetime
    state: ScreeningState = ScreeningState.OPEN
    returned_by: str | None = None
    returned_at: datetime | None = None
    zero_return: bool | None = None
    note: str | None = None

    @property
    def opened(self) -> ScreeningOpened:
        """What is said of a new one."""
        return ScreeningOpened(screening_id=self.id, unit=self.unit, due_on=self.due_on, effective_at=self.opened_at)

    def must_be_open(self) -> None:
        """For a finding. Raises `NotAllowed`."""
        if self.state is not ScreeningState.OPEN:
            raise NotAllowed("排查已反馈 / the screening is returned already")

    def give_back(self, *, found: bool, note: str | None, by: str, at: datetime) -> tuple[Self, ScreeningReturned]:
        """The unit says that it is done, also when it found nothing, also after the day. Raises `NotAllowed`."""
        self.must_be_open()
        returned = replace(
            self,
            state=ScreeningState.RETURNED,
            returned_by=by,
            returned_at=at,
            zero_return=not found,
            note=note,
        )
        return returned, ScreeningReturned(screening_id=self.id, unit=self.unit, zero_return=not found, effective_at=at)
