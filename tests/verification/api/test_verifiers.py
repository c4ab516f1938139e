"""Verifiers are taken from the directory: who is unknown, away, without a pledge or excluded is refused; who leaves, leaves work behind."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.directory import PlacementRecorded, StaffRecorded
from shared.contracts.intake import After, LeadAssigned, VerificationFactsSealed
from tests.conftest import NewApi
from tests.support.builders import DAY, NOON
from tests.support.hearing import Hearing
from tests.verification.api.test_works import FACTS, ON, PLAN, WORKS, assigned, order

BEGIN = date(2018, 3, 1)


def staff(number: str, **changes: Any) -> StaffRecorded:
    values: dict[str, Any] = {"home_unit": "GA", "pledged_on": BEGIN, "from_on": BEGIN, "effective_at": NOON}
    return StaffRecorded(staff=number, **(values | changes))


def leave(number: str, **changes: Any) -> PlacementRecorded:
    values: dict[str, Any] = {"unit": "GA", "post": "officer", "kind": "leave", "from_on": BEGIN, "effective_at": NOON}
    return PlacementRecorded(placement_id=uuid4(), staff=number, **(values | changes))


@pytest.mark.rule("G-TWO", "G-CONF")
async def test_only_who_is_fit_is_accepted_and_who_leaves_leaves_work_behind(new_api: NewApi) -> None:
    api = await new_api("verification")
    hearing, lead = Hearing(api, "verification"), uuid4()
    await hearing.tell(
        leave("GA-3"),
        *(staff("GA-1"), staff("GA-2"), staff("GA-3"), staff("GA-4", pledged_on=None), staff("GA-5")),
        leave("GA-2", kind="post"),
        leave("GA-1", to_on=DAY),
        assigned(lead),
    )
    facts = FACTS.model_copy(update={"excluded_staff": ("GA-5",)})
    after = After(topic=LeadAssigned.TOPIC, subject=str(lead), sequence=1)
    await hearing.tell(
        VerificationFactsSealed(lead_id=lead, after=after, sealed=hearing.seal(facts), effective_at=NOON)
    )
    fit = [one["staff"] for one in (await api.get("/verification/v1/verifiers", by="unl", **ON)).json()["items"]]
    assert fit == ["GA-1", "GA-101", "GA-2", "GA-5", "P001", "P002"]
    assert (await api.get("/verification/v1/verifiers", by="unh")).status_code == 403
    [(work,)] = await api.rows("select id::text from works where lead_id = $1", lead)
    for second, words in (
        ("GA-3", "离岗休假"),
        ("GA-4", "没有保密承诺"),
        ("GA-5", "应当回避"),
        ("GA-9", "目录中没有该人员"),
    ):
        refused = await api.post(f"{WORKS}/{work}/acceptance", order("GA-1", second), by="unl", **ON)
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["field"], words in error["reason"]) == (422, "verifiers", True), second
    assert (await api.rows("select status, plan from works")) == [("opened", None)]
    done = await api.post(f"{WORKS}/{work}/acceptance", order("GA-1", "GA-2", plan=PLAN), by="unl", **ON)
    assert done.status_code == 200, done.text
    path = "/verification/v1/handovers"
    assert (await api.get(path, by="unl", **ON)).json()["items"] == []
    await hearing.tell(staff("GA-2", to_on=DAY))
    [open_work] = (await api.get(path, by="unl", **ON)).json()["items"]
    assert (open_work["work_id"], open_work["staff"], open_work["left_on"]) == (work, "GA-2", "2018-06-01")
