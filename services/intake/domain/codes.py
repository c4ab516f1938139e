"""Codes that rules of intake rest on. Sources, areas, tiers, levels, manifestations are dated lists with their words (`code_list.py`); what
never changes with a date has its words here. Source: domain.md N18-N21, §2.1."""

from enum import StrEnum

from shared.codes import Labelled

VERSION = "2018-2"
"""The version of the code lists that the service is shipped with."""


class Source(StrEnum):
    """三类线索来源 (N20): S 上级转办 handed down by superiors, A 110报警 110 call, M 群众举报 report by the public; and O 其他 other."""

    SUPERIOR = "S"
    POLICE_110 = "A"
    PUBLIC = "M"
    OTHER = "O"


class IssuingLevel(Labelled):
    """Which superior handed the lead down. 下发层级"""

    CENTRE = "centre", "中央", "centre"
    PROVINCE = "province", "省", "province"
    CITY = "city", "市", "city"


class Area(StrEnum):
    """五个重点领域 (N21) and 其他 as shipped: names for what is written in code. A district may have others; they are data."""

    MARKET = "market"
    SITE = "site"
    DEMOLITION = "demolition"
    USURY = "usury"
    VICE = "vice"
    OTHER = "other"


class Tier(StrEnum):
    """有黑扫黑、无黑除恶、无恶治乱 (N40)."""

    BLACK = "black"
    EVIL = "evil"
    DISORDER = "disorder"


class Level(StrEnum):
    """一般 / 重点 / 重大; the rubric of §2.1 helps, a person decides."""

    GENERAL = "general"
    KEY = "key"
    MAJOR = "major"


class GoTo(Labelled):
    """Where somebody is sent whose report is outside the scope. 不予受理的去向"""

    PETITION = "petition", "信访部门", "petition office"
    COURT = "court", "人民法院", "court"
    ARBITRATION = "arbitration", "仲裁机构", "arbitration"
    POLICE = "police", "公安机关(普通警情)", "police, as an ordinary matter"
    REGULATOR = "regulator", "行业主管部门", "regulator"
    DISCIPLINE = "discipline", "纪委监委", "discipline inspection"
    OTHER_DISTRICT = "other-district", "其他区县", "another district"


class Ground(Labelled):
    """涉纪情形 / why a lead also goes to discipline (M17)."""

    OFFICIAL_INVOLVED = "official_involved", "党员干部涉黑涉恶", "official involved"
    UMBRELLA = "umbrella", "保护伞", "umbrella"
    OTHER_VIOLATION = "other_violation", "其他违纪违法", "other violation"
