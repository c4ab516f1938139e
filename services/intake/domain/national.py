"""A file as the national platform 12337 hands leads down: its four blocks as columns (§2.5).
A row is a superior's lead like one of a ledger, with its reporter, what each item reports, and who shields it.

The district is downstream: the upstream number and date are kept, and nothing here pretends to be 12337.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from services.intake.domain import ledger
from services.intake.domain.ledger import NOTHING, BadCell, Cell, Codes, LedgerRow, plain
from shared.secrecy import REFUSAL_EN, REFUSAL_ZH, has_secrecy_mark

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "upstream_no": ("举报编号", "举报件编号", "上级编号"),
    "issuing_level": ("下发层级",),
    "issued_on": ("转办日期", "下发日期"),
    "deadline": ("办理期限", "办结期限"),
    "areas": ("重点领域", "领域"),
    "manifestations": ("表现形式",),
    "source_l2": ("二级来源", "来源细类"),
    "street": ("街道", "所属街道"),
    "summary": ("举报内容", "违法犯罪事实", "主要内容"),
    "urgent": ("紧急", "是否紧急", "紧急程度"),
    "naming": ("举报方式", "是否实名"),
    "reporter_name": ("举报人姓名", "举报人"),
    "reporter_phone": ("举报人电话", "联系电话"),
    "reporter_id": ("举报人证件号码", "证件号码"),
    "persons": ("被举报人",),
    "umbrella": ("保护伞情况", "保护伞"),
}
REQUIRED = ("upstream_no", "issued_on", "areas", "summary")
_REPORTER = {"reporter_name": "name", "reporter_phone": "phone", "reporter_id": "id_number"}
_ANONYMOUS = frozenset({"匿名", "否", "匿名举报"})
_NAMED = frozenset({"", "实名", "是", "实名举报", "要求保密"})
_LONGEST = {"persons": 2000, "reporter_name": 100, "reporter_phone": 40, "reporter_id": 40}


def read_row(number: int, cells: Mapping[str, Cell], *, today: date, codes: Codes) -> LedgerRow | list[BadCell]:
    """A row's meaning, or everything that is wrong with it; a cell's content is never repeated."""
    level = cells.get("issuing_level") or "中央"
    read = ledger.read_row(number, {**cells, "issuing_level": level}, today=today, codes=codes, columns=COLUMNS)
    bad = read if isinstance(read, list) else []
    told = {name: plain(cells.get(name)) for name in (*_LONGEST, "naming")}
    for name, most in _LONGEST.items():
        if len(told[name]) > most or "\0" in told[name]:
            bad.append(BadCell(number, COLUMNS[name][0], f"最多{most}字", f"at most {most} characters"))
        elif has_secrecy_mark(told[name]):
            bad.append(BadCell(number, COLUMNS[name][0], REFUSAL_ZH, REFUSAL_EN))
    anonymous = told["naming"] in _ANONYMOUS
    reporter = {kept: told[name] for name, kept in _REPORTER.items() if told[name] not in NOTHING}
    if not anonymous and told["naming"] not in _NAMED:
        bad.append(BadCell(number, COLUMNS["naming"][0], "应为实名或匿名", "must be 实名 (named) or 匿名 (anonymous)"))
    if anonymous and reporter:
        bad.append(BadCell(number, COLUMNS["reporter_name"][0], "匿名举报不填写举报人", "not with an anonymous report"))
    if bad or isinstance(read, list):
        return bad
    return replace(
        read,
        reporter=reporter or None,
        allegations=() if told["persons"] in NOTHING else (f"被举报人:{told['persons']}",),
    )
