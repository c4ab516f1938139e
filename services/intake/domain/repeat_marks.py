"""What a report says that another report of the same matter would say too: numbers, people, places, firms, acts, times, sums, wording.

Pure. Marks are drawn from what was reported, never from the reporter: a number that the text calls the reporter's own is passed over.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import groupby, pairwise

from opencc import OpenCC
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from services.intake.domain.minors import told
from services.intake.domain.repeat_words import (
    ACTS,
    AFTER_NAME,
    BEFORE_NAME,
    FILLER,
    GIVEN,
    NOT_ALIASES,
    NOT_NAMES,
    PARTICLES,
    PLACES,
    STRONG_AFTER,
    STRONG_BEFORE,
    SURNAMES,
    TITLES,
    TRADES,
)
from shared.person_numbers import LAST, PROVINCES

HAN = "一-鿿"
REMEMBERED_SOUNDS = 16_384
"""Names whose sound is remembered: a search compares hundreds, most of them again; some 2 MB."""
VIOLENCE = "v"
"""Said of every matter, so that it tells none apart."""
_DIGITS = dict(zip("〇零一幺二两三四五六七八九", "0011223456789", strict=True))
_ten = r"[一二两三四五六七八九]?十[一二三四五六七八九]?"
_NUMERAL = re.compile(
    rf"[〇零一幺二三四五六七八九]{{7,}}|[〇零一二三四五六七八九]{{2,4}}(?=年)|{_ten}(?=[年月日号万])"
    r"|[一二两三四五六七八九](?=[月日号万千])"
)
_PART = re.compile(r"\+?[0-9]+x?", re.IGNORECASE)
_SPACED = re.compile(r"(?<=[0-9])[ \-.·](?=[0-9])")
_SELF = r"(?<!被)(?:本人|我的|我|举报人|来电人|反映人|来信人|报警人|投诉人|署名人?|回访)"
_OWN = re.compile(rf"{_SELF}[^,。;、]{{0,10}}$|本人,(?:电话|手机|联系|身份证)[^,。;、]{{0,6}}$")
_OWN_NAME = re.compile(
    rf"{_SELF}(?:姓名)?[:是叫为]{{0,2}}(?:{'|'.join(SURNAMES)})[{HAN}]{{1,2}}(?=[,。;、:()]|电话|手机|住|身份证|联系|$)"
)
# letters stand beside them, too (wx139…): such a number lies sealed (`restricted.py`) and is found by its key alone
_PHONE = re.compile(r"(?<![0-9])(?:\+?86)?(1[3-9][0-9]{9}|0[0-9]{2,3}[0-9]{7,8})(?![0-9])")
_PERSON_ID = re.compile(r"(?<![0-9])[0-9]{17}[0-9x](?![0-9])")
_CREDIT = re.compile(r"(?<![0-9a-z])[0-9a-hj-npqrtuwxy]{18}(?![0-9a-z])")
_PLATE = re.compile(rf"([{PROVINCES}][a-z])[·.\- ]?([a-hj-np-z0-9]{{5,6}}(?![a-z0-9])|[a-hj-np-z0-9]{{4,5}}[{LAST}])")
_ACCOUNT = re.compile(r"(?<![0-9a-z])(?:[0-9]{15,17}|[0-9]{19})(?![0-9a-z])")
"""Of a bank, or an ID number of 15 digits as they were until 1999."""
PERSON_ID, UNCHECKED = "id", "unchecked"
_UNCHECKED = re.compile(
    r"(?<![0-9])[0-9]{17}[0-9x](?![0-9])|(?<![0-9a-z])[1-9a-y][0-9]{7}[0-9a-hj-npqrtuwxy]{10}(?![0-9a-z])"
)
"""Written like an ID number or a credit code, and its check symbol or day of birth is wrong, or it is an account's: nobody knows which, so
it is the same only as what is written the same. It lies sealed like the others (`restricted.py`)."""
_KINDS = (
    (PERSON_ID, _PERSON_ID),
    ("credit", _CREDIT),
    ("account", _ACCOUNT),
    ("plate", _PLATE),
    ("phone", _PHONE),
    (UNCHECKED, _UNCHECKED),
)
_FIRST_BIRTH = date(1900, 1, 1)
_BEFORE = re.compile(rf"(?:^|[^{HAN}]|一带|{'|'.join((*BEFORE_NAME, *PLACES))}|{TRADES})$")
_AFTER = re.compile(rf"$|[^{HAN}]|{'|'.join(AFTER_NAME)}|[{HAN}]{{2}}(?:{'|'.join(PLACES)})")
_SURELY_BEFORE = re.compile(f"(?:{'|'.join(STRONG_BEFORE)})$")
_SURELY_AFTER = re.compile("|".join(STRONG_AFTER))
_SURNAME = re.compile("|".join(sorted(SURNAMES, key=len, reverse=True)))
_MASKED = re.compile(
    rf"({'|'.join(SURNAMES)})(?:某某|某|x+|\*+|老板|总|书记|主任|经理|所长|队长|姓)|[老小阿]({'|'.join(SURNAMES)})(?![{HAN}]?[路街村巷])|姓({'|'.join(SURNAMES)})的"
)
_ALIAS = re.compile(
    rf"(?:绰号|外号|人称|又名|化名|曾用名|花名|别名|小名|诨名|都叫他|称作)[叫为是:]?[\"'《]?([{HAN}]{{2,4}}?)(?=[\"'》)(,。;、]|的|等|带|在|$)"
)
_QUOTED = re.compile(rf"[\"']([{HAN}]{{2,3}})[\"']")
_CORE = re.compile(r"^[老小阿大二三]|[哥爷子头总姐弟仔]$")
_PLACE = re.compile(rf"([{HAN}]{{2}})({'|'.join(sorted(PLACES, key=len, reverse=True))})(?:([0-9]{{1,4}})号)?")
_FIRM = re.compile(rf"([{HAN}]{{2}})(?:{TRADES}){{1,3}}")
_DATE = re.compile(
    r"(?:((?:20)?[0-9]{2}|今|去|前)年)?([0-9]{1,2})月(?!内|后)|(20[0-9]{2})[-./]([0-9]{1,2})(?=[-./月])|((?:20)[0-9]{2}|今|去|前)年"
)
_SUM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(万|千|百)?余?多?元|([0-9]+(?:\.[0-9]+)?)(万|千)(?![元0-9])")
_QUOTES = str.maketrans(
    {"“": '"', "”": '"', "「": '"', "」": '"', "『": '"', "』": '"', "‘": "'", "’": "'", "。": "。", "\n": "。"}
)
_ALL_HAN = re.compile(rf"[{HAN}]+")
_FILLER = re.compile("|".join(FILLER))


@lru_cache(maxsize=1)
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def plain(text: str) -> str:
    """One writing of a text: half-width, simplified, lower case, numerals in digits, numbers without gaps."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    text = _simplifier().convert(text).lower()
    text = _NUMERAL.sub(lambda found: _digits(found.group()), text)
    return _SPACED.sub("", text) if _has_long_number(text) else text


def _has_long_number(text: str) -> bool:
    return re.search(r"[0-9][ \-.·]?[0-9]{3,4}[ \-.·][0-9]{3,4}", text) is not None


def _digits(numeral: str) -> str:
    if "十" in numeral:
        tens, _, units = numeral.partition("十")
        return str(int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(units, "0")))
    return "".join(_DIGITS[each] for each in numeral)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that stands for one person, vehicle or firm, in its normal form."""

    kind: str
    value: str


@dataclass(frozen=True)
class Marks:
    """All marks of one report."""

    text: str
    received_on: date
    street: str | None
    acts: frozenset[str]
    numbers: frozenset[Number]
    names: frozenset[str]
    perhaps: frozenset[str]
    """What may be a name: it counts where the other report has it too, and never against."""
    surnames: frozenset[str]
    """Of people named in part (张某, 老张) and in full."""
    aliases: frozenset[str]
    quoted: frozenset[str]
    """What stands in quotes and may be an alias: the same."""
    places: frozenset[str]
    doors: frozenset[str]
    """A place with its house number."""
    firms: frozenset[str]
    months: frozenset[int]
    years: frozenset[int]
    sums: frozenset[int]

    @cached_property
    def sounds(self) -> frozenset[str]:
        """How the names sound: who writes by ear writes another character."""
        return frozenset(sound(name) for name in self.names)

    @cached_property
    def perhaps_sounds(self) -> frozenset[str]:
        """The same of what may be a name."""
        return frozenset(sound(name) for name in self.perhaps) - self.sounds

    @cached_property
    def alias_cores(self) -> frozenset[str]:
        """彪哥, 阿彪, 彪子: one man."""
        return frozenset(_core(alias) for alias in self.aliases)

    @cached_property
    def grams(self) -> frozenset[str]:
        """Pairs of characters, without what every report says."""
        kept = re.sub(rf"[^{HAN}0-9a-z]", "。", _FILLER.sub("。", self.text))
        return frozenset(pair for a, b in pairwise(kept) if "。" not in (pair := a + b))


@lru_cache(maxsize=REMEMBERED_SOUNDS)
def sound(name: str) -> str:
    """A name's syllables; n/ng, l/n and the retroflexes that many dialects merge are one."""
    # its dictionaries take 54 MB: paid at the first search, not by processes that never search
    from pypinyin import lazy_pinyin

    heard = " ".join(lazy_pinyin(name))
    return re.sub(r"([iea])ng\b", r"\1n", re.sub(r"\b([zcs])h", r"\1", heard))


def marks_of(
    summary: str, allegations: Iterable[str], *, received_on: date, street: str | None = None, acts: Iterable[str] = ()
) -> Marks:
    """The marks of what was reported."""
    text = reported(summary, allegations)
    places, doors = _places(text)
    names, perhaps = _names(text)
    numbers = frozenset(_numbers(text, received_on))
    months, years = _times(text, received_on)
    aliases = frozenset(_said_of(_ALIAS, text)) - names
    return Marks(
        text=text,
        received_on=received_on,
        street=street,
        acts=frozenset(acts) | {code for code, words in ACTS.items() if re.search(words, text)},
        numbers=numbers,
        names=names,
        perhaps=perhaps,
        surnames=frozenset(_surnames(text)) | {surname(name) for name in names},
        aliases=aliases,
        quoted=frozenset(_said_of(_QUOTED, text)) - names - aliases,
        places=places,
        doors=doors,
        firms=frozenset(_firms(text)),
        months=months,
        years=years,
        sums=frozenset(_sums(text)),
    )


def reported(summary: str, allegations: Iterable[str]) -> str:
    """What was reported, in one writing, without what it says of its own reporter."""
    return _without_reporter(plain("。".join((summary, *told(allegations)))))


def _without_reporter(text: str) -> str:
    """What the text itself says of its reporter is no mark: two reports by one person are not one matter, and nothing may lead to him."""
    text = _OWN_NAME.sub("本人", text)
    for pattern in (_PERSON_ID, _CREDIT, _ACCOUNT, _PLATE, _PHONE):
        for found in reversed(list(pattern.finditer(text))):
            if _OWN.search(text[max(0, found.start() - 16) : found.start()]):
                text = text[: found.start()] + text[found.end() :]
    return text


def is_person_id(text: str, *, on: date) -> bool:
    """Whether these 18 symbols can be the ID number of somebody who lives `on` that day: check symbol (ISO 7064 MOD 11-2) and a day of
    birth since 1900, GB 11643. The area is not asked: areas are drawn anew, and the fictional one (999999) stands on no list."""
    number = text.upper()
    try:
        born = ric.get_birth_date(number)
    except ValidationError:
        return False
    return _FIRST_BIRTH <= born <= on and bool(number[-1] == ric.calc_check_digit(number))


def _numbers(text: str, on: date) -> Iterator[Number]:
    """An ID number is one of somebody who was born by `on`."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in _KINDS:
        for found in pattern.finditer(text):
            if any(start < found.end() and found.start() < end for start, end in taken):
                continue
            value = "".join(found.groups()) if found.groups() else found.group()
            if (kind == PERSON_ID and not is_person_id(value, on=on)) or (
                kind == "credit" and not uscc.is_valid(value.upper())
            ):
                continue
            taken.append(found.span())
            yield Number(kind, value)


def number_in(word: str, *, on: date) -> Number | None:
    """The number that a word is, if it is one and nothing else; `on`: the day of asking."""
    text = plain(word)
    whole = {kind for kind, pattern in _KINDS if pattern.fullmatch(text)}
    return next((number for number in _numbers(text, on) if number.kind in whole), None)


def words_of(text: str, *, on: date) -> Iterator[str]:
    """The words of a search; a number that was typed with gaps is one of them."""
    for digits, run in groupby(text.split(), key=lambda word: _PART.fullmatch(word) is not None):
        words = list(run)
        joined = "".join(words)
        yield from [joined] if digits and number_in(joined, on=on) else words


def _names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Sure names stand between words that stand around names, or beside one that stands nowhere else; names of the characters that names
    are made of need less. Perhaps a name is what has such a word on one side."""
    sure, perhaps = set(), set[str]()
    position = 0
    while found := _SURNAME.search(text, position):
        position = found.start() + 1
        before = text[max(0, found.start() - 6) : found.start()]
        if before[-1:].isdigit():
            continue
        led, surely_led = _BEFORE.search(before) is not None, _SURELY_BEFORE.search(before) is not None
        for length in (2, 1):
            end = found.end() + length
            given = text[found.end() : end]
            name = found.group() + given
            if not _can_be_name(name, given=given, length=length):
                continue
            followed, usual = _AFTER.match(text, end) is not None, GIVEN.issuperset(given)
            strong = (surely_led and length == 2) or _SURELY_AFTER.match(text, end) is not None
            short = length == 2 and not usual and given[0] in GIVEN and _AFTER.match(text, end - 1) is not None
            if not short and (
                (strong and usual) or (led and followed) or (usual and length == 2 and (led or followed))
            ):
                sure.add(name)
                position = end
                break
            if led or (followed and length == 2):
                perhaps.add(name)
    longer = {name[:-1] for name in sure} | {name for name in perhaps if any(name.startswith(each) for each in sure)}
    return frozenset(sure), frozenset(perhaps - sure - longer)


def _can_be_name(name: str, *, given: str, length: int) -> bool:
    return (
        len(given) == length
        and _ALL_HAN.fullmatch(given) is not None
        and not set(given) & PARTICLES
        and name not in NOT_NAMES
        and given not in TITLES
    )


def surname(name: str) -> str:
    """The family name."""
    found = _SURNAME.match(name)
    return found.group() if found else name[0]


def _surnames(text: str) -> Iterator[str]:
    for found in _MASKED.finditer(text):
        yield next(part for part in found.groups() if part)


def _said_of(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for found in pattern.finditer(text):
        if found.group(1) not in NOT_ALIASES:
            yield found.group(1)


def _core(alias: str) -> str:
    core = _CORE.sub("", alias, count=1) if len(alias) > 1 else alias
    return _CORE.sub("", core, count=1) if len(core) > 1 else core


def _places(text: str) -> tuple[frozenset[str], frozenset[str]]:
    places, doors = set(), set()
    position = 0
    while found := _PLACE.search(text, position):
        front, kind, door = found.groups()
        if set(front) & PARTICLES:
            # 在石桥市场: not 在石+桥 but 石桥+市场
            position = found.start() + 1
            continue
        position = found.end()
        place = front + PLACES[kind]
        places.add(place)
        if door:
            doors.add(f"{place}{int(door)}")
    return frozenset(places), frozenset(doors)


def _firms(text: str) -> Iterator[str]:
    for found in _FIRM.finditer(text):
        if not set(found.group(1)) & PARTICLES:
            yield found.group(1)


def _times(text: str, received_on: date) -> tuple[frozenset[int], frozenset[int]]:
    months, years = set(), set()
    for found in _DATE.finditer(text):
        year, month, iso_year, iso_month, alone = found.groups()
        if alone:
            years.add(_year(alone, received_on))
            continue
        number = int(month or iso_month)
        if not 1 <= number <= 12:
            continue
        given = year or iso_year
        # a month without a year is the last one of that name
        when = _year(given, received_on) if given else received_on.year - (number > received_on.month)
        months.add(when * 12 + number)
        years.add(when)
    return frozenset(months), frozenset(years)


def _year(words: str, received_on: date) -> int:
    relative = {"今": 0, "去": 1, "前": 2}
    if words in relative:
        return received_on.year - relative[words]
    return int(words) if len(words) == 4 else 2000 + int(words)


def _sums(text: str) -> Iterator[int]:
    for found in _SUM.finditer(text):
        amount, unit = found.group(1) or found.group(3), found.group(2) or found.group(4)
        yield round(float(amount) * {"万": 10_000, "千": 1_000, "百": 100, None: 1}[unit])
