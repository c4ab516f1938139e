"""Every state × action of a report past the office, its number and its limit."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.discipline.domain.leg import Outcome
from services.discipline.domain.report import How, Report, Status, number_of
from shared.errors import Forbidden, Invalid, NotAllowed
from tests.support.builders import DAY, DAYS, person


def arrived(on: date = DAY) -> Report:
    return Report.arrive(uuid4(), number=number_of("999999", on, 1), received_on=on, days=DAYS)


def ended() -> Report:
    return arrived().accept(on=DAY)[0].end(Outcome.FORMS, on=DAY, days=DAYS)[0]


def told() -> Report:
    return ended().tell(How.PHONE, told_on=DAY, today=DAY)


def objected() -> Report:
    return told().object(made_on=DAY, today=DAY, days=DAYS)


OTHERS = frozenset({"dhd"})
AT: dict[Status, Callable[[], Report]] = {
    Status.ARRIVED: arrived,
    Status.ACCEPTED: lambda: arrived().accept(on=DAY)[0],
    Status.ENDED: ended,
    Status.TOLD: told,
    Status.OBJECTED: objected,
}
ACTIONS: dict[str, Callable[[Report], Any]] = {
    "accept": lambda one: one.accept(on=DAY),
    "end": lambda one: one.end(Outcome.SHELVED, on=DAY, days=DAYS),
    "tell": lambda one: one.tell(How.VISIT, told_on=DAY, today=DAY),
    "object": lambda one: one.object(made_on=DAY, today=DAY, days=DAYS),
    "refuse": lambda one: one.refuse(by=person("dld"), answered_by=OTHERS),
    "uphold": lambda one: one.uphold(by=person("dld"), answered_by=OTHERS, on=DAY),
    "send": lambda one: one.send_result(3),
}
BECOMES = {
    (Status.ARRIVED, "accept"): Status.ACCEPTED,
    (Status.ACCEPTED, "end"): Status.ENDED,
    (Status.ENDED, "tell"): Status.TOLD,
    (Status.ENDED, "send"): Status.ENDED,
    (Status.TOLD, "object"): Status.OBJECTED,
    (Status.OBJECTED, "refuse"): Status.TOLD,
    (Status.OBJECTED, "uphold"): Status.ACCEPTED,
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", Status)
def test_each_action_in_each_state_moves_or_is_refused(status: Status, action: str) -> None:
    before = AT[status]()
    assert before.status is status
    if (status, action) not in BECOMES:
        with pytest.raises(NotAllowed):
            ACTIONS[action](before)
        return
    made = ACTIONS[action](before)
    after, said = made if isinstance(made, tuple) else (made, None)
    assert (after.status, after.version) == (BECOMES[status, action], before.version + 1)
    assert (said is None) == (action in ("tell", "object", "refuse", "send")), "what discipline alone is concerned with"
    assert said is None or said.model_dump() == {"report_id": before.id, "on": DAY}, "a day, not what came of it"


@pytest.mark.rule("D19")
@pytest.mark.parametrize(
    ("on", "by"),
    [(date(2018, 6, 1), date(2018, 6, 25)), (date(2018, 9, 14), date(2018, 10, 11))],
)
def test_what_came_of_it_is_told_within_fifteen_working_days(on: date, by: date) -> None:
    one = arrived(on).accept(on=on)[0].end(Outcome.FORMS, on=on, days=DAYS)[0]
    assert one.feedback_by == by
    sent = one.send_result(3)
    assert sent.waits_to_be_told(3)
    assert not sent.waits_to_be_told(2), "that was another result"
    assert not sent.tell(How.POST, told_on=on, today=on).waits_to_be_told(3)


@pytest.mark.rule("D19")
def test_the_result_goes_out_once_for_each_ending() -> None:
    sent = ended().send_result(3)
    with pytest.raises(NotAllowed, match="第3号"):
        sent.send_result(4)
    over = sent.tell(How.MAILBOX, told_on=DAY, today=DAY).object(made_on=DAY, today=DAY, days=DAYS)
    anew, _ = over.uphold(by=person("dld"), answered_by=OTHERS, on=DAY)
    with pytest.raises(NotAllowed):
        anew.send_result(5)
    # the same day, and still another ending
    assert anew.end(Outcome.SHELVED, on=DAY, days=DAYS)[0].send_result(5).result_letter == 5


@pytest.mark.rule("D19", "D12")
def test_days_fit_and_the_objection_is_once_in_time_and_judged_by_another() -> None:
    early, late = DAY - timedelta(days=1), DAY + timedelta(days=1)
    for day in (early, late):
        with pytest.raises(Invalid):
            ended().tell(How.POST, told_on=day, today=DAY)
        with pytest.raises(Invalid):
            told().object(made_on=day, today=DAY, days=DAYS)
    last = date(2018, 7, 2)  # thirty days after a Friday end on a Sunday
    assert told().object(made_on=last, today=last, days=DAYS).decide_by == date(2018, 8, 1)
    with pytest.raises(NotAllowed):
        told().object(made_on=last + timedelta(days=1), today=last + timedelta(days=1), days=DAYS)
    for deed in (
        lambda by: objected().refuse(by=by, answered_by=OTHERS),
        lambda by: objected().uphold(by=by, answered_by=OTHERS, on=DAY),
        lambda by: objected().must_not_know_reporter(by, OTHERS),
    ):
        for one in (person("dhd"), person("dld", others=("dhd",))):
            with pytest.raises(Forbidden):
                deed(one)
    refused = objected().refuse(by=person("dld"), answered_by=OTHERS)
    with pytest.raises(NotAllowed):
        refused.object(made_on=DAY, today=DAY, days=DAYS)
    anew, _ = objected().uphold(by=person("dld"), answered_by=OTHERS, on=late)
    assert (anew.accepted_on, anew.ended_on, anew.outcome, anew.told_on, anew.objected_on) == (late, *[None] * 4)


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
