"""How likely two reports are of the same matter, and why: features of a pair, weighed. A suggestion; a person decides (G20).

The weights were fitted on the tuning half of a labelled set (docs/repeats.md; `python -m tests.intake.repeats.tune` writes them anew).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.intake.domain.repeat_marks import UNCHECKED, VIOLENCE, Marks

FEATURES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "same_number": ("同一电话、证件号、车牌或信用代码", "the same phone, ID, plate or credit code"),
        "other_number": ("同类号码各不相同", "numbers of the same kind differ"),
        "same_name": ("同一姓名", "the same name"),
        "like_name": ("姓名读音相同、字形不同", "names that sound alike"),
        "same_surname": ("姓氏相符(称呼不全)", "the same family name, told in part"),
        "other_name": ("被反映人姓名不同", "other names"),
        "same_alias": ("同一绰号", "the same alias"),
        "other_alias": ("绰号不同", "other aliases"),
        "same_place": ("同一地点", "the same place"),
        "other_place": ("地点不同", "other places"),
        "same_door": ("同一门牌", "the same house number"),
        "other_door": ("门牌不同", "other house numbers"),
        "same_firm": ("同一单位字号", "the same firm"),
        "other_firm": ("单位字号不同", "other firms"),
        "same_street": ("同一街道", "the same street office"),
        "same_act": ("同类行为", "the same kind of act"),
        "other_act": ("行为不同", "other acts"),
        "same_time": ("同一时间", "the same time"),
        "other_time": ("时间不同", "other times"),
        "same_sum": ("同一金额", "the same sum"),
        "other_sum": ("金额不同", "other sums"),
        "wording": ("文字相近", "similar wording"),
        "contained": ("内容被包含", "one text lies in the other"),
        "name_and_place": ("人和地点均相符", "person and place both the same"),
        "person_and_conflict": ("人相符而时间、地点或行为不符", "the person is the same, time, place or act is not"),
    }
)
WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "same_number": 0.58,
        "other_number": -0.48,
        "same_name": 1.22,
        "like_name": 2.95,
        "same_surname": 1.97,
        "other_name": -2.88,
        "same_alias": 1.40,
        "other_alias": -1.64,
        "same_place": 0.86,
        "other_place": -2.15,
        "same_door": 0.86,
        "other_door": -1.37,
        "same_firm": -0.03,
        "other_firm": -0.09,
        "same_street": 0.69,
        "same_act": 0.28,
        "other_act": -1.28,
        "same_time": 1.23,
        "other_time": -2.11,
        "same_sum": 1.40,
        "other_sum": -2.32,
        "wording": 1.02,
        "contained": 2.03,
        "name_and_place": -0.30,
        "person_and_conflict": -0.02,
    }
)
BIAS = -1.35
THRESHOLD = 0.35
"""From here on a pair is suggested."""


@dataclass(frozen=True, slots=True)
class Score:
    """How likely, from 0 to 1, and what each feature added."""

    value: float
    features: Mapping[str, float]
    """Feature → its share of the decision (log-odds); those that say nothing are left out."""


def score(one: Marks, other: Marks) -> Score:
    """Weigh the features of a pair."""
    shares = {name: WEIGHTS[name] * value for name, value in features(one, other).items() if value}
    total = BIAS + sum(shares.values())
    return Score(
        1 / (1 + math.exp(-max(-40.0, min(40.0, total)))), {name: round(share, 3) for name, share in shares.items()}
    )


def features(one: Marks, other: Marks) -> dict[str, float]:
    """What the two share and where they differ, each from 0 to 1 (counts to 2)."""
    found = dict.fromkeys(FEATURES, 0.0)
    _numbers(one, other, found)
    _people(one, other, found)
    for name, mine, yours in (
        ("place", one.places, other.places),
        ("door", one.doors, other.doors),
        ("firm", one.firms, other.firms),
        ("sum", one.sums, other.sums),
    ):
        _compare(name, mine, yours, found)
    acts_1, acts_2 = one.acts - {VIOLENCE}, other.acts - {VIOLENCE}
    if acts_1 and acts_2:
        found["same_act"] = len(acts_1 & acts_2) / len(acts_1 | acts_2)
        found["other_act"] = float(not acts_1 & acts_2)
    found["same_street"] = float(one.street is not None and one.street == other.street)
    if one.months and other.months:
        near = min(abs(a - b) for a in one.months for b in other.months)
        found["same_time"], found["other_time"] = float(near == 0), float(near > 1)
    elif one.years and other.years:
        found["same_time"] = 0.5 * bool(one.years & other.years)
        found["other_time"] = float(not one.years & other.years)
    shared = len(one.grams & other.grams)
    if shared:
        found["wording"] = shared / len(one.grams | other.grams)
        found["contained"] = shared / min(len(one.grams), len(other.grams))
    person = max(found[name] for name in ("same_number", "same_name", "like_name", "same_alias"))
    found["name_and_place"] = float(person > 0 and max(found["same_place"], found["same_firm"], found["same_door"]) > 0)
    conflict = max(found[name] for name in ("other_place", "other_act", "other_time", "other_door", "other_firm"))
    found["person_and_conflict"] = float(person > 0) * conflict
    return found


def _compare(
    name: str, mine: frozenset[str] | frozenset[int], yours: frozenset[str] | frozenset[int], found: dict[str, float]
) -> None:
    if mine and yours:
        found[f"same_{name}"] = float(bool(mine & yours))
        found[f"other_{name}"] = float(not mine & yours)


def _numbers(one: Marks, other: Marks, found: dict[str, float]) -> None:
    shared = one.numbers & other.numbers
    found["same_number"] = min(2.0, float(len(shared)))
    # one person has several accounts, and a mistyped number is nobody's: that they differ says nothing
    kinds = {number.kind for number in one.numbers} & {number.kind for number in other.numbers} - {"account", UNCHECKED}
    found["other_number"] = float(bool(kinds - {number.kind for number in shared}))


def _people(one: Marks, other: Marks, found: dict[str, float]) -> None:
    names = _shared(one.names, one.perhaps, other) | _shared(other.names, other.perhaps, one)
    sounds = (one.sounds & (other.sounds | other.perhaps_sounds)) | (other.sounds & one.perhaps_sounds)
    found["same_name"] = min(2.0, float(len(names))) or 0.5 * bool(one.perhaps & other.perhaps)
    found["like_name"] = float(bool(sounds) and not found["same_name"])
    if not sounds and not found["same_name"] and one.surnames and other.surnames:
        whole = bool(one.names and other.names)
        alike = bool(one.surnames & other.surnames)
        found["same_surname"] = float(alike and not whole)
        found["other_name"] = float(whole or not alike)
    aliases = _shared(one.aliases, one.quoted, other) | _shared(other.aliases, other.quoted, one)
    found["same_alias"] = float(bool(aliases or one.alias_cores & other.alias_cores))
    found["other_alias"] = float(bool(one.aliases and other.aliases) and not found["same_alias"])


def _shared(sure: frozenset[str], perhaps: frozenset[str], other: Marks) -> set[str]:
    """What one report calls by name and the other has anywhere in its text: only one of them needs to say it clearly."""
    return {word for word in sure if word in other.text} | (perhaps & other.names)
