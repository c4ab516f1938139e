"""A screening task: each action in each state; nothing found is an answer; no child is a subject."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.intake.domain.minors import with_minors
from services.intake.domain.screening import Screening, ScreeningState
from shared.errors import Invalid, NotAllowed

AT = datetime(2018, 6, 1, tzinfo=UTC)


def screening(**changes: Any) -> Screening:
    values: dict[str, Any] = {
        "id": uuid4(),
        "title": "摸排",
        "scope": "市场",
        "unit": "GA",
        "opened_by": "ofd",
        "opened_at": AT,
    }
    return Screening(**(values | {"due_on": date(2018, 6, 1)} | changes))


@pytest.mark.rule("M49")
@pytest.mark.parametrize(("findings", "zero"), [(0, True), (1, False)])
def test_a_task_is_returned_once_with_findings_or_without_also_after_its_day(findings: int, zero: bool) -> None:
    late = datetime(2018, 9, 1, tzinfo=UTC)
    done, said = screening().give_back(found=findings > 0, note=None, by="unl", at=late)
    assert (said.screening_id, said.unit, said.zero_return) == (done.id, done.unit, findings == 0)
    assert (done.state, done.zero_return, done.returned_at) == (ScreeningState.RETURNED, zero, late)
    for act in (done.must_be_open, lambda: done.give_back(found=False, note=None, by="unl", at=late)):
        with pytest.raises(NotAllowed):
            act()
    screening().must_be_open()


@pytest.mark.rule("G19")
@pytest.mark.parametrize(
    ("ages", "minors"),
    [([], False), ([None, 18], False), ([17], True), ([14, 40], True), ([13], None), ([40, 0], None)],
)
def test_no_child_under_14_is_a_subject_and_those_under_18_are_marked(
    ages: list[int | None], minors: bool | None
) -> None:
    if minors is None:
        with pytest.raises(Invalid):
            with_minors(ages)
    else:
        assert with_minors(ages) is minors
