"""Texts without whoever told them: people write their own name and number into what they report, and from there everyone who reads the lead
would know who told (G1). What is taken out stands in the sealed box."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.intake.domain.repeat_words import SURNAMES
from services.intake.domain.report import Said, texts
from services.intake.domain.writings import DIGITS, OF_DIGIT, core, written

REPORTER = "〔举报人〕"
CALLER = "〔报警人〕"
_NO_SIGN = re.compile(r"[^0-9A-Za-z]+")
_DIGIT = rf"[\d{DIGITS}]"
_SIX = re.compile(rf"{_DIGIT}(?:[\W_]{{0,3}}{_DIGIT}){{5}}")
"""What each telephone and each document has."""
_LONG = re.compile(rf"{_DIGIT}(?:[-\s.－)）]{{0,2}}{_DIGIT}){{6,}}")
_NUMBERS = frozenset({"id_number", "phone", "safe_contact"})
_PHONES = re.compile(r"(?:86)?(1[3-9]\d{9})|(0\d{9,11})")
"""Of several in one line, as their digits stand one after the other."""
_NAME_GAP, _GAP = r"[^\w,;:!?。、\uff0c\uff1b\uff1a\uff01\uff1f]{0,3}", r"[\W_]{0,3}"
"""What may stand between the signs of a name, as forms have it and names of several parts, and of what else is one's own."""
_PARTED = re.compile(r"[、,;/\s]|\([^)]*\)?|(?:姓名|名字|本人|我叫)[是为:\s]*")
_TITLE = re.compile(r"(?:先生|女士|小姐|同志|老师|师傅)$")
_LONGEST_PART, _SURNAMES = 4, tuple(core(each) for each in SURNAMES)
_IN_TOWN, _ONE_PHONE = 8, 13
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
    found, theirs = [], [core(other) for other in others]
    for name in ("id_number", "phone", "safe_contact", "email", "address", "name"):
        if not (value := str(person.get(name) or "").strip()):
            continue
        if name in _NUMBERS:
            for signs in [_ABROAD.sub("", each) for each in _numbers(name, value)]:
                found += [(each, True) for each in (signs, _AREA.sub("", signs)) if len(each) >= 7]
        else:
            least, parts = (2, _names(value)) if name == "name" else (4, [core(value)])
            found += [
                (each, False) for each in parts if len(each) >= least and not any(each in other for other in theirs)
            ]
    return list(dict.fromkeys(found))


def _numbers(field: str, value: str) -> list[str]:
    """The numbers of a field by their signs: in words of one's own there may be several, or none, and beside a telephone another."""
    if field == "id_number":
        return [_signs(value)]
    found = [_signs(run) for run in _LONG.findall(value)]
    if field == "phone":
        found.insert(0, _signs(value))
    return [*found, *(one or other for each in found if len(each) > _ONE_PHONE for one, other in _PHONES.findall(each))]


def _names(value: str) -> list[str]:
    """What of the line for a name is one: of several, without titles and what is in brackets."""
    found = [core(value)]
    if len(value) < _LONGEST_PART:
        return found
    for part in _PARTED.split(unicodedata.normalize("NFKC", value)):
        name = core(_TITLE.sub("", part))
        if len(name) <= _LONGEST_PART and name.startswith(_SURNAMES):
            found.append(name)
    return found


def _signs(text: str) -> str:
    """The digits and letters of a text one after the other, those of full width and Chinese numerals too; nothing where no six digits
    stand together, as in most texts."""
    if _SIX.search(text) is None:
        return ""
    return _NO_SIGN.sub("", unicodedata.normalize("NFKC", text).translate(OF_DIGIT)).casefold()


def _without(text: str, own: Sequence[tuple[str, bool]], sign: str) -> str:
    signs = _signs(text)
    for value, is_number in own:
        if not is_number:
            text = _of_words(value).sub(sign, text) if _may_stand((value, False), text) else text
        # an expression for each number costs more than all else that is done here: it is made where the number may stand
        elif value in signs:
            text = re.sub(_expression(value), sign, text, flags=re.IGNORECASE)
    return text


def _expression(number: str) -> str:
    """A number however it is written; one that is no longer than a telephone of the same town is no part of another's."""
    signs = r"[\W_]{0,3}".join(map(_class_of, number))
    return signs if len(number) > _IN_TOWN else rf"(?<!\d)(?:0\d{{2,3}}[\W_]{{0,3}})?{signs}(?!\d)"


def _of_words(value: str) -> re.Pattern[str]:
    """A name, address or e-mail address however it is written; one in Latin letters is no part of a word."""
    if value.isascii():
        return re.compile(rf"(?<![A-Za-z]){_GAP.join(map(_class_of, value))}(?![A-Za-z])", re.IGNORECASE)
    gap = _NAME_GAP if len(value) <= _LONGEST_PART else _GAP
    return re.compile(gap.join(map(_class_of, value)), re.IGNORECASE)


def _class_of(sign: str) -> str:
    """The expression of one sign as people write it."""
    return f"[{re.escape(written(sign))}]"


def _may_stand(own: tuple[str, bool], text: str, signs: str | None = None) -> bool:
    """Whether it may stand in the text, however it is written: its signs are there. `signs`: of the text."""
    value, is_number = own
    if is_number:
        return value in (_signs(text) if signs is None else signs)
    return all(any(way in text for way in written(sign)) for sign in value)


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
