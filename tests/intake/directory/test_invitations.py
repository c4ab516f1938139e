"""A reporter is asked to meet at a safe place and by two neutral officers, and answers by the code (G-MEET, G2)."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.intake.domain.feedback import About
from tests.conftest import NewApi
from tests.intake.api.test_leads import classify
from tests.intake.directory.test_conflict_api import LEADS, NUMBERS, ON, state, with_directory
from tests.support.api import Api
from tests.support.reporting import REPORT, REPORTS, report, write
from tests.support.searching import everything

OFFICERS = [NUMBERS["unl"], NUMBERS["unh"]]
PLACE = "街心公园凉亭CANARYpl"
OPTIONS = [
    {"day": "2018-06-05", "time": "上午9点", "place": PLACE},
    {"day": "2018-06-06", "time": "14:30", "place": "政务中心三楼", "unit": "ZF"},
]
ORDER: dict[str, Any] = {"text": "想当面听您说明情况", "officers": OFFICERS, "options": OPTIONS}


async def invite(api: Api, lead: Any, *, by: str = "ana", **changes: Any) -> Any:
    return await api.post(f"{LEADS}/{lead}/invitations", ORDER | changes, by=by, key=uuid4().hex, **ON)


async def answer(
    api: Api, code: str, reply: str, *, key: str | None = None, proof: str | None = None, **more: Any
) -> Any:
    body = {"query_code": code, "reply": reply, **more}
    return await write(api.client, body, key=key, proof=proof, door="invitations/answer", **ON)


async def thread(api: Api, code: str) -> list[dict[str, Any]]:
    found = await api.client.post(f"{REPORTS}/messages/reading", json={"query_code": code}, headers=ON)
    return list(found.json()["items"])


@pytest.mark.rule("G-MEET", "G2", "D06")
async def test_two_neutral_officers_a_safe_place_and_the_reporter_chooses(new_api: NewApi, tmp_path: Path) -> None:
    api = await with_directory(new_api, tmp_path, CHALLENGE_BITS="2")
    code = (await report(api.client, REPORT | {"umbrella": None}, **ON)).json()["query_code"]
    [(lead,)] = await api.rows("select id from leads")
    assert (await answer(api, code, "declined")).status_code == 404, "nobody asked"
    await classify(api, lead)
    # about a station: neither it nor the bureau above it, neither a place of theirs nor their people
    await state(api, str(lead), {"unit": "PCS01"})
    at = OPTIONS[0]
    for wrong, field in (
        ({"officers": [NUMBERS["unl"], NUMBERS["unl"]], "options": [at]}, "officers"),
        ({"officers": ["XX-1", NUMBERS["ana"]], "options": [at]}, "officers.0"),
        ({"officers": [NUMBERS["p1"], "SB-001"]}, "officers.0"),
        ({"officers": ["SB-001", NUMBERS["unh"]]}, "officers.1"),
        ({"officers": ["SB-001", "SB-001"], "options": [at | {"unit": "PCS01"}]}, "options.0.unit"),
        ({"options": [at, at | {"unit": "GA"}]}, "options.1.unit"),
        ({"options": [at | {"unit": "NONE"}]}, "options.0.unit"),
        ({"options": [at | {"place": "临江街派出所"}]}, "options.0.place"),
        ({"options": [at, at | {"place": "临江街 派出所(二楼)"}]}, "options.1.place"),
        ({"options": [at | {"time": "9点,临江所门口"}]}, "options.0.time"),
        ({"text": "请到临江派出所听您说明情况"}, "text"),
        ({"options": [at | {"day": "2018-05-31"}]}, "options.0.day"),
        ({"options": [at | {"place": "【秘密】x"}]}, "options.0"),
        ({"options": []}, "options"),
        ({"officers": ["SB-001"]}, "officers"),
    ):
        refused = await invite(api, lead, **wrong)
        fields = [error["field"] for error in refused.json()["errors"]]
        assert (refused.status_code, field in fields) == (422, True), (wrong, refused.text)
    # about nobody of them: they may come, unless without a pledge or with an interest
    await state(api, str(lead))
    await api.rows("update directory_staff set pledged_on = null where staff = $1", OFFICERS[0])
    assert [error["field"] for error in (await invite(api, lead)).json()["errors"]] == ["officers.0"]
    await api.rows("update directory_staff set pledged_on = '2018-03-01' where staff = $1", OFFICERS[0])
    for by in ("icl", "sup", "unl", "dcm"):
        assert (await invite(api, lead, by=by)).status_code == 403
    assert await thread(api, code) == []
    made = await invite(api, lead)
    assert (made.status_code, made.json()["options"], made.json()["units"]) == (201, 2, ["ZF"])
    [letter] = await thread(api, code)
    assert letter["kind"] == "invitation"
    assert f"1. 2018-06-05 上午9点 {PLACE}\n2. 2018-06-06 14:30 政务中心三楼" in letter["text"]
    assert "不见面不影响办理" in letter["text"]
    tries = (await api.get(f"{LEADS}/{lead}/feedback-tries", by="ana")).json()
    assert [(one["about"], one["channel"], one["reached"]) for one in tries] == [(About.MEETING, "mailbox", True)]

    limit = "select stopped_at is null from deadlines where kind = 'meet'"
    assert await api.rows(limit) == [(True,)]
    offers: list[tuple[str, int | None]] = [("accepted", None), ("accepted", 3), ("declined", 1), ("other", 2)]
    for reply, option in offers:
        refused = await answer(api, code, reply, option=option)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "option")
    assert (await answer(api, code, "maybe")).status_code == 422
    assert (await answer(api, "0" * 28, "declined")).status_code == 404
    key = uuid4().hex
    proof = (await write(api.client, {}, door="invitations/answer")).request.headers["Proof-Of-Work"]
    many = await asyncio.gather(*(answer(api, code, "accepted", option=2, key=key, proof=proof) for _ in range(3)))
    assert [one.status_code for one in many] == [201] * 3
    assert len({one.text for one in many}) == 1
    assert await api.rows(limit) == [(False,)], "reached"
    shown = (await api.get(f"{LEADS}/{lead}/invitations", by="sup")).json()
    assert [(one["reply"], one["replied_on"], one["officers"]) for one in shown] == [
        ("accepted", "2018-06-01", OFFICERS)
    ]
    assert (await api.get(f"{LEADS}/{lead}/invitations", by="icl")).status_code == 403
    # nobody has to come who agreed once, and who proposes another time is asked again
    assert (await answer(api, code, "other", text="周日晚上,河边")).status_code == 201
    again = (await invite(api, lead)).json()["message"]
    late = await answer(api, code, "declined", message=letter["number"])
    assert (late.status_code, "新的约请" in late.text) == (409, True)
    assert (await answer(api, code, "declined", message=again)).status_code == 201
    assert (await answer(api, code, "declined", message=99)).status_code == 404
    assert [m["text"] for m in await thread(api, code) if m["writer"] == "reporter"] == [
        "【答复约请】同意见面第2项。",
        "【答复约请】另提时间地点。周日晚上,河边",
        "【答复约请】不愿见面。",
    ]
    dump = (await everything(api.copy.admin_url)).decode(errors="replace")
    assert [word for word in ("CANARYpl", "河边", "凉亭") if word in dump] == []
    assert await api.rows("select 1 from audit_log where actor = 'public' and action like '%invit%'") == []
