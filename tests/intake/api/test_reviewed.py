"""A conclusion that was drawn for quality review is told to nobody and closed by nobody until it has passed (§4.2, D36, D10, D11)."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.lead_states import Status
from services.intake.domain.report import Step, unreviewed
from shared.contracts import verification as said
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify
from tests.intake.api.test_life import DRAWN, do, hear, limits, on, status
from tests.intake.api.test_objections import ANONYMOUS, SIGNED, door, filed, read, tell
from tests.support.api import Api
from tests.support.reporting import status as progress

RUNNING = "select kind from deadlines where lead_id = $1 and stopped_at is null order by kind"


async def at_work(api: Api) -> tuple[str, UUID]:
    code, lead = await filed(api, ANONYMOUS)
    await classify(api, lead)
    await assign(api, lead, "umbrella")
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    return code, lead


async def in_review(api: Api, day: str = "2018-06-20") -> tuple[str, UUID]:
    code, lead = await at_work(api)
    await hear(api, lead, said.WorkConcluded, day=day, **DRAWN)
    return code, lead


async def steps(api: Api, code: str) -> list[tuple[str, str]]:
    told = (await progress(api.client, query_code=code)).json()["steps"]
    return [(step["status"], step["zh"]) for step in told]


async def told_limits(api: Api, code: str) -> list[Any]:
    return list((await progress(api.client, query_code=code)).json()["limits"])


async def crime(api: Api, lead: UUID) -> str:
    [(leg,)] = await api.rows("select crime from dual_assignments where lead_id = $1", lead)
    return str(leg)


@pytest.mark.rule("D36", "D11")
async def test_until_the_review_has_passed_nothing_is_told_and_nothing_closed(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await in_review(api)
    assert await status(api, lead) == "in_review"
    try_ = {"channel": "phone", "on": "2018-06-21", "reached": True, "text": "已告知结果"}
    doors: dict[str, Any] = {"feedback": {}, "feedback-tries": try_, "closing": None}
    for name, body in doors.items():
        refused = await do(api, lead, name, body, day="2018-06-21")
        assert (refused.status_code, "评查中" in refused.json()["detail"].split(" / ")[0]) == (409, True), refused.text
    assert (await tell(api, lead)).status_code == 409
    assert (await steps(api, code))[-1] == ("verifying", "正在核查")
    assert await api.rows("select count(*) from conclusions") == [(0,)]
    assert await crime(api, lead) == "accepted", "discipline learns of no end before it is one"
    found = await limits(api, lead, "2018-06-21")
    assert (found["review"]["limit_id"], found["review"]["due_on"]) == ("D36", "2018-06-25")
    assert "feedback" not in found
    late = (await api.get("/intake/v1/deadlines?kind=review&colour=red", by="sup", **on("2018-06-26"))).json()
    assert [one["lead_id"] for one in late["items"]] == [str(lead)]

    await hear(api, lead, said.WorkReviewed, conclusion="C3", day="2018-06-22")
    assert await status(api, lead) == "concluded"
    assert await crime(api, lead) == "ended"
    assert (await steps(api, code))[-1][0] == "concluded"
    assert [step["since"] for step in (await progress(api.client, query_code=code)).json()["steps"]][-1] == "2018-06-22"
    assert (await limits(api, lead, "2018-06-22"))["feedback"]["due_on"] == "2018-06-29", (
        "five working days from the pass"
    )
    assert await api.rows(RUNNING, lead) == [("feedback",)]
    [(code_, at)] = await api.rows("select code, concluded_at::date from conclusions where lead_id = $1", lead)
    assert (code_, at) == ("C3", date(2018, 6, 22))
    assert (await tell(api, lead, day="2018-06-22")).status_code == 201
    await read(api, "2018-06-22", query_code=code)
    assert await status(api, lead) == "fed_back"


@pytest.mark.rule("D10")
@pytest.mark.parametrize(("day", "runs"), [("2018-06-22", ["conclude", "rework"]), ("2018-07-06", ["rework"])])
async def test_what_is_returned_is_verified_again_within_two_days(new_api: NewApi, day: str, runs: list[str]) -> None:
    api = await door(new_api)
    code, lead = await at_work(api)
    before, limits_before = await steps(api, code), await told_limits(api, code)
    assert [limit["by"] for limit in limits_before] != []
    await hear(api, lead, said.WorkConcluded, day="2018-06-20", **DRAWN)
    assert await told_limits(api, code) == limits_before
    await hear(api, lead, said.WorkReturnedByReview, day=day)
    assert await told_limits(api, code) == limits_before
    assert await status(api, lead) == "verifying"
    assert await steps(api, code) == before, "the reporter learns nothing of it"
    found = await limits(api, lead, day)
    assert (found["rework"]["limit_id"], found["review"]["stopped_at"] is None) == ("D10", False)
    assert [kind for (kind,) in await api.rows(RUNNING, lead)] == runs, "days of the review are not the unit's"
    await hear(api, lead, said.WorkConcluded, day=day, **DRAWN)
    assert await api.rows(RUNNING, lead) == [("review",)]
    await hear(api, lead, said.WorkReviewed, day=day, conclusion="C1")
    assert await api.rows("select code from conclusions where lead_id = $1", lead) == [("C1",)]


async def test_a_lead_that_cannot_be_verified_now_is_told_to_nobody_after_its_review_either(new_api: NewApi) -> None:
    api = await door(new_api)
    _, lead = await in_review(api)
    await hear(api, lead, said.WorkReviewed, day="2018-06-22", conclusion="C4")
    assert (await status(api, lead), await api.rows(RUNNING, lead)) == ("concluded", [("assign",)]), (
        "a day to look again"
    )


async def test_a_review_of_a_suspended_lead_stands_still_with_it(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await in_review(api)
    order = {"reason": "举报人受到威胁", "measures": "已通知辖区派出所保护"}
    answer = await do(api, lead, "suspension", order, day="2018-06-21")
    assert answer.json()["status"] == "suspended", answer.text
    assert await api.rows(RUNNING, lead) == []
    assert (await do(api, lead, "resumption", {"reason": "危险已解除"}, day="2018-06-22")).json()[
        "status"
    ] == "in_review"
    assert await api.rows(RUNNING, lead) == [("review",)]
    assert (await steps(api, code))[-1][0] == "verifying"


def test_of_a_review_the_steps_tell_nothing_wherever_the_unit_had_it() -> None:
    first = date(2018, 6, 1)
    for had in (Status.VERIFYING, Status.TASKFORCE, Status.IN_SIGNOFF):
        way = [
            Step(each, first)
            for each in (Status.ASSIGNED, had, Status.IN_REVIEW, Status.SUSPENDED, Status.IN_REVIEW, Status.CONCLUDED)
        ]
        told = [step.status for step in unreviewed(way)]
        assert told == [Status.ASSIGNED, had, had, Status.SUSPENDED, had, Status.CONCLUDED]
