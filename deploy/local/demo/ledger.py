"""The 68 superior leads of the demonstration, from a fixed seed: totals as the plan of the campaign wants them, everything fictional.

Hard totals: by month, street, issuing level, manifestation, level and tier. What the offices then do with each lead (the plan) is not
part of the workbook.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from openpyxl import Workbook

from shared.deadlines import Calendar

Key = TypeVar("Key")
SEED = 20180918
END = date(2018, 9, 18)
BY_MONTH = {3: 3, 4: 6, 5: 9, 6: 12, 7: 14, 8: 15, 9: 9}
BY_STREET = {
    "临江街": 6,
    "北苑街": 5,
    "常新街": 7,
    "东渡街": 4,
    "枫林街": 5,
    "广济街": 4,
    "花桥街": 6,
    "江湾街": 8,
    "锦绣街": 3,
    "柳堤街": 5,
    "平安里街": 5,
    "瑞安街": 6,
    "新港街": 4,
}
BY_MANIFESTATION = {"02": 2, "03": 3, "04": 7, "05": 9, "06": 12, "07": 13, "08": 17, "09": 4, "11": 1}
# issuing level and level of handling together: 重大 6 centre + 3 province, 重点 16 province + 8 city, 一般 35 city
BY_LEVEL = {
    ("中央", "major"): 6,
    ("省", "major"): 3,
    ("省", "key"): 16,
    ("市", "key"): 8,
    ("市", "general"): 35,
}
BLACK = 6
DUAL_GROUNDS = (("umbrella",), ("official_involved",), ("umbrella", "official_involved"), ("other_violation",))
HEADERS = ("上级编号", "下发层级", "下发日期", "办结期限", "重点领域", "表现形式", "街道", "线索摘要")
_AREA = {"04": "暴力拆迁", "05": "滋扰工地", "06": "欺行霸市", "07": "黄赌毒", "08": "高利放贷", "09": "高利放贷"}
_CODE = {"中央": "Z", "省": "S", "市": "C"}
_TEXT = {
    "02": "反映有人在社区居委会换届前后向居民施压,并长期占用集体门面收取租金不入账",
    "03": "反映被举报人甲纠集亲属多人,长期强占公共巷道停车位并向邻里收费",
    "04": "反映在旧房征收过程中有人组织不明身份人员堵门、断水断电",
    "05": "反映有人以供应砂石为名强行要求工地使用其车辆,不从即堵住工地大门",
    "06": "反映有人在菜市场按摊位收取所谓管理费,不交者摊位被掀",
    "07": "反映某娱乐场所后间设有赌博机,并有人看场",
    "08": "反映某咨询公司以低息为名放款,逾期后派人上门滋扰、喷涂墙面",
    "09": "反映有人受雇介入经济纠纷,尾随、围堵当事人",
    "11": "反映有人雇佣多个网络账号对经营者进行威胁、辱骂,索要删帖费用",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the offices do with a lead: how it is classified, to whom it goes and when (days in China)."""

    tier: str
    level: str
    unit: str
    grounds: tuple[str, ...]
    assigned_on: date
    accepted_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLead:
    """One row of the workbook, and its plan."""

    upstream_no: str
    issuing_level: str
    issued_on: date
    deadline: date | None
    area: str
    manifestation: str
    street: str
    summary: str
    plan: Plan


def generate() -> list[DemoLead]:
    """The 68 leads by day of issue; the same at every call."""
    chance = random.Random(SEED)  # noqa: S311 - the same rows every time, on purpose
    days = Calendar()
    issued = sorted(day for month, number in BY_MONTH.items() for day in _days_of(month, number, chance, days))
    streets = _shuffled(BY_STREET, chance)
    manifestations = _shuffled(BY_MANIFESTATION, chance)
    levels = _shuffled(BY_LEVEL, chance)
    # the alleged organised-crime leads and the dual ones are among those handled as 重大 or 重点
    weighty = [index for index, (_, level) in enumerate(levels) if level != "general"]
    black = set(chance.sample([i for i in weighty if levels[i][1] == "major"], BLACK))
    dual = dict(zip(sorted(chance.sample(weighty, len(DUAL_GROUNDS))), DUAL_GROUNDS, strict=True))
    leads = []
    for index, day in enumerate(issued):
        issuing, level = levels[index]
        manifestation = manifestations[index]
        assigned = days.working_days(day, chance.choice((0, 1))).on
        leads.append(
            DemoLead(
                upstream_no=f"{_CODE[issuing]}{day:%Y%m%d}{index + 1:03d}",
                issuing_level=issuing,
                issued_on=day,
                deadline=days.natural_days(day, 45).on if issuing == "中央" else None,
                area=_AREA.get(manifestation, "其他"),
                manifestation=manifestation,
                street=streets[index],
                summary=f"{_TEXT[manifestation]}(示例数据第{index + 1}条,{streets[index]})。",
                plan=Plan(
                    tier="black" if index in black else "evil",
                    level=level,
                    unit="GA",
                    grounds=dual.get(index, ()),
                    assigned_on=assigned,
                    accepted_on=days.working_days(assigned, chance.choice((0, 1))).on,
                ),
            )
        )
    return leads


def _days_of(month: int, number: int, chance: random.Random, days: Calendar) -> list[date]:
    """Working days of the month, early enough that assignment and receipt still fall into it."""
    first = date(2018, month, 1)
    last = min(END, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))
    fitting = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if days.is_working_day(day) and days.working_days(day, 2).on <= last:
            fitting.append(day)
    return chance.choices(fitting, k=number)


def _shuffled(totals: Mapping[Key, int], chance: random.Random) -> list[Key]:
    values = [value for value, number in totals.items() for _ in range(number)]
    chance.shuffle(values)
    return values


def write_workbook(leads: Sequence[DemoLead], path: Path) -> None:
    """The ledger as the office receives it: a title, a header, a row a lead."""
    book = Workbook()
    book.properties.creator = "示例区"
    book.properties.created = book.properties.modified = datetime(2018, 9, 18, tzinfo=UTC).replace(tzinfo=None)
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has a sheet")
    sheet.title = "上级下发线索"
    sheet.append(["示例区上级下发线索台账(虚构数据,仅供演示)"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(HEADERS))
    sheet.append(list(HEADERS))
    for lead in leads:
        sheet.append(
            [
                lead.upstream_no,
                lead.issuing_level,
                lead.issued_on,
                lead.deadline,
                lead.area,
                lead.manifestation,
                lead.street,
                lead.summary,
            ]
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
