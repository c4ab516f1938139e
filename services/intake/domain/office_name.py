"""What the office is called in a report, however it is written (G22): with blanks and signs, full-width, in traditional characters. Pure.

The characters of these few names are a small table here: the dictionaries that know all characters take 10 MB and more, for each process of
the API from its start.
"""

import re
import unicodedata
from collections.abc import Iterable

OFFICE = (
    "扫黑办",
    "扫黑除恶办",
    "扫黑除恶专项斗争领导小组办公室",
    "扫黑除恶斗争领导小组办公室",
    "扫黑除恶领导小组办公室",
    "扫黑除恶专项斗争办",
    "扫黑除恶斗争办",
    "扫黑除恶常态化办",
)
"""What the office is called where somebody says at which unit a person works: in the campaign 专项斗争, and since 常态化."""
OFFICE_ITSELF = (*OFFICE, "线索办", "专项办")
"""Words by which a report means this office."""
_SIMPLIFIED = str.maketrans("掃黒辦悪惡專耑項態鬥鬦鬪鬬鬭爭領導組綫線", "扫黑办恶恶专专项态斗斗斗斗斗争领导组线线")
_NO_SIGN = re.compile(r"[\W_]+")


def of_the_office(unit: str | None) -> bool:
    """Whether a unit or post, as a form of its own field says it, is of the office: no guess at a free text."""
    return unit is not None and _names(OFFICE, unit)


def means_the_office(texts: Iterable[str]) -> bool:
    """Whether one of these texts speaks of the office; whoever is meant does not decide (§4.2)."""
    return any(_names(OFFICE_ITSELF, text) for text in texts)


def _names(names: Iterable[str], text: str) -> bool:
    plain = _NO_SIGN.sub("", unicodedata.normalize("NFKC", text).translate(_SIMPLIFIED))
    return any(name in plain for name in names)
