"""Code lists with days of force: what is in force on a day, why a code is refused, what a new version may and may not do."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.intake.domain.code_list import CodeBook, Entry, Version, VersionState, next_version
from services.intake.domain.codes import Source
from services.intake.domain.ledger_codes import LedgerCodes
from shared.errors import Conflict, Forbidden, Invalid, NotAllowed, NotFound
from tests.support.builders import NOON, SHIPPED, person

TODAY, LATER = date(2018, 12, 1), date(2019, 3, 1)
LISTS = SHIPPED.lists
AREAS = (
    *(entry for entry in LISTS["area"] if entry.code != "vice"),
    Entry(code="online", zh="网络黑恶", en="online"),
)


def proposed(lists: Any = None, *, from_on: date = LATER, today: date = TODAY, standing: Version = SHIPPED) -> Version:
    found = next_version(standing, "2019-1", from_on, lists or {"area": AREAS}, "增列网络领域", today=today)
    return replace(found, proposed_by="ofd")


def decided(version: Version, standing: Version = SHIPPED, *, today: date = TODAY, **changes: Any) -> Version:
    order = {"adopt": True, "reason": None, "by": person("qrv")} | changes
    return version.decide(standing=standing, today=today, at=NOON, **order)


TWO = CodeBook((SHIPPED, decided(proposed())))


@pytest.mark.rule("M04", "M06")
def test_a_version_holds_from_its_day_until_the_next_one_begins() -> None:
    days = (date(2000, 1, 1), LATER - timedelta(1), LATER, date(2099, 1, 1))
    assert [TWO.on(day).version for day in days] == ["2018-2", "2018-2", "2019-1", "2019-1"]
    with pytest.raises(NotFound):
        TWO.on(date(1999, 12, 31))
    assert TWO.on(LATER).entries("manifestation") == LISTS["manifestation"], "what a version does not bring stays"
    assert (TWO.zh("area", "vice"), TWO.zh("area", "online"), TWO.zh("area", "x")) == ("黄赌毒", "网络黑恶", "x")
    assert CodeBook.of_json(TWO.as_json()).as_json() == TWO.as_json()


@pytest.mark.rule("M04", "M05", "M06")
@pytest.mark.parametrize(
    ("day", "codes", "field", "why"),
    [
        (LATER, {"areas": ("market", "vice")}, "area_codes.1", "代码自2019-03-01起停用,现行(2019-1):market 欺行霸市、"),
        (TODAY, {"areas": ("online",)}, "area_codes.0", "代码自2019-03-01起启用,现行(2018-2):market"),
        (TODAY, {"areas": ("moon",)}, "area_codes.0", "代码不在代码表中,现行"),
        (TODAY, {"manifestations": ("01", "12")}, "manifestation_codes.1", "不在代码表中,现行(2018-2):01 表现1、"),
        (
            TODAY,
            {"source": Source.PUBLIC, "source_l2": "S-city"},
            "source_l2",
            "不属于该来源,现行(2018-2):M-letter 群众来信",
        ),
        (TODAY, {"source": Source.OTHER, "source_l2": "x"}, "source_l2", "现行(2018-2):无"),
    ],
)
def test_a_code_that_is_not_in_force_is_refused_with_the_reason_and_the_list(
    day: date, codes: Any, field: str, why: str
) -> None:
    with pytest.raises(Invalid) as refused:
        TWO.must_hold(day, **codes)
    [(where, reason)] = refused.value.fields
    assert where == field
    assert why in reason


@pytest.mark.rule("M05", "M06")
def test_what_is_in_force_is_taken_and_the_version_told() -> None:
    assert TWO.must_hold(LATER, areas=("online", "other")).version == "2019-1"
    held = TWO.must_hold(TODAY, areas=("vice",), source=Source.SUPERIOR, source_l2="S-city", manifestations=("11",))
    assert held.version == "2018-2"
    TWO.must_know(TODAY, area="vice", source_l2=None)
    TWO.must_know(TODAY, area="online")
    with pytest.raises(Invalid, match="不在代码表中,现行\\(2018-2\\)"):
        TWO.must_know(TODAY, area="moon")


def entry(code: str, zh: str = "某项", **more: Any) -> Entry:
    return Entry(code=code, zh=zh, en="x", **more)


@pytest.mark.rule("M04")
@pytest.mark.parametrize(
    ("lists", "field", "why"),
    [
        ({"regulator": (entry("a"),)}, "lists.regulator", "没有该代码表"),
        ({"area": (entry("other"), entry("other", "乙"))}, "lists.area", "代码重复"),
        ({"area": (entry("other"), entry("b"))}, "lists.area", "名称重复"),
        ({"area": (entry("b"),)}, "lists.area", "须保留other"),
        ({"tier": (*LISTS["tier"], entry("grey"))}, "lists.tier", "代码固定"),
        ({"level": LISTS["level"][:2]}, "lists.level", "代码固定"),
        ({"source": (*LISTS["source"], entry("X"))}, "lists.source", "代码固定"),
        ({"manifestation": ()}, "lists.manifestation", "不能为空"),
        ({"manifestation": (entry("01", "组织策划群体上访"),)}, "lists.manifestation", "不得列入"),
        ({"source_l2": (entry("a"),)}, "lists.source_l2", "parent"),
        ({"area": (entry("other", parent="S"),)}, "lists.area", "只有二级来源"),
        ({"area": LISTS["area"]}, "lists", "相同"),
    ],
)
def test_what_a_new_version_must_not_do(lists: Any, field: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        proposed(lists)
    assert any(where == field and why in reason for where, reason in refused.value.fields), refused.value.fields


@pytest.mark.rule("M04")
def test_closed_lists_are_worded_anew_and_second_levels_may_bear_one_name_under_two_sources() -> None:
    worded = tuple(replace(each, zh=f"{each.zh}级") for each in LISTS["level"])
    l2 = (entry("a", "转办", parent="S"), entry("b", "转办", parent="O"))
    version = proposed({"level": worded, "source_l2": l2})
    assert (version.entries("level"), version.entries("area")) == (worded, LISTS["area"])


@pytest.mark.rule("M04")
def test_versions_never_overlap_and_never_begin_on_a_day_that_has_come() -> None:
    adopted = decided(proposed())
    for day, why in ((LATER, "重叠"), (LATER - timedelta(1), "重叠")):
        with pytest.raises(Invalid, match=why):
            proposed({"area": LISTS["area"]}, from_on=day, standing=adopted)
    with pytest.raises(Invalid, match="最早自明日起"):
        proposed(from_on=TODAY)
    assert proposed(from_on=TODAY + timedelta(1)).from_on > TODAY
    with pytest.raises(Invalid, match="最早自明日起"):
        decided(proposed(), today=LATER)


@pytest.mark.rule("M04")
def test_another_person_decides_once_and_only_on_what_rests_on_the_standing_version() -> None:
    version = proposed()
    with pytest.raises(Forbidden):
        decided(version, by=person("ofd"))
    with pytest.raises(Invalid, match="须说明理由"):
        decided(version, adopt=False)
    assert decided(version, adopt=False, reason="用语不规范").state is VersionState.REFUSED
    assert decided(version).state is VersionState.ADOPTED
    for done in (decided(version), decided(version, adopt=False, reason="用语不规范")):
        with pytest.raises(NotAllowed):
            decided(done)
    with pytest.raises(Conflict, match="2018-9"):
        decided(version, replace(SHIPPED, version="2018-9"))


@pytest.mark.rule("M05", "M06")
def test_a_ledgers_words_are_those_of_the_day_of_issue() -> None:
    codes = LedgerCodes(TWO)
    words = {"areas": ("黄赌毒", "MARKET"), "manifestations": ("6、08",), "source_l2": ("市扫黑办转办",)}
    found, wrong = codes(TODAY, words)
    assert (found["areas"], found["manifestations"], found["source_l2"]) == (
        ("vice", "market"),
        ("06", "08"),
        ("S-city",),
    )
    assert wrong == {}
    found, wrong = codes(LATER, words | {"source_l2": ("群众来信",)})
    assert "自2019-03-01起停用" in wrong["areas"].zh
    assert "现行(2019-1):S-city 市扫黑办转办" in wrong["source_l2"].zh
    assert codes(LATER, {"areas": ("网络黑恶",)}) == ({"areas": ("online",)}, {})
