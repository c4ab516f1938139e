"""What the two legs of a dual assignment may exchange beyond a status and a date (§4.3): a hold that both leaders agree to, and requests
"we need X" between two named contacts. Codes and days only: no text crosses the wall. Frozen and pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

from services.intake.domain.dual_assignment import DualAssignment
from services.intake.domain.dual_assignment import Status as DualStatus
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import HANDED_OVER
from shared.codes import Labelled
from shared.contracts.intake import DualHoldReleased, DualHoldSet, Leg
from shared.errors import Forbidden, Invalid, NotAllowed
from shared.two_people import Person, must_be_another

LONGEST = 60
"""Days: whoever needs longer asks again, and the later one takes the place of the one that stands."""
OTHER_CONTACT = "须由对方联系人答复 / the other leg's contact answers"


class Delayed(Labelled):
    """What waits while a hold stands. 暂缓事项"""

    ARREST = "arrest", "抓捕", "an arrest"
    PUBLICATION = "publication", "公开发布", "a publication"


class HoldState(Labelled):
    """Where a hold stands. 暂缓状态"""

    ASKED = "asked", "待对方负责人同意", "asked for"
    STANDING = "standing", "暂缓中", "standing"
    REFUSED = "refused", "未同意", "refused"
    RELEASED = "released", "已解除", "released"


class Need(Labelled):
    """What one leg needs of the other. 需求事项"""

    DOCUMENTS = "documents", "书证、案卷材料", "documents"
    STATEMENTS = "statements", "证言、供述", "statements"
    PROPERTY = "property", "涉案财物情况", "property involved"
    EXPERT = "expert", "鉴定、技术协助", "an expert's help"
    PERSON = "person", "当面核实人员", "a person to be heard"
    MEETING = "meeting", "会商", "a meeting"


class Answer(Labelled):
    """What the other leg says. 答复"""

    YES = "yes", "可以提供", "yes"
    LATER = "later", "稍后提供", "later"
    NO = "no", "不能提供", "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The discipline leg asks for delay; the leader of the crime leg agrees; it ends on its last day, or before."""

    id: UUID
    dual_assignment_id: UUID
    lead_id: UUID
    what: Delayed
    until: date
    asked_by: str | None
    asked_at: datetime
    state: HoldState = HoldState.ASKED
    decided_by: str | None = None
    decided_at: datetime | None = None
    released_by: str | None = None
    released_at: datetime | None = None

    @classmethod
    def ask(
        cls, hold_id: UUID, dual: DualAssignment, what: Delayed, until: date, *, by: str, today: date, at: datetime
    ) -> Self:
        """Ask for it. Raises `NotAllowed` when nothing is open any more, `Invalid`."""
        _must_be_open(dual)
        if not today <= until <= today + timedelta(days=LONGEST):
            told = f"应为今天起{LONGEST}天内 / must be within {LONGEST} days from today"
            raise Invalid(told, fields=[("until", told)])
        return cls(
            id=hold_id,
            dual_assignment_id=dual.id,
            lead_id=dual.lead_id,
            what=what,
            until=until,
            asked_by=by,
            asked_at=at,
        )

    def decide(self, *, grant: bool, by: Person, today: date, at: datetime) -> tuple[Self, DualHoldSet | None]:
        """The leader of the other leg agrees, or not. Raises `NotAllowed`, `Forbidden`."""
        self._must_be(HoldState.ASKED)
        must_be_another(self.asked_by, by, "须由另一方负责人同意 / the leader of the other leg agrees")
        decided = replace(self, decided_by=by.sub, decided_at=at)
        if not grant:
            return replace(decided, state=HoldState.REFUSED), None
        if self.until < today:
            raise NotAllowed("申请的日子已过 / the days that were asked for are over")
        said = DualHoldSet(
            dual_assignment_id=self.dual_assignment_id,
            lead_id=self.lead_id,
            hold_id=self.id,
            what=self.what.value,
            until=self.until,
            effective_at=at,
        )
        return replace(decided, state=HoldState.STANDING), said

    def must_outlast(self, standing: Iterable[Self]) -> None:
        """Of each kind one stands at a time, so that the end of one is the end of the delay. Raises `NotAllowed` unless this one ends after
        `standing`, those of its kind, whose place it would take."""
        last = max((each.until for each in standing), default=None)
        if last and self.until <= last:
            raise NotAllowed(
                f"已暂缓至{last}(含),再次申请须更晚;需提前结束的先解除 / "
                f"it waits until {last} already: ask for longer, or release that first"
            )

    def release(self, *, by: str, at: datetime) -> tuple[Self, DualHoldReleased]:
        """It ends, by the clock or by the leg that asked. Raises `NotAllowed`."""
        self._must_be(HoldState.STANDING)
        said = DualHoldReleased(
            dual_assignment_id=self.dual_assignment_id,
            lead_id=self.lead_id,
            hold_id=self.id,
            what=self.what.value,
            effective_at=at,
        )
        return replace(self, state=HoldState.RELEASED, released_by=by, released_at=at), said

    def _must_be(self, state: HoldState) -> None:
        if self.state is not state:
            raise NotAllowed(f"该暂缓“{self.state.zh}” / the hold is {self.state.en}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One contact needs something of the other leg."""

    id: UUID
    dual_assignment_id: UUID
    from_leg: Leg
    need: Need
    asked_by: str
    asked_at: datetime
    answer: Answer | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None

    @classmethod
    def ask(
        cls,
        request_id: UUID,
        dual: DualAssignment,
        need: Need,
        *,
        contacts: dict[Leg, str],
        by: str,
        at: datetime,
    ) -> Self:
        """Ask. Raises `NotAllowed`, `Forbidden` for whoever is no contact, or while the other leg has none."""
        _must_be_open(dual)
        leg = leg_of(by, contacts)
        if len(contacts) < len(Leg):
            raise NotAllowed("对方尚未指定联系人 / the other leg has named no contact")
        return cls(id=request_id, dual_assignment_id=dual.id, from_leg=leg, need=need, asked_by=by, asked_at=at)

    def reply(self, answer: Answer, *, contacts: dict[Leg, str], by: Person, at: datetime) -> Self:
        """The other leg's contact answers; `later` may become yes or no. Raises `NotAllowed`, `Forbidden`."""
        if leg_of(by.sub, contacts) is self.from_leg:
            raise Forbidden(OTHER_CONTACT)
        must_be_another(self.asked_by, by, OTHER_CONTACT)
        if self.answer in (Answer.YES, Answer.NO):
            raise NotAllowed("该需求已答复 / it is answered already")
        return replace(self, answer=answer, answered_by=by.sub, answered_at=at)


def is_in_hand(lead: Lead, unit: str) -> bool:
    """Whether this unit is charged with the lead: no longer once it was taken back, ruled elsewhere or reopened for another team."""
    return lead.status in HANDED_OVER and lead.assignment is not None and lead.assignment.unit == unit


def leg_of(account: str, contacts: dict[Leg, str]) -> Leg:
    """The leg that this account speaks for. Raises `Forbidden`."""
    for leg, contact in contacts.items():
        if contact == account:
            return leg
    raise Forbidden("仅双方指定的联系人可以往来 / only the two named contacts exchange requests")


def _must_be_open(dual: DualAssignment) -> None:
    if dual.completed_at is not None:
        raise NotAllowed(f"双交办{DualStatus.COMPLETED.zh} / the dual assignment is {DualStatus.COMPLETED.en}")
