"""Texts without whoever told them: people write their own name and number into what they report, and from there everyone who reads the lead
would know who told (G1). What is taken out stands in the sealed box."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.intake.domain.report import Said, texts

REPORTER = "〔举报人〕"
CALLER = "〔报警人〕"
_NO_SIGN = re.compile(r"[^0-9A-Za-z]+")
_OF_OTHERS = frozenset({"persons", "officials"})
"""Blocks of a report, each about somebody who is reported."""
_THEIRS = frozenset({"name", "alias", "id_number", "phone", "employer", "post"})
"""Fields of such a block: whatever stands there is theirs."""


def without_person(text: str, person: Mapping[str, Any] | None, sign: str, *, others: Collection[str] = ()) -> str:
    """The text with `sign` in the place of the person's own name, numbers and address. A name that is one of `others`' too stays."""
    return _without(text, _own(person or {}, others), sign)


def _own(person: Mapping[str, Any], others: Collection[str]) -> list[tuple[str, bool]]:
    """What is a person's own, and whether it is a number, which people write with blanks and dashes."""
    found = []
    for name in ("id_number", "phone", "address", "name"):
        value = str(person.get(name) or "").strip()
        if name in ("id_number", "phone"):
            signs = _NO_SIGN.sub("", value).casefold()
            if len(signs) >= 7:
                found.append((signs, True))
        elif len(value) >= (2 if name == "name" else 4) and not any(value in other for other in others):
            found.append((value, False))
    return found


def _without(text: str, own: Sequence[tuple[str, bool]], sign: str) -> str:
    for value, is_number in own:
        if not is_number:
            text = text.replace(value, sign)
        # an expression for each number costs more than all else that is done here: it is made where the number may stand
        elif _may_stand((value, is_number), text):
            text = re.sub(r"[-\s]?".join(map(re.escape, value)), sign, text, flags=re.IGNORECASE)
    return text


def _may_stand(own: tuple[str, bool], text: str) -> bool:
    """Whether it may stand in the text; a number, however it is written."""
    value, is_number = own
    if not is_number:
        return value in text
    folded = text.casefold()
    return value[0] in folded and value in _NO_SIGN.sub("", folded)


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
    if not any(_may_stand(each, whole) for each in own):
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
