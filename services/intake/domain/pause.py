"""A pause of a running limit 期限暂停: one person asks for it, another grants or refuses it; it ends by itself on its last day."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

from services.intake.domain.deadline import KIND_WORDS, LeadDeadline
from shared.codes import Labelled
from shared.contracts.intake import DeadlineKind
from shared.deadlines import Pause, Unit, china_date
from shared.errors import Invalid, NotAllowed
from shared.two_people import Person, must_be_another

SUSPENSION = "system:suspension"
"""Who asks for the days in which a suspended lead stood still."""
LONGEST = 90
"""Days: whoever needs longer asks again and is looked at again."""


class Status(Labelled):
    """Where a request for a pause stands. 暂停申请状态"""

    ASKED = "asked", "待批", "asked for"
    GRANTED = "granted", "已批准", "granted"
    REFUSED = "refused", "不予批准", "refused"
    RESUMED = "resumed", "已提前恢复", "ended early"


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequest:
    """The request, and what became of it. `first` and `last` are the days that do not count, once it is granted."""

    id: UUID
    lead_id: UUID
    kind: DeadlineKind
    round: int
    until: date
    reason: str
    asked_by: str
    asked_at: datetime
    status: Status = Status.ASKED
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    first: date | None = None
    last: date | None = None

    @property
    def days(self) -> Pause | None:
        """The days that do not count; None when there are none."""
        if self.first is None or self.last is None or self.last < self.first:
            return None
        return Pause(self.first, self.last)

    @classmethod
    def ask(cls, request_id: UUID, deadline: LeadDeadline, until: date, reason: str, *, by: str, at: datetime) -> Self:
        """Ask that the limit stands still up to and including `until`. Raises `NotAllowed`, `Invalid`."""
        _must_run(deadline, at)
        if deadline.limit.unit is Unit.HOURS:
            raise NotAllowed("按小时计的期限不能暂停 / a limit in hours is urgent and not paused")
        if deadline.is_paused(at):
            raise NotAllowed("期限已在暂停中 / it is paused already")
        today = china_date(at)
        if not today <= until <= today + timedelta(days=LONGEST):
            told = f"应为今天起{LONGEST}天内 / must be within {LONGEST} days from today"
            raise Invalid(told, fields=[("until", told)])
        return cls(
            id=request_id,
            lead_id=deadline.lead_id,
            kind=deadline.kind,
            round=deadline.round,
            until=until,
            reason=reason,
            asked_by=by,
            asked_at=at,
        )

    def decide(self, deadline: LeadDeadline, *, grant: bool, reason: str | None, by: Person, at: datetime) -> Self:
        """Another person grants it from today on, or refuses it. Raises `Forbidden` for the one who asked, `NotAllowed`."""
        if self.status is not Status.ASKED:
            raise NotAllowed(f"该申请{self.status.zh} / the request is {self.status.en}")
        must_be_another(self.asked_by, by, "申请人不能批准自己的申请 / whoever asked does not decide")
        decided = replace(self, decided_by=by.sub, decided_at=at, decision_reason=reason)
        if not grant:
            return replace(decided, status=Status.REFUSED)
        _must_run(deadline, at)
        today = china_date(at)
        if self.until < today:
            raise NotAllowed("申请的日子已过 / the days that were asked for are over")
        return replace(decided, status=Status.GRANTED, first=today, last=self.until)

    def resume(self, deadline: LeadDeadline, *, at: datetime) -> Self:
        """Today counts again. Raises `NotAllowed` when it is not paused by this request."""
        today = china_date(at)
        if (
            deadline.stopped_at is not None
            or self.status is not Status.GRANTED
            or self.last is None
            or self.last < today
        ):
            raise NotAllowed("期限不在该暂停中 / it is not paused by this request")
        return replace(self, status=Status.RESUMED, last=today - timedelta(days=1))


def _must_run(deadline: LeadDeadline, at: datetime) -> None:
    zh, en = KIND_WORDS[deadline.kind]
    if deadline.stopped_at is not None:
        raise NotAllowed(f"“{zh}”期限已结束 / the limit to {en} has stopped")
    if at >= deadline.due_at:
        # a pause does not make a delay undone
        raise NotAllowed(f"“{zh}”期限已超期,不能暂停 / the limit to {en} is overdue and not paused any more")
