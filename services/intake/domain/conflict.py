"""Who may not check a lead (G-CONF, G2-G4): the units and persons too near to whom it is about. Pure; the directory says who is near whom.

刑诉法 §29-31, 监察法 §67, 信访工作条例 §28 (recusal), 检举控告规则 §15 (raise one level). A subject is a reference into the directory,
stated by the office; what was reported of persons outside it makes nobody partial.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from services.intake.domain.directory import Directory, Placement, Staff, Unit
from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from services.intake.domain.person_name import spelt
from shared.codes import Labelled
from shared.errors import Forbidden, NotAllowed
from shared.two_people import Person, must_be_another

CONCERNED = "本人或提出人不得自行决定 / neither the person nor who stated it decides"


class ConflictOfInterest(NotAllowed):
    """Too near to whom the lead is about, or an interest stands."""

    code, zh, en = "conflict-of-interest", "存在利害关系,应当回避", "Conflict of interest"


class Obstacle(Labelled):
    """Why a unit may not be charged with a lead. 回避情形"""

    OWN = "own", "本单位或其人员被反映", "the unit itself or one of its people is a subject"
    SUPERIOR = "superior", "其上级单位或上级单位人员被反映", "its superior line or someone in it is a subject"
    ABOVE = "above", "系被反映单位的上级单位", "it is in the superior line of a subject's unit"
    NEIGHBOUR = "neighbour", "与被反映单位同楼办公", "it sits in the same building as a subject's unit"
    CHAIN = (
        "chain",
        "被反映人系区级审核签字人,本区全部审核链回避",
        "a subject signs in the local chain, so no local unit can",
    )
    INTEREST = "interest", "负责人有未消除的利害关系", "someone who heads it has a standing interest"


class Ground(Labelled):
    """What makes a person partial (刑诉法 §29). 回避事由"""

    SUBJECT = "subject", "系当事人或被反映人", "is a party or a subject"
    RELATIVE = "relative", "系近亲属", "a close relative"
    STAKE = "stake", "本人或近亲属有利害关系", "has a stake, or a relative has"
    WITNESS = "witness", "曾任证人、鉴定人等", "was a witness or expert"
    OTHER = "other", "其他可能影响公正的关系", "another relation that may impair fairness"


class InterestStatus(Labelled):
    """Whether a declared interest or a challenge stands. 回避申请状态"""

    OPEN = "open", "待决定", "open"
    UPHELD = "upheld", "应当回避", "upheld"
    DISMISSED = "dismissed", "不需回避", "dismissed"


SIGNS_FOR_THE_DISTRICT = frozenset({Post.CHIEF, Post.DEPUTY_CHIEF, Post.BRIGADE_HEAD})
"""Steps 4 to 6 of 五长一警 are signed by the same persons whatever the station: none of them can be left out locally (G3)."""
HEADS = frozenset(
    {
        *(Post.CHIEF, Post.DEPUTY_CHIEF, Post.BRIGADE_HEAD, Post.STATION_HEAD, Post.STATION_DEPUTY, Post.SECRETARY),
        *(Post.HEAD, Post.DEPUTY_HEAD, Post.DIRECTOR, Post.DEPUTY_DIRECTOR, Post.TEAM_LEADER, Post.DEPUTY_TEAM_LEADER),
        *(Post.GROUP_LEADER, Post.GROUP_DEPUTY),
    }
)
DECIDERS: Mapping[str, tuple[str, str]] = {
    "pro": ("检察委员会", "the procuratorial committee"),
    "ldr": ("领导小组", "the leading group"),
    "ofd": ("扫黑办主任", "the director of the office"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a lead is about, as the directory knows them: a unit, a member of staff, or both."""

    unit: str | None = None
    staff: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """That someone may be partial in a lead: said by themselves (declared) or by another (challenged). It stands until it is dismissed."""

    id: UUID
    lead_id: UUID
    staff: str
    ground: Ground
    declared: bool
    decider: str
    reason: str
    stated_by: str
    stated_at: datetime
    status: InterestStatus = InterestStatus.OPEN
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it keeps the person away."""
        return self.status is not InterestStatus.DISMISSED

    def decide(self, *, upheld: bool, reason: str, by: Person, own_staff: str | None, at: datetime) -> Self:
        """The next level decides (G4). Raises `Forbidden` for all others, the person and who stated it; `NotAllowed` when decided."""
        if self.decider not in by.roles:
            zh, en = DECIDERS[self.decider]
            raise Forbidden(f"该回避由{zh}决定 / this is decided by {en}")
        must_be_another(self.stated_by, by, CONCERNED)
        if own_staff == self.staff:
            raise Forbidden(CONCERNED)
        if self.status is not InterestStatus.OPEN:
            raise NotAllowed(f"回避申请已决定:{self.status.zh} / it is decided: {self.status.en}")
        status = InterestStatus.UPHELD if upheld else InterestStatus.DISMISSED
        return replace(self, status=status, decided_by=by.sub, decided_at=at, decision_reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What stands between a unit and a lead: obstacles that refuse, and persons to be careful about."""

    obstacles: tuple[Obstacle, ...]
    relatives: tuple[str, ...] = ()
    """Staff of the unit with a relative among the subjects."""
    excluded: tuple[str, ...] = ()
    """Staff who must not take part, wherever they work."""


@dataclass(frozen=True, slots=True)
class Neutrality:
    """The check of units for one lead, on a day."""

    directory: Directory
    subjects: tuple[Subject, ...]
    interests: tuple[Interest, ...]
    day: date

    def of(self, unit: Unit) -> Findings:
        """What stands between this unit and the lead."""
        near = {code for subject in self.subjects for code in self._units_of(subject)}
        lines = {code: list(self.directory.line(code)) for code in near}
        line = list(self.directory.line(unit.code))
        buildings = {self.directory.units[code].building for code in near} - {None}
        chain = bool(self._posts_of_subjects() & SIGNS_FOR_THE_DISTRICT) and not unit.kind.outside
        heads = any(set(self._headed_by(one.staff)) & set(line) for one in self._standing())
        found = {
            Obstacle.OWN: unit.code in near,
            Obstacle.SUPERIOR: bool(near & set(line[1:])),
            Obstacle.ABOVE: any(unit.code in upwards[1:] for upwards in lines.values()),
            Obstacle.NEIGHBOUR: unit.code not in near and unit.building in buildings,
            Obstacle.CHAIN: chain,
            Obstacle.INTEREST: heads,
        }
        here = {one.staff for one in self._placed() if one.unit == unit.code}
        here |= {one.staff for one in self.directory.staff.values() if one.home_unit == unit.code}
        return Findings(
            obstacles=tuple(obstacle for obstacle, stands in found.items() if stands),
            relatives=tuple(sorted(here & self._relatives())),
            excluded=self.excluded,
        )

    @property
    def excluded(self) -> tuple[str, ...]:
        """Staff who are a subject, or whose interest stands."""
        subjects = {subject.staff for subject in self.subjects if subject.staff}
        return tuple(sorted(subjects | {interest.staff for interest in self._standing()}))

    def free(self, fits: Callable[[Unit, date], bool]) -> list[Unit]:
        """The units of this kind that could be charged: what remains (G3)."""
        found = [unit for unit in self.directory.units.values() if fits(unit, self.day)]
        return sorted((unit for unit in found if not self.of(unit).obstacles), key=lambda unit: unit.code)

    def _standing(self) -> list[Interest]:
        return [interest for interest in self.interests if interest.stands]

    def _placed(self) -> Iterable[Placement]:
        away = PlacementKind.LEAVE  # who is on leave is near all the same
        return [one for one in self.directory.placements.values() if one.holds_on(self.day) and one.kind is not away]

    def _units_of(self, subject: Subject) -> set[str]:
        """The unit that is meant; of a person the home unit and wherever they have a post, are seconded or are a member."""
        found = {subject.unit} if subject.unit else set()
        if subject.staff and (person := self.directory.staff.get(subject.staff)):
            found |= {person.home_unit, *(one.unit for one in self._placed() if one.staff == subject.staff)}
        return found & set(self.directory.units)

    def _posts_of_subjects(self) -> set[Post]:
        staff = {subject.staff for subject in self.subjects}
        return {one.post for one in self._placed() if one.staff in staff}

    def _headed_by(self, staff: str) -> list[str]:
        return [one.unit for one in self._placed() if one.staff == staff and one.post in HEADS]

    def _relatives(self) -> set[str]:
        subjects = {subject.staff for subject in self.subjects if subject.staff}
        pairs = {(one.staff, other) for one in self.directory.staff.values() for other in one.relatives}
        return {one for one, other in pairs if other in subjects} | {other for one, other in pairs if one in subjects}


def may_verify(unit: Unit, day: date) -> bool:
    """Whether it stands on that day and is of a kind that is charged with leads."""
    return unit.holds_on(day) and unit.kind.verifies


def may_regulate(unit: Unit, day: date) -> bool:
    """Whether it stands on that day and treats matters of 乱 (M07)."""
    return unit.holds_on(day) and unit.kind is UnitKind.DEPARTMENT


def decider_of(directory: Directory, person: Staff, day: date) -> str:
    """Who decides on this person's recusal, one level up: the chief's the procuratorial committee (刑诉法 §31), the office's heads' and the
    leading group's own the leading group, everybody else's the director of the office."""
    held = [one for one in directory.placements.values() if one.staff == person.staff and one.holds_on(day)]
    kinds = {directory.units[one.unit].kind for one in held if one.post in HEADS and one.unit in directory.units}
    if any(one.post is Post.CHIEF for one in held):
        return "pro"
    return "ldr" if kinds & {UnitKind.OFFICE, UnitKind.LEADING_GROUP} else "ofd"


def named(directory: Directory, content: Mapping[str, Any] | None) -> tuple[Subject, ...]:
    """Staff who bear a name that a report names: until the office says who is meant, they are taken for the subjects."""
    if not content:
        return ()
    people = [*content.get("persons", ()), *(content.get("umbrella") or {}).get("officials", ())]
    names = {spelt(str(one.get("name") or "")) for one in people} - {""}
    if not names:
        return ()
    return tuple(Subject(staff=one.staff) for one in directory.staff.values() if spelt(one.name) in names)


def work_at_the_office(directory: Directory, names: Iterable[str], day: date) -> bool:
    """Whether one of these names is borne by somebody who is placed at the office (扫黑办) on that day or has it as home unit."""
    there = {unit.code for unit in directory.units.values() if unit.kind is UnitKind.OFFICE}
    placed = {one.staff for one in directory.placements.values() if one.unit in there and one.holds_on(day)}
    staff = [one for one in directory.staff.values() if one.staff in placed or one.home_unit in there]
    return bool({spelt(one.name) for one in staff} & {spelt(name) for name in names})
