"""The words by which a report's marks are found, from repeat_words.toml."""

import tomllib
from pathlib import Path

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _several(name: str) -> tuple[str, ...]:
    return tuple(_WORDS[name].split())


def _characters(name: str) -> tuple[str, ...]:
    return tuple("".join(_WORDS[name].split()))


SURNAMES = (*_several("surnames_of_two"), *_characters("surnames"))
GIVEN = frozenset(_characters("given"))
TITLES = frozenset(_several("titles"))
BEFORE_NAME, AFTER_NAME = _several("before_name"), _several("after_name")
STRONG_BEFORE = _several("strong_before")
STRONG_AFTER = (*_several("strong_after"), r"[(,]?(?:外号|绰号|人称|又名|化名|花名|诨名)")
PARTICLES = frozenset(_characters("particles"))
NOT_NAMES, NOT_ALIASES = frozenset(_several("not_names")), frozenset(_several("not_aliases"))
TRADES, FILLER = "|".join(_several("trades")), _several("filler")
PLACES = {way: kind for kind, ways in _WORDS["places"].items() for way in ways.split()}
ACTS = {code: "|".join(words.split()) for code, words in _WORDS["acts"].items()}
