"""Secrecy marks: the platform is outside classified networks (domain.md §2.10), so what carries a mark is refused at the door.

A mark is 秘密/机密/绝密 as documents bear it: with a star and term, in brackets, after 密级, or standing alone. The same words in running
text ("秘密会面") are no mark.
"""

import re
from collections.abc import Iterable

from shared.errors import Invalid

_WORD = r"(?:绝\s*密|机\s*密|秘\s*密)"
_OPEN, _SHUT = r"【\[(\uff08〔", r"】\])\uff09〕"
# Full-width punctuation is written as escapes: an editor that narrows it would take it out of the rule unseen. Blanks are matched so that
# no two parts can share a run of them: a text of a million blanks or empty lines costs one pass.
_MARK = re.compile(
    rf"{_WORD}\s*[★☆*]"
    rf"|[{_OPEN}]\s*{_WORD}[^{_SHUT}\n]{{0,8}}[{_SHUT}]"
    rf"|密\s*级\s*(?:[:\uff1a]\s*)?{_WORD}"
    rf"|^[^\S\n]*{_WORD}\s*(?:$|[:\uff1a,\uff0c。])",
    re.MULTILINE,
)


def has_secrecy_mark(text: str) -> bool:
    """Whether the text bears a secrecy mark."""
    # a sign that every mark has and most texts have not: they cost no expression
    return "密" in text and bool(_MARK.search(text))


REFUSAL_ZH, REFUSAL_EN = (
    "带有密级标识,本平台不受理涉密内容,请走涉密渠道",
    "bears a secrecy mark; this platform takes no classified content",
)


def refuse_marked(field: str, texts: Iterable[str]) -> None:
    """Raises `Invalid`, naming the field, when one of its texts bears a mark."""
    if any(map(has_secrecy_mark, texts)):
        raise Invalid(f"{REFUSAL_ZH} / {REFUSAL_EN}", fields=[(field, f"{REFUSAL_ZH} / {REFUSAL_EN}")])


def refuse_marked_names(field: str, names: Iterable[str]) -> None:
    """The same for names of files, which may be a mark but for their ending (机密.docx)."""
    refuse_marked(field, (part for name in names for part in (name, name.rpartition(".")[0])))
