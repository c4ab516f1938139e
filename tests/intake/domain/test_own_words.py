"""A summary that the service wrote itself tells leads apart and pairs none."""

import pytest

from services.intake.domain.lead import LOST
from services.intake.domain.own_words import nothing_told, of_the_matter
from services.intake.domain.repeat_marks import marks_of
from services.intake.domain.repeat_score import THRESHOLD, score
from tests.support.builders import DAY

NUMBERS = ("999999-M20180601-000001A", "999999-M20180601-000002B")
OLD = "举报人未写明违法犯罪事实,待与其联系 / the reporter told no facts of a crime; he is to be asked"
FIRST, SECOND = (nothing_told(number, DAY) for number in NUMBERS)


def alike(one: str, other: str) -> bool:
    first, second = (marks_of(text, (), received_on=DAY) for text in (one, other))
    return score(first, second).value >= THRESHOLD


@pytest.mark.rule("M17")
def test_two_reports_that_told_no_facts_are_told_apart_by_day_and_number() -> None:
    assert FIRST != SECOND
    assert all(str(DAY) in text and number in text for text, number in zip((FIRST, SECOND), NUMBERS, strict=True))


@pytest.mark.parametrize(("one", "other"), [(FIRST, SECOND), (OLD, OLD), (OLD, FIRST), (LOST, LOST)])
def test_what_the_service_wrote_itself_pairs_no_leads(one: str, other: str) -> None:
    assert of_the_matter(one) == of_the_matter(other) == ""
    assert not alike(of_the_matter(one), of_the_matter(other))


def test_what_a_person_wrote_is_never_taken_for_it() -> None:
    for text in ("反映有人强收费用", f"{FIRST}。另有人强收费用", f"反映{OLD}", "x"):
        assert of_the_matter(text) == text
