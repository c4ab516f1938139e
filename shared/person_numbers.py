"""Numbers of persons, accounts, firms and vehicles in a text that people wrote: what they look like, and whether there is one. Pure.

What was told of a lead has a sign in their place and the numbers sealed (docs/decisions/0100); where staff give a reason, they may not
stand at all (0105)."""

import re

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""One character for each province, first on every number plate 机动车号牌 (GA 36)."""
LAST = "警学挂领港澳使试超"
"""What stands last on plates of the police, of learners, trailers, consulates, and the like, in the place of a sign."""
_HAN = "〇零一幺二两三四五六七八九"
_ON_PLATE = r"[A-HJ-NP-Za-hj-np-zＡ-Ｚａ-ｚ\d]"
_GAP = r"[-\s.·–—―‐‑‒−－．・\u200b-\u200f\u2060\ufeff]{0,3}"
"""What people write between digits, or a keyboard and a copied page put there: blanks, dashes and dots, of full width and of none too."""
_MOBILE = rf"[1１]{_GAP}[3-9３-９](?:{_GAP}\d){{9}}"
_AREA = r"[0０](?:[1１][0０]|[2２]\d|[3-9３-９]\d\d)"
"""How calls to another town begin 长途区号."""
# \d is also a full-width digit; letters may stand before and after (wx139…)
_SIGNS = (
    (
        "〔证件号码〕",
        rf"(?<!\d)\d(?:{_GAP}\d){{16}}{_GAP}[\dXxＸｘ](?!\d)|(?<![\dA-Za-z])\d{{15}}(?![\dA-Za-z])",
    ),
    ("〔信用代码〕", r"(?<![\dA-Za-z])[1-9A-Y]\d{7}[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{10}(?![\dA-Za-z])"),
    ("〔账号〕", r"(?<![\dA-Za-z])(?:\d{16,19}|\d{4}(?:[-－\s]\d{4}){3}(?:[-－\s]\d{1,3})?)(?![\dA-Za-z])"),
    (
        "〔电话〕",
        rf"(?<!\d)(?:\+?86{_GAP})?(?:{_MOBILE}|[0０]\d{{2,3}}[)）]?{_GAP}\d{{7,8}}|{_AREA}[)）]?{_GAP}\d{{3,4}}{_GAP}\d{{4}})(?!\d)",
    ),
    ("〔号码〕", rf"[{_HAN}]{{7,}}"),
    (
        "〔车牌〕",
        rf"[{PROVINCES}][A-Za-zＡ-Ｚａ-ｚ][·•・.\-－\s]?(?:{_ON_PLATE}{{5,6}}(?![A-Za-zＡ-Ｚａ-ｚ\d])|{_ON_PLATE}{{4,5}}[{LAST}])",
    ),
)
_EACH = tuple((sign, re.compile(pattern)) for sign, pattern in _SIGNS)
_MAYBE = re.compile(rf"\d(?:{_GAP}\d){{6}}|[{_HAN}]{{7}}|[{PROVINCES}][A-Za-zＡ-Ｚａ-ｚ]")
"""What each of them has."""
_RUN = re.compile(rf"\d(?:{_GAP}\d)*")
_DAY = r"(?:19|20)\d\d[-.]?(?:0[1-9]|1[0-2])[-.]?(?:0[1-9]|[12]\d|3[01])"
_BETWEEN = r"[-\s.·–—－]{1,3}"
_YEAR, _HOUR, _CLOCK = r"(?:19|20)\d\d", r"(?:[01]\d|2[0-4])", r"(?:[01]\d|2[0-4])[0-5]\d"
_TIMES = re.compile(
    "|".join(rf"{one}(?:{_BETWEEN}{one})*" for one in (rf"{_DAY}(?:\s{_HOUR})?", _YEAR, rf"{_CLOCK}[-–—－]{_CLOCK}"))
)
"""Days, each perhaps with an hour, or years, or times from … to …: one or more, and nothing else between them."""
_LEAD_NO = re.compile(r"(?<![0-9A-Za-z])\d{6}-[SAMO]\d{8}-\d{6}[0-9A-Z](?![0-9A-Za-z])")
_SUM = re.compile(r"(?<![\d.])\d+\.\d\d(?=元)")


def masked(text: str) -> str:
    """The text with a sign in the place of what looks like the number of a person, an account, a firm or a vehicle."""
    if not may_be_in(text):
        return text
    for sign, pattern in _EACH:
        text = pattern.sub(sign, text)
    return text


def may_be_in(text: str) -> bool:
    """Whether there may be such a number; most texts have none, and one look at all of them says so."""
    return _MAYBE.search(text) is not None


def are_in(text: str) -> bool:
    """Whether there is such a number, beside numbers of leads, days, times and sums of money, however closely these stand together."""
    if not may_be_in(text):
        return False
    text = _SUM.sub("款", _LEAD_NO.sub("号", text))
    text = _RUN.sub(lambda run: "日" if _TIMES.fullmatch(run.group()) else run.group(), text)
    return masked(text) != text
