"""Code lists 代码表 as versions with dates of force (M04-M07, §3): which codes a day has, and what a new version may change. Pure.

A version is all lists together and is in force from a day until the next one begins. It never begins on a day that has come: whoever has a
form open is not refused, and what was classified with a version can be read with it for ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Self

from services.intake.domain.codes import Source
from shared.codes import Labelled
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.two_people import Person, must_be_another

SOURCE, SOURCE_L2, AREA, TIER, LEVEL, MANIFESTATION = "source", "source_l2", "area", "tier", "level", "manifestation"
LISTS = (SOURCE, SOURCE_L2, AREA, TIER, LEVEL, MANIFESTATION)
FIXED = frozenset({SOURCE, TIER, LEVEL})
"""Numbering, deadlines and the state machine rest on these codes: a version may word them anew, not add or drop one."""
OTHER = "other"
SHOWN = 40
"""Codes in force that a refusal names."""
NOT_ADOPTED = ("上访", "信访", "宗教")
"""Words that some local lists have and §3 forbids: petitioning is a lawful channel (信访工作条例), religion is sensitive data."""


class VersionState(Labelled):
    """What became of a proposed version. 代码表版本状态"""

    PROPOSED = "proposed", "待审核", "waits for the legal review"
    ADOPTED = "adopted", "已通过", "adopted"
    REFUSED = "refused", "未通过", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code with its words; `parent` is the source that a second-level source belongs to."""

    code: str
    zh: str
    en: str
    parent: str | None = None


Lists = Mapping[str, tuple[Entry, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """All lists as they are in force from `from_on` until the day before `until_on` (None: until another begins)."""

    version: str
    from_on: date
    lists: Lists
    until_on: date | None = None
    base: str | None = None
    """The version that it was made from."""
    reason: str = ""
    state: VersionState = VersionState.ADOPTED
    proposed_by: str = ""
    proposed_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None

    def entries(self, name: str) -> tuple[Entry, ...]:
        """A list; empty when this version has none of that name."""
        return self.lists.get(name, ())

    def entry(self, name: str, code: str) -> Entry | None:
        """One code of a list."""
        return next((each for each in self.entries(name) if each.code == code), None)

    def decide(self, *, adopt: bool, standing: Self, reason: str | None, by: Person, today: date, at: datetime) -> Self:
        """The legal review by another person; `standing` is the newest version that was adopted. Raises `Forbidden`, `NotAllowed`,
        `Conflict`, `Invalid`."""
        if self.state is not VersionState.PROPOSED:
            raise NotAllowed(f"该版本已审核:{self.state.zh} / it is decided: {self.state.en}")
        must_be_another(self.proposed_by, by, "须由他人审核 / another person than the one who proposed it decides")
        if not adopt and not reason:
            raise Invalid("不通过须说明理由 / a refusal needs its reason", fields=[("reason", "必填 / needed")])
        if adopt:
            if self.base != standing.version:
                raise Conflict(
                    f"其间已通过版本{standing.version},请据其重新提出 / {standing.version} was adopted meanwhile; propose it anew"
                )
            must_begin_later(self.from_on, standing, today)
        return replace(
            self,
            state=VersionState.ADOPTED if adopt else VersionState.REFUSED,
            decided_by=by.sub,
            decided_at=at,
            decision_reason=reason,
        )


@dataclass(frozen=True, slots=True)
class CodeBook:
    """The adopted versions, oldest first; the first begins before any lead."""

    versions: tuple[Version, ...]

    def as_json(self) -> list[Any]:
        """As JSON, for a process that has no database."""
        return [
            [
                each.version,
                each.from_on.isoformat(),
                {name: [list(astuple(entry)) for entry in entries] for name, entries in each.lists.items()},
            ]
            for each in self.versions
        ]

    @classmethod
    def of_json(cls, content: list[Any]) -> Self:
        """What `as_json` wrote."""
        return cls(
            tuple(
                Version(
                    version=version,
                    from_on=date.fromisoformat(from_on),
                    lists={
                        name: tuple(Entry(code=code, zh=zh, en=en, parent=parent) for code, zh, en, parent in entries)
                        for name, entries in lists.items()
                    },
                )
                for version, from_on, lists in content
            )
        )

    @property
    def newest(self) -> Version:
        """The version that was adopted last; it may begin on a day to come."""
        return self.versions[-1]

    def on(self, day: date) -> Version:
        """The version in force on a day. Raises `NotFound` for a day before any."""
        for version in reversed(self.versions):
            if version.from_on <= day:
                return version
        raise NotFound(f"{day}尚无代码表 / no code list was in force on {day}")

    def zh(self, name: str, code: str, *, version: str | None = None) -> str:
        """The Chinese words of a code, as the newest version that has it says, or the one of this name; the code itself when none has."""
        asked = (each for each in reversed(self.versions) if version in (None, each.version))
        found = (each.entry(name, code) for each in asked)
        return next((entry.zh for entry in found if entry), code)

    def must_hold(
        self,
        day: date,
        *,
        areas: Sequence[str] = (),
        manifestations: Sequence[str] = (),
        source: Source | None = None,
        source_l2: str | None = None,
        at: str = "",
    ) -> Version:
        """The version of that day, in which all these codes are in force. Raises `Invalid` by field, below the field `at`, with what is in
        force."""
        version = self.on(day)
        asked = [(f"{at}area_codes.{place}", AREA, code) for place, code in enumerate(areas)]
        asked += [
            (f"{at}manifestation_codes.{place}", MANIFESTATION, code) for place, code in enumerate(manifestations)
        ]
        bad = [
            (field, self.refusal(version, name, code)) for field, name, code in asked if not version.entry(name, code)
        ]
        if source_l2 is not None:
            entry = version.entry(SOURCE_L2, source_l2)
            if entry is None or source is None or entry.parent != source.value:
                bad.append((f"{at}source_l2", self.refusal(version, SOURCE_L2, source_l2, parent=source)))
        if bad:
            raise Invalid(bad[0][1], fields=bad)
        return version

    def refusal(self, version: Version, name: str, code: str, *, parent: Source | None = None) -> str:
        """Why a code is not taken, and what is in force instead."""
        known = [each for each in self.versions if each.entry(name, code)]
        if known and version in known:
            zh, en = "不属于该来源", "belongs to another source"
        elif known and known[-1].from_on < version.from_on:
            # versions have no gaps between them: it ended where the first one without it began
            end = next(later.from_on for one, later in pairwise(self.versions) if one is known[-1])
            zh, en = f"自{end}起停用", f"out of force since {end}"
        elif known:
            zh, en = f"自{known[0].from_on}起启用", f"in force from {known[0].from_on} on"
        else:
            zh, en = "不在代码表中", "not in the code list"
        there = [each for each in version.entries(name) if parent is None or each.parent == parent.value][:SHOWN]
        zh_list, en_list = "、".join(f"{each.code} {each.zh}" for each in there), ", ".join(each.code for each in there)
        return f"代码{zh},现行({version.version}):{zh_list or '无'} / {en}; in force ({version.version}): {en_list or 'none'}"

    def must_know(self, today: date, /, **codes: str | None) -> None:
        """That some version has or had these codes, each by the name of its list. Raises `Invalid`: nothing can be found under others."""
        bad = [
            (name, self.refusal(self.on(today), name, code))
            for name, code in codes.items()
            if code is not None and not any(version.entry(name, code) for version in self.versions)
        ]
        if bad:
            raise Invalid(bad[0][1], fields=bad)


def next_version(standing: Version, version: str, from_on: date, lists: Lists, reason: str, *, today: date) -> Version:
    """A version that is proposed: `lists` replace those of the same name, the others stay as they stand. Raises `Invalid` by field."""
    must_begin_later(from_on, standing, today)
    if not lists:
        raise _wrong([("lists", "至少一个代码表 / at least one list")])
    bad = [
        (f"lists.{name}", reason)
        for name, entries in lists.items()
        for reason in _faults(name, entries, standing.entries(name))
    ]
    if bad:
        raise _wrong(bad)
    if all(lists[name] == standing.entries(name) for name in lists):
        raise _wrong([("lists", f"与现行版本{standing.version}相同 / the same as {standing.version}")])
    return Version(
        version=version,
        from_on=from_on,
        lists=MappingProxyType({**standing.lists, **lists}),
        base=standing.version,
        reason=reason,
        state=VersionState.PROPOSED,
    )


def must_begin_later(from_on: date, standing: Version, today: date) -> None:
    """Raises `Invalid` for a version that begins before tomorrow, or that overlaps the one before it."""
    if from_on <= standing.from_on:
        name, since = standing.version, standing.from_on
        zh, en = f"与版本{name}(自{since}起)日期重叠,须晚于该日", f"overlaps {name}, which is in force from {since}"
        raise _wrong([("from_on", f"{zh} / {en}; it has to begin later")])
    if from_on <= today:
        raise _wrong([("from_on", "最早自明日起施行 / tomorrow at the earliest")])


def _faults(name: str, entries: Sequence[Entry], standing: Sequence[Entry]) -> list[str]:
    if name not in LISTS:
        return [f"没有该代码表,应为{'、'.join(LISTS)} / no such list"]
    codes, told = [each.code for each in entries], [(each.parent, each.zh) for each in entries]
    found = []
    if twice := _twice(codes):
        found.append(f"代码重复:{twice} / the code is there twice")
    if _twice(told):
        found.append("名称重复 / the same words for two codes")
    if name in FIXED and set(codes) != {each.code for each in standing}:
        found.append("该表代码固定,只可修改名称 / its codes are fixed; only their words may change")
    if name == AREA and OTHER not in codes:
        found.append("须保留other(其他) / it has to keep other (M06)")
    if name == MANIFESTATION and not codes:
        found.append("不能为空 / empty")
    if name == MANIFESTATION and any(word in each.zh for each in entries for word in NOT_ADOPTED):
        found.append(
            "信访、上访是合法渠道,宗教属敏感信息,不得列入 / petitioning is lawful, religion is sensitive: not adopted (§3)"
        )
    sources = {source.value for source in Source}
    if name == SOURCE_L2 and any(each.parent not in sources for each in entries):
        found.append("二级来源须写明所属来源parent(S、A、M、O) / each needs its source as parent")
    if name != SOURCE_L2 and any(each.parent is not None for each in entries):
        found.append("只有二级来源有parent / only a second-level source has a parent")
    return found


def _twice(values: Iterable[Any]) -> Any:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _wrong(bad: list[tuple[str, str]]) -> Invalid:
    return Invalid(bad[0][1], fields=bad)
