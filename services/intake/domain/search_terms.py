"""What a lead is found by: pairs of characters of what was reported, and its facets. Pure.

A term is a number: the checksum of a short text above, and room for the number of a block of leads below (`db/search.py`). Two texts with
one checksum cost a second look and nothing else, because all that is found is compared with the rows themselves.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from zlib import crc32

from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import AT_REST, Status
from services.intake.domain.repeat_marks import reported
from shared.errors import Invalid

BLOCK_BITS = 24
"""Room for the block's number."""
MOST_WORDS, MOST_MONTHS = 8, 240
_ENDED = AT_REST | {Status.NOT_ACCEPTED, Status.CLOSED, Status.MERGED}
OPEN = tuple(status for status in Status if status not in _ENDED)
"""Where something may still run."""
_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(r"[0-9a-z]+")
_RUN_LENGTH = 4


def term(text: str) -> int:
    """The number of a gram or facet."""
    return crc32(text.encode()) << BLOCK_BITS


def words_of(lead: Lead, repeats: Iterable[Lead] = ()) -> str:
    """What was reported, in one writing, without what the text says of its own reporter; and what repeats add, each on a line of its
    own."""
    return "\n".join(reported(each.summary, each.allegations) for each in (lead, *repeats))


def grams(words: str) -> list[int]:
    """The terms that a text is found by: pairs of characters, numbers and Latin words by fours."""
    return sorted(
        term(gram) for gram in {gram for part in _WORD.findall(words) for gram in (*_pairs(part), *_runs(part))}
    )


def asked(text: str) -> tuple[list[str], list[int]]:
    """What someone looks for: its words in the same writing, all to be found, and their terms. Raises `Invalid` for too few or many."""
    words = [word for each in text.split() if (word := reported(each, ()))]
    terms = set[int]()
    for word in words:
        found = set(_asked_grams(word))
        if not found:
            raise Invalid(
                "每个检索词至少两个字 / each word of a search has at least two characters",
                fields=[("text", "检索词过短 / too short")],
            )
        terms |= {term(gram) for gram in found}
    if not 1 <= len(words) <= MOST_WORDS:
        reason = f"检索词为1至{MOST_WORDS}个 / one to {MOST_WORDS} words"
        raise Invalid(reason, fields=[("text", reason)])
    return words, sorted(terms)


def facets(lead: Lead) -> list[int]:
    """The terms of what a lead is and where it stands."""
    said = [
        ("status", lead.standing),
        ("open", lead.standing in OPEN),
        ("source", lead.source),
        ("source_l2", lead.source_l2),
        ("street", lead.street),
        ("month", month_of(lead.received_on)),
        ("tier", lead.tier),
        ("level", lead.level),
        ("unit", lead.assignment and lead.assignment.unit),
        ("leg", lead.assignment is not None and bool(lead.grounds)),
        *(("area", area) for area in lead.areas),
        *(("manifestation", each) for each in lead.manifestations),
    ]
    return [facet(name, value) for name, value in said if value]


def facet(name: str, value: object) -> int:
    """The term of one facet."""
    return term(f"{name}={value}")


LEG = facet("leg", value=True)


def month_of(day: date) -> str:
    """A day's month."""
    return f"{day.year}-{day.month}"


def months(first: date | None, last: date | None) -> list[int]:
    """The terms of the months of these days; none when they are open on a side, or too many to help."""
    if first is None or last is None:
        return []
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    if len(numbers) > MOST_MONTHS:
        return []
    return [facet("month", month_of(date(number // 12, number % 12 + 1, 1))) for number in numbers]


def _pairs(part: str) -> Iterator[str]:
    for a, b in pairwise(part):
        if not (a.isascii() and b.isascii()):
            yield a + b


def _runs(part: str) -> Iterator[str]:
    for run in _RUN.findall(part):
        yield from _of_run(run)


def _of_run(run: str) -> Iterable[str]:
    if len(run) < _RUN_LENGTH:
        return (run,)
    return (run[at : at + _RUN_LENGTH] for at in range(len(run) - _RUN_LENGTH + 1))


def _asked_grams(word: str) -> Iterator[str]:
    for part in _WORD.finditer(word):
        whole = part.group()
        yield from _pairs(whole)
        for run in _RUN.finditer(whole):
            inside = run.start() > 0 and run.end() < len(whole)
            # a short number at the end of a word may be the end of a longer one; alone it is looked for as it is
            if len(run.group()) >= _RUN_LENGTH or inside or run.group() == word:
                yield from _of_run(run.group())
