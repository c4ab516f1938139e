"""When N07 counts a lead: started in time and in order, by the calendar of China."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.publicity.domain.figures import Acceptance, SuperiorLead, started
from tests.support.builders import DAY, NOON

BEGUN = Acceptance(at=NOON, verifier_count=2, plan_on_file=True, recusals_on_file=True)
LEAD = SuperiorLead(
    lead_id=uuid4(),
    lead_no="x",
    issuing_level="city",
    received_on=DAY,
    assigned_at=NOON,
    sign_by=DAY,
    acceptance=BEGUN,
)


@pytest.mark.rule("N07")
@pytest.mark.parametrize(
    "change",
    [{"verifier_count": 1}, {"plan_on_file": False}, {"recusals_on_file": False}, {"at": NOON + timedelta(days=1)}],
)
def test_anything_missing_or_late_is_not_counted(change: dict[str, Any]) -> None:
    assert started([LEAD]) == 1
    assert started([replace(LEAD, acceptance=replace(BEGUN, **change))]) == 0


def test_a_lead_that_was_not_assigned_or_not_begun_is_not_counted() -> None:
    assert started([replace(LEAD, acceptance=None), replace(LEAD, sign_by=None)]) == 0


def test_the_last_day_ends_at_midnight_in_china() -> None:
    last = datetime(2018, 6, 1, 15, 59, 59, tzinfo=UTC)
    assert replace(LEAD, acceptance=replace(BEGUN, at=last)).in_time
    assert not replace(LEAD, acceptance=replace(BEGUN, at=last + timedelta(seconds=1))).in_time
