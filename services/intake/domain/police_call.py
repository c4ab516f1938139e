"""A 110 call 110警情 as the police's machine hands it over, and what a later version of it does to the lead that it became (M05).

A call is known by its external number 接警单编号; each version of it carries a `revision`, which rises. So a batch may come twice, late or
in any order: the same version again changes nothing, an older one is passed over, a newer one corrects. What was registered stands as it
was; a correction is a row of its own with the old and the new value (§4.2: never source, day of receipt or number).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from services.intake.domain.code_list import AREA, MANIFESTATION, SOURCE_L2, CodeBook
from services.intake.domain.codes import Ground
from services.intake.domain.discreet import CALLER
from shared.codes import Labelled

Content = Mapping[str, Any]
FIELDS = {
    "summary": "警情内容",
    "category": "警情类别",
    "occurred": "发生时间",
    "place": "发生地点",
    "street": "街道",
    "area_codes": "重点领域",
    "manifestation_codes": "表现形式",
    "source_l2": "二级来源",
    "urgent": "紧急",
}
"""What may be corrected, with the words that people see."""
UMBRELLA = "umbrella"
"""What a version says of shielding officials, among the corrections; shown to nobody but discipline."""
_LISTS = {"area_codes": AREA, "manifestation_codes": MANIFESTATION, "source_l2": SOURCE_L2}
_IN_THE_SUMMARY = ("category", "occurred", "place")
_LONGEST_LINE = 500
_CONTEXT = 2
"""Characters on each side by which a place in a text is found again."""
_LONG_NUMBER = re.compile(r"\d(?:[-\s]?\d){6,}[Xx]?")


class Fate(Labelled):
    """What became of a record of the feed. 接收结果"""

    TAKEN = "taken", "已登记为线索", "became a lead"
    KNOWN = "known", "已有,未变动", "known, nothing changed"
    CORRECTED = "corrected", "已更正", "a newer version, put on record"
    OUTDATED = "outdated", "已有更新的版本", "a newer version is known already"
    REFUSED = "refused", "未接收", "could not be taken, see errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One version of one call. `content` holds what `FIELDS` names, without the caller."""

    external_no: str
    revision: int
    called_at: datetime
    content: Content
    caller: Mapping[str, Any] | None
    grounds: tuple[Ground, ...] = ()
    umbrella: str | None = None
    """What is said of shielding officials, for discipline alone: no part of the content that others see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCall:
    """The newest version that is known of a call, and its lead."""

    lead_id: UUID
    lead_no: str
    revision: int
    called_at: datetime
    content: Content


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a call, before and after."""

    field: str
    old: Any
    new: Any

    def told(self, on: date, book: CodeBook) -> str:
        """The line that a unit reads, its codes in words."""
        line = f"更正({on.isoformat()}):{FIELDS[self.field]} {_said(self.field, self.old, book)} → {_said(self.field, self.new, book)}"
        return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a version of a known call does; `errors` are (field, reason) of a refusal."""

    fate: Fate
    changes: tuple[Change, ...] = ()
    added: tuple[Change, ...] = ()
    """What it says of shielding officials for the first time."""
    errors: tuple[tuple[str, str], ...] = ()


def judge(known: KnownCall, call: Call, umbrella: str | None = None) -> Judged:
    """What this version of a known call does; `umbrella`: what earlier ones said of shielding officials. It stands: said anew it is added,
    left out it is not taken back."""
    if call.revision < known.revision:
        return Judged(Fate.OUTDATED)
    if call.called_at != known.called_at:
        return _refused(
            "called_at", "接警时间登记后不可更改 / the time of the call never changes once it is registered"
        )
    changes = tuple(
        Change(name, known.content.get(name), call.content.get(name))
        for name in FIELDS
        if known.content.get(name) != call.content.get(name)
    )
    more = bool(call.umbrella) and (call.umbrella or "") not in (umbrella or "")
    hidden = [
        *(change.old for change in changes),
        *(known.content.values() if more else ()),
        umbrella if more else None,
    ]
    if not call.caller and any(isinstance(text, str) and CALLER in text for text in hidden):
        return _refused(
            "caller",
            "此前的文字中隐去了报警人,更正文字时请一并填写报警人 / the caller was taken out of the earlier text: whoever corrects the text"
            " names the caller again, so that it can be taken out of the new one",
        )
    if call.revision > known.revision:
        added = (Change(UMBRELLA, None, call.umbrella),) if more else ()
        return Judged(Fate.CORRECTED, changes, added)
    if changes or more:
        return _refused(
            "revision",
            "同一版本的内容不同,更正请递增版本号 / this revision is known with other content; a correction is a higher one",
        )
    return Judged(Fate.KNOWN)


def lead_summary(content: Content) -> str:
    """The lead's summary: what the call says, and what kind of call, when and where it happened."""
    return "\n".join(
        [content["summary"], *(f"{FIELDS[name]} {content[name]}" for name in _IN_THE_SUMMARY if content.get(name))]
    )


def still_without_caller(old: Content, new: Content) -> dict[str, Any]:
    """A later version, whose caller may be written otherwise or left out, must not show what was taken out of the earlier one: what now
    stands between the same words is taken out too, and so is every long number that was not in that text before."""
    found = dict(new)
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, str) and isinstance(before, str) and CALLER in before:
            found[name] = _hide_again(before, value)
    return found


def _hide_again(before: str, text: str) -> str:
    for left, right in pairwise(before.split(CALLER)):
        start, end = left[-_CONTEXT:], right[:_CONTEXT]
        between = (re.escape(start) or "^") + r"[^\n]{1,100}?" + (re.escape(end) or "$")
        text = re.sub(between, lambda _, kept=f"{start}{CALLER}{end}": kept, text, count=1)  # type: ignore[misc] # one value a turn
    return _LONG_NUMBER.sub(lambda number: number[0] if number[0] in before else CALLER, text)


def _refused(field: str, reason: str) -> Judged:
    return Judged(Fate.REFUSED, errors=((field, reason),))


def _said(name: str, value: Any, book: CodeBook) -> str:
    if name == "urgent":
        return "是" if value else "否"
    if not value:
        return "(无)"
    if name in _LISTS:
        return "、".join(book.zh(_LISTS[name], code) for code in ([value] if isinstance(value, str) else value))
    return str(value)
