"""The directory of the fictional 示例区: the organs that the seed names and the campaign's offices above them, 13 streets with 114
communities, the party organisation and the committees of each, the office's 29 and the police team's 30 (N13-N15), and a person for
every account of the local issuer. Everything is made up.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from openpyxl import Workbook

from deploy.local.demo.ledger import BY_STREET
from services.intake.domain.directory_file import COLUMNS, NAMES, Sheet

BEGIN = date(2018, 3, 1)
COMMUNITIES = (10, 8, 12, 7, 8, 7, 9, 13, 6, 9, 8, 10, 7)
"""Communities of each street, in the order of `BY_STREET`."""
DETECTIVES = tuple(f"GA-{100 + number}" for number in range(18))
"""Of the police team; they come first in it, and verify the leads of the demonstration."""
Row = tuple[str | date | None, ...]

_ORGANS: tuple[tuple[str, str, str, str | None, str], ...] = (
    ("QW", "区委", "党委机关", None, "QW-1"),
    ("QWCWH", "区委常委会", "议事机构", "QW", "QW-1"),
    ("QZF", "区政府", "政府机关", None, "ZF-1"),
    ("QZFCWH", "区政府常务会", "议事机构", "QZF", "ZF-1"),
    ("ZFW", "区委政法委", "党委机关", "QW", "QW-2"),
    ("ZZ", "区委组织部", "党委机关", "QW", "QW-1"),
    ("XC", "区委宣传部", "党委机关", "QW", "QW-1"),
    ("LD", "扫黑除恶专项斗争领导小组", "专项斗争领导小组", "QW", "QW-2"),
    ("SB", "区扫黑办", "扫黑办", "ZFW", "QW-2"),
    ("ZF", "线索核查专班", "线索核查专班", "ZFW", "QW-2"),
    ("ZHDB", "综合督办组", "专项工作组", "LD", "QW-2"),
    ("ZCDJ", "侦查打击组", "专项工作组", "LD", "GA-1"),
    ("ZFJD", "执法监督组", "专项工作组", "LD", "QW-2"),
    ("JCZZ", "基层组织建设组", "专项工作组", "LD", "QW-1"),
    ("ZJWZ", "执纪问责组", "专项工作组", "LD", "JW-1"),
    ("GZXC", "工作宣传组", "专项工作组", "LD", "QW-1"),
    ("JW", "区纪委监委", "纪委监委", "QW", "JW-1"),
    ("JC", "区检察院", "检察院", None, "JC-1"),
    ("FY", "区法院", "法院", None, "FY-1"),
    ("GA", "公安分局", "公安机关", "QZF", "GA-1"),
    ("GAXZ", "公安分局刑侦大队", "刑侦大队", "GA", "GA-1"),
    ("GAZB", "公安扫黑专班", "公安扫黑专班", "GA", "GA-1"),
    ("JS", "区建设局", "行业主管部门", "QZF", "JS-1"),
    ("CG", "区城改办", "行业主管部门", "QZF", "JS-1"),
    ("MZ", "区民政局", "行业主管部门", "QZF", "ZF-1"),
    ("SJ", "区审计局", "行业主管部门", "QZF", "ZF-1"),
    ("SCJG", "区市场监管局", "行业主管部门", "QZF", "ZF-1"),
    ("JTYS", "区交通运输局", "行业主管部门", "QZF", "ZF-1"),
    ("ZRZY", "区自然资源局", "行业主管部门", "QZF", "ZF-1"),
    ("NYNC", "区农业农村局", "行业主管部门", "QZF", "ZF-1"),
    ("JRGZ", "区金融工作局", "行业主管部门", "QZF", "ZF-1"),
    ("CSGL", "区城市管理局", "行业主管部门", "QZF", "ZF-1"),
    ("XFJ", "区信访局", "行业主管部门", "QZF", "ZF-1"),
    ("XX", "区信息中心", "行业主管部门", "QZF", "ZF-1"),
    ("SGA", "市公安局", "上级机关", None, "S-1"),
    ("SJW", "市纪委监委", "上级机关", None, "S-2"),
    ("PJW", "省纪委监委", "上级机关", None, "P-1"),
    ("LQGA", "邻区公安分局", "异地机关", None, "L-1"),
)
_ABOVE: tuple[tuple[str, str, str, str | None, str], ...] = (
    ("ZYSHB", "全国扫黑办(示例)", "上级机关", None, "Z-1"),
    ("PSHB", "示例省扫黑办", "上级机关", "ZYSHB", "P-2"),
    ("SSHB", "示例市扫黑办", "上级机关", "PSHB", "S-3"),
)
# post, how many, account of the first ones, home unit of all
_OFFICE = (
    ("主任", 1, ("ofd",), "ZFW"),
    ("副主任", 2, ("dpo", "ofd2"), "ZFW"),
    ("综合督办", 6, ("sup",), "GA"),
    ("线索研判", 8, ("ana", "icl"), "GA"),
    ("宣传", 4, (), "XC"),
    ("执纪联络", 3, (), "JW"),
    ("基层组织", 3, ("dir",), "ZZ"),
    ("档案", 2, ("rvk", "rvk2"), "ZFW"),
)
_TEAM = (("侦查", 18), ("队长", 1), ("副队长", 2), ("线索研判", 5), ("法制", 2), ("内勤", 2))
# account, unit of the post, post
_OTHERS = (
    ("p6", "GA", "局长"),
    ("p5", "GA", "分管副局长"),
    ("p4", "GAXZ", "刑侦大队大队长"),
    ("p3", "PCS01", "派出所所长"),
    ("p2", "PCS01", "派出所分管副所长"),
    ("p1", "PCS01", "责任民警"),
    ("unl", "GA", "分管负责人"),
    ("unh", "GA", "责任民警"),
    ("tfl", "ZF", "组长"),
    ("tfm", "ZF", "成员"),
    ("qrv", "ZF", "成员"),
    ("dcm", "JW", "工作人员"),
    ("dhd", "JW", "工作人员"),
    ("dld", "JW", "主要负责人"),
    ("org", "ZZ", "工作人员"),
    ("jrv", "MZ", "工作人员"),
    ("str", "JD01", "工作人员"),
    ("edt", "XC", "宣传"),
    ("pr1", "XC", "宣传"),
    ("pr2", "XC", "分管负责人"),
    ("pr3", "XC", "主要负责人"),
    ("ldr", "ZFW", "书记"),
    ("reg", "JS", "工作人员"),
    ("pro", "JC", "内勤"),
    ("crt", "FY", "内勤"),
    ("aud", "SJ", "工作人员"),
    ("pay", "MZ", "工作人员"),
    ("adm", "XX", "工作人员"),
    ("dhd2", "JW", "工作人员"),
)
_LEADING_GROUP = (("ldr", "组长"), ("p6", "副组长"), ("dld", "副组长"), ("pr3", "成员"))
_GROUPS = (("ZHDB", "ofd"), ("ZCDJ", "p5"), ("ZFJD", "qrv"), ("JCZZ", "org"), ("ZJWZ", "dld"), ("GZXC", "pr3"))


def sheets() -> dict[Sheet, list[Row]]:
    """The rows of the three sheets, the same at every call."""
    units: list[Row] = [(*organ, BEGIN, None) for organ in _ORGANS]
    for number, (street, communities) in enumerate(zip(BY_STREET, COMMUNITIES, strict=True), 1):
        units.append((f"JD{number:02d}", f"{street}道", "街道", "QZF", f"JD-{number:02d}", BEGIN, None))
        units.append((f"PCS{number:02d}", f"{street}派出所", "派出所", "GA", f"PCS-{number:02d}", BEGIN, None))
        for one in range(1, communities + 1):
            code = f"SQ{number:02d}{one:02d}"
            name, building = f"{street}第{one}社区", f"SQ-{number:02d}{one:02d}"
            units.append((code, name, "社区", f"JD{number:02d}", building, BEGIN, None))
            units.append((f"DZ{code[2:]}", f"{name}党组织", "社区党组织", f"JD{number:02d}", building, BEGIN, None))
            units.append((f"LW{code[2:]}", f"{name}两委", "社区(村)两委", code, building, BEGIN, None))
    units += [(*organ, BEGIN, None) for organ in _ABOVE]
    staff: list[Row] = []
    placements: list[Row] = []
    known: dict[str, str] = {}

    def person(number: str, account: str | None, home: str) -> None:
        staff.append((number, f"虚构人员{number}", account, home, BEGIN, None, BEGIN, None))
        if account:
            known[account] = number

    number = 0
    for post, count, accounts, home in _OFFICE:
        for index in range(count):
            number += 1
            code = f"SB-{number:03d}"
            person(code, accounts[index] if index < len(accounts) else None, home)
            placements.append((code, "SB", post, "借调", BEGIN, None))
    number = 100
    for post, count in _TEAM:
        for _ in range(count):
            person(f"GA-{number}", None, "GA")
            placements.append((f"GA-{number}", "GAZB", post, "借调", BEGIN, None))
            number += 1
    for index, (account, unit, post) in enumerate(_OTHERS, 1):
        code = f"QT-{index:03d}"
        person(code, account, unit)
        placements.append((code, unit, post, "任职", BEGIN, None))
    # one person holds both posts (§1.1, ambiguity f)
    placements.append((known["ldr"], "QW", "分管负责人", "任职", BEGIN, None))
    placements += [(known[account], "LD", post, "成员", BEGIN, None) for account, post in _LEADING_GROUP]
    placements += [(known[account], group, "组长", "成员", BEGIN, None) for group, account in _GROUPS]
    return {"units": units, "staff": staff, "placements": placements}


def write_directory(path: Path, rows: dict[Sheet, list[Row]] | None = None) -> None:
    """The workbook as the keeper imports it: a sheet each for units, staff and placements."""
    book = Workbook()
    book.properties.creator = "示例区"
    book.properties.created = book.properties.modified = datetime(2018, 9, 18, tzinfo=UTC).replace(tzinfo=None)
    for old in book.worksheets:
        book.remove(old)
    for kind, lines in (rows or sheets()).items():
        sheet = book.create_sheet(NAMES[kind])
        sheet.append([usual for usual, *_ in COLUMNS[kind].values()])
        for line in lines:
            sheet.append(list(line))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
