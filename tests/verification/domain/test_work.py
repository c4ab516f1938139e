"""Every state × action of the work on a lead."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.verification.domain.work import Because, Conclusion, Status, Verifier, Work
from shared.errors import Forbidden, Invalid, NotAllowed
from tests.support.builders import DAY, NOON, verifiers, work


def accept(one: Work, named: list[Verifier] | None = None, plan: str = "走访、调取", unit: str = "GA") -> Any:
    return one.accept(named if named is not None else verifiers(), plan, unit=unit, on=DAY, at=NOON)


def conclude(one: Work, unit: str = "GA") -> Any:
    return one.conclude(Conclusion.C1, unit=unit, at=NOON, review=None)


def conclude_drawn(one: Work, unit: str = "GA") -> Any:
    return one.conclude(Conclusion.C1, unit=unit, at=NOON, review=Because.MAJOR)


def dispute(one: Work, unit: str = "GA") -> Any:
    return one.dispute(unit=unit, on=DAY, at=NOON)


def report_first(one: Work, unit: str = "GA") -> Any:
    return one.report_first("已固定证据", unit=unit, at=NOON)


def fresh() -> Work:
    return work(urgent=True, dispute_by=DAY)


def withdrawn() -> Work:
    disputed: Work = dispute(fresh())[0]
    return disputed.withdraw()


AT: dict[Status, Callable[[], Work]] = {
    Status.OPENED: fresh,
    Status.DISPUTED: lambda: dispute(fresh())[0],
    Status.WITHDRAWN: withdrawn,
    Status.ACCEPTED: lambda: accept(fresh())[0],
    Status.IN_REVIEW: lambda: conclude_drawn(accept(fresh())[0])[0],
    Status.CONCLUDED: lambda: conclude(accept(fresh())[0])[0],
}
ACTIONS: dict[str, Callable[[Work], Any]] = {
    "accept": accept,
    "conclude": conclude,
    "conclude_drawn": conclude_drawn,
    "pass_review": lambda one: one.pass_review(at=NOON),
    "return_by_review": lambda one: one.return_by_review(at=NOON),
    "dispute": dispute,
    "report_first": report_first,
}
BECOMES = {
    (Status.OPENED, "accept"): Status.ACCEPTED,
    (Status.OPENED, "dispute"): Status.DISPUTED,
    (Status.ACCEPTED, "report_first"): Status.ACCEPTED,
    (Status.ACCEPTED, "conclude"): Status.CONCLUDED,
    (Status.ACCEPTED, "conclude_drawn"): Status.IN_REVIEW,
    (Status.IN_REVIEW, "pass_review"): Status.CONCLUDED,
    (Status.IN_REVIEW, "return_by_review"): Status.ACCEPTED,
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", Status)
def test_each_action_in_each_state_moves_or_is_refused(status: Status, action: str) -> None:
    before = AT[status]()
    assert before.status is status
    with pytest.raises(NotAllowed, match="中止"):
        ACTIONS[action](replace(before, suspended=True))
    if (status, action) not in BECOMES:
        with pytest.raises(NotAllowed):
            ACTIONS[action](before)
        return
    after, said = ACTIONS[action](before)
    assert (after.status, after.version) == (BECOMES[status, action], before.version + 1)
    assert (said.work_id, said.lead_id, said.effective_at) == (before.id, before.lead_id, NOON)


@pytest.mark.rule("G-CONF")
@pytest.mark.parametrize("status", Status)
def test_intake_takes_a_work_back_wherever_it_stands_also_after_a_conclusion_of_the_same_second(status: Status) -> None:
    before = replace(AT[status](), suspended=True)
    if status is Status.WITHDRAWN:
        with pytest.raises(NotAllowed):
            before.take_back()
        return
    held = replace(before, arrest_held_until=DAY, danger_claimed=True)
    assert held.as_shown() == held
    assert (held.take_back().as_shown().arrest_held_until, held.take_back().as_shown().danger_claimed) == (None, False)
    after = before.take_back()
    assert (after.status, after.conclusion, after.is_withdrawn) == (Status.WITHDRAWN, None, True)
    assert (after.plan, after.version) == (before.plan, before.version + 1), "what was done stays on file"


def test_what_a_work_says_names_its_assignment_if_it_is_known() -> None:
    one = accept(fresh())[0]
    assert [said.assignment_no for _, said in (accept(fresh()), conclude(one), report_first(one))] == [1, 1, 1]
    assert conclude(replace(one, assignment_no=-1))[1].assignment_no is None, "brought back by a restore"


@pytest.mark.rule("N07")
@pytest.mark.parametrize("named", [[], verifiers("P001"), verifiers("P001", "p001"), verifiers("P001", "P002", "P001")])
def test_a_work_begins_with_two_different_verifiers(named: list[Verifier]) -> None:
    with pytest.raises(Invalid) as refused:
        accept(work(), named)
    assert refused.value.fields[0][0] == "verifiers"


@pytest.mark.rule("N07")
def test_it_begins_with_a_plan_and_recusal_statements_from_the_assignment_to_today() -> None:
    with pytest.raises(Invalid):
        accept(work(), plan="  ")
    with pytest.raises(Invalid):
        accept(work(), [*verifiers("P001"), *verifiers("P002", on=DAY + timedelta(days=1))])
    with pytest.raises(Invalid):
        accept(work(), [*verifiers("P001"), *verifiers("P002", on=DAY - timedelta(days=1))])
    after, said = accept(work(), verifiers("P001", "P002", "P003"))
    assert (said.verifier_count, said.plan_on_file, said.recusals_on_file) == (3, True, True)
    assert after.plan == "走访、调取"


@pytest.mark.parametrize("action", [accept, conclude])
@pytest.mark.parametrize("status", Status)
def test_another_units_leader_is_refused_whatever_the_state(status: Status, action: Callable[..., Any]) -> None:
    with pytest.raises(Forbidden):
        action(AT[status](), unit="SF")


def test_what_others_hear_names_no_verifier_and_no_plan() -> None:
    _, said = accept(work())
    assert "P001" not in said.model_dump_json()
    assert "走访" not in said.model_dump_json()
