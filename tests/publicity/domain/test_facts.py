"""What is kept of an event as a fact: its codes, and nothing of a false accusation (G16)."""

from datetime import date
from typing import Any, get_args
from uuid import uuid4

import pytest

from services.publicity.usecases.record_facts import left_out
from shared.contracts.verification import Found, WorkConcluded
from tests.support.builders import NOON


@pytest.mark.rule("G16")
@pytest.mark.parametrize("code", get_args(Found))
def test_each_conclusion_is_a_fact_but_for_a_false_accusation(code: Any) -> None:
    accused = code == "C8"
    more: dict[str, Any] = {"review_because": "accusation", "decided_on": date(2018, 6, 1)} if accused else {}
    event = WorkConcluded(work_id=uuid4(), lead_id=uuid4(), conclusion=code, effective_at=NOON, **more)
    kept = event.model_dump(mode="json", exclude=left_out(event))
    assert kept.get("conclusion") == (None if accused else code)
    assert ("accusation" in str(kept), "2018" in str(kept)) == (False, False)
    assert "work_id" in kept
