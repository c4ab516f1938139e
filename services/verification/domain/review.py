"""Quality review of a drawn conclusion 评查 (D36, §4.2): what is drawn, how the random part is drawn, and who may review. Pure.

Drawn are every 诬告 (C8, for which this is the second person's approval, G16), all conclusions of level 重大, every 查否 of a matter that
was reported again twice or more, and a random fifth of the other 查否. The month's seed is committed to before the month, what other
services sign first after that is added (of two at least), and the work's own id decides with both: who concludes does not know the seed,
and who could have chosen the seed did not know the signatures. Anyone recomputes it when the seed is published, after the month. While a
month's draw is not fixed, every 查否 is reviewed.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from services.verification.domain.accusation import Decision
from services.verification.domain.work import Because, Conclusion, Work
from shared.codes import Labelled
from shared.deadlines import Calendar, china_date, in_force
from shared.errors import Forbidden, Invalid, NotAllowed
from shared.secrecy import refuse_marked
from shared.two_people import Person, must_be_none_of

SHARE = 20
"""Per cent of what is refuted [DESIGN, §4.2]."""
REPEATS = 2
MAJOR = "major"
"""The code of level 重大."""
LIMIT, REWORK = "D36", "D10"
APART = "经办过该线索或应当回避的人员不得评查 / whoever took part in the verification, or has to be left out, does not review it"
_SCALE = 1 << 64


class ReviewState(Labelled):
    """Where a review stands. 评查状态"""

    WAITING = "waiting", "待评查", "waiting"
    PASSED = "passed", "评查通过", "passed"
    RETURNED = "returned", "评查退回", "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The draw of one month; `beacons` are None until they are fixed."""

    month: date
    seed: bytes
    beacons: tuple[str, ...] | None = None

    def token(self, work_id: UUID) -> str:
        """The name of a work on the published list; it tells nothing of the work to who has not the seed."""
        return hashlib.sha256(b"xiansuo.review.token.v1\n" + self.seed + str(work_id).encode()).hexdigest()[:32]

    def draws(self, token: str) -> bool:
        """Whether the entry of this name is drawn; all are while the draw is not fixed."""
        if self.beacons is None:
            return True
        key = hashlib.sha256(b"\n".join((b"xiansuo.review.draw.v1", self.seed, *map(str.encode, sorted(self.beacons)))))
        ticket = hashlib.sha256(key.digest() + token.encode()).digest()[:8]
        return int.from_bytes(ticket) * 100 < SHARE * _SCALE


def commitment(seed: bytes) -> str:
    """What is published before the month."""
    return hashlib.sha256(b"xiansuo.review.seed.v1\n" + seed).hexdigest()


def faults(published: Mapping[str, Any]) -> list[str]:
    """What is wrong with a published month; nothing when it is right. Raises ValueError, KeyError, TypeError for what is none."""
    draw = Draw(
        month=date.fromisoformat(f"{published['month']}-01"),
        seed=bytes.fromhex(published["seed"]),
        beacons=None if published["beacons"] is None else tuple(published["beacons"]),
    )
    found = []
    if commitment(draw.seed) != published["commitment"]:
        found.append("种子与事先公布的承诺不符 / the seed is not the one that was committed to")
    if any(bool(entry["drawn"]) is not draw.draws(entry["token"]) for entry in published["entries"]):
        found.append("抽取结果不符 / others would have been drawn")
    return found


def needs_draw(work: Work, conclusion: Conclusion, repeats: int) -> bool:
    """Whether chance decides."""
    return work.level != MAJOR and conclusion is Conclusion.C3 and repeats < REPEATS


def because(
    work: Work, conclusion: Conclusion, repeats: int, *, drawn: bool, before: Because | None = None
) -> Because | None:
    """Why this conclusion is reviewed; None: it is not. `before`: why an earlier one of the work was: who was drawn once does not escape by
    concluding again in another month."""
    if conclusion is Conclusion.C8:
        return Because.ACCUSATION
    if work.level == MAJOR:
        return Because.MAJOR
    if conclusion is not Conclusion.C3:
        return None
    if repeats >= REPEATS:
        return Because.REPEATS
    return Because.RANDOM if drawn or before is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who has no say in the review of a work: units and accounts that took part in verifying the lead, and staff who verified it or must
    be left out of it (G4, G10)."""

    units: frozenset[str]
    accounts: frozenset[str]
    staff: frozenset[str]

    def must_not_review(self, by: Person, numbers: Collection[str]) -> None:
        """`numbers` are the staff numbers of the one who acts. Raises `Forbidden`; the words do not tell which of the reasons it is."""
        if by.unit in self.units:
            raise Forbidden("承办单位的人员不得评查本单位的结论 / nobody of a unit that verified it reviews it")
        must_be_none_of(self.accounts, by, APART)
        if not self.staff.isdisjoint(numbers):
            raise Forbidden(APART)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One conclusion that waits, or what became of it. A transition returns the new state; what is not allowed raises."""

    work_id: UUID
    number: int
    because: Because
    conclusion: Conclusion
    concluded_at: datetime
    concluded_by: str | None
    due_on: date
    state: ReviewState = ReviewState.WAITING
    reason: str | None = None
    rework_by: date | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: Decision | None = None
    """The formal decision that 诬告 rests on (C8 alone, G16)."""

    @classmethod
    def begin(
        cls,
        work_id: UUID,
        number: int,
        why: Because,
        conclusion: Conclusion,
        *,
        by: str | None,
        at: datetime,
        decision: Decision | None = None,
    ) -> Self:
        """It was drawn; D36 runs from now on. `by`: who concluded, None where a restore has lost it."""
        return cls(
            work_id=work_id,
            number=number,
            because=why,
            conclusion=conclusion,
            concluded_at=at,
            concluded_by=by,
            due_on=_after(LIMIT, at),
            decision=decision,
        )

    def decide(self, *, passed: bool, reason: str | None, by: str, at: datetime) -> Self:
        """The conclusion stands, or goes back with a reason that the unit reads. Raises `NotAllowed`, `Invalid`."""
        if self.state is not ReviewState.WAITING:
            raise NotAllowed(f"不能评查:{self.state.zh} / cannot review: it is {self.state.en}")
        refuse_marked("reason", [reason or ""])
        decided = replace(self, reason=reason, decided_by=by, decided_at=at)
        if passed:
            return replace(decided, state=ReviewState.PASSED)
        if reason is None:
            raise Invalid(
                "退回须写明理由 / say why it is returned", fields=[("reason", "退回时必填 / needed to return")]
            )
        return replace(decided, state=ReviewState.RETURNED, rework_by=_after(REWORK, at))


def parties(works: Iterable[Work], accounts: Iterable[str], excluded: Collection[str]) -> Parties:
    """Of all works on a lead, and of those who must be left out of it."""
    known = list(works)
    staff = {verifier.staff for work in known for verifier in work.verifiers}
    return Parties(
        units=frozenset(work.unit for work in known), accounts=frozenset(accounts), staff=frozenset({*staff, *excluded})
    )


def _after(limit: str, at: datetime) -> date:
    """By the calendar of the holiday notices that are part of the program; a notice that came later is told by intake, who keeps the
    limit."""
    day = china_date(at)
    return in_force(day).limits[limit].after(day, Calendar()).on
