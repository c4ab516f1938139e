"""The work on a lead 核查任务: arrived, accepted by the unit with two verifiers, concluded."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from shared.contracts.verification import WorkAccepted, WorkConcluded, WorkOpened
from shared.errors import Forbidden, Invalid, NotAllowed
from shared.secrecy import refuse_marked

MIN_VERIFIERS = 2


class Status(StrEnum):
    """opened 已到达, accepted 核查中, concluded 已有结论."""

    OPENED = "opened"
    ACCEPTED = "accepted"
    CONCLUDED = "concluded"


class Conclusion(StrEnum):
    """Conclusion categories of §2.4; C7 (merged) and C8 (false accusation) have procedures of their own."""

    C1 = "C1"
    """查实"""
    C2 = "C2"
    """部分查实"""
    C3 = "C3"
    """查否"""
    C4 = "C4"
    """无法查证 / 暂存"""
    C5 = "C5"
    """移交"""
    C6 = "C6"
    """不属于涉黑涉恶,转治乱"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """One verifier, by staff number, with the date of the recusal statement for this lead."""

    staff: str
    recusal_statement_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work on one lead. A transition returns the new state and the event; what is not allowed raises `NotAllowed`."""

    id: UUID
    lead_id: UUID
    assignment_no: int
    unit: str
    level: str
    sign_by: date
    due_on: date
    provisional: bool
    status: Status
    version: int
    opened_at: datetime
    verifiers: tuple[Verifier, ...] = ()
    plan: str | None = None
    conclusion: Conclusion | None = None

    @property
    def opened(self) -> WorkOpened:
        """The event of its arrival."""
        return WorkOpened(work_id=self.id, lead_id=self.lead_id, unit=self.unit, effective_at=self.opened_at)

    def accept(
        self, verifiers: Iterable[Verifier], plan: str, *, unit: str, on: date, at: datetime
    ) -> tuple[Self, WorkAccepted]:
        """The unit signs, names its verifiers and plan (N07, G-TWO). `on` is the day in China of `at`.

        Raises `Forbidden` for another unit's leader, `NotAllowed`, and `Invalid` for fewer than two different verifiers, a recusal
        statement dated later than today, no plan, or one with a secrecy mark.
        """
        self._must_be(Status.OPENED, "accept")
        if unit != self.unit:
            raise Forbidden("the work is assigned to another unit")
        named = tuple(verifiers)
        if len({verifier.staff for verifier in named}) < MIN_VERIFIERS or len({v.staff for v in named}) != len(named):
            raise Invalid(
                "at least two different verifiers are needed", fields=[("verifiers", "two different persons")]
            )
        if any(verifier.recusal_statement_on > on for verifier in named):
            raise Invalid("a recusal statement is dated in the future", fields=[("verifiers", "recusal_statement_on")])
        if not plan.strip():
            raise Invalid("a plan is needed", fields=[("plan", "empty")])
        refuse_marked("plan", [plan])
        work = replace(self, status=Status.ACCEPTED, version=self.version + 1, verifiers=named, plan=plan.strip())
        event = WorkAccepted(
            work_id=self.id,
            lead_id=self.lead_id,
            unit=self.unit,
            verifier_count=len(named),
            plan_on_file=True,
            recusals_on_file=True,
            effective_at=at,
        )
        return work, event

    def conclude(self, conclusion: Conclusion, *, unit: str, at: datetime) -> tuple[Self, WorkConcluded]:
        """The work ends with a conclusion. Raises `NotAllowed`, `Forbidden`."""
        self._must_be(Status.ACCEPTED, "conclude")
        if unit != self.unit:
            raise Forbidden("the work is assigned to another unit")
        work = replace(self, status=Status.CONCLUDED, version=self.version + 1, conclusion=conclusion)
        return work, WorkConcluded(work_id=self.id, lead_id=self.lead_id, conclusion=conclusion.value, effective_at=at)

    def _must_be(self, status: Status, action: str) -> None:
        if self.status is not status:
            raise NotAllowed(f"cannot {action}: the work is {self.status}, not {status}")
