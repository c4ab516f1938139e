"""An objection 异议 of the reporter to an answer of the office (D12): once to each answer, within its time, decided by another person than
the one who stands behind the answer. Frozen and pure.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

from services.intake.domain.lead_states import Action, Status
from shared.codes import Labelled
from shared.deadlines import Calendar, Limit
from shared.errors import NotAllowed
from shared.two_people import Person, must_be_another


class Against(Labelled):
    """What is objected to. 异议对象"""

    FEEDBACK = "feedback", "反馈的结果", "the result that was fed back"
    DECLINE = "decline", "不予受理", "that it was not accepted"


class State(Labelled):
    """How it stands. 异议状态"""

    OPEN = "open", "待决定", "undecided"
    UPHELD = "upheld", "成立", "upheld"
    REFUSED = "refused", "不成立", "refused"


ANSWERED_BY = {Status.FED_BACK: (Against.FEEDBACK, "feed-back"), Status.NOT_ACCEPTED: (Against.DECLINE, "decline")}
"""In these states the office has answered: what, and by which deed."""
DONE_BY = {Against.FEEDBACK: Action.OBJECT, Against.DECLINE: Action.ACCEPT_AFTER_ALL}
"""What follows when it is upheld; a refusal is possible in the same states."""
REGULATORS = {Status.REDIRECTED: Action.END_REDIRECT, Status.CLOSED: Action.REOPEN}
"""Where a regulator has answered, and a master is closed: what is still to come there, so that a refusal is possible. Upheld it is by
reopening, by two."""
TO_OWN = frozenset({*ANSWERED_BY, *REGULATORS})
"""States in which a lead's own reporter may object; to what is closed only where its regulator's result did that."""
TO_REPEATS = frozenset({*ANSWERED_BY, Status.CLOSED})
"""States of a master in which the reporter of a repeat may object: he may be told after it was closed, or be merged into it then."""
NOTHING_YET = "尚无可提出异议的答复 / there is no answer yet to object to"
BY_LETTER = "该举报已并案或办结;有异议或新情况,请写信说明 / it is merged or closed; write a letter with what you object to, or what is new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the office answered: `deed` is the version of the lead that it made, `by` who stands behind it (None: a restore has lost it).
    `since`: of the answer to a repeat, and of a regulator's, the day of the result, which may be before it was told; None: it is the
    answer's own."""

    against: Against
    deed: int
    given_on: date
    by: str | None
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One objection; what it says lies in the mailbox as `message`. None: it was made by word of mouth. Of a repeat, and to what a
    regulator answered, `deed` is the version that entered it."""

    lead_id: UUID
    deed: int
    against: Against
    answered_by: str | None
    made_on: date
    message: int | None
    state: State = State.OPEN
    decided_by: str | None = None
    decided_at: datetime | None = None

    def decide(self, state: State, *, by: Person, at: datetime) -> Self:
        """It is upheld or refused. Raises `NotAllowed` when it is decided, `Forbidden` for who stands behind the answer."""
        if self.state is not State.OPEN:
            raise NotAllowed(f"异议已决定:{self.state.zh} / the objection is decided: {self.state.en}")
        must_be_another(self.answered_by, by, ANOTHER)
        return replace(self, state=state, decided_by=by.sub, decided_at=at)


ANOTHER = "异议须由另一人审查 / the objection is judged by another person than the one who answered"


def until(answer: Answer, *, limit: Limit, days: Calendar) -> date:
    """The last day on which the reporter may object."""
    return limit.after(answer.given_on, days).on


def must_be_in_time(answer: Answer, *, limit: Limit, days: Calendar, today: date) -> None:
    """Raises `NotAllowed` after the last day."""
    last = until(answer, limit=limit, days=days)
    if today > last:
        raise NotAllowed(
            f"异议期已于{last}届满;有新情况请写信 / the time to object ended on {last}; write a letter about anything new"
        )
