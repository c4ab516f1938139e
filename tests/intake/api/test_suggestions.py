"""Suggestions for a classification: by which rules, what a person chose instead, both kept (G20)."""

from datetime import date
from typing import Any

import pytest

from services.intake.domain.codes import Area, IssuingLevel, Level, Source, Tier
from services.intake.domain.suggestion import in_force, rubrics_of, shipped, suggest
from tests.conftest import NewApi
from tests.intake.api.test_leads import classify, register
from tests.intake.api.test_life import PUBLIC
from tests.support.builders import lead
from tests.support.reporting import REPORT

RUBRIC = shipped()[-1]


def of(text: str = "反映邻里纠纷", content: Any = None, repeats: int = 0, **changes: Any) -> Any:
    values = {"source": Source.PUBLIC, "issuing_level": None, "upstream_no": None, **changes}
    return suggest(
        lead(summary=text, **values), content=content, repeats=repeats, rubric=RUBRIC, areas_in_force=set(Area)
    )


@pytest.mark.rule("G20")
def test_each_rule_of_the_rubric_can_lead_to_its_suggestion() -> None:
    for rule in RUBRIC.rules:
        for word in rule.words:
            found = of(f"反映有人{word}等情况")
            assert word in found.because[rule.id], rule.id
            assert not rule.urgent or found.urgent
            assert not rule.area or Area(rule.area) in found.areas
    facts = {
        "umbrella-of-rank": of(content=REPORT),
        "centre": of(issuing_level=IssuingLevel.CENTRE),
        "province": of(issuing_level=IssuingLevel.PROVINCE),
        "many-repeats": of(repeats=3),
        "several-in-key-area": of("反映菜市场有人收费", allegations=("收费", "打人")),
        "named-with-evidence": of(named=True, content={"facts": {"evidence": "有录音"}}),
    }
    assert set(facts) == {rule.id for rule in RUBRIC.rules if rule.fact}
    for name, found in facts.items():
        rule = next(one for one in RUBRIC.rules if one.id == name)
        assert (name in found.because, found.level) == (True, Level(rule.level or "general")), name


@pytest.mark.rule("G20")
def test_the_highest_level_that_a_rule_names_is_suggested_and_nothing_makes_a_general_matter() -> None:
    both = of("反映菜市场有人打伤摊主", allegations=("收费", "打人"))
    assert (both.level, both.tier, both.areas) == (Level.MAJOR, Tier.DISORDER, (Area.MARKET,))
    assert of("反映黑社会组织强揽工程").tier is Tier.BLACK
    assert of("反映村霸").tier is Tier.EVIL
    plain = of()
    assert (plain.level, plain.tier, plain.urgent, plain.because) == (Level.GENERAL, Tier.DISORDER, False, {})
    # a superior's lead is never suggested as 乱 (M07)
    assert of(issuing_level=IssuingLevel.CITY).tier is Tier.EVIL


@pytest.mark.rule("G20")
async def test_what_was_suggested_and_what_a_person_chose_are_both_kept(new_api: NewApi) -> None:
    api = await new_api("intake")
    one = await register(api, **PUBLIC, summary="反映菜市场有人带人收保护费,打伤摊主")
    path = f"/intake/v1/leads/{one}/suggestion"
    assert (await api.get(path, by="icl")).status_code == 403
    found = (await api.get(path, by="ana")).json()
    assert (found["tier"], found["level"], found["area_codes"], found["kept"]) == ("evil", "major", ["market"], [])
    assert all(rule["zh"] and rule["en"] for rule in found["because"])
    assert "由人确定" in found["note"]
    assert (await classify(api, one, level="key")).status_code == 200
    [kept] = (await api.get(path, by="ofd")).json()["kept"]
    assert (kept["suggested"]["level"], kept["chosen"]["level"], kept["decided_by"]) == ("major", "key", "ana")
    assert {rule["rule"] for rule in kept["because"]} == {"gang", "injury-or-death", "market"}
    assert await api.rows("select count(*) from audit_log where action = 'lead.read-suggestion'") == [(2,)]


VERSIONS = """
[[version]]
name = "a"
from = 2018-01-01
rule = [{ id = "x", zh = "旧", en = "old", words = ["旧"] }]
[[version]]
name = "b"
from = 2019-01-01
rule = [{ id = "y", zh = "新", en = "new", words = ["新"], area = "spam" }]
"""


@pytest.mark.rule("G20")
def test_the_rubric_has_days_of_force_and_an_area_out_of_force_is_not_suggested() -> None:
    old, new = rubrics_of(VERSIONS)
    days = [date(2017, 1, 1), date(2018, 12, 31), date(2019, 1, 1)]
    assert [in_force(day, (old, new)) for day in days] == [old, old, new]
    with pytest.raises(ValueError, match="does not come after"):
        rubrics_of(VERSIONS.replace("2019", "2018"))
    for areas, suggested in ((set[str](), ()), ({"spam"}, ("spam",))):
        found = suggest(lead(summary="新"), content=None, repeats=0, rubric=new, areas_in_force=areas)
        assert (found.version, found.areas) == ("b", suggested)
