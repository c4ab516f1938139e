"""What is suggested when a lead is classified: tier, level, areas, urgency, each with what led to it (G20, PIPL §24). The rubric is data
(level-rubric.toml); nothing here decides, and nothing of a person is weighed: only what is reported, and how it came in."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from services.intake.domain.codes import Area, IssuingLevel, Level, Tier
from services.intake.domain.lead import Lead
from services.intake.domain.merge import MANY_REPEATS

_OF_RANK = ("科长", "局长", "所长", "主任", "书记", "镇长", "乡长", "处长", "区长", "县长", "院长", "检察长", "大队长")
"""Posts that are of the rank of a section head or above as a rule; a person checks."""
_LEVELS = (Level.GENERAL, Level.KEY, Level.MAJOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the rubric."""

    id: str
    zh: str
    en: str
    tier: str | None = None
    level: str | None = None
    area: str | None = None
    urgent: bool = False
    fact: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What is suggested, and the rules that led to it with the words they met."""

    version: str
    tier: Tier
    level: Level
    areas: tuple[str, ...]
    urgent: bool
    because: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Rubric:
    """One version of the rubric, and the day in China from which on suggestions are made by it."""

    version: str
    from_on: date
    rules: tuple[Rule, ...]


def rubrics_of(content: str) -> tuple[Rubric, ...]:
    """All versions in the data, oldest first. Raises `ValueError` when one does not come after the one before it."""
    found = tuple(
        Rubric(
            version["name"],
            version["from"],
            tuple(Rule(**{**rule, "words": tuple(rule.get("words", ()))}) for rule in version["rule"]),
        )
        for version in tomllib.loads(content)["version"]
    )
    for earlier, later in pairwise(found):
        if later.from_on <= earlier.from_on or later.version == earlier.version:
            raise ValueError(f"rubric {later.version} does not come after {earlier.version}")
    return found


@cache
def shipped() -> tuple[Rubric, ...]:
    """The versions of level-rubric.toml."""
    return rubrics_of(files(__package__).joinpath("level-rubric.toml").read_text("utf-8"))


def in_force(day: date, versions: Sequence[Rubric]) -> Rubric:
    """The newest version in force on a day, the oldest for days before any."""
    return next((each for each in reversed(versions) if each.from_on <= day), versions[0])


def suggest(
    lead: Lead, *, content: Mapping[str, Any] | None, repeats: int, rubric: Rubric, areas_in_force: Collection[str]
) -> Suggestion:
    """What the rubric says of this lead. `content` is the report in its blocks, if it came as one; an area that is not in force is never
    suggested."""
    rules = rubric.rules
    text = "\n".join((lead.summary, *lead.allegations))
    spoken = (rule.area for rule in rules if rule.area in areas_in_force and _met(rule, text))
    areas = tuple(dict.fromkeys(area for area in spoken if area))
    registered = tuple(area for area in lead.areas if area in areas_in_force)
    known = _facts(lead, content or {}, repeats, areas or registered)
    because = {rule.id: met for rule in rules if (met := _met(rule, text) or (("",) if rule.fact in known else ()))}
    fired = [rule for rule in rules if rule.id in because]
    level = max((Level(rule.level) for rule in fired if rule.level), key=_LEVELS.index, default=Level.GENERAL)
    tiers = [Tier(rule.tier) for rule in fired if rule.tier]
    return Suggestion(
        version=rubric.version,
        tier=Tier.BLACK if Tier.BLACK in tiers else Tier.EVIL if tiers or lead.issuing_level else Tier.DISORDER,
        level=level,
        areas=areas or registered,
        urgent=any(rule.urgent for rule in fired),
        because=because,
    )


def _met(rule: Rule, text: str) -> tuple[str, ...]:
    return tuple(word for word in rule.words if word in text)


def _facts(lead: Lead, content: Mapping[str, Any], repeats: int, areas: Sequence[str]) -> frozenset[str]:
    officials = (content.get("umbrella") or {}).get("officials", ())
    acts = content.get("facts", {}).get("allegations", ())
    evidence = [each for each in (content.get("facts", {}), *acts) if each.get("evidence")]
    many = len(content.get("persons", ())) > 1 or max(len(lead.allegations), len(acts)) > 1
    found = {
        "umbrella_of_rank": any(post in (one.get("post") or "") for one in officials for post in _OF_RANK),
        "centre": lead.issuing_level is IssuingLevel.CENTRE,
        "province": lead.issuing_level is IssuingLevel.PROVINCE,
        "many_repeats": repeats >= MANY_REPEATS,
        "several_in_key_area": many and any(area != Area.OTHER for area in areas),
        "named_with_evidence": lead.named and bool(evidence),
    }
    return frozenset(name for name, holds in found.items() if holds)
