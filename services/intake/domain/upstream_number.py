"""The number 上级编号 under which a superior handed a lead down: one form for all doors, so that one number is one lead."""

import unicodedata

MOST = 64
REFUSAL_ZH, REFUSAL_EN = "最多64个字符,不含空格", "at most 64 characters without blanks"
# letters to Unicode, but they show as a blank
_BLANK = frozenset("\u115f\u1160\u2800")


def normal_form(text: str) -> str:
    """The number as it is kept and compared. Raises `ValueError` when it is empty, too long, or holds a blank.

    Full-width letters become narrow ones, invisible characters (zero width, direction marks, soft hyphen) go, and letters are upper case:
    offices type c20180601001 as well as C20180601001, and no superior gives two leads numbers that differ in case alone.
    """
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").strip().upper()
    if not 1 <= len(seen) <= MOST or any(unicodedata.category(c)[0] not in "LNPS" or c in _BLANK for c in seen):
        raise ValueError(REFUSAL_EN)
    return seen
