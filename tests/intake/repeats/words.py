"""What a half of the labelled set is written with. The halves share no name, place, firm, alias, phrase or template."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A half's lexicon and templates. `{who}`, `{where}`, `{act}`, `{when}`, `{sum}`, `{firm}`, `{alias}`, `{more}`, `{contact}` are
    filled in; a slot with nothing to say is empty, and templates are written so that this reads well enough for a hurried clerk."""

    surnames: tuple[str, ...]
    given: tuple[str, ...]
    misheard: Mapping[str, str]
    """A character → one that sounds the same."""
    aliases: tuple[str, ...]
    places: tuple[str, ...]
    place_kinds: tuple[tuple[str, ...], ...]
    """Each kind with the other ways to write it."""
    streets: tuple[str, ...]
    firms: tuple[str, ...]
    trades: tuple[str, ...]
    acts: Mapping[str, tuple[str, ...]]
    details: Mapping[str, tuple[str, ...]]
    who_full: tuple[str, ...]
    who_part: tuple[str, ...]
    who_alias: tuple[str, ...]
    where: tuple[str, ...]
    when: tuple[str, ...]
    money: tuple[str, ...]
    firm: tuple[str, ...]
    contact: tuple[str, ...]
    more: tuple[str, ...]
    templates: tuple[str, ...]
