"""Who may verify, without I/O (G-TWO): active, not on leave, pledge on file, not excluded."""

from datetime import date
from typing import Any

import pytest

from services.verification.domain.staff import Colleague, must_be_fit
from shared.errors import Invalid

DAY = date(2018, 6, 1)


def colleague(staff: str, **changes: Any) -> Colleague:
    values: dict[str, Any] = {"pledged_on": date(2018, 3, 1), "from_on": date(2018, 3, 1), "to_on": None, "away": False}
    return Colleague(staff=staff, **(values | changes))


@pytest.mark.rule("G-TWO")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"from_on": DAY, "pledged_on": DAY, "to_on": date(2018, 6, 2)}, None),
        ({"from_on": date(2018, 6, 2)}, "不在岗"),
        ({"to_on": DAY}, "不在岗"),
        ({"away": True}, "离岗休假"),
        ({"pledged_on": None}, "没有保密承诺"),
        ({"pledged_on": date(2018, 6, 2)}, "没有保密承诺"),
    ],
)
def test_fit_is_who_is_in_office_with_a_pledge(changes: dict[str, Any], reason: str | None) -> None:
    unfit = colleague("GA-1", **changes).unfit_on(DAY)
    assert (unfit and unfit[0]) == reason


@pytest.mark.rule("G-TWO", "G-CONF")
def test_everyone_who_may_not_is_named_with_the_reason() -> None:
    known = {"GA-1": colleague("GA-1"), "GA-2": colleague("GA-2"), "GA-3": colleague("GA-3", away=True)}
    must_be_fit(["GA-1", "GA-2"], known, excluded=(), on=DAY)
    with pytest.raises(Invalid) as refused:
        must_be_fit(["GA-1", "GA-2", "GA-3", "GA-4"], known, excluded=("GA-2",), on=DAY)
    told = [reason.partition(" / ")[0] for _, reason in refused.value.fields]
    assert told == ["GA-2:应当回避", "GA-3:离岗休假", "GA-4:目录中没有该人员"]
