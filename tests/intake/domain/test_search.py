"""What a lead is found by, and how far each role sees."""

from datetime import date
from itertools import product

import pytest

from services.intake.domain.codes import Tier
from services.intake.domain.lead_states import Status
from services.intake.domain.search import DISCIPLINE, MAY_READ, OFFICE, TODO, UNITS, Search, View
from services.intake.domain.search_terms import asked, facet, facets, grams, months, words_of
from shared.deadlines import Colour
from shared.errors import Forbidden, Invalid
from tests.support.builders import assigned, lead

TEXT = "反映張某在菜市场强收5000元，车牌鄂A12345，电话138-0013-8000，绰号Blackcat"


@pytest.mark.parametrize(
    "asked_for",
    [
        "菜市场",
        "张某",
        "張某",
        "菜市场 电话",
        "13800138000",
        "0013800",
        "鄂a12345",
        "BLACKCAT",
        "５０００元",
        "000元",
        "blac",
    ],
)
def test_it_is_found_by_whatever_part_of_it_in_any_width_case_or_script(asked_for: str) -> None:
    one = lead(summary=TEXT)
    words, terms = asked(asked_for)
    assert all(word in words_of(one) for word in words)
    assert set(terms) <= set(grams(words_of(one)))
    assert terms


@pytest.mark.parametrize("asked_for", ["场菜", "13800138002", "000", "李某"])
def test_it_is_not_found_by_what_it_does_not_say(asked_for: str) -> None:
    _, terms = asked(asked_for)
    assert not set(terms) <= set(grams(words_of(lead(summary=TEXT))))


@pytest.mark.parametrize("asked_for", ["", "  ", "一", "菜市场 a一 的", "。,", "甲乙 " * 9])
def test_too_few_or_too_many_words_are_refused_with_the_field(asked_for: str) -> None:
    with pytest.raises(Invalid) as refused:
        asked(asked_for)
    assert refused.value.fields[0][0] == "text"


@pytest.mark.rule("G1")
def test_what_the_text_says_of_its_own_reporter_is_no_way_to_find_it() -> None:
    words = words_of(lead(summary="有人强收费用。我叫王小明,我的电话是13911112222"))
    assert "13911112222" not in words
    assert "王小明" not in words


def test_its_facets_say_what_it_is_and_where_it_stands() -> None:
    one = assigned()
    said = {
        "status": "assigned",
        "open": True,
        "source": "S",
        "unit": "GA",
        "area": "market",
        "month": "2018-6",
        "tier": "evil",
    }
    assert {facet(name, value) for name, value in said.items()} <= set(facets(one))
    assert facet("leg", True) not in facets(one)


def test_months_are_asked_for_only_between_two_days() -> None:
    assert len(months(date(2018, 11, 30), date(2019, 2, 1))) == 4
    assert months(None, date(2019, 1, 1)) == months(date(2000, 1, 1), date(2099, 1, 1)) == []


ROLES = sorted(OFFICE | UNITS | DISCIPLINE)


@pytest.mark.rule("M17")
@pytest.mark.parametrize(("role", "view"), list(product(ROLES, View)))
def test_no_role_and_view_is_wider_than_what_the_role_may_see(role: str, view: View) -> None:
    seen = Search().within(view, sub="me", roles={role}, unit="GA")
    assert seen.unit == ("GA" if role in UNITS else None)
    assert seen.with_leg == (role in DISCIPLINE)
    assert (seen.handled_by, seen.started_by) == (
        "me" if view is View.HANDLED else None,
        "me" if view is View.STARTED else None,
    )
    if view is View.TODO and role in TODO:
        assert seen.statuses == TODO[role]
        assert (seen.colours != ()) == (role == "sup")


@pytest.mark.rule("M17")
@pytest.mark.parametrize("role", ROLES)
def test_words_are_for_those_who_read_and_the_crime_sides_state_is_not_for_discipline(role: str) -> None:
    def within(**asked_for: object) -> Search:
        return Search(**asked_for).within(View.ALL, sub="me", roles={role}, unit="GA")  # type: ignore[arg-type]

    if role in MAY_READ:
        assert within(text="菜市场").text == "菜市场"
    else:
        with pytest.raises(Forbidden):
            within(text="菜市场")
    for hidden in ({"tier": Tier.EVIL}, {"statuses": (Status.ASSIGNED,)}, {"colours": (Colour.RED,)}, {"unit": "ZF"}):
        if role in DISCIPLINE or (role in UNITS and "unit" in hidden):
            with pytest.raises(Forbidden):
                within(**hidden)
        else:
            within(**hidden)


def test_what_is_asked_for_and_does_not_wait_gives_nothing() -> None:
    search = Search(statuses=(Status.CONCLUDED,))
    assert search.within(View.TODO, sub="me", roles={"ana"}, unit="SB").empty
