"""Secrecy marks: the platform is outside classified networks (domain.md §2.10), so what carries a mark is refused at the door.

A mark is 秘密/机密/绝密 as documents bear it: with a star and term, in brackets, after 密级, or standing alone. The same words in running
text ("秘密会面") are no mark.
"""

import re

_WORD = r"(?:绝\s*密|机\s*密|秘\s*密)"
_MARK = re.compile(
    rf"{_WORD}\s*[★☆*]|[【\[((〔]\s*{_WORD}[^】\]))〕\n]{{0,8}}[】\]))〕]|密\s*级\s*[::]?\s*{_WORD}|^\s*{_WORD}\s*(?:$|[::,,。])",
    re.MULTILINE,
)


def has_secrecy_mark(text: str) -> bool:
    """Whether the text bears a secrecy mark."""
    return bool(_MARK.search(text))


REFUSAL_ZH, REFUSAL_EN = (
    "带有密级标识,本平台不受理涉密内容,请走涉密渠道",
    "bears a secrecy mark; this platform takes no classified content",
)
