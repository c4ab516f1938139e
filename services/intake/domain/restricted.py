"""The subject store 被举报人限制信息 (domain.md §2.3 A; PIPL §28): numbers and addresses of those who are reported stand apart from
what the ordinary store says of a lead, wherever in the report they were written. Pure.

A report is taken apart into its blocks with a sign in the place of each such text, and the texts by their dotted paths, which are kept
sealed; both together are the report again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.intake.domain.report import person_line, texts

APART = "〔限制查阅〕"
"""Stands where a field of the subject store has an answer."""
Apart = Mapping[str, str]
"""Dotted path → what was written there."""
_FIELDS = re.compile(r"persons\.\d+\.(?:id_number|phone|address|company\.uscc)")
_CODES = re.compile(r"facts\.(?:time_from|time_to|area_codes\.\d+|manifestation_codes\.\d+|dont_know\.\d+)")
_HAN = "〇零一幺二两三四五六七八九"
_PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# \d is also a full-width digit; between digits people write a blank or a dash
_SIGNS = (
    (
        "〔证件号码〕",
        r"(?<![\dA-Za-z])\d(?:[-\s]?\d){16}[-\s]?[\dXxＸｘ](?![\dA-Za-z])|(?<![\dA-Za-z])\d{15}(?![\dA-Za-z])",
    ),
    ("〔信用代码〕", r"(?<![\dA-Za-z])[1-9A-Y]\d{7}[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{10}(?![\dA-Za-z])"),
    ("〔账号〕", r"(?<![\dA-Za-z])(?:\d{16,19}|\d{4}(?:[-\s]\d{4}){3}(?:[-\s]\d{1,3})?)(?![\dA-Za-z])"),
    (
        "〔电话〕",
        r"(?<![\dA-Za-z])(?:\+?86[-\s]?)?(?:[1１][-\s]?[3-9３-９](?:[-\s]?\d){9}|[0０]\d{2,3}[-\s]?\d{7,8})(?![\dA-Za-z])",
    ),
    ("〔号码〕", rf"[{_HAN}]{{7,}}"),
    ("〔车牌〕", rf"[{_PLATES}][A-Za-z][·.\-\s]?[A-HJ-NP-Za-hj-np-z\d]{{5,6}}(?![A-Za-z\d])"),
)
_EACH = tuple((sign, re.compile(pattern)) for sign, pattern in _SIGNS)
_MAYBE = re.compile(rf"\d(?:[-\s]?\d){{6}}|[{_HAN}]{{7}}|[{_PLATES}][A-Za-z]")
"""What each of them has; most texts have none."""
_RUN = re.compile(r"(?<![0-9A-Za-z])(?=[-\sA-Za-z]*[0-9])(?:[0-9A-Za-z][-\s]?){6,}[0-9A-Za-z](?![0-9A-Za-z])")
"""A number in a field, of whatever kind: at least seven signs, one a digit."""
_NO_SIGN = re.compile(r"[^0-9A-Za-z]+")


def masked(text: str) -> str:
    """The text with a sign in the place of what looks like the number of a person, an account, a firm or a vehicle."""
    if _MAYBE.search(text) is None:
        return text
    for sign, pattern in _EACH:
        text = pattern.sub(sign, text)
    return text


def take_apart(content: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """A report's blocks as the ordinary store keeps them, and what stands apart."""
    said = list(texts(content))
    fields = {path: text for path, text in said if path.startswith("persons.") and _FIELDS.fullmatch(path)}
    # one look at all of it, as most have nothing of this
    if not fields and _MAYBE.search("\n".join([text for _, text in said])) is None:
        return content, {}
    own = [
        _spaced(run) for path, value in fields.items() if not path.endswith(".address") for run in _RUN.findall(value)
    ]
    free = {path: text for path, text in said if path not in fields and not _CODES.fullmatch(path)}
    apart = fields | {path: text for path, text in free.items() if _without(text, own) != text}
    if not apart:
        return content, {}
    return put(content, {path: APART if path in fields else _without(text, own) for path, text in apart.items()}), apart


def put(content: Mapping[str, Any], apart: Apart) -> Mapping[str, Any]:
    """The blocks with these texts at their places; a place that is not there is passed over."""
    return _put(content, apart, "") if apart else content


def pieces(content: Mapping[str, Any], apart: Apart) -> Iterator[tuple[str, str]]:
    """What a lead's summary and allegations, made of these blocks, have of each text that stands apart: as it stands there, and whole."""
    whole = put(content, apart)
    persons = zip(content.get("persons", ()), whole.get("persons", ()), strict=True)
    for number, (kept, told) in enumerate(persons, 1):
        if kept != told:
            yield person_line(number, kept), person_line(number, told)
    kept_at = dict(texts(content))
    rest = [
        (kept_at[path], text) for path, text in apart.items() if path in kept_at and not path.startswith("persons.")
    ]
    # a long one first, as it may hold what a short one is
    yield from sorted(rest, key=lambda piece: -len(piece[0]))


def _without(text: str, own: Sequence[re.Pattern[str]]) -> str:
    text = masked(text)
    for pattern in own:
        text = pattern.sub(APART, text)
    return text


def _spaced(value: str) -> re.Pattern[str]:
    """A number however it is written: with blanks and dashes or without."""
    return re.compile(r"[-\s]?".join(map(re.escape, _NO_SIGN.sub("", value))), re.IGNORECASE)


def _put(value: Any, apart: Apart, path: str) -> Any:
    if isinstance(value, str):
        return apart.get(path, value)
    if isinstance(value, Mapping):
        return {name: _put(inner, apart, f"{path}.{name}" if path else name) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_put(inner, apart, f"{path}.{index}") for index, inner in enumerate(value)]
    return value
