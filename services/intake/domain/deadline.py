"""The running limits of a lead 期限: classify (D02), assign (D03), then two for an assignment, sign for receipt (D04) and conclude (D07).

Frozen; a transition returns (new state, events). When a limit ends and what is due when comes from `shared.deadlines`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from services.intake.domain.codes import Level
from services.intake.domain.lead import RESULT_LIMIT, Lead
from shared.contracts.envelope import Event
from shared.contracts.intake import DeadlineColoured, DeadlineEscalated, DeadlineKind, DeadlineMoved
from shared.deadlines import (
    Calendar,
    Colour,
    Deadline,
    Due,
    Limit,
    Pauses,
    Schedule,
    Step,
    china_date,
    is_paused,
    profile_of,
    schedule,
    start_of,
)
from shared.errors import NotAllowed

URGENT = "D02u"
"""That it runs for a lead which is not urgent is what is kept of a reporter's claim that nobody has looked at (docs/decisions/0108)."""
KIND_WORDS = {
    DeadlineKind.CLASSIFY: ("分类", "classify"),
    DeadlineKind.ASSIGN: ("交办", "assign"),
    DeadlineKind.SIGN: ("签收", "sign for receipt"),
    DeadlineKind.FIRST_REPORT: ("首报", "report for the first time"),
    DeadlineKind.CONCLUDE: ("办结", "conclude"),
    DeadlineKind.RULE: ("裁定管辖", "rule the dispute"),
    DeadlineKind.REDIRECT: ("主管部门办理", "hear from the regulator"),
    DeadlineKind.FEEDBACK: ("反馈举报人", "tell the reporter"),
    DeadlineKind.MEET: ("约见举报人", "meet the reporter"),
    DeadlineKind.OBJECTION: ("审查异议", "decide on the objection"),
    DeadlineKind.REVIEW: ("评查", "review the conclusion"),
    DeadlineKind.REWORK: ("退查重报", "report again after a return"),
}
OF_THE_LEAD = tuple(kind for kind in DeadlineKind if kind is not DeadlineKind.MEET)
"""What a lead waits for as a whole; to meet its reporter is not the unit's alone, and of a repeat nobody else's (docs/decisions/0110)."""
HARD = {"D04": "D04h", "D06": "D06h", "D11": "D11h"}
"""Limits that have a last day of all."""
LOOK_AGAIN = "D07w"
"""How long what could not be verified waits at most (§2.4, C4)."""
REGULATORS_RESULT = "D29r"
"""The limit that a regulator's result has to keep."""
Said = DeadlineColoured | DeadlineEscalated
Because = Literal["paused", "resumed", "notice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadDeadline:
    """One limit of a lead, from its start until what it asks for is done. `next_at`: when the next colour or measure is due."""

    lead_id: UUID
    kind: DeadlineKind
    round: int
    limit_id: str
    profile_version: str
    started_at: datetime
    superior: date | None
    due: Deadline
    due_at: datetime
    yellow_at: datetime
    orange_at: datetime
    next_at: datetime | None
    calendar_no: int
    pauses: Pauses = ()
    stood_still: Pauses = ()
    """Those of the pauses in which the whole lead was suspended: they alone move its last day of all."""
    stopped_at: datetime | None = None
    extension: int = 0
    """Natural days more, granted once (D08, D29x)."""

    @classmethod
    def start(
        cls,
        lead_id: UUID,
        kind: DeadlineKind,
        limit_id: str,
        *,
        profile_version: str,
        days: Calendar,
        at: datetime,
        number: int = 1,
        superior: date | None = None,
    ) -> Self:
        """It begins to run; `number` is that of the assignment."""
        plan = schedule(profile_of(profile_version)[limit_id], at, days, superior=superior)
        return cls(
            lead_id=lead_id,
            kind=kind,
            round=number,
            limit_id=limit_id,
            profile_version=profile_version,
            started_at=at,
            superior=superior,
            next_at=plan.ladder[0].at,
            calendar_no=days.number,
            **_dates(plan),
        )

    @property
    def limit(self) -> Limit:
        """The limit, in the version of the profile that the lead started with."""
        return profile_of(self.profile_version)[self.limit_id]

    def colour(self, now: datetime) -> Colour:
        """Its colour at this instant; that of its end once it has ended."""
        now = min(now, self.stopped_at) if self.stopped_at else now
        plan = Schedule(due=self.due, due_at=self.due_at, yellow_at=self.yellow_at, orange_at=self.orange_at, ladder=())
        return plan.colour(now)

    def is_paused(self, now: datetime) -> bool:
        """Whether this day does not count."""
        return self.stopped_at is None and is_paused(self.pauses, china_date(now))

    def fire(self, said: Mapping[str, datetime], *, days: Calendar, now: datetime) -> tuple[Self, list[Said]]:
        """What is due by now, in order and each once. `said`: when each code was last said; again only when it is due later than that,
        because the end was moved, and then nothing that comes before what stands."""
        plan = self.plan(days)
        due: list[Due] = []
        for each in plan.passed(now):
            if each.what in said and each.at <= said[each.what]:
                due.clear()
            else:
                due.append(each)
        return replace(self, next_at=plan.next_at(now)), [self._event(each.what, each.at) for each in due]

    def count_again(self, days: Calendar, *, now: datetime) -> tuple[Self, list[Event]]:
        """As a newer calendar has it; says so when it ends on another day, or is not provisional any more."""
        return self._moved(self.pauses, "notice", days=days, now=now)

    def pause(self, pauses: Pauses, *, pause_id: UUID, days: Calendar, now: datetime) -> tuple[Self, list[Event]]:
        """With one pause more, which is the last of these."""
        last = pauses[-1]
        more = {"pause_id": pause_id, "first": last.first, "last": last.last}
        return self._moved(pauses, "paused", days=days, now=now, always=more)

    def resume(
        self, pauses: Pauses, *, pause_id: UUID, first: date, last: date, days: Calendar, now: datetime
    ) -> tuple[Self, list[Event]]:
        """With its last pause cut short."""
        more = {"pause_id": pause_id, "first": first, "last": last}
        return self._moved(pauses, "resumed", days=days, now=now, always=more)

    def extend(self, number: int, *, calendar: Calendar, now: datetime) -> tuple[Self, DeadlineMoved]:
        """So many natural days more; the superior's date stays what it is."""
        extended = replace(self, extension=number)
        plan = extended.plan(calendar)
        extended = replace(extended, calendar_no=calendar.number, next_at=plan.next_at(now), **_dates(plan))
        return extended, DeadlineMoved(**extended.common(), because="extended", days=number, effective_at=now)

    def of_level(self, limit_id: str, *, calendar: Calendar, now: datetime) -> Self:
        """Counted from its start by the limit of a higher level (D07); pauses, an extension and the superior's date stay what they are, and
        it never ends sooner than it did."""
        counted = replace(self, limit_id=limit_id)
        plan = counted.plan(calendar)
        if plan.due_at < self.due_at:
            return self
        next_at = now if plan.passed(now) else plan.next_at(now)
        return replace(counted, calendar_no=calendar.number, next_at=next_at, **_dates(plan))

    def _moved(
        self,
        pauses: Pauses,
        because: Because,
        *,
        days: Calendar,
        now: datetime,
        always: dict[str, Any] | None = None,
    ) -> tuple[Self, list[Event]]:
        counted = replace(self, pauses=pauses)
        plan = counted.plan(days)
        counted = replace(counted, calendar_no=days.number, **_dates(plan))
        # if something is due by now, the timer looks at once and knows what it has said
        counted = replace(counted, next_at=now if plan.passed(now) else plan.next_at(now))
        if counted.due == self.due and always is None:
            return counted, []
        said = DeadlineMoved(**counted.common(), because=because, effective_at=now, **(always or {}))
        return counted, [said]

    def latest(self, days: Calendar) -> date | None:
        """Its last day of all (D04, D06, D11), if it has one: no pause that is asked for goes beyond it."""
        if self.limit_id not in HARD:
            return None
        whole = profile_of(self.profile_version)[HARD[self.limit_id]]
        return schedule(whole, self.started_at, days, pauses=self.stood_still).due.on

    def must_end_in_time(self, days: Calendar) -> None:
        """Raises `NotAllowed` when it ends after its last day of all."""
        latest = self.latest(days)
        if latest is not None and self.due.on > latest:
            raise NotAllowed(
                f"该期限最迟至{latest},暂停不得超过 / its last day of all is {latest}; no pause goes beyond it"
            )

    def plan(self, days: Calendar) -> Schedule:
        """All of it as this calendar has it."""
        return schedule(
            self.limit, self.started_at, days, superior=self.superior, pauses=self.pauses, extension=self.extension
        )

    def _event(self, what: Colour | Step, at: datetime) -> Said:
        if isinstance(what, Colour):
            return DeadlineColoured(**self.common(), colour=what.value, effective_at=at)
        return DeadlineEscalated(**self.common(), step=what.value, effective_at=at)

    def common(self) -> dict[str, Any]:
        """What every event about it says."""
        return {
            "lead_id": self.lead_id,
            "kind": self.kind,
            "round": self.round,
            "limit_id": self.limit_id,
            "due_on": self.due.on,
            "provisional": self.due.provisional,
        }


def what_of(event: Said) -> str:
    """The code of the colour or measure that was said."""
    return event.colour if isinstance(event, DeadlineColoured) else event.step


def _dates(plan: Schedule) -> dict[str, Any]:
    return {"due": plan.due, "due_at": plan.due_at, "yellow_at": plan.yellow_at, "orange_at": plan.orange_at}


def to_classify(lead: Lead, *, days: Calendar, at: datetime, claimed: bool = False) -> LeadDeadline:
    """What runs from its registration (D02): four hours when it is urgent, or when its reporter claims so."""
    return _of(lead, DeadlineKind.CLASSIFY, URGENT if lead.urgent or claimed else "D02", days=days, at=at)


def to_assign(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What runs from its classification (D03)."""
    return _of(lead, DeadlineKind.ASSIGN, "D03", days=days, at=at)


def to_look_again(lead: Lead, *, days: Calendar, at: datetime, on: date | None = None) -> LeadDeadline:
    """What runs from the conclusion that it cannot be verified (C4): by then, or by the day that was set, it is assigned again."""
    return _of(lead, DeadlineKind.ASSIGN, LOOK_AGAIN, days=days, at=at, superior=on)


def to_rule(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What runs from a dispute (D05)."""
    return _of(lead, DeadlineKind.RULE, "D05r", days=days, at=at)


def to_receipt(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What runs from its redirection until the regulator takes it or gives it back (D29: sort in 15 days)."""
    return _of(lead, DeadlineKind.REDIRECT, "D29", days=days, at=at)


def to_hear(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What runs on from the receipt, counted from the redirection `at`: the regulator's result (D29: conclude in 60 days)."""
    return _of(lead, DeadlineKind.REDIRECT, REGULATORS_RESULT, days=days, at=at)


def to_tell(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What runs from its conclusion: the reporter is told (D11)."""
    return _of(lead, DeadlineKind.FEEDBACK, "D11", days=days, at=at)


def to_review(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What runs from a conclusion that was drawn: its quality review (D36)."""
    return _of(lead, DeadlineKind.REVIEW, "D36", days=days, at=at)


def to_rework(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What runs from its return by the review: the unit reports again (D10)."""
    return _of(lead, DeadlineKind.REWORK, "D10", days=days, at=at)


def to_meet(lead: Lead, *, days: Calendar) -> tuple[LeadDeadline, ...]:
    """What runs from the receipt of a named report: its reporter is met, or at least reached for it (D06). None for one without a name."""
    if not lead.named:
        return ()
    return (_of(lead, DeadlineKind.MEET, "D06", days=days, at=start_of(lead.received_on)),)


def to_judge(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """What runs from the reporter's objection: it is decided (D12)."""
    return _of(lead, DeadlineKind.OBJECTION, "D12r", days=days, at=at)


def of_assignment(
    lead: Lead, *, days: Calendar, at: datetime, since: datetime | None = None
) -> tuple[LeadDeadline, ...]:
    """Those that run from an assignment: sign for receipt (D04), conclude (D07 from `since` on, the superior's date when it is earlier); of
    an urgent lead also the first report (D07f)."""
    if lead.assignment is None or lead.level is None:
        raise ValueError("the lead is not assigned")
    number = lead.assignment.number
    first = [to_report_first(lead, days=days, at=at, number=number)] if lead.urgent else []
    return (
        _of(lead, DeadlineKind.SIGN, lead.sign_limit, days=days, at=at, number=number),
        *first,
        to_conclude(lead, days=days, at=since or at, number=number),
    )


def to_report_first(lead: Lead, *, days: Calendar, at: datetime, number: int) -> LeadDeadline:
    """The first report of an urgent lead (D07f), from its assignment, or from when a unit's lead is found to be urgent."""
    return _of(lead, DeadlineKind.FIRST_REPORT, "D07f", days=days, at=at, number=number)


def to_conclude(lead: Lead, *, days: Calendar, at: datetime, number: int = 1) -> LeadDeadline:
    """The result (D07); also anew, when a parked lead is woken."""
    return _of(
        lead,
        DeadlineKind.CONCLUDE,
        lead.result_limit,
        days=days,
        at=at,
        number=number,
        superior=lead.upstream_deadline,
    )


def to_answer_superior(lead: Lead, *, days: Calendar, at: datetime) -> LeadDeadline:
    """A superior's lead that ended without a unit: the reply upstream is due like the result of one that a unit has (D07e)."""
    limit = lead.result_limit if lead.level else RESULT_LIMIT[Level.GENERAL]
    return _of(lead, DeadlineKind.CONCLUDE, limit, days=days, at=at, superior=lead.upstream_deadline)


def _of(lead: Lead, kind: DeadlineKind, limit_id: str, **more: Any) -> LeadDeadline:
    return LeadDeadline.start(lead.id, kind, limit_id, profile_version=lead.profile_version, **more)
