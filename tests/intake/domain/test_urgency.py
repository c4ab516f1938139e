"""Four hours run from the word of a person or a claim, never longer than what ran; what is none has its three days from the beginning."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.intake.domain.deadline import to_classify
from services.intake.domain.lead_states import Status
from services.intake.domain.urgency import asks, is_claimed, limit_now, must_be_answered, say_urgent
from shared.errors import Invalid, NotAllowed
from tests.support.builders import DAYS, NOON, classified, lead

LATER = NOON + timedelta(hours=2)
CALM, SAID = lead(), lead(urgent=True)


@pytest.mark.rule("D02")
@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize("before", [CALM, SAID])
@pytest.mark.parametrize("urgent", [False, True])
def test_what_runs_after_a_person_has_said_it(*, before: object, claimed: bool, urgent: bool) -> None:
    was = lead(urgent=before is SAID)
    running = to_classify(was, days=DAYS, at=NOON, claimed=claimed)
    assert is_claimed(was, running) is (claimed and not was.urgent)
    assert not is_claimed(was, replace(running, stopped_at=LATER, next_at=None))
    now = limit_now(say_urgent(was, urgent=urgent), [running], days=DAYS, at=LATER)
    if not urgent:
        assert now == replace(to_classify(CALM, days=DAYS, at=NOON), lead_id=was.id, round=2), "from the beginning"
    elif was.urgent or claimed:
        assert now is None, "the four hours run on from where they began"
    else:
        assert now is not None
        assert (now.limit_id, now.started_at, now.round) == ("D02u", LATER, 2)


@pytest.mark.rule("D02")
def test_nobody_gains_time_by_saying_it_to_and_fro() -> None:
    one = lead()
    first = to_classify(one, days=DAYS, at=NOON)
    second = limit_now(say_urgent(one, urgent=True), [first], days=DAYS, at=LATER)
    assert second is not None
    rounds = [replace(first, stopped_at=LATER, next_at=None), second]
    third = limit_now(one, rounds, days=DAYS, at=LATER + timedelta(hours=1))
    assert third is not None
    assert (third.limit_id, third.due_at, third.round) == ("D02", first.due_at, 3)
    # three hours before its end there is no longer time to be had by being urgent
    assert limit_now(say_urgent(one, urgent=True), [first], days=DAYS, at=first.due_at - timedelta(hours=3)) is None
    # a limit of an earlier time (not accepted, taken up again) is no beginning of this one
    apart = [replace(first, stopped_at=NOON + timedelta(hours=1), next_at=None), second]
    again = limit_now(one, apart, days=DAYS, at=LATER)
    assert again is not None
    assert again.started_at == LATER


def test_a_claim_is_not_passed_over_in_silence() -> None:
    for urgent in (True, False):
        must_be_answered(urgent=urgent)
    with pytest.raises(Invalid):
        must_be_answered(urgent=None)


@pytest.mark.rule("D02")
@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize("mine", [False, True])
@pytest.mark.parametrize("its", [False, True])
@pytest.mark.parametrize("status", [Status.RECEIVED, Status.NOT_ACCEPTED, Status.ASSIGNED, Status.CLOSED])
def test_when_a_merge_asks_whether_the_matter_is_urgent(*, runs: bool, mine: bool, its: bool, status: Status) -> None:
    answer = asks(lead(urgent=mine), replace(lead(urgent=its), status=status), runs=runs)
    if status is Status.NOT_ACCEPTED or (mine and its):
        assert answer is False
    else:
        assert answer is (mine or runs)


@pytest.mark.rule("D02")
def test_a_confirmed_claim_of_a_repeat_keeps_its_four_hours_and_what_is_urgent_stays_so() -> None:
    master, running = lead(), to_classify(lead(), days=DAYS, at=NOON)
    claim = to_classify(lead(), days=DAYS, at=NOON - timedelta(hours=1), claimed=True)
    now = limit_now(say_urgent(master, urgent=True), [running], days=DAYS, at=LATER, claims=[claim])
    assert now is not None
    assert (now.lead_id, now.due_at, now.round) == (master.id, claim.due_at, 2)
    chosen = classified(urgent=True)
    assert say_urgent(chosen, urgent=False, of_repeat=True).urgent, "the classification said so"
    with pytest.raises(NotAllowed):
        say_urgent(chosen, urgent=False)
