"""Every state × step of a dual assignment 双交办."""

from itertools import product
from uuid import uuid4

import pytest

from services.intake.domain.dual_assignment import DualAssignment, Status
from shared.contracts.intake import DualAssignmentCompleted, Leg, LegStatus, LegStatusChanged
from shared.errors import NotAllowed
from tests.support.builders import NOON

ORDER = list(LegStatus)


def dual(crime: LegStatus, discipline: LegStatus) -> DualAssignment:
    done = NOON if crime is discipline is LegStatus.ENDED else None
    made = DualAssignment(id=uuid4(), lead_id=uuid4(), created_at=NOON, completed_at=done)
    return DualAssignment(
        id=made.id, lead_id=made.lead_id, created_at=NOON, crime=crime, discipline=discipline, completed_at=done
    )


@pytest.mark.rule("M17")
@pytest.mark.parametrize(("crime", "discipline", "leg", "to"), list(product(ORDER, ORDER, Leg, ORDER)))
def test_each_leg_moves_one_step_at_a_time_and_the_last_end_completes(
    crime: LegStatus, discipline: LegStatus, leg: Leg, to: LegStatus
) -> None:
    before = dual(crime, discipline)
    now, other = (crime, discipline) if leg is Leg.CRIME else (discipline, crime)
    if ORDER.index(to) != ORDER.index(now) + 1:
        with pytest.raises(NotAllowed):
            before.move(leg, to, at=NOON)
        return
    after, said = before.move(leg, to, at=NOON)
    assert (after.crime if leg is Leg.CRIME else after.discipline) is to
    assert (after.discipline if leg is Leg.CRIME else after.crime) is other
    assert isinstance(said[0], LegStatusChanged)
    assert set(said[0].model_dump()) == {"dual_assignment_id", "lead_id", "leg", "status", "effective_at"}
    ended = to is other is LegStatus.ENDED
    assert after.status is (Status.COMPLETED if ended else Status.OPEN)
    assert [type(event) for event in said[1:]] == ([DualAssignmentCompleted] if ended else [])


def test_a_new_one_is_open_on_both_sides() -> None:
    made = DualAssignment(id=uuid4(), lead_id=uuid4(), created_at=NOON)
    assert (made.crime, made.discipline, made.status) == (LegStatus.CREATED, LegStatus.CREATED, Status.OPEN)
    assert made.created.dual_assignment_id == made.id


@pytest.mark.rule("M17")
@pytest.mark.parametrize(("crime", "discipline", "leg", "to"), list(product(ORDER, ORDER, Leg, ORDER[:2])))
def test_a_leg_that_begins_again_opens_the_parent_until_it_has_ended_anew(
    crime: LegStatus, discipline: LegStatus, leg: Leg, to: LegStatus
) -> None:
    before = dual(crime, discipline)
    other = discipline if leg is Leg.CRIME else crime
    again, said = before.begin_again(leg, to, at=NOON)
    assert (again.status, again.completed_at, again.version) == (Status.OPEN, None, before.version + 1)
    assert (again.crime, again.discipline) == ((to, other) if leg is Leg.CRIME else (other, to))
    assert (said.leg, said.status, said.dual_assignment_id) == (leg, to, before.id)
    for status in ORDER[ORDER.index(to) + 1 :]:
        again, told = again.move(leg, status, at=NOON)
    ended = other is LegStatus.ENDED
    assert again.status is (Status.COMPLETED if ended else Status.OPEN)
    assert [type(event) for event in told[1:]] == ([DualAssignmentCompleted] if ended else [])
