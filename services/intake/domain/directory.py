"""The directory of units, staff and placements (M09-M11): what may stand in it, and what follows from it. Pure.

`from_on` is the first day a row holds, `to_on` the first day it holds no more. What a row says beside that (a superior, a building) is
as of now; how it stood before is in its history.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from shared.contracts.directory import PlacementRecorded, StaffRecorded, UnitRecorded
from shared.errors import Invalid

CODE = r"^[A-Z][A-Z0-9]{1,15}$"
BUILDING = r"^[A-Z0-9][A-Z0-9-]{0,31}$"
STAFF = r"^[A-Za-z]{1,4}-?[0-9]{1,8}$"
ACCOUNT = r"^[\x21-\x7e]{1,128}$"
ORGAN = r"^[0-9A-Za-z一-鿿()“”、·]{1,40}$"
PERSON = r"^[^\x00-\x1f\x7f]{1,40}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    from_on: date
    to_on: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it stands on that day."""
        return self.from_on <= day and (self.to_on is None or day < self.to_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(_Dated):
    """An organ, or a group of the campaign, with its superior and the building it sits in."""

    code: str
    name: str
    kind: UnitKind
    superior: str | None = None
    building: str | None = None

    @property
    def key(self) -> str:
        """By what it is found again."""
        return self.code

    def recorded(self, *, at: datetime) -> UnitRecorded:
        """The event of how it stands."""
        return UnitRecorded(
            unit=self.code,
            name=self.name,
            kind=self.kind.value,
            superior=self.superior,
            building=self.building,
            from_on=self.from_on,
            to_on=self.to_on,
            effective_at=at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff(_Dated):
    """A person who works here: staff number, account, home unit (for recusal, M10), the day of the confidentiality pledge."""

    staff: str
    name: str
    home_unit: str
    account: str | None = None
    pledged_on: date | None = None
    relatives: tuple[str, ...] = ()
    """Staff numbers of close relatives in the service, for recusal and for alerts about readings; who is whose stays in intake."""

    @property
    def key(self) -> str:
        """By what they are found again."""
        return self.staff

    def recorded(self, *, at: datetime) -> StaffRecorded:
        """The event of how they stand; without the name."""
        return StaffRecorded(
            staff=self.staff,
            home_unit=self.home_unit,
            account=self.account,
            pledged_on=self.pledged_on,
            from_on=self.from_on,
            to_on=self.to_on,
            effective_at=at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement(_Dated):
    """A person in a post of a unit, seconded to it, a member of it, or away from it, from one day to another."""

    staff: str
    unit: str
    post: Post
    kind: PlacementKind

    @property
    def key(self) -> str:
        """By what it is found again: the same placement ends, another one begins."""
        return f"{self.staff}/{self.unit}/{self.post}/{self.kind}/{self.from_on}"

    @property
    def id(self) -> UUID:
        """The same for the same placement, wherever it is recorded."""
        return uuid5(NAMESPACE_URL, f"xiansuo:placement:{self.key}")

    def recorded(self, *, at: datetime) -> PlacementRecorded:
        """The event of how it stands."""
        return PlacementRecorded(
            placement_id=self.id,
            staff=self.staff,
            unit=self.unit,
            post=self.post.value,
            kind=self.kind.value,
            from_on=self.from_on,
            to_on=self.to_on,
            effective_at=at,
        )


Entry: TypeAlias = Unit | Staff | Placement


def wrong(where: str, zh: str, en: str) -> Invalid:
    """A refusal of one field."""
    return Invalid(f"{zh} / {en}", fields=[(where, f"{zh} / {en}")])


@dataclass(slots=True)
class Directory:
    """All of it as it stands; entries are admitted one by one."""

    units: dict[str, Unit] = field(default_factory=dict)
    staff: dict[str, Staff] = field(default_factory=dict)
    placements: dict[str, Placement] = field(default_factory=dict)

    def admit(self, entry: Entry, *, today: date) -> bool:
        """Take an entry; → whether it says anything new. Raises `Invalid` when it cannot stand beside the others."""
        _check_days(entry)
        if isinstance(entry, Unit):
            return self._admit_unit(entry)
        if isinstance(entry, Staff):
            return self._admit_staff(entry, today)
        return self._admit_placement(entry)

    def line(self, code: str | None) -> Iterator[str]:
        """A unit and its superiors, upwards."""
        seen: set[str] = set()
        while code is not None and code not in seen and code in self.units:
            seen.add(code)
            yield code
            code = self.units[code].superior

    def _admit_unit(self, unit: Unit) -> bool:
        _must(re.match(CODE, unit.code), "code", "应为大写字母和数字,2至16位", "2 to 16 capital letters and digits")
        _must(re.match(ORGAN, unit.name), "name", "最多40个汉字、字母或数字", "at most 40 characters, no signs")
        _must(unit.building is None or re.match(BUILDING, unit.building), "building",
              "应为大写字母、数字和连字符", "capital letters, digits and hyphens")  # fmt: skip
        _must(unit.superior is None or unit.superior in self.units, "superior", "目录中没有该单位", "no such unit")
        _must(
            unit.code not in self.line(unit.superior), "superior", "上级关系成环", "the superior line closes on itself"
        )
        return _put(self.units, unit)

    def _admit_staff(self, staff: Staff, today: date) -> bool:
        _must(re.match(STAFF, staff.staff), "staff", "应如GA-101", "must be like GA-101")
        _must(re.match(PERSON, staff.name.strip()), "name", "必填,最多40字", "needed, at most 40 characters")
        _must(staff.home_unit in self.units, "home_unit", "目录中没有该单位", "no such unit")
        _must(staff.account is None or re.match(ACCOUNT, staff.account), "account", "不是账号", "not an account")
        _must(staff.pledged_on is None or staff.pledged_on <= today, "pledged_on", "晚于今天", "in the future")
        near = staff.staff not in staff.relatives and all(re.match(STAFF, one) for one in staff.relatives)
        _must(near, "relatives", "应为他人的人员编号", "must be staff numbers of others")
        other = next((one for one in self.staff.values() if staff.account and one.account == staff.account), None)
        _must(other is None or other.staff == staff.staff, "account", "该账号属于其他人员", "another person's account")
        return _put(self.staff, staff)

    def _admit_placement(self, placement: Placement) -> bool:
        person = self.staff.get(placement.staff)
        if person is None:
            raise wrong("staff", "目录中没有该人员", "no such member of staff")
        _must(placement.unit in self.units, "unit", "目录中没有该单位", "no such unit")
        lent = placement.kind is not PlacementKind.SECONDMENT or placement.unit != person.home_unit
        _must(lent, "unit", "借调单位应不同于原单位", "seconded to the own home unit")
        return _put(self.placements, placement)


Kind = TypeVar("Kind", Unit, Staff, Placement)


def _put(table: dict[str, Kind], entry: Kind) -> bool:
    new = table.get(entry.key) != entry
    table[entry.key] = entry
    return new


def _check_days(entry: _Dated) -> None:
    _must(entry.to_on is None or entry.to_on > entry.from_on, "to_on", "须晚于起始日期", "must lie after the first day")


def _must(fine: object, where: str, zh: str, en: str) -> None:
    if not fine:
        raise wrong(where, zh, en)
