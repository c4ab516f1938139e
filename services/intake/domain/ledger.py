"""A ledger of superior leads 上级下发线索台账: what its columns mean, and what is wrong with a row. Cells in, rows or reasons out."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from services.intake.domain import upstream_number
from services.intake.domain.codes import Ground, IssuingLevel
from shared.errors import Invalid
from shared.secrecy import REFUSAL_EN, REFUSAL_ZH, has_secrecy_mark

Cell = str | float | int | bool | date | datetime | time | timedelta | None
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "upstream_no": ("上级编号", "线索编号", "编号", "upstreamnumber", "upstreamno"),
    "issuing_level": ("下发层级", "下发单位层级", "层级", "issuinglevel"),
    "issued_on": ("下发日期", "交办日期", "日期", "date", "issuedon"),
    "deadline": ("办结期限", "办理期限", "期限", "deadline"),
    "areas": ("重点领域", "领域", "area", "areas"),
    "manifestations": ("表现形式", "manifestation", "manifestations"),
    "street": ("街道", "所属街道", "street"),
    "summary": ("线索摘要", "摘要", "主要内容", "summary"),
    "source_l2": ("二级来源", "来源细类", "sourcel2"),
    "urgent": ("紧急", "是否紧急", "urgent"),
    "umbrella": ("保护伞情况", "保护伞", "umbrella"),
}
"""Column → the headers it goes by (full-width letters and blanks do not matter); the first is the usual one."""
MEANINGS: Mapping[str, tuple[str, str, Cell]] = {
    "upstream_no": ("上级所编线索编号,最多64个字符,不含空格", "the superior's number, no blanks", "示例-删除本行"),
    "issuing_level": ("中央、省或市", "中央 (centre), 省 (province) or 市 (city)", "市"),
    "issued_on": ("日期单元格,或如2018-06-01的文字", "a date, or text like 2018-06-01", date(2018, 6, 1)),
    "deadline": ("日期,不早于下发日期", "a date, not before the date of issue", date(2018, 7, 16)),
    "areas": (
        "下发日期当日代码表的名称或代码(见/intake/v1/codes),多项用顿号分开",
        "names or codes of the list in force on the day of issue, several parted by 、",
        "欺行霸市、高利放贷",
    ),
    "manifestations": ("代码表的编码或规定文字", "codes, or the wording of the list", "06"),
    "street": ("最多16个字", "at most 16 characters", "临江街"),
    "summary": (
        "最多4000字,不得含涉密内容",
        "at most 4,000 characters, nothing classified",
        "虚构示例:反映有人强收摊位费",
    ),
    "source_l2": ("上级转办的二级来源,名称或代码", "second-level source, name or code", "市扫黑办转办"),
    "urgent": (
        "有人身危险或证据即将灭失的填是,否则填否或不填",
        "是 (yes) when someone is in danger or evidence is being lost",
        "否",
    ),
    "umbrella": (
        "包庇纵容的公职人员情况,最多2000字,只送纪委监委,请勿写入摘要;没有填无",
        "who shields it, at most 2,000 characters, for discipline alone: not into the summary",
        "无",
    ),
}
"""Column → what belongs in it, and the example of the template."""
EXAMPLE_NO = str(MEANINGS["upstream_no"][2])
NOTHING = frozenset({"", "无", "不清楚", "没有", "-", "/"})
REQUIRED = ("upstream_no", "issuing_level", "issued_on", "areas", "summary")
SPLIT = re.compile(r"[、,,;;/\s]+")
_DATES = (re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$"), re.compile(r"^(\d{4})(\d{2})(\d{2})$"))
_STREET = re.compile(r"^[0-9A-Za-z一-鿿]{1,16}$")
_YES_OR_NO = {"": False, "否": False, "no": False, "false": False, "是": True, "紧急": True, "yes": True, "true": True}
_LEVELS = {"中央": "centre", "全国": "centre", "省": "province", "省级": "province", "市": "city", "市级": "city"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One good row; `row` is its number as the sheet shows it."""

    row: int
    upstream_no: str
    issuing_level: IssuingLevel
    issued_on: date
    deadline: date | None
    areas: tuple[str, ...]
    manifestations: tuple[str, ...]
    source_l2: str | None
    street: str | None
    summary: str
    urgent: bool
    allegations: tuple[str, ...] = ()
    grounds: tuple[Ground, ...] = ()
    reporter: Mapping[str, str] | None = None
    umbrella: str | None = None
    """What is said of shielding officials; for discipline alone."""


@dataclass(frozen=True, slots=True)
class BadCell:
    """What is wrong where. Never the cell's content: it could be the very thing that must not be here."""

    row: int
    column: str
    zh: str
    en: str


class Wrong(Exception):
    """What is wrong with a cell, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Codes(Protocol):
    """Codes by column of words on a day, and what is wrong with a column (`ledger_codes.py`)."""

    def __call__(
        self, day: date, words: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, Wrong]]: ...


def find_header(
    rows: Sequence[Sequence[Cell]],
    columns: Mapping[str, tuple[str, ...]] = COLUMNS,
    required: Sequence[str] = REQUIRED,
) -> tuple[int, dict[str, int]] | None:
    """The header's index and where each column stands; title rows above it do not matter. None when no row is a header.

    Where the usual name of a column stands, its other names say nothing. Raises `Invalid` when a column is there twice.
    """
    for index, row in enumerate(rows[:20]):
        heads = [plain(cell).replace(" ", "").replace("_", "").lower() for cell in row]
        found: dict[str, list[int]] = {}
        for column, (usual, *others) in columns.items():
            places = _places(heads, {usual}) or _places(heads, set(others))
            if places:
                found[column] = places
        if all(column in found for column in required):
            for column, places in found.items():
                if len(places) > 1:
                    name = columns[column][0]
                    reason = f"表头中“{name}”列出现多次,请只留一列 / the column {name} is there more than once"
                    raise Invalid(reason, fields=[("file", reason)])
            return index, {column: places[0] for column, places in found.items()}
    return None


def _places(heads: Sequence[str], names: set[str]) -> list[int]:
    return [position for position, head in enumerate(heads) if head in names]


def read_row(
    number: int,
    cells: Mapping[str, Cell],
    *,
    today: date,
    codes: Codes,
    columns: Mapping[str, tuple[str, ...]] = COLUMNS,
) -> LedgerRow | list[BadCell]:
    """A row's meaning, or everything that is wrong with it. `cells` are by column; a missing optional column is absent."""
    bad: dict[str, Wrong] = {}
    values: dict[str, Any] = {}
    for column, read in _READERS.items():
        try:
            values[column] = read(cells.get(column))
        except Wrong as wrong:
            bad[column] = wrong
    issued, deadline = values.get("issued_on"), values.get("deadline")
    if issued:
        if issued > today:
            bad["issued_on"] = Wrong("日期晚于今天", "in the future")
        if deadline and deadline < issued:
            bad["deadline"] = Wrong("早于下发日期", "before the date of issue")
    words = {column: values.pop(column) for column in _CODED if column in values}
    found, unknown = codes(issued or today, words)
    bad |= unknown
    if bad:
        return [BadCell(number, columns[name][0], bad[name].zh, bad[name].en) for name in _READERS if name in bad]
    source_l2 = next(iter(found["source_l2"]), None)
    areas, manifestations = found["areas"], found["manifestations"]
    grounds = (Ground.UMBRELLA,) if values["umbrella"] else ()
    return LedgerRow(
        row=number, areas=areas, manifestations=manifestations, source_l2=source_l2, grounds=grounds, **values
    )


def is_blank(cells: Mapping[str, Cell]) -> bool:
    """Whether nothing is written in the row."""
    return not any(plain(cell) for cell in cells.values())


def plain(cell: Cell) -> str:
    """A cell as text: full-width forms made narrow, a number read as float without its ".0"."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return unicodedata.normalize("NFKC", str(cell)).replace(" ", " ").strip()


def _text(cell: Cell) -> str:
    """A free text keeps its own punctuation."""
    return "" if cell is None else str(cell).strip()


def _upstream_no(cell: Cell) -> str:
    text = plain(cell)
    if not text:
        raise Wrong("必填", "needed")
    if text == EXAMPLE_NO:
        raise Wrong("这是模板的示例行,请删除", "the example row of the template, delete it")
    try:
        return upstream_number.normal_form(text)
    except ValueError:
        raise Wrong(upstream_number.REFUSAL_ZH, upstream_number.REFUSAL_EN) from None


def _issuing_level(cell: Cell) -> IssuingLevel:
    text = plain(cell)
    try:
        return IssuingLevel(_LEVELS.get(text, text.lower()))
    except ValueError:
        raise Wrong("应为中央、省或市", "must be 中央 (centre), 省 (province) or 市 (city)") from None


def day(cell: Cell) -> date | None:
    """A cell as a day, None when it is empty. Raises `Wrong`."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = plain(cell)
    if not text:
        return None
    for form in _DATES:
        if match := form.match(text):
            try:
                return date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                break
    raise Wrong("不是日期(如2018-06-01)", "not a date (like 2018-06-01)")


def _issued_on(cell: Cell) -> date:
    issued = day(cell)
    if issued is None:
        raise Wrong("必填", "needed")
    if issued.year < 2000:
        raise Wrong("早于2000年", "before the year 2000")
    return issued


def _areas(cell: Cell) -> tuple[str, ...]:
    words = tuple(word for word in SPLIT.split(plain(cell)) if word)
    if not words:
        raise Wrong("必填", "needed")
    return _few(words)


def _manifestations(cell: Cell) -> tuple[str, ...]:
    text = plain(cell)
    return _few((text,)) if text else ()


def _source_l2(cell: Cell) -> tuple[str, ...]:
    text = plain(cell)
    return _few((text,)) if text else ()


def _few(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words to look up in the lists, which are short."""
    if len(words) > 40 or any(len(word) > 200 for word in words):
        raise Wrong("过长", "too long")
    return words


def _street(cell: Cell) -> str | None:
    text = plain(cell)
    if text and not _STREET.match(text):
        raise Wrong("最多16个汉字、字母或数字", "at most 16 characters")
    return text or None


def _urgent(cell: Cell) -> bool:
    text = plain(cell).lower()
    if text not in _YES_OR_NO:
        raise Wrong("应为是或否", "must be 是 (yes) or 否 (no)")
    return _YES_OR_NO[text]


def _summary(cell: Cell) -> str:
    text = _text(cell)
    if not text:
        raise Wrong("必填", "needed")
    if len(text) > 4000:
        raise Wrong("最多4000字", "at most 4,000 characters")
    if "\0" in text:
        raise Wrong("含有不可见的控制字符", "holds a control character")
    if has_secrecy_mark(text):
        raise Wrong(REFUSAL_ZH, REFUSAL_EN)
    return text


def _umbrella(cell: Cell) -> str | None:
    text = plain(cell)
    if len(text) > 2000 or "\0" in text:
        raise Wrong("最多2000字", "at most 2000 characters")
    if has_secrecy_mark(text):
        raise Wrong(REFUSAL_ZH, REFUSAL_EN)
    return None if text in NOTHING else text


_READERS = {
    "upstream_no": _upstream_no,
    "issuing_level": _issuing_level,
    "issued_on": _issued_on,
    "deadline": day,
    "areas": _areas,
    "manifestations": _manifestations,
    "street": _street,
    "summary": _summary,
    "source_l2": _source_l2,
    "urgent": _urgent,
    "umbrella": _umbrella,
}
_CODED = ("areas", "manifestations", "source_l2")
"""Columns whose words are looked up in the code lists."""
