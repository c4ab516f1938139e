"""The subject store 被举报人限制信息 (domain.md §2.3 A; PIPL §28): numbers and addresses of those who are reported stand apart from
what the ordinary store says of a lead, wherever in the report they were written. Pure.

A report, or whatever else was told of a lead, is taken apart into its texts with a sign in the place of each such number, and the whole
texts by their dotted paths, which are kept sealed; both together are what was told again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.intake.domain.minors import told
from services.intake.domain.report import Said, allegations, summary_lines, texts
from shared.person_numbers import masked, may_be_in

APART = "〔限制查阅〕"
"""Stands where a field of the subject store has an answer."""
Apart = Mapping[str, str]
"""Dotted path → what was written there."""
_FIELDS = re.compile(r"persons\.\d+\.(?:id_number|phone|address|company\.uscc)")
_CODES = re.compile(r"facts\.(?:time_from|time_to|street|area_codes\.\d+|manifestation_codes\.\d+|dont_know\.\d+)")
_RUN = re.compile(r"(?<![0-9A-Za-z])(?=[-\sA-Za-z]*[0-9])(?:[0-9A-Za-z][-\s]?){6,}[0-9A-Za-z](?![0-9A-Za-z])")
"""A number in a field, of whatever kind: at least seven signs, one a digit."""
_BETWEEN = re.compile(r"[-\s]+")


def take_apart(content: Mapping[str, Any], said: Said | None = None) -> tuple[Mapping[str, Any], dict[str, str]]:
    """A report's blocks as the ordinary store keeps them, and what stands apart. `said`: its texts, where they are known."""
    said = texts(content) if said is None else said
    fields = {path: text for path, text in said if path.startswith("persons.") and _FIELDS.fullmatch(path)}
    # one look at all of it, as most have nothing of this
    if not fields and not may_be_in("\n".join([text for _, text in said])):
        return content, {}
    own = _numbers(value for path, value in fields.items() if not path.endswith(".address"))
    free = {path: text for path, text in said if path not in fields and not _CODES.fullmatch(path)}
    apart = fields | {path: text for path, text in free.items() if _without(text, own) != text}
    if not apart:
        return content, {}
    return put(content, {path: APART if path in fields else _without(text, own) for path, text in apart.items()}), apart


def may_tell_numbers(told: Iterable[str]) -> bool:
    """Whether there may be something in these texts that stands apart; most have nothing, and one look at all of them says so."""
    return may_be_in("\n".join(told))


def numbers_apart(told: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """What was told elsewhere than in the blocks of a report, as the ordinary store keeps it; and each text in which a number was written,
    whole, by its dotted path."""
    said = texts(told)
    if not may_tell_numbers(text for _, text in said):
        return told, {}
    kept = {path: clear for path, text in said if (clear := masked(text)) != text}
    return put(told, kept), {path: text for path, text in said if path in kept}


def put(content: Mapping[str, Any], apart: Apart) -> Mapping[str, Any]:
    """The blocks with these texts at their places; a place that is not there is passed over."""
    return _put(content, apart, "") if apart else content


def retold(
    summary: str, items: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]]:
    """A lead's summary and allegations, made of the blocks as they were `before`, as they are made of those `after`: each line in its own
    place, since two of them may read the same once their numbers stand apart."""
    if before == after:
        return summary, tuple(items)
    each = list(zip(allegations(before), allegations(after), strict=True))
    # a report that tells nothing else is summed up by the first of them
    lines = [*zip(summary_lines(before), summary_lines(after), strict=True), *each[:1]]
    # marks of minors stand behind what was told
    other = [("", "")] * len(items)
    known = [*each, *other[len(each) :]] if len(each) == len(told(items)) else other
    return _changed(summary, lines), tuple(_changed(text, [line]) for text, line in zip(items, known, strict=True))


def _changed(text: str, lines: Sequence[tuple[str, str]]) -> str:
    """The text with these lines, one after the other, in other words; one that is not there is passed over."""
    done, at = "", 0
    for before, after in lines:
        if before and (place := text.find(before, at)) >= 0:
            done, at = done + text[at:place] + after, place + len(before)
    return done + text[at:]


def _numbers(values: Iterable[str]) -> list[str]:
    """The numbers in these fields without blanks and dashes, the longest first; of some that stand in one field each, and all as one."""
    runs = [run for value in values for run in _RUN.findall(value)]
    runs += [part for run in runs for part in run.split() if _RUN.fullmatch(part)]
    return sorted({_bare(run) for run in runs}, key=lambda number: (-len(number), number))


def _bare(text: str) -> str:
    return _BETWEEN.sub("", text).casefold()


def _without(text: str, own: Sequence[str]) -> str:
    text = masked(text)
    bare = _bare(text)
    for number in own:
        # whoever is not in the bare text is not in the text: hundreds of numbers may be asked of hundreds of texts
        if number in bare:
            text = re.sub(r"[-\s]?".join(map(re.escape, number)), APART, text, flags=re.IGNORECASE)
            bare = _bare(text)
    return text


def _put(value: Any, apart: Apart, path: str) -> Any:
    if isinstance(value, str):
        return apart.get(path, value)
    if isinstance(value, Mapping):
        return {name: _put(inner, apart, f"{path}.{name}" if path else name) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_put(inner, apart, f"{path}.{index}") for index, inner in enumerate(value)]
    return value
