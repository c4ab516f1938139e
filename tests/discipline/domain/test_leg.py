"""Every state × action of the discipline leg."""

from collections.abc import Callable
from typing import Any

import pytest

from services.discipline.domain.leg import Leg, Outcome, Status
from shared.errors import NotAllowed
from tests.support.builders import NOON, leg

AT: dict[Status, Callable[[], Leg]] = {
    Status.OPENED: leg,
    Status.RECEIVED: lambda: leg().receive(at=NOON)[0],
    Status.ENDED: lambda: leg().receive(at=NOON)[0].end(Outcome.FORMS, at=NOON)[0],
}
ACTIONS: dict[str, Callable[[Leg], Any]] = {
    "receive": lambda one: one.receive(at=NOON),
    "end": lambda one: one.end(Outcome.SHELVED, at=NOON),
}
BECOMES = {(Status.OPENED, "receive"): Status.RECEIVED, (Status.RECEIVED, "end"): Status.ENDED}


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
    assert (said.leg_id, said.lead_id) == (before.id, before.lead_id)


@pytest.mark.parametrize("outcome", Outcome)
def test_the_outcome_stays_inside(outcome: Outcome) -> None:
    after, said = leg().receive(at=NOON)[0].end(outcome, at=NOON)
    assert after.outcome is outcome
    assert set(said.model_dump()) == {"leg_id", "dual_assignment_id", "lead_id", "effective_at"}
