"""By which rule a reporter is rewarded (domain.md §2.8), as data with dates of force (reward-rules.toml). Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from shared.codes import Labelled
from shared.errors import Invalid, NotAllowed


class Trigger(Labelled):
    """What has to have happened. 给奖条件"""

    VERIFIED = "verified", "查证属实", "verified"
    PROSECUTED = "prosecuted", "移送审查起诉", "transferred for prosecution"
    JUDGED = "judged", "一审判决", "judged at first instance"


class Exclusion(Labelled):
    """Who is not rewarded [S32]; the proposer declares that none of them is known to apply. 不予奖励情形"""

    SUSPECT = "suspect", "犯罪嫌疑人、被告人或服刑人员", "a suspect, an accused or a prisoner"
    KNOWN_FACTS = "known-facts", "举报前机关已掌握", "the facts were known before"
    OFFICIAL_DUTY = "official-duty", "公职人员履行职责", "an official on duty"
    SPECIAL_DUTY = "special-duty", "负有特定义务的人员", "a person with a special duty"


class BadRules(ValueError):
    """The rules' data do not fit together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardRule:
    """One version of the rule; `least` and `most` in whole yuan."""

    version: str
    from_day: date
    basis: str
    trigger: Trigger
    conclusions: frozenset[str]
    least: int
    most: int
    exclusions: frozenset[Exclusion]

    def check(
        self, amount_yuan: int, none_of: frozenset[Exclusion], basis_no: str | None, basis_on: date | None, today: date
    ) -> None:
        """Raises `Invalid`: the amount is out of bounds, an exclusion was not looked at, the paper is missing or of a day to come."""
        if not self.least <= amount_yuan <= self.most:
            told = f"应为{self.least}至{self.most}元 / {self.least} to {self.most} yuan"
            _refuse("amount_yuan", told)
        if none_of != self.exclusions:
            each = "、".join(f"{one} {one.zh}" for one in sorted(self.exclusions))
            codes = ", ".join(sorted(self.exclusions))
            _refuse("none_of", f"须逐项核对且只核对:{each} / each of these, and no other, is to be looked at: {codes}")
        if (basis_no is None) != (basis_on is None):
            _refuse("basis_no", "文书编号和日期须同时填写 / number and day of the paper go together")
        if self.trigger is not Trigger.VERIFIED and basis_no is None:
            _refuse("basis_no", f"须填写“{self.trigger.zh}”的文书 / the paper that says: {self.trigger.en}")
        if basis_on is not None and basis_on > today:
            _refuse("basis_on", "日期晚于今天 / a day to come")


def rules_of(content: str) -> dict[str, RewardRule]:
    """All versions in the data, oldest first. Raises `BadRules`."""
    found: dict[str, RewardRule] = {}
    try:
        for entry in tomllib.loads(content)["version"]:
            rule = RewardRule(
                version=f"reward-{entry['number']}",
                from_day=entry["from"],
                basis=entry["basis"],
                trigger=Trigger(entry["trigger"]),
                conclusions=frozenset(entry["conclusions"]),
                least=int(entry["least"]),
                most=int(entry["most"]),
                exclusions=frozenset(map(Exclusion, entry["exclusions"])),
            )
            if not 0 < rule.least <= rule.most or not rule.conclusions:
                raise BadRules(f"{rule.version}: bounds or conclusions are wrong")
            if any(rule.from_day <= earlier.from_day or rule.version == name for name, earlier in found.items()):
                raise BadRules(f"{rule.version} does not come after the versions before it")
            found[rule.version] = rule
    except (KeyError, TypeError, ValueError) as fault:
        raise BadRules(f"{type(fault).__name__}: {fault}") from None
    return found


def rule_in_force(day: date, rules: Mapping[str, RewardRule] | None = None) -> RewardRule:
    """The rule of this day. Raises `NotAllowed` before the first."""
    known = list((rules or shipped()).values())
    rule = next((each for each in reversed(known) if each.from_day <= day), None)
    if rule is None:
        raise NotAllowed("当日没有生效的奖励办法 / no rule for rewards is in force on that day")
    return rule


@cache
def shipped() -> dict[str, RewardRule]:
    """The rules as shipped."""
    return rules_of(files(__package__).joinpath("reward-rules.toml").read_text("utf-8"))


def _refuse(field: str, told: str) -> None:
    raise Invalid(told, fields=[(field, told)])
