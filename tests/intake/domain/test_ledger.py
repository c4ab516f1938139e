"""Rows of a ledger of superior leads: what a cell may look like, and what is told of one that cannot be read."""

from datetime import date, datetime
from typing import Any

import pytest

from services.intake.domain.codes import Area, IssuingLevel
from services.intake.domain.ledger import BadCell, Cell, LedgerRow, find_header, is_blank, read_row
from services.intake.domain.ledger_codes import LedgerCodes
from tests.support.builders import BOOK

TODAY = date(2018, 9, 18)
GOOD: dict[str, Cell] = {
    "upstream_no": "C20180601001",
    "issuing_level": "市",
    "issued_on": date(2018, 6, 1),
    "deadline": None,
    "areas": "欺行霸市",
    "manifestations": "06",
    "street": "临江街",
    "summary": "反映有人在菜市场强收费用",
}


def read(**cells: Any) -> LedgerRow:
    row = read_row(3, GOOD | cells, today=TODAY, codes=LedgerCodes(BOOK))
    assert isinstance(row, LedgerRow), row
    return row


def bad(**cells: Any) -> list[BadCell]:
    row = read_row(3, GOOD | cells, today=TODAY, codes=LedgerCodes(BOOK))
    assert isinstance(row, list), row
    return row


@pytest.mark.parametrize(
    "cell",
    [
        date(2018, 6, 1),
        datetime.fromisoformat("2018-06-01T09:00"),
        "2018-06-01",
        "2018/6/1",
        "2018.6.1",
        "2018年6月1日",
        "20180601",
        "2018－06－01",
    ],
)
def test_a_day_is_read_however_offices_write_it(cell: Cell) -> None:
    assert read(issued_on=cell).issued_on == date(2018, 6, 1)


@pytest.mark.parametrize(("cell", "level"), [("中央", "centre"), ("省", "province"), ("市", "city"), (" 市 ", "city")])
def test_levels_go_by_their_chinese_names(cell: str, level: str) -> None:
    assert read(issuing_level=cell).issuing_level is IssuingLevel(level)


@pytest.mark.rule("D02")
def test_urgent_is_yes_or_no_or_empty() -> None:
    assert [read(urgent=cell).urgent for cell in ("是", "紧急", True, "否", "", None, False)] == [True] * 3 + [
        False
    ] * 4
    assert [(cell.column, cell.zh) for cell in bad(urgent="很急")] == [("紧急", "应为是或否")]


def test_a_number_read_as_a_float_and_full_width_digits_become_text() -> None:
    assert read(upstream_no=20180601001.0).upstream_no == "20180601001"
    assert read(upstream_no="Ｃ２０１８").upstream_no == "C2018"


def test_several_areas_and_codes_are_split() -> None:
    row = read(areas="欺行霸市、高利放贷", manifestations="6、08")
    assert row.areas == (Area.MARKET, Area.USURY)
    assert row.manifestations == ("06", "08")


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"upstream_no": None}, "上级编号"),
        ({"upstream_no": "有 空格"}, "上级编号"),
        ({"issuing_level": "镇"}, "下发层级"),
        ({"issued_on": None}, "下发日期"),
        ({"issued_on": "2018-02-30"}, "下发日期"),
        ({"issued_on": date(2018, 9, 19)}, "下发日期"),
        ({"issued_on": date(1999, 1, 1)}, "下发日期"),
        ({"deadline": date(2018, 5, 1)}, "办结期限"),
        ({"areas": ""}, "重点领域"),
        ({"areas": "天上"}, "重点领域"),
        ({"manifestations": "12"}, "表现形式"),
        ({"street": "一二三四五六七八九十一二三四五六七"}, "街道"),
        ({"summary": "  "}, "线索摘要"),
        ({"summary": "字" * 4001}, "线索摘要"),
        ({"summary": "机密★10年"}, "线索摘要"),
    ],
)
def test_a_bad_cell_is_told_by_row_and_column_and_never_by_its_content(cells: dict[str, Cell], column: str) -> None:
    [wrong] = bad(**cells)
    assert (wrong.row, wrong.column) == (3, column)
    assert wrong.zh
    assert wrong.en
    typed = str(next(iter(cells.values())) or "")
    assert len(typed) < 4 or typed not in wrong.zh + wrong.en


def test_everything_wrong_in_a_row_is_told_at_once() -> None:
    assert [cell.column for cell in bad(upstream_no="", areas="?", summary="")] == ["上级编号", "重点领域", "线索摘要"]


def test_the_header_is_found_below_titles_and_in_any_order() -> None:
    rows: list[list[Cell]] = [
        ["示例区台账"],
        [],
        ["线索摘要", "上级编号", "备注", "下发 层级", "下发日期", "重点领域"],
    ]
    found = find_header(rows)
    assert found is not None
    assert found[0] == 2
    assert found[1]["summary"] == 0
    assert found[1]["issuing_level"] == 3
    assert find_header([["甲", "乙"]]) is None


def test_blank_rows_are_no_rows() -> None:
    assert is_blank({"summary": "  ", "street": None})
    assert not is_blank({"summary": "", "street": "临江街"})
