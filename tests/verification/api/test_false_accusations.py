"""诬告 (C8) is set with its formal decision alone, and stands when another person of legal review has agreed (G16, §4.2)."""

import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.verification.consumer import OWN
from services.verification.usecases.follow_lead import destroy_facts
from shared.contracts.intake import LeadExpunged
from shared.contracts.verification import WorkConcluded
from shared.inbox import Received
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.builders import NOON
from tests.support.hearing import Hearing
from tests.verification.api.test_reviews import REVIEWS, decide
from tests.verification.api.test_works import ON, WORKS, assigned, order

PAPER: dict[str, Any] = {"organ": "示例区公安分局", "document_no": "示公决字2018第1号", "decided_on": "2018-06-01"}


async def accepted(api: Api) -> tuple[UUID, str]:
    lead = uuid4()
    await Hearing(api, "verification").tell(assigned(lead))
    [(work,)] = await api.rows("select id from works where lead_id = $1", lead)
    path = f"{WORKS}/{work}"
    assert (await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)).status_code == 200
    return UUID(str(work)), path


@pytest.mark.rule("G16")
async def test_nobody_is_found_to_have_accused_falsely_without_a_decision_and_a_second_person(new_api: NewApi) -> None:
    api = await new_api("verification")
    work, path = await accepted(api)
    wrong: list[tuple[Any, str]] = [
        (None, "decision"),
        (PAPER | {"decided_on": "2018-06-02"}, "decision.decided_on"),
        ({name: PAPER[name] for name in ("organ", "decided_on")}, "decision.document_no"),
        (PAPER | {"organ": " "}, "decision.organ"),
    ]
    for paper, field in wrong:
        body = {"conclusion": "C8"} | ({"decision": paper} if paper else {})
        refused = await api.post(f"{path}/conclusion", body, by="unl", **ON)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.text
    refused = await api.post(f"{path}/conclusion", {"conclusion": "C3", "decision": PAPER}, by="unl", **ON)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "decision")
    assert await api.rows("select status from works") == [("accepted",)]
    for by in ("unh", "qrv"):
        assert (
            await api.post(f"{path}/conclusion", {"conclusion": "C8", "decision": PAPER}, by=by, **ON)
        ).status_code == 403
    done = await api.post(f"{path}/conclusion", {"conclusion": "C8", "decision": PAPER}, by="unl", **ON)
    assert (done.status_code, done.json()["status"]) == (200, "in_review"), done.text
    assert (await api.get(path, by="unl")).json()["decision"] == PAPER
    # returned, it is none, and nothing of it is left to be seen; concluded again it waits again
    assert (await decide(api, work, {"passed": False, "reason": "系错告,并非捏造"})).status_code == 200
    detail = (await api.get(path, by="unl")).json()
    assert (detail["status"], detail["conclusion"], detail["decision"]) == ("accepted", None, None)
    assert (await api.post(f"{path}/conclusion", {"conclusion": "C8"}, by="unl", **ON)).status_code == 422, "anew"
    again = await api.post(f"{path}/conclusion", {"conclusion": "C8", "decision": PAPER}, by="unl", **ON)
    assert again.json()["status"] == "in_review"
    shown = (await api.get(f"{REVIEWS}/{work}", by="qrv", **{"Access-Purpose": "review"}, **ON)).json()
    assert (shown["because"], shown["work"]["decision"]) == ("accusation", PAPER)
    assert (await decide(api, work, {"passed": True}, by="unl")).status_code == 403
    assert (await decide(api, work, {"passed": True})).status_code == 200
    said = await api.rows("select value from outbox where subject = $1 order by sequence", str(work))
    events = [json.loads(value) for (value,) in said]
    assert [each.get("decided_on") for each in events if each.get("conclusion")] == ["2018-06-01", "2018-06-01", None]
    assert not any("示公决字" in value.decode() or "诬告" in value.decode() for (value,) in said), "codes and days only"
    # the table refuses what the door would not have let through
    with pytest.raises(asyncpg.CheckViolationError):
        await api.rows("update reviews set decision_no = null")


@pytest.mark.rule("G16")
async def test_the_decision_is_destroyed_with_the_lead_and_its_day_outlives_a_restore(new_api: NewApi) -> None:
    api = await new_api("verification")
    _, path = await accepted(api)
    assert (
        await api.post(f"{path}/conclusion", {"conclusion": "C8", "decision": PAPER}, by="unl", **ON)
    ).status_code == 200
    [(lead,)] = await api.rows("select lead_id from works")
    [(value,)] = await api.rows("select value from outbox where type = $1", WorkConcluded.TYPE)
    kept = "select decision_organ, decision_no, decision_on::text, because from reviews"
    # what a backup of before the conclusion forgot is learned from our own word
    await api.rows("delete from reviews")
    await api.rows("update works set status = 'accepted', conclusion = null, version = 2")
    await api.rows("delete from work_history where version > 2")
    event = WorkConcluded.model_validate_json(value)
    received = Received(uuid4(), event.TYPE, event.TOPIC, event.subject, 3, "999999", NOON, NOON)
    async with api.app.state.database.transaction() as tx:
        await OWN[WorkConcluded](tx, event, received)
    assert await api.rows(kept) == [("原文随数据库恢复遗失", "原文随数据库恢复遗失", "2018-06-01", "accusation")]
    gone = LeadExpunged(lead_id=lead, effective_at=NOON)
    async with api.app.state.database.transaction() as tx:
        await destroy_facts(tx, gone, received)
    assert await api.rows(kept) == [("已销毁", "已销毁", "2018-06-01", "accusation")]
