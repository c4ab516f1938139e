"""Code lists of intake as data, with the words users see (Chinese, English). Sources: domain.md N18-N21, §2.1, §3."""

from collections.abc import Mapping
from enum import StrEnum

VERSION = "2018-2"


class Source(StrEnum):
    """三类线索来源 (N20): S 上级转办 handed down by superiors, A 110报警 110 call, M 群众举报 report by the public; and O 其他 other."""

    SUPERIOR = "S"
    POLICE_110 = "A"
    PUBLIC = "M"
    OTHER = "O"


class IssuingLevel(StrEnum):
    """Which superior handed the lead down 下发层级."""

    CENTRE = "centre"
    PROVINCE = "province"
    CITY = "city"


class Area(StrEnum):
    """五个重点领域 (N21) and 其他."""

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


class GoTo(StrEnum):
    """Where somebody is sent whose report is outside the scope 不予受理的去向."""

    PETITION = "petition"
    COURT = "court"
    ARBITRATION = "arbitration"
    POLICE = "police"
    REGULATOR = "regulator"
    DISCIPLINE = "discipline"
    OTHER_DISTRICT = "other-district"


class Ground(StrEnum):
    """Why a lead also goes to discipline (M17)."""

    OFFICIAL_INVOLVED = "official_involved"
    UMBRELLA = "umbrella"
    OTHER_VIOLATION = "other_violation"


LABELS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "source": {
        "S": ("上级转办", "handed down by superiors"),
        "A": ("110报警", "110 call"),
        "M": ("群众举报", "report by the public"),
        "O": ("其他", "other"),
    },
    "issuing_level": {"centre": ("中央", "centre"), "province": ("省", "province"), "city": ("市", "city")},
    "area": {
        "market": ("欺行霸市", "market bullying"),
        "site": ("滋扰工地", "harassing building sites"),
        "demolition": ("暴力拆迁", "violent demolition"),
        "usury": ("高利放贷", "usury"),
        "vice": ("黄赌毒", "vice, gambling, drugs"),
        "other": ("其他", "other"),
    },
    "tier": {"black": ("黑", "black"), "evil": ("恶", "evil"), "disorder": ("乱", "disorder")},
    "level": {"general": ("一般", "general"), "key": ("重点", "key"), "major": ("重大", "major")},
    "go_to": {
        "petition": ("信访部门", "petition office"),
        "court": ("人民法院", "court"),
        "arbitration": ("仲裁机构", "arbitration"),
        "police": ("公安机关(普通警情)", "police, as an ordinary matter"),
        "regulator": ("行业主管部门", "regulator"),
        "discipline": ("纪委监委", "discipline inspection"),
        "other-district": ("其他区县", "another district"),
    },
    "discipline_ground": {
        "official_involved": ("党员干部涉黑涉恶", "official involved"),
        "umbrella": ("保护伞", "umbrella"),
        "other_violation": ("其他违纪违法", "other violation"),
    },
    "manifestation": {
        "01": ("威胁政治安全特别是政权安全、制度安全以及向政治领域渗透的黑恶势力", "political security"),
        "02": ("把持基层政权、操纵破坏基层换届选举、垄断农村资源、侵吞集体资产的黑恶势力", "grass-roots power"),
        "03": ("利用家族、宗族势力横行乡里、称霸一方、欺压残害百姓的“村霸”等黑恶势力", "village tyrants"),
        "04": ("在征地、租地、拆迁、工程项目建设等过程中煽动闹事的黑恶势力", "land and demolition"),
        "05": (
            "在建筑工程、交通运输、矿产资源、渔业捕捞等行业、领域,强揽工程、恶意竞标、非法占地、滥开滥采的黑恶势力",
            "industries",
        ),
        "06": (
            "在商贸集市、批发市场、车站码头、旅游景区等场所欺行霸市、强买强卖、收保护费的市霸、行霸等黑恶势力",
            "markets",
        ),
        "07": ("操纵、经营“黄赌毒”等违法犯罪活动的黑恶势力", "vice, gambling, drugs"),
        "08": ("非法高利放贷、暴力讨债的黑恶势力", "usury and violent collection"),
        "09": ("插手民间纠纷,充当“地下执法队”的黑恶势力", "underground enforcers"),
        "10": ("境外黑社会入境发展渗透以及跨国跨境的黑恶势力", "across borders"),
        "11": ("组织或雇佣网络“水军”在网上威胁、恐吓、侮辱、诽谤、滋扰的黑恶势力", "paid online harassment"),
    },
}
MANIFESTATIONS = frozenset(LABELS["manifestation"])
