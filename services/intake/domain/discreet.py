"""Texts without whoever told them: people write their own name and number into what they report, and from there everyone who reads the lead
would know who told (G1). What is taken out stands in the sealed box."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

REPORTER = "〔举报人〕"
CALLER = "〔报警人〕"
_OF_OTHERS = frozenset({"persons", "officials"})
"""Blocks of a report, each about somebody who is reported."""
_THEIRS = frozenset({"name", "alias", "id_number", "phone", "employer", "post"})
"""Fields of such a block: whatever stands there is theirs."""


def without_person(text: str, person: Mapping[str, Any] | None, sign: str, *, others: Collection[str] = ()) -> str:
    """The text with `sign` in the place of the person's own name, numbers and address. A name that is one of `others`' too stays."""
    for name in ("id_number", "phone", "address", "name"):
        value = str((person or {}).get(name) or "").strip()
        if name in ("id_number", "phone"):
            signs = re.sub(r"[^0-9A-Za-z]", "", value)
            if len(signs) >= 7:
                text = re.sub(r"[-\s]?".join(map(re.escape, signs)), sign, text, flags=re.IGNORECASE)
        elif len(value) >= (2 if name == "name" else 4) and not any(value in other for other in others):
            text = text.replace(value, sign)
    return text


def report_without_reporter(content: Mapping[str, Any], reporter: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The blocks of a report with every free text so; names and numbers of those who are reported stay as they were told."""
    if not reporter:
        return content
    told = [*content.get("persons", ()), *(content.get("umbrella") or {}).get("officials", ())]
    others = [text for person in told for text in (person.get("name"), person.get("alias")) if text]

    def clean(value: Any, *, of_others: bool = False) -> Any:
        if isinstance(value, str):
            return without_person(value, reporter, REPORTER, others=others)
        if isinstance(value, Mapping):
            return {
                name: inner if of_others and name in _THEIRS else clean(inner, of_others=name in _OF_OTHERS)
                for name, inner in value.items()
            }
        if isinstance(value, Sequence):
            return [clean(inner, of_others=of_others) for inner in value]
        return value

    return {name: clean(value, of_others=name in _OF_OTHERS) for name, value in content.items()}
