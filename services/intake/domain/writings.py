"""How one sign is written: the digits of all scripts and numerals, full width, traditional and simplified characters, capitals. Pure."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from opencc import OpenCC

_NUMERALS = ("〇零", "一幺壹弌", "二两贰貳", "三叁參叄", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
_LAST = 0x1FC00
"""No digit lies beyond."""


def _digits() -> dict[str, str]:
    """Each digit → all ways to write it."""
    found = {str(value): [str(value), *_NUMERALS[value]] for value in range(10)}
    for each in map(chr, range(0x80, _LAST)):
        if (value := unicodedata.digit(each, -1)) >= 0:
            found[str(value)].append(each)
    return {digit: "".join(ways) for digit, ways in found.items()}


_WAYS = _digits()
OF_DIGIT: Mapping[int, str] = {ord(way): digit for digit, ways in _WAYS.items() for way in ways}
"""For `str.translate`: whatever says a digit → that digit."""
DIGITS = "".join(way for ways in _WAYS.values() for way in ways if not way.isdecimal())
"""The ways beside those that `\\d` matches."""


@lru_cache(maxsize=1)
def _simple() -> Mapping[str, str]:
    """Traditional characters → simplified ones, where they differ."""
    signs = [chr(each) for each in range(0x3400, 0xA000)]
    simple = OpenCC("t2s").convert("\n".join(signs)).split("\n")
    return {each: other for each, other in zip(signs, simple, strict=True) if each != other and len(other) == 1}


@lru_cache(maxsize=1)
def _others() -> Mapping[str, str]:
    """Simplified characters → the traditional ones that say the same."""
    found: dict[str, str] = {}
    for each, other in _simple().items():
        found[other] = found.get(other, "") + each
    return found


@lru_cache(maxsize=1)
def _one_writing() -> Mapping[int, str]:
    return {**OF_DIGIT, **{ord(each): other for each, other in _simple().items()}}


def core(text: str) -> str:
    """The letters and digits of a text in one writing, nothing between them."""
    plain = unicodedata.normalize("NFKC", text).translate(_one_writing()).casefold()
    return plain if plain.isalnum() else "".join(filter(str.isalnum, plain))


@lru_cache(maxsize=4096)
def written(sign: str) -> str:
    """All ways to write a sign of a `core`."""
    ways = _WAYS.get(sign, sign) + _others().get(sign, "")
    if sign.isascii():
        ways += sign.upper() + chr(ord(sign) + 0xFEE0) + chr(ord(sign.upper()) + 0xFEE0)
    return "".join(dict.fromkeys(ways))
