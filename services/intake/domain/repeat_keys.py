"""Blind keys: what two reports of the same matter are likely to share, as keyed hashes of 64 bits that tell nothing without the key."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from services.intake.domain.repeat_marks import VIOLENCE, Marks, Number

BANDS, ROWS = 10, 4
"""MinHash bands: of two texts that share 7 of 10 pairs of characters 94 in 100 meet, of those that share 1 of 10 one in 1000. Reports
told in other words do not meet here but at their names, places and numbers."""
MOST_KEYS = 64
_PRIME = (1 << 61) - 1


@dataclass(frozen=True, slots=True)
class Key:
    """A keyed hash, and how much it says that two reports share it."""

    value: int
    weight: float
    kind: str


def keys_of(marks: Marks, secret: bytes) -> list[Key]:
    """The keys of a report, the telling ones first."""
    found: dict[tuple[str, str], float] = {}
    for weight, kind, value in _words(marks):
        found.setdefault((kind, value), weight)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST_KEYS]
    return [Key(_blind(secret, kind, value), weight, kind) for (kind, value), weight in ranked]


def key_of(number: Number, secret: bytes) -> int:
    """The key of every lead that tells this number."""
    return _blind(secret, number.kind, number.value)


def secret_of(digest: bytes) -> bytes:
    """The key of the blind keys, from the service's key of keyed hashes: neither tells of the other's hashes."""
    return hmac.digest(digest, b"xiansuo.intake.repeats.v1", "sha256")


def _words(marks: Marks) -> Iterator[tuple[float, str, str]]:
    for number in marks.numbers:
        yield 8.0, number.kind, number.value
    yield from ((3.5, "firm", firm) for firm in marks.firms)
    yield from ((4.0, "door", door) for door in marks.doors)
    yield from _of_people(marks)
    yield from _of_places(marks)
    yield from ((2.0, "text", f"{number}/{band}") for number, band in enumerate(_bands(marks.grams)))


def _of_people(marks: Marks) -> Iterator[tuple[float, str, str]]:
    """Each by itself, and with a place or an act: a common name alone finds too many."""
    acts = sorted(marks.acts - {VIOLENCE})
    for weight, kind, words, with_acts in (
        (4.0, "name", marks.names, True),
        (2.0, "name", marks.perhaps, False),
        (3.0, "sound", marks.sounds, False),
        (2.0, "sound", marks.perhaps_sounds, False),
        (2.5, "alias", marks.aliases, True),
        (2.0, "alias", marks.quoted, True),
        (2.0, "alias-core", marks.alias_cores, True),
    ):
        for word in words:
            yield weight, kind, word
            yield from ((weight + 0.5, f"{kind}-place", f"{word}/{place}") for place in marks.places)
            if with_acts:
                yield from ((weight - 0.5, f"{kind}-act", f"{word}/{act}") for act in acts)


def _of_places(marks: Marks) -> Iterator[tuple[float, str, str]]:
    """A place with whatever else is known, for alone it finds too many; and the street with act, family name or sum."""
    yield from ((1.0, "place", place) for place in marks.places)
    if marks.street:
        for act in sorted(marks.acts - {VIOLENCE}):
            yield 1.0, "street-act", f"{marks.street}/{act}"
            yield from ((2.0, "street-act-surname", f"{marks.street}/{act}/{family}") for family in marks.surnames)
            yield from ((2.0, "street-act-sum", f"{marks.street}/{act}/{amount}") for amount in marks.sums)
    for act in sorted(marks.acts - {VIOLENCE}):
        yield from ((1.5, "surname-act", f"{family}/{act}") for family in marks.surnames)
        yield from ((1.5, "act-sum", f"{act}/{amount}") for amount in marks.sums)
    for weight, kind, words in (
        (2.5, "act", marks.acts - {VIOLENCE}),
        (3.0, "month", marks.months),
        (3.0, "surname", marks.surnames),
        (3.0, "sum", marks.sums),
    ):
        yield from (
            (weight, f"place-{kind}", f"{place}/{word}") for place in marks.places for word in sorted(words, key=str)
        )


def _bands(grams: frozenset[str]) -> list[str]:
    if len(grams) < 8:
        return []
    least = list(map(min, *map(_permuted, grams)))
    return ["-".join(map(str, least[row : row + ROWS])) for row in range(0, BANDS * ROWS, ROWS)]


@lru_cache(maxsize=4096)
def _permuted(gram: str) -> tuple[int, ...]:
    """Where each permutation puts it. Reports are made of the same few thousand pairs of characters: remembered, 7 MB at most."""
    value = crc32(gram.encode())
    return tuple((a * value + b) % _PRIME for a, b in _permutations())


@lru_cache(maxsize=1)
def _permutations() -> list[tuple[int, int]]:
    """Fixed for ever: stored keys rest on them."""
    drawn = [hashlib.blake2b(str(number).encode(), digest_size=16).digest() for number in range(BANDS * ROWS)]
    return [(int.from_bytes(each[:8]) % _PRIME | 1, int.from_bytes(each[8:]) % _PRIME) for each in drawn]


def _blind(secret: bytes, kind: str, value: str) -> int:
    mac = hmac.digest(secret, f"{kind}\x1f{value}".encode(), "sha256")
    return int.from_bytes(mac[:8], signed=True)
