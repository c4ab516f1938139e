"""The labelled set's way of telling with the words of a large register: as many names, places, firms and aliases as ten million reports
need for lists of keys that are short, long and full. All put together from invented parts."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

from tests.intake.repeats.heldout_words import HELD_OUT
from tests.intake.repeats.tuning_words import TUNING


def _characters(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys("".join(words)))


def _pairs(words: Iterable[str], most: int) -> tuple[str, ...]:
    """Each two of so many of the characters that these words are made of."""
    few = _characters(words)[:most]
    return tuple(one + other for one, other in product(few, few) if one != other)


WIDE = replace(
    HELD_OUT,
    surnames=tuple(dict.fromkeys((*HELD_OUT.surnames, *TUNING.surnames))),
    given=tuple(dict.fromkeys((*HELD_OUT.given, *TUNING.given))),
    misheard={**TUNING.misheard, **HELD_OUT.misheard},
    aliases=(*HELD_OUT.aliases, *TUNING.aliases, *_pairs(HELD_OUT.aliases, 16)),
    places=_pairs((*HELD_OUT.places, *TUNING.places), 64),
    streets=tuple(f"{front}街" for front in _pairs((*HELD_OUT.places, *TUNING.places), 16)),
    firms=_pairs((*HELD_OUT.firms, *TUNING.firms), 40),
)
