"""More time for the result 延期: of a unit (D08) or of a regulator (D29x). Asked for by unit or office, decided by another person, once an
assignment or redirection, before it ends."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from services.intake.domain.codes import Level
from services.intake.domain.deadline import REGULATORS_RESULT, LeadDeadline
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action, Status
from shared.codes import Labelled
from shared.contracts.intake import DeadlineKind, DeadlineMoved
from shared.deadlines import Calendar, Limit, check_extension, profile_of
from shared.errors import Forbidden, NotAllowed
from shared.two_people import Person, must_be_another


class State(Labelled):
    """Where a request for more time stands. 延期申请状态"""

    ASKED = "asked", "待批", "asked for"
    GRANTED = "granted", "已批准", "granted"
    REFUSED = "refused", "不予批准", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """So many natural days more for the result of an assignment, or of a redirection (`kind`)."""

    id: UUID
    lead_id: UUID
    kind: DeadlineKind
    round: int
    days: int
    reason: str
    asked_by: str
    asked_at: datetime
    state: State = State.ASKED
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None

    @classmethod
    def ask(
        cls,
        extension_id: UUID,
        lead: Lead,
        limit: LeadDeadline,
        days: int,
        reason: str,
        *,
        by: str,
        calendar: Calendar,
        at: datetime,
    ) -> Self:
        """Ask for it. Raises `NotAllowed`, `Invalid`."""
        _check(lead, limit, days, calendar=calendar, at=at)
        return cls(
            id=extension_id,
            lead_id=lead.id,
            kind=limit.kind,
            round=limit.round,
            days=days,
            reason=reason,
            asked_by=by,
            asked_at=at,
        )

    def decide(
        self,
        lead: Lead,
        limit: LeadDeadline,
        *,
        grant: bool,
        reason: str | None,
        by: Person,
        calendar: Calendar,
        at: datetime,
    ) -> tuple[Self, LeadDeadline, DeadlineMoved | None]:
        """Another person grants or refuses it; 重大 is for the leading group. Raises `Forbidden`, `NotAllowed`, `Invalid`."""
        decides = "ldr" if lead.level is Level.MAJOR else "ofd"
        if decides not in by.roles:
            raise Forbidden(f"该级别线索的延期由{decides}审批 / the extension of such a lead is decided by {decides}")
        if self.state is not State.ASKED:
            raise NotAllowed(f"该申请{self.state.zh} / the request is {self.state.en}")
        must_be_another(self.asked_by, by, "申请人不能批准自己的申请 / whoever asked does not decide")
        decided = replace(self, decided_by=by.sub, decided_at=at, decision_reason=reason)
        if not grant:
            return replace(decided, state=State.REFUSED), limit, None
        if (limit.kind, limit.round) != (self.kind, self.round):
            raise NotAllowed("该期限已结束 / that limit has ended")
        _check(lead, limit, self.days, calendar=calendar, at=at)
        moved, said = limit.extend(self.days, calendar=calendar, now=at)
        if moved.due == limit.due:
            raise NotAllowed("上级规定的期限不能延期 / the superior's date is nobody's here to move")
        return replace(decided, state=State.GRANTED), moved, said


def extended_kind(lead: Lead) -> DeadlineKind:
    """Whose time is extended where the lead stands: the regulator's, or the unit's."""
    return DeadlineKind.REDIRECT if lead.status is Status.REDIRECTED else DeadlineKind.CONCLUDE


def most_days(lead: Lead, kind: DeadlineKind) -> Limit:
    """How long an extension may be (D08, D29x)."""
    if kind is DeadlineKind.REDIRECT:
        return profile_of(lead.profile_version)["D29x"]
    return profile_of(lead.profile_version)["D08a" if lead.level is Level.GENERAL else "D08"]


def _check(lead: Lead, limit: LeadDeadline, days: int, *, calendar: Calendar, at: datetime) -> None:
    lead.must_allow(Action.EXTEND)
    if limit.stopped_at is not None:
        raise NotAllowed("办结期限已结束 / the limit to conclude has stopped")
    if limit.kind is DeadlineKind.REDIRECT and limit.limit_id != REGULATORS_RESULT:
        raise NotAllowed("尚无主管部门回执,不能延期 / before the regulator's receipt there is nothing to extend")
    check_extension(limit.plan(calendar), days, most=most_days(lead, limit.kind), extended=limit.extension > 0, now=at)
