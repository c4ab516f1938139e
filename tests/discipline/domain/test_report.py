"""Every state × action of a report past the office, its number and its limit."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from services.discipline.domain.leg import Outcome
from services.discipline.domain.report import Report, Status, number_of
from shared.errors import NotAllowed
from tests.support.builders import DAY, DAYS


def arrived(on: date = DAY) -> Report:
    return Report.arrive(uuid4(), number=number_of("999999", on, 1), received_on=on, days=DAYS)


AT: dict[Status, Callable[[], Report]] = {
    Status.ARRIVED: arrived,
    Status.ACCEPTED: lambda: arrived().accept(on=DAY)[0],
    Status.ENDED: lambda: arrived().accept(on=DAY)[0].end(Outcome.FORMS, on=DAY)[0],
}
ACTIONS: dict[str, Callable[[Report], Any]] = {
    "accept": lambda one: one.accept(on=DAY),
    "end": lambda one: one.end(Outcome.SHELVED, on=DAY),
}
BECOMES = {(Status.ARRIVED, "accept"): Status.ACCEPTED, (Status.ACCEPTED, "end"): Status.ENDED}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", Status)
def test_each_action_in_each_state_moves_or_is_refused(status: Status, action: str) -> None:
    before = AT[status]()
    assert before.status is status
    if (status, action) not in BECOMES:
        with pytest.raises(NotAllowed):
            ACTIONS[action](before)
        return
    after, said = ACTIONS[action](before)
    assert (after.status, after.version) == (BECOMES[status, action], before.version + 1)
    assert said.model_dump() == {"report_id": before.id, "on": DAY}, "a day and nothing of what came of it"


@pytest.mark.rule("D18")
@pytest.mark.parametrize(
    ("received", "accept_by"),
    [
        (date(2018, 6, 1), date(2018, 6, 25)),  # 端午 on the 18th
        (date(2018, 9, 14), date(2018, 10, 11)),  # 中秋 on the 24th, 国庆 from the 1st, the 29th and 30th are worked
    ],
)
def test_it_is_told_within_fifteen_working_days(received: date, accept_by: date) -> None:
    assert arrived(received).accept_by == accept_by


def test_a_number_of_its_own_kind_has_a_check_symbol_and_an_end() -> None:
    first, second = number_of("999999", DAY, 1), number_of("999999", DAY, 2)
    assert (first[:-1], second[:-1]) == ("999999-J20180601-000001", "999999-J20180601-000002")
    assert first[-1] != second[-1]
    with pytest.raises(ValueError, match="1 to"):
        number_of("999999", DAY, 1_000_000)
