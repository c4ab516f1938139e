"""Texts without whoever told them: people write their own name and number into what they report, and from there everyone who reads the lead
would know who told (G1). What is taken out stands in the sealed box."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.intake.domain.report import Said, texts

REPORTER = "〔举报人〕"
CALLER = "〔报警人〕"
_NO_SIGN = re.compile(r"[^0-9A-Za-z]+")
_HAN = dict(
    zip("0123456789", ("〇零", "一幺壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"), strict=True)
)
_NUMERALS = {ord(each): digit for digit, written in _HAN.items() for each in written}
_DIGIT = rf"[\d{''.join(_HAN.values())}]"
_SIX = re.compile(rf"{_DIGIT}(?:[\W_]{{0,3}}{_DIGIT}){{5}}")
"""What each telephone and each document has."""
_LONG = re.compile(rf"{_DIGIT}(?:[-\s.－)）]{{0,2}}{_DIGIT}){{6,}}")
_NUMBERS = frozenset({"id_number", "phone", "safe_contact"})
_WIDER = 0xFEE0
"""From a sign of ASCII to the same of full width."""
_IN_TOWN = 8
_ABROAD = re.compile(r"^(?:(?:00)?86|0)(?=1[3-9]\d{9}$)|^(?:00)?86(?=0\d{9,11}$)")
_AREA = re.compile(r"^0(?:10|2\d|[3-9]\d\d)(?=\d{7,8}$)")
_OF_OTHERS = frozenset({"persons", "officials"})
"""Blocks of a report, each about somebody who is reported."""
_THEIRS = frozenset({"name", "alias", "id_number", "phone", "employer", "post"})
"""Fields of such a block: whatever stands there is theirs."""


def without_person(text: str, person: Mapping[str, Any] | None, sign: str, *, others: Collection[str] = ()) -> str:
    """The text with `sign` in the place of the person's own name, numbers and address. A name that is one of `others`' too stays."""
    return _without(text, _own(person or {}, others), sign)


def _own(person: Mapping[str, Any], others: Collection[str]) -> list[tuple[str, bool]]:
    """What is a person's own, and whether it is a number, which people write in many ways (`_signs`); a telephone with and without what
    calls from elsewhere begin with."""
    found = []
    for name in ("id_number", "phone", "safe_contact", "email", "address", "name"):
        value = str(person.get(name) or "").strip()
        if name in _NUMBERS:
            # in words of his own there may be several, or none
            runs = _LONG.findall(value) if name == "safe_contact" else [value]
            for signs in [_ABROAD.sub("", _signs(run)) for run in runs]:
                found += [(each, True) for each in (signs, _AREA.sub("", signs)) if len(each) >= 7]
        elif len(value) >= (2 if name == "name" else 4) and not any(value in other for other in others):
            found.append((value, False))
    return list(dict.fromkeys(found))


def _signs(text: str) -> str:
    """The digits and letters of a text one after the other, those of full width and Chinese numerals too; nothing where no six digits
    stand together, as in most texts."""
    if _SIX.search(text) is None:
        return ""
    return _NO_SIGN.sub("", unicodedata.normalize("NFKC", text).translate(_NUMERALS)).casefold()


def _without(text: str, own: Sequence[tuple[str, bool]], sign: str) -> str:
    signs = _signs(text)
    for value, is_number in own:
        if not is_number:
            text = re.sub(r"\s?".join(map(re.escape, value)), sign, text) if _may_stand((value, False), text) else text
        # an expression for each number costs more than all else that is done here: it is made where the number may stand
        elif value in signs:
            text = re.sub(_expression(value), sign, text, flags=re.IGNORECASE)
    return text


def _expression(number: str) -> str:
    """A number however it is written; one that is no longer than a telephone of the same town is no part of another's."""
    signs = r"[\W_]{0,3}".join(map(_written, number))
    return signs if len(number) > _IN_TOWN else rf"(?<!\d)(?:0\d{{2,3}}[\W_]{{0,3}})?{signs}(?!\d)"


def _written(sign: str) -> str:
    """The expression of one digit or letter as people write it."""
    return f"[{sign}{chr(ord(sign) + _WIDER)}{_HAN.get(sign, '')}]"


def _may_stand(own: tuple[str, bool], text: str, signs: str | None = None) -> bool:
    """Whether it may stand in the text; a number, however it is written; a name with blanks in it, as forms have them. `signs`: of the
    text."""
    value, is_number = own
    if is_number:
        return value in (_signs(text) if signs is None else signs)
    return value in text or (value[0] in text and value in "".join(text.split()))


def report_without_reporter(
    content: Mapping[str, Any], reporter: Mapping[str, Any] | None, said: Said | None = None
) -> Mapping[str, Any]:
    """The blocks of a report with every free text so; names and numbers of those who are reported stay as they were told. `said`: its
    texts, where they are known."""
    if not reporter:
        return content
    told = [*content.get("persons", ()), *(content.get("umbrella") or {}).get("officials", ())]
    own = _own(reporter, [text for person in told for text in (person.get("name"), person.get("alias")) if text])
    # one look at all of it: most people do not write themselves into what they tell
    whole = "\n".join([text for _, text in (texts(content) if said is None else said)])
    signs = _signs(whole)
    if not any(_may_stand(each, whole, signs) for each in own):
        return content

    def clean(value: Any, *, of_others: bool = False) -> Any:
        if isinstance(value, str):
            return _without(value, own, REPORTER)
        if isinstance(value, dict):
            return {
                name: inner if of_others and name in _THEIRS else clean(inner, of_others=name in _OF_OTHERS)
                for name, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [clean(inner, of_others=of_others) for inner in value]
        return value

    return {name: clean(value, of_others=name in _OF_OTHERS) for name, value in content.items()}
