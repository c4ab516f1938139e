"""The directory's rules without I/O: what may stand beside what; and the rows of a file, good and bad."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from deploy.local.demo.directory import sheets
from services.intake.domain.directory import Directory, Entry, Placement, Staff, Unit
from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from services.intake.domain.directory_file import COLUMNS, NAMES, BadEntry, Sheet, read_directory
from services.intake.domain.ledger import Cell
from shared.errors import Invalid
from tests.support.builders import NOON

DAY = date(2018, 3, 1)
LATER = date(2018, 9, 1)


def unit(code: str = "GA", **changes: Any) -> Unit:
    values: dict[str, Any] = {"name": "公安分局", "kind": UnitKind.POLICE, "from_on": DAY}
    return Unit(code=code, **(values | changes))


def person(staff: str = "GA-1", **changes: Any) -> Staff:
    values: dict[str, Any] = {"name": "虚构人员", "home_unit": "GA", "from_on": DAY}
    return Staff(staff=staff, **(values | changes))


def placed(**changes: Any) -> Placement:
    values: dict[str, Any] = {"staff": "GA-1", "unit": "GA", "post": Post.CHIEF, "kind": PlacementKind.POST}
    return Placement(**({**values, "from_on": DAY} | changes))


@pytest.fixture
def standing() -> Directory:
    directory = Directory()
    for entry in (unit(), unit("PCS", superior="GA"), person(account="p6"), placed()):
        assert directory.admit(entry, today=DAY)
    return directory


def test_the_same_again_says_nothing_new_and_a_change_does(standing: Directory) -> None:
    for entry in (unit(), person(account="p6"), placed()):
        assert not standing.admit(entry, today=DAY)
    for entry in (unit(building="B1"), person(account="p7"), placed(to_on=LATER), placed(from_on=LATER)):
        assert standing.admit(entry, today=DAY)
    assert len(standing.placements) == 2


WRONG: list[tuple[Entry, str]] = [
    (unit("ga"), "code"),
    (unit("G" * 17), "code"),
    (unit(name="张<三>"), "name"),
    (unit(building="b 1"), "building"),
    (unit(superior="NONE"), "superior"),
    (unit(superior="GA"), "superior"),
    (unit(superior="PCS"), "superior"),
    (unit(to_on=DAY), "to_on"),
    (person("1"), "staff"),
    (person(name=" "), "name"),
    (person(home_unit="NONE"), "home_unit"),
    (person("GA-2", account="p6"), "account"),
    (person(account="张 三"), "account"),
    (person(pledged_on=LATER), "pledged_on"),
    (person(to_on=DAY), "to_on"),
    (placed(staff="GA-9"), "staff"),
    (placed(unit="NONE"), "unit"),
    (placed(kind=PlacementKind.SECONDMENT), "unit"),
    (placed(to_on=date(2018, 2, 1)), "to_on"),
]


@pytest.mark.parametrize(("entry", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_stand_is_refused_by_field_and_changes_nothing(
    standing: Directory, entry: Entry, field: str
) -> None:
    before = (dict(standing.units), dict(standing.staff), dict(standing.placements))
    with pytest.raises(Invalid) as refused:
        standing.admit(entry, today=DAY)
    assert [name for name, _ in refused.value.fields] == [field]
    assert " / " in refused.value.detail
    assert (standing.units, standing.staff, standing.placements) == before


def test_days_begin_with_the_first_and_end_before_the_last(standing: Directory) -> None:
    one = placed(to_on=LATER)
    assert [one.holds_on(day) for day in (date(2018, 2, 28), DAY, date(2018, 8, 31), LATER)] == [
        False,
        True,
        True,
        False,
    ]
    assert list(standing.line("PCS")) == ["PCS", "GA"]


def test_an_event_of_a_person_carries_no_name() -> None:
    event = person(name="虚构某某").recorded(at=NOON)
    assert "虚构" not in event.model_dump_json()


def file(kind: Sheet, *rows: Sequence[Cell], name: str | None = None) -> Iterator[tuple[str, Iterator[Sequence[Cell]]]]:
    header: list[Cell] = [usual for usual, *_ in COLUMNS[kind].values()]
    yield (NAMES[kind] if name is None else name), iter([["虚构名册"], header, *rows])


def test_every_bad_cell_is_told_by_sheet_row_and_column() -> None:
    rows: list[list[Cell]] = [
        ["SB", "区扫黑办", "扫黑办", None, None, "2018-03-01", None],
        ["SB", None, "派对", None, None, "2018-13-01", "昨天"],
        [None] * 7,
        ["XC", "区委宣传部", "party", "qw", "qw-1", DAY, None],
    ]
    good, name, kind, first, last, other = list(read_directory(file("units", *rows)))
    assert good == ("单位", 3, unit("SB", name="区扫黑办", kind=UnitKind.OFFICE))
    told = [(bad.sheet, bad.row, bad.column) for bad in (name, kind, first, last) if isinstance(bad, BadEntry)]
    assert told == [("单位", 4, column) for column in ("单位名称", "机构类别", "起始日期", "终止日期")]
    assert other == ("单位", 6, unit("XC", name="区委宣传部", kind=UnitKind.PARTY, superior="QW", building="QW-1"))


def test_a_file_without_any_header_of_the_directory_is_refused() -> None:
    with pytest.raises(Invalid, match="找不到表头"):
        list(read_directory(iter([("x", iter([["上级编号"], ["1"]]))])))


@pytest.mark.rule("N13", "N14", "N15", "M09", "M10", "M11")
def test_the_demonstration_s_directory_has_the_totals_of_the_plan() -> None:
    rows = sheets()
    groups = [row[1] for row in rows["units"] if row[2] == "专项工作组"]
    assert groups == ["综合督办组", "侦查打击组", "执法监督组", "基层组织建设组", "执纪问责组", "工作宣传组"]
    assert {row[3] for row in rows["units"] if row[2] == "专项工作组"} == {"LD"}
    heads = [row[:4] for row in rows["units"] if row[2] in ("专项斗争领导小组", "扫黑办")]
    assert heads == [
        ("LD", "扫黑除恶专项斗争领导小组", "专项斗争领导小组", "QW"),
        ("SB", "区扫黑办", "扫黑办", "ZFW"),
    ]
    assert [row[2] for row in rows["placements"] if row[1] == "LD"].count("组长") == 1
    assert sum(row[2] == "街道" for row in rows["units"]) == 13
    kinds = [row[2] for row in rows["units"]]
    assert [kinds.count(kind) for kind in ("社区", "社区党组织", "社区(村)两委")] == [114, 114, 114]
    above = {row[1]: row[3] for row in rows["units"] if "扫黑办" in str(row[1]) and row[2] == "上级机关"}
    assert above == {"全国扫黑办(示例)": None, "示例省扫黑办": "ZYSHB", "示例市扫黑办": "PSHB"}
    posts = {place: [row[2] for row in rows["placements"] if row[1] == place] for place in ("SB", "GAZB")}
    assert (len(posts["SB"]), len(posts["GAZB"])) == (29, 30)
    office = {"主任": 1, "副主任": 2, "综合督办": 6, "线索研判": 8, "宣传": 4, "执纪联络": 3, "基层组织": 3, "档案": 2}
    team = {"队长": 1, "副队长": 2, "侦查": 18, "线索研判": 5, "法制": 2, "内勤": 2}
    assert {post: posts["SB"].count(post) for post in office} == office
    assert {post: posts["GAZB"].count(post) for post in team} == team
