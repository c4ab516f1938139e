"""A reader's own circle 本人关系圈: where one lives, relatives, units one was in. Declared by the person, kept as keyed hashes, compared
with what one reads (G12); and whom a text names of those that the directory says are near. Pure.

Nothing here says who anybody's relatives are: without the key a mark tells nothing, and the marks are only ever compared with a text that
this very person is reading.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.intake.domain.conflict import Subject
from services.intake.domain.person_name import spelt
from services.intake.domain.repeat_marks import marks_of, plain
from shared.codes import Labelled


class Tie(Labelled):
    """How it concerns the reader. 关系"""

    NEIGHBOUR = "neighbour", "居住地", "where the person lives"
    COLLEAGUE = "colleague", "单位", "a unit of the person's"
    RELATIVE = "relative", "亲属", "a relative"


OFFICE = ("扫黑办", "扫黑除恶办")
"""What the office is called in a report."""
SHORTEST, LONGEST = 2, 12


@dataclass(frozen=True, slots=True)
class Mark:
    """One declared word: what it is, how long it is, its keyed hash."""

    tie: Tie
    length: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Near:
    """Who is near a reader as the directory has it: the reader's units of today, and by tie the staff numbers with their names. The reader
    is one of the own unit."""

    units: frozenset[str]
    staff: Mapping[Tie, Mapping[str, str]]

    def meant(self, subjects: Iterable[Subject]) -> set[Tie]:
        """How whom the office says that a lead is about is near."""
        subjects = list(subjects)
        found = {tie for tie, staff in self.staff.items() if any(one.staff in staff for one in subjects)}
        return found | ({Tie.COLLEAGUE} if any(one.unit in self.units for one in subjects) else set())

    def named(self, text: str, *, on: date) -> set[Tie]:
        """How whom a text names is near; `on`: the day of asking."""
        names = named_in(text, {name for staff in self.staff.values() for name in staff.values()}, on=on)
        return {tie for tie, staff in self.staff.items() if not names.isdisjoint(staff.values())}


def secret_of(digest: bytes) -> bytes:
    """The key of these hashes, from the service's key of keyed hashes."""
    return hmac.digest(digest, b"xiansuo.intake.circle.v1", "sha256")


def declared(tie: Tie, words: Iterable[str], *, secret: bytes) -> list[Mark]:
    """The marks of what a person declares."""
    return list(dict.fromkeys(_mark(tie, plain(word), secret) for word in words))


def called(name: str | None) -> tuple[str, ...]:
    """What the unit of one who reads for the office is called in a report: as the office, and as the directory calls the unit, without the
    district."""
    return (*OFFICE, name.removeprefix("区")) if name else OFFICE


def touched(text: str, marks: Iterable[Mark], *, own: Iterable[str], secret: bytes) -> set[Tie]:
    """How a text concerns a person with these marks, whose unit is called by one of `own`."""
    text = plain(text)
    found = {Tie.COLLEAGUE} if any(name in text for name in own) else set[Tie]()
    known = set(marks)
    for length in {mark.length for mark in known}:
        ties = {mark.tie for mark in known if mark.length == length} - found
        found |= {tie for part in _parts(text, length) for tie in ties if _mark(tie, part, secret) in known}
    return found


def named_in(text: str, names: Iterable[str], *, on: date) -> set[str]:
    """Which of these persons' names stand in a text; one within a longer name (王伟 in 王伟民) is another person's."""
    text = plain(text)
    words = {name: spelt(name) for name in names}
    found = {name: word for name, word in words.items() if len(word) >= SHORTEST and word in text}
    if not found:
        return set()
    longer = sorted(marks_of(text, (), received_on=on).names, key=len, reverse=True)
    return {name for name, word in found.items() if word in _without(text, longer, word)}


def _without(text: str, longer: Iterable[str], word: str) -> str:
    for name in longer:
        if len(name) > len(word) and word in name:
            text = text.replace(name, "。")
    return text


def _parts(text: str, length: int) -> Iterator[str]:
    return (text[at : at + length] for at in range(len(text) - length + 1))


def _mark(tie: Tie, word: str, secret: bytes) -> Mark:
    return Mark(tie, len(word), hashlib.blake2b(f"{tie}:{word}".encode(), key=secret, digest_size=16).digest())
