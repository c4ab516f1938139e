"""A directory as a file 机构人员名册: three sheets (units, staff, placements), what their columns mean, and what is wrong with a row."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from typing import Any, Literal

from services.intake.domain.directory import Entry, Placement, Staff, Unit
from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from services.intake.domain.ledger import Cell, Wrong, day, find_header, plain
from shared.codes import Labelled
from shared.errors import Invalid

MOST_ROWS, MOST_BAD = 20_000, 2_000
Sheet = Literal["units", "staff", "placements"]
COLUMNS: Mapping[Sheet, Mapping[str, tuple[str, ...]]] = {
    "units": {
        "code": ("单位代码", "unit"),
        "name": ("单位名称", "name"),
        "kind": ("机构类别", "kind"),
        "superior": ("上级单位", "superior"),
        "building": ("办公楼宇", "building"),
        "from_on": ("起始日期", "from"),
        "to_on": ("终止日期", "to"),
    },
    "staff": {
        "staff": ("人员编号", "staff"),
        "name": ("姓名", "name"),
        "account": ("账号", "account"),
        "home_unit": ("原单位", "homeunit"),
        "pledged_on": ("保密承诺日期", "pledgedon"),
        "relatives": ("近亲属人员编号", "relatives"),
        "from_on": ("到岗日期", "from"),
        "to_on": ("离岗日期", "to"),
    },
    "placements": {
        "staff": ("人员编号", "staff"),
        "unit": ("任职单位", "unit"),
        "post": ("职务", "post"),
        "kind": ("任职方式", "kind"),
        "from_on": ("起始日期", "from"),
        "to_on": ("终止日期", "to"),
    },
}
"""Sheet → column → the headers it goes by; the first is the usual one."""
REQUIRED: Mapping[Sheet, tuple[str, ...]] = {
    "units": ("code", "name", "kind", "from_on"),
    "staff": ("staff", "name", "home_unit", "from_on"),
    "placements": ("staff", "unit", "post", "kind", "from_on"),
}
NAMES: Mapping[Sheet, str] = {"units": "单位", "staff": "人员", "placements": "任职"}


@dataclass(frozen=True, slots=True)
class BadEntry:
    """What is wrong where. Never the cell's content."""

    sheet: str
    row: int
    column: str
    zh: str
    en: str


Outcome = tuple[str, int, Entry] | BadEntry
"""A good row: sheet, row number, entry."""


def read_directory(sheets: Iterator[tuple[str, Iterator[Sequence[Cell]]]]) -> Iterator[Outcome]:
    """All rows of all sheets that have a header of the directory. Raises `Invalid` when there is none."""
    found = bad = 0
    for name, rows in sheets:
        top = list(islice(rows, 20))
        kind, header = _kind_of(top)
        if kind is None or header is None:
            continue
        found += 1
        first, columns = header
        for index, row in enumerate(chain(top[first + 1 :], rows), start=first + 2):
            if index > MOST_ROWS:
                raise _refuse(f"超过{MOST_ROWS}行 / more than {MOST_ROWS} rows")
            cells = {column: row[place] if place < len(row) else None for column, place in columns.items()}
            if any(plain(cell) for cell in cells.values()):
                for outcome in _read_row(name or NAMES[kind], kind, index, cells):
                    bad += isinstance(outcome, BadEntry)
                    yield outcome
            if bad > MOST_BAD:
                raise _refuse(f"有误的单元格超过{MOST_BAD}个 / more than {MOST_BAD} bad cells")
    if not found:
        needed = ";".join(f"{NAMES[kind]}:{'、'.join(COLUMNS[kind][c][0] for c in REQUIRED[kind])}" for kind in COLUMNS)
        raise _refuse(f"找不到表头,应有列({needed}) / no header row with the columns of units, staff or placements")


def column_of(entry: Entry, where: str) -> str:
    """What the column of this field is called in a file."""
    sheet: Sheet = "units" if isinstance(entry, Unit) else "staff" if isinstance(entry, Staff) else "placements"
    return COLUMNS[sheet].get(where, (where,))[0]


def _refuse(reason: str) -> Invalid:
    return Invalid(reason, fields=[("file", reason)])


def _kind_of(top: Sequence[Sequence[Cell]]) -> tuple[Sheet | None, tuple[int, dict[str, int]] | None]:
    """The sheet's kind by its header. Placements come first: their columns hold those of nobody else."""
    for kind in ("placements", "staff", "units"):
        if header := find_header(top, COLUMNS[kind], REQUIRED[kind]):
            return kind, header
    return None, None


def _read_row(sheet: str, kind: Sheet, number: int, cells: Mapping[str, Cell]) -> list[Outcome]:
    values: dict[str, Any] = {}
    bad: list[Outcome] = []
    for column, usual in COLUMNS[kind].items():
        try:
            values[column] = _READERS.get(column, _READERS.get(f"{kind}.{column}", _word))(cells.get(column))
            if values[column] is None and column in REQUIRED[kind]:
                raise Wrong("必填", "needed")
        except Wrong as wrong:
            bad.append(BadEntry(sheet, number, usual[0], wrong.zh, wrong.en))
    make: Callable[..., Entry] = {"units": Unit, "staff": Staff, "placements": Placement}[kind]
    return bad or [(sheet, number, make(**values))]


def _word(cell: Cell) -> str | None:
    return plain(cell) or None


def _upper(cell: Cell) -> str | None:
    return plain(cell).upper() or None


def _numbers(cell: Cell) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[、,;\s]+", plain(cell).upper()) if word)


def _day(cell: Cell) -> date | None:
    found = day(cell)
    if found is not None and not 1949 <= found.year <= 2099:
        raise Wrong("年份应在1949至2099之间", "the year must be 1949 to 2099")
    return found


def _one_of(kinds: type[Labelled]) -> Callable[[Cell], Labelled | None]:
    by_word = {word: member for member in kinds for word in (member.value, member.zh)}

    def read(cell: Cell) -> Labelled | None:
        text = plain(cell)
        if text and text not in by_word:
            raise Wrong(f"应为:{'、'.join(one.zh for one in kinds)}", f"must be one of {', '.join(by_word)}")
        return by_word.get(text)

    return read


_READERS: Mapping[str, Callable[[Cell], Any]] = {
    "code": _upper,
    "unit": _upper,
    "superior": _upper,
    "building": _upper,
    "home_unit": _upper,
    "staff": _upper,
    "from_on": _day,
    "to_on": _day,
    "pledged_on": _day,
    "relatives": _numbers,
    "units.kind": _one_of(UnitKind),
    "post": _one_of(Post),
    "placements.kind": _one_of(PlacementKind),
}
