"""A claim of danger in a report past the office (G22): first in discipline's register from the first time that it is read."""

from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import NewApi
from tests.intake.api.test_passed_reports import ON, PASSED, REPORTS
from tests.support.passed import Between
from tests.support.reporting import report


@pytest.mark.rule("G22")
async def test_a_claim_of_danger_stands_first_in_the_register_until_it_is_accepted(new_api: NewApi) -> None:
    intake, discipline = await new_api("intake", CHALLENGE_BITS="2"), await new_api("discipline")
    both = Between(intake, discipline)
    danger = PASSED | {"facts": PASSED["facts"] | {"danger_now": True}}
    for body in (PASSED, PASSED | {"facts": PASSED["facts"] | {"danger_now": False}}, danger):
        assert (await report(intake.client, body, **ON)).status_code == 201
        await both.bring()
    assert await discipline.rows("select count(*) from reports where danger_claimed is null") == [(3,)]

    async def listed(query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = (await discipline.get(f"{REPORTS}?limit=1{query}{after}", by="dcm", **ON)).json()
            found += page["items"]
            if page["next"] is None:
                return found
            after = f"&after={page['next']}"

    first, *rest = await listed()
    assert (first["danger_claimed"], first["danger_by"]) == (True, "2018-06-01")
    assert [(each["danger_claimed"], each["danger_by"]) for each in rest] == [(False, None)] * 2
    assert len({each["id"] for each in (first, *rest)}) == 3, "page by page, without gap or repeat"
    noted = "select count(*), count(distinct subject) from audit_log where action = 'report.note-claim'"
    assert await discipline.rows(noted) == [(3, 3)], "each is opened once"
    for by in ("ofd", "icl", "unl"):
        assert (await discipline.get(REPORTS, by=by, **ON)).status_code == 403
    accepted = await discipline.post(f"{REPORTS}/{first['id']}/acceptance", {}, by="dcm", key=uuid4().hex, **ON)
    assert (accepted.json()["danger_claimed"], accepted.json()["danger_by"]) == (True, None)
    assert [each["danger_claimed"] for each in await listed("&status=accepted")] == [True]
    # what cannot be opened hides nothing and is looked at again
    await discipline.rows("update reports set danger_claimed = null, key_id = 'gone' where status = 'arrived'")
    assert [each["danger_claimed"] for each in await listed("&status=arrived")] == [None, None]
