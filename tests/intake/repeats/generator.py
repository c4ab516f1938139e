"""Fictional pairs of reports, labelled: the same matter or not. Seeded; a half is written with its own words alone.

Hard negatives share what look-alikes share in life: place, act, name, template, sum, or several of them at once.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from opencc import OpenCC
from stdnum.cn import ric

from tests.intake.repeats.words import Words

_TRADITIONAL = OpenCC("s2t")
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Report:
    """What a register has of a report."""

    summary: str
    received_on: date
    street: str | None
    manifestations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reports, whether they are of the same matter, and of which kind the pair is."""

    one: Report
    other: Report
    same: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Matter:
    """What happened, by whom, where and when. All invented."""

    name: str
    alias: str
    phone: str
    plate: str
    person_id: str
    place: str
    place_kind: int
    door: int
    street: str
    firm: str
    trade: str
    act: str
    year: int
    month: int
    money: int
    detail: str


@dataclass
class Half:
    """One half's generator."""

    words: Words
    seed: int
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def pairs(self, count: int) -> list[Pair]:
        """So many pairs, of every kind in turn."""
        kinds: list[tuple[str, Callable[[], tuple[Report, Report]], bool]] = [
            ("paraphrase", self._paraphrase, True),
            ("same place, other matter", self._same_place, False),
            ("partial", self._partial, True),
            ("same name, other person", self._same_name, False),
            ("typos", self._typos, True),
            ("same place and act, other people", self._same_place_and_act, False),
            ("traditional or number formats", self._writings, True),
            ("same place, act and name, other matter", self._namesake_next_door, False),
            ("grown", self._grown, True),
            ("same person, other matter", self._same_person, False),
            ("copied", self._copied, True),
            ("same words, other matter", self._same_words, False),
            ("vague, other matter", self._vague, False),
        ]
        made = []
        for number in range(count):
            kind, make, same = kinds[number % len(kinds)]
            one, other = make()
            made.append(Pair(*((one, other) if self.draw.random() < 0.5 else (other, one)), same, kind))
        return made

    def matter(self) -> Matter:
        """Some matter."""
        draw, words = self.draw, self.words
        act = draw.choice(list(words.acts))
        return Matter(
            name=draw.choice(words.surnames) + "".join(draw.sample(words.given, draw.choice((1, 2, 2)))),
            alias=draw.choice(words.aliases),
            phone=self._phone(),
            plate=self._plate(),
            person_id=self._person_id(),
            place=draw.choice(words.places),
            place_kind=draw.randrange(len(words.place_kinds)),
            door=draw.randint(1, 240),
            street=draw.choice(words.streets),
            firm=draw.choice(words.firms),
            trade=draw.choice(words.trades),
            act=act,
            year=draw.choice((2015, 2016, 2017, 2018)),
            month=draw.randint(1, 12),
            money=draw.choice((3, 5, 8, 12, 20, 35, 60)) * draw.choice((1_000, 10_000)),
            detail=draw.choice(words.details[act]),
        )

    def report(
        self, matter: Matter, *, keep: float = 0.6, template: str | None = None, formats: bool = False
    ) -> Report:
        """The matter told once, by somebody who knows and remembers a part (`keep`) of it."""
        draw, words = self.draw, self.words
        knows: Callable[[float], bool] = lambda share: draw.random() < share  # noqa: E731
        money = ""
        if knows(keep):
            money = draw.choice(words.money).format(sum=self._money(matter.money))
        when = self._when(matter, formats=formats) if knows(keep) else ""
        slots = {
            "who": self._who(matter, keep),
            "where": self._where(matter, door=knows(keep / 3), formats=formats) if knows(0.6 + keep / 2.5) else "",
            "act": draw.choice(words.acts[matter.act]),
            "when": when,
            "sum": money,
            "firm": draw.choice(words.firm).format(firm=matter.firm + matter.trade) if knows(keep / 2) else "",
            "detail": matter.detail if knows(keep) else draw.choice(words.more),
            "contact": self._contact(matter, formats=formats) if knows(keep / 2) else "",
            "more": draw.choice(words.more),
        }
        text = (template or draw.choice(words.templates)).format(**slots)
        for double, single in ((",,", ","), ("。。", "。"), (",。", "。"), (";;", ";"), ("::", ":"), ("!。", "!")):
            text = text.replace(double, single)
        return Report(
            summary=text.strip(",。;:") + "。",
            received_on=date(2018, 9, 1) - timedelta(days=draw.randint(0, 60)),
            street=matter.street if knows(0.6) else None,
            manifestations=(matter.act,) if knows(0.4) else (),
        )

    # the same matter

    def _paraphrase(self) -> tuple[Report, Report]:
        matter = self.matter()
        return self.report(matter), self.report(matter)

    def _partial(self) -> tuple[Report, Report]:
        matter = self.matter()
        return self.report(matter, keep=0.9), self.report(matter, keep=0.35)

    def _typos(self) -> tuple[Report, Report]:
        matter = self.matter()
        name = matter.name[0] + "".join(self.words.misheard.get(each, each) for each in matter.name[1:])
        one, other = self.report(matter), self.report(replace(matter, name=name))
        letters = list(other.summary)
        for _ in range(3):
            at = self.draw.randrange(len(letters))
            if "一" <= letters[at] <= "鿿":
                letters[at] = self.draw.choice(("", letters[at] * 2, "的"))
        return one, replace(other, summary="".join(letters))

    def _writings(self) -> tuple[Report, Report]:
        matter = self.matter()
        one, other = self.report(matter, keep=0.75), self.report(matter, keep=0.75, formats=True)
        if self.draw.random() < 0.6:
            other = replace(other, summary=_TRADITIONAL.convert(other.summary))
        if self.draw.random() < 0.3:
            other = replace(other, summary=_full_width(other.summary))
        return one, other

    def _grown(self) -> tuple[Report, Report]:
        matter = self.matter()
        later = self.report(matter)
        more = self.draw.choice(self.words.acts[self.draw.choice(list(self.words.acts))])
        again = replace(later, summary=f"{later.summary}{more}。", received_on=later.received_on + timedelta(days=200))
        return self.report(matter), again

    def _copied(self) -> tuple[Report, Report]:
        one = self.report(self.matter(), keep=0.8)
        sentences = [each for each in one.summary.split("。") if each]
        self.draw.shuffle(sentences)
        kept = sentences[: max(1, len(sentences) - self.draw.choice((0, 0, 1)))]
        return one, replace(one, summary="。".join(kept) + "。" + self.draw.choice(self.words.more), street=None)

    # another matter

    def _same_place(self) -> tuple[Report, Report]:
        one, other = self.matter(), self.matter()
        while other.act == one.act or other.name == one.name:
            other = self.matter()
        return self.report(one), self.report(_at_the_place_of(one, other))

    def _same_place_and_act(self) -> tuple[Report, Report]:
        one, other = self.matter(), self.matter()
        while other.name[0] == one.name[0] or other.alias == one.alias:
            other = self.matter()
        return self.report(one), self.report(
            replace(_at_the_place_of(one, other), act=one.act, detail=self._detail(one))
        )

    def _same_name(self) -> tuple[Report, Report]:
        one, other = self.matter(), self.matter()
        while (other.place, other.alias) == (one.place, one.alias) or other.place == one.place:
            other = self.matter()
        return self.report(one), self.report(replace(other, name=one.name))

    def _namesake_next_door(self) -> tuple[Report, Report]:
        one, other = self.matter(), self.matter()
        while other.alias == one.alias or other.firm == one.firm or other.money == one.money:
            other = self.matter()
        # another village's man of that name, years apart; the same kind of place and of act
        year = one.year + (2 if one.year < 2017 else -2)
        twin = replace(_at_the_place_of(one, other), name=one.name, act=one.act, year=year, detail=self._detail(one))
        return self.report(one, keep=0.85), self.report(twin, keep=0.85)

    def _same_person(self) -> tuple[Report, Report]:
        one, other = self.matter(), self.matter()
        while other.act == one.act or other.place == one.place:
            other = self.matter()
        return self.report(one), self.report(replace(other, name=one.name, alias=one.alias, phone=one.phone))

    def _same_words(self) -> tuple[Report, Report]:
        one, other = self.matter(), self.matter()
        while other.name == one.name or other.place == one.place:
            other = self.matter()
        template = self.draw.choice(self.words.templates)
        alike = replace(other, act=one.act, detail=one.detail, money=one.money, year=one.year, month=one.month)
        return self.report(one, template=template), self.report(alike, template=template)

    def _vague(self) -> tuple[Report, Report]:
        one, other = self.matter(), self.matter()
        while other.name == one.name or other.place == one.place:
            other = self.matter()
        return self.report(one, keep=0.1), self.report(replace(other, act=one.act), keep=0.1)

    def _detail(self, matter: Matter) -> str:
        others = [each for each in self.words.details[matter.act] if each != matter.detail]
        return self.draw.choice(others)

    # ways of saying

    def _who(self, matter: Matter, keep: float) -> str:
        draw, words = self.draw, self.words
        roll = draw.random()
        forms = words.who_full if roll < 0.45 + keep / 2 else words.who_part if roll < 0.92 else words.who_alias
        return draw.choice(forms).format(name=matter.name, alias=matter.alias, surname=matter.name[0])

    def _where(self, matter: Matter, *, door: bool, formats: bool) -> str:
        kind = self.draw.choice(self.words.place_kinds[matter.place_kind])
        number = ""
        if door:
            number = f"{_in_characters(matter.door) if formats and matter.door < 100 else matter.door}号"
        return self.draw.choice(self.words.where).format(place=matter.place + kind + number)

    def _when(self, matter: Matter, *, formats: bool) -> str:
        form = self.draw.choice(self.words.when)
        if formats and "." not in form:
            year = "".join(_DIGITS[int(each)] for each in str(matter.year)).replace("零", "〇")
            return form.format(y=year, m=_in_characters(matter.month))
        return form.format(y=matter.year, m=matter.month)

    def _contact(self, matter: Matter, *, formats: bool) -> str:
        phone, plate, person_id = matter.phone, matter.plate, matter.person_id
        if formats:
            phone = self.draw.choice(
                (
                    f"{phone[:3]}-{phone[3:7]}-{phone[7:]}",
                    f"{phone[:3]} {phone[3:7]} {phone[7:]}",
                    f"+86{phone}",
                    "".join(_DIGITS[int(each)] for each in phone),
                )
            )
            plate = f"{plate[:2]}·{plate[2:]}".lower()
            person_id = f"{person_id[:6]} {person_id[6:14]} {person_id[14:]}".lower()
        return self.draw.choice(self.words.contact).format(phone=phone, plate=plate, person_id=person_id)

    def _money(self, amount: int) -> str:
        if amount >= 10_000 and self.draw.random() < 0.7:
            return f"{amount // 10_000}万元"
        return f"{amount}元"

    def _phone(self) -> str:
        return self.draw.choice(("138", "159", "187")) + "".join(self.draw.choices("0123456789", k=8))

    def _plate(self) -> str:
        return "川" + self.draw.choice("ABCD") + "".join(self.draw.choices("0123456789", k=5))

    def _person_id(self) -> str:
        born = date(1960, 1, 1) + timedelta(days=self.draw.randrange(14_000))
        body = f"510107{born:%Y%m%d}{self.draw.randrange(1000):03d}"
        return body + ric.calc_check_digit(body + "0")


def _at_the_place_of(one: Matter, other: Matter) -> Matter:
    return replace(other, place=one.place, place_kind=one.place_kind, street=one.street)


def _in_characters(number: int) -> str:
    if number < 10:
        return _DIGITS[number]
    tens, units = divmod(number, 10)
    return (_DIGITS[tens] if tens > 1 else "") + "十" + (_DIGITS[units] if units else "")


def _full_width(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "0" <= each <= "9" or "A" <= each <= "Z" else each for each in text)


def every_report(pairs: list[Pair]) -> Iterator[Report]:
    """All reports of the pairs, one after the other."""
    for pair in pairs:
        yield pair.one
        yield pair.other
