"""The phone and the counter: read back, confirmed, registered; the clerk writes who reports and never reads it."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.reporting import COUNTER, REPORT, report, status
from tests.support.uploading import begin

LEADS = "/intake/v1/leads"
CALL: dict[str, Any] = REPORT | {"channel": "phone", "received_on": "2018-06-01", "own_code": "Hei 7788"}


async def read_back(api: Api, body: Any, by: str = "icl") -> httpx.Response:
    return await api.post(f"{COUNTER}/read-back", body, by=by)


async def register(api: Api, body: Any, *, key: str | None = None, **more: Any) -> httpx.Response:
    confirmed = {"confirmation": (await read_back(api, body)).json()["confirmation"], "confirmed": "by-word"}
    return await api.post(COUNTER, body | confirmed | more, by="icl", key=key or uuid4().hex)


@pytest.mark.rule("M05")
async def test_what_was_read_back_is_registered_with_its_channel_and_day(new_api: NewApi) -> None:
    api = await new_api("intake")
    text = (await read_back(api, CALL)).json()["text"]
    for said in (
        "电话",
        "实名",
        "举报人甲",
        "13900000000",
        "证件号码 不清楚",
        "被举报人乙",
        "每月强收摊位费",
        "官员丙",
        "欺行霸市",
    ):
        assert said in text
    assert "7788" not in text
    assert await api.rows("select count(*) from leads") == [(0,)]
    answer = await register(api, CALL)
    assert answer.status_code == 201, answer.text
    assert await api.rows(
        "select channel, naming, l.received_on::text, source from reports join leads l on l.id = lead_id"
    ) == [("phone", "named", "2018-06-01", "M")]
    [(lead_no,)] = await api.rows("select lead_no from leads")
    assert answer.json()["lead_no"] == lead_no
    assert answer.json()["receipt"]["received_on"] == "2018-06-01"


@pytest.mark.rule("G22")
async def test_a_clerk_who_is_told_of_the_office_is_sent_to_the_public_door(new_api: NewApi) -> None:
    api = await new_api("intake")
    for field, value in (("about_office", True), ("addressed_to", "discipline")):
        answer = await read_back(api, CALL | {field: value})
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["field"], "公开入口" in error["reason"]) == (422, field, True)


async def test_what_was_not_read_back_as_it_stands_is_not_registered(new_api: NewApi) -> None:
    api = await new_api("intake")
    changed = await register(api, CALL, naming="confidential")
    assert (changed.status_code, changed.json()["errors"][0]["field"]) == (422, "confirmation")
    invented = await api.post(
        COUNTER, CALL | {"confirmation": "0" * 64, "confirmed": "by-word"}, by="icl", key=uuid4().hex
    )
    assert invented.status_code == 422
    assert (await read_back(api, CALL, by="ana")).status_code == 403
    assert await api.rows("select count(*) from leads") == [(0,)]


@pytest.mark.rule("G1")
async def test_the_clerk_never_sees_again_who_reported(new_api: NewApi) -> None:
    api = await new_api("intake")
    key = uuid4().hex
    first = await register(api, CALL, key=key)
    again = await register(api, CALL, key=key)
    assert first.content == again.content
    [(lead_id,)] = await api.rows("select id from leads")
    lead = f"/intake/v1/leads/{lead_id}"
    shown = [first.text] + [
        (await api.get(path, by=by)).text
        for by in ("icl", "ana", "ofd", "sup")
        for path in ("/intake/v1/leads", lead, f"{lead}/history", f"{lead}/report")
    ]
    for secret in ("举报人甲", "13900000000", "7788", first.json()["query_code"]):
        assert secret not in "".join(shown[1:])
    assert "举报人甲" not in shown[0]


@pytest.mark.rule("G7")
async def test_an_anonymous_caller_comes_back_with_number_and_own_code_or_with_the_query_code(new_api: NewApi) -> None:
    api = await new_api("intake")
    slip = (await register(api, CALL | {"naming": "anonymous", "reporter": None})).json()
    for code in ({"lead_no": slip["lead_no"], "own_code": "ｈｅｉ7788"}, {"query_code": slip["query_code"]}):
        assert (await status(api.client, **code)).json()["received_on"] == "2018-06-01"
    wrong = await status(api.client, lead_no=slip["lead_no"], own_code="hei7789")
    unknown = await status(api.client, lead_no="999999-M20180601-0000072", own_code="hei7788")
    assert (wrong.status_code, wrong.content) == (404, unknown.content)
    kept = str(await api.rows("select to_jsonb(r)::text from reports r"))
    assert "7788" not in kept
    assert "$argon2id$" in kept


async def test_guessing_at_one_number_ends_soon_and_leaves_the_query_code_alone(new_api: NewApi) -> None:
    api = await new_api("intake")
    slip = (await register(api, CALL)).json()
    guesses = [await status(api.client, lead_no=slip["lead_no"], own_code=f"guess{n}") for n in range(6)]
    assert [guess.status_code for guess in guesses] == [404] * 5 + [429]
    nobody = [await status(api.client, lead_no="999999-M20180601-0000072", own_code="x") for _ in range(6)]
    assert [guess.status_code for guess in nobody] == [404] * 5 + [429]
    assert (await status(api.client, query_code=slip["query_code"])).status_code == 200


@pytest.mark.parametrize("code", ["12345", "123456", "aaaaaa", "fedcba", "139000", "00000000"])
async def test_a_code_that_is_easily_guessed_is_refused_before_it_is_read_back(new_api: NewApi, code: str) -> None:
    api = await new_api("intake")
    answer = await read_back(api, CALL | {"own_code": code})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "own_code")
    assert code not in json.dumps(answer.json()["errors"])


async def test_without_a_code_of_ones_own_the_clerk_alone_is_told_the_lead(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    body = {name: value for name, value in CALL.items() if name != "own_code"} | {"channel": "letter"}
    slip = (await register(api, body)).json()
    assert slip["lead_no"] is None
    # the clerk knows which lead it became and attaches the letter's scan; a reporter's own slip names none
    [(lead_id, lead_no)] = await api.rows("select id, lead_no from leads")
    assert slip["lead"] == {"id": str(lead_id), "lead_no": lead_no}
    for typed in (lead_no, f" {lead_no.lower()} "):
        [item] = (await api.client.get(LEADS, params={"lead_no": typed}, headers=api.as_("icl"))).json()["items"]
        assert item["id"] == slip["lead"]["id"]
    other = "999999-S20180601-0000072"
    assert (await api.get(f"{LEADS}?lead_no={other}", by="icl")).json()["items"] == []
    wrong = await api.get(f"{LEADS}?lead_no={other[:-1]}3", by="icl")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "lead_no")
    scan = await begin(
        api.client, f"{LEADS}/{lead_id}/attachments", 1, "x", **api.as_("icl"), **{"Upload-Metadata": "letter"}
    )
    assert scan.status_code == 201
    assert "lead" not in (await report(api.client, REPORT)).json()


async def test_the_largest_report_that_is_taken_can_be_sent_to_both_legs(new_api: NewApi) -> None:
    api = await new_api("intake")
    rare = chr(0x20000)
    largest = CALL | {
        "facts": {"summary": rare * 4000, "allegations": [{"act": rare * 2000} for _ in range(30)]},
        "persons": [{"description": rare * 2000} for _ in range(20)],
    }

    async def send(path: str, body: Any) -> httpx.Response:
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = api.as_("icl", **{"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"})
        return await api.client.post(path, content=content, headers=headers)

    read: httpx.Response | None = None
    while read is None or read.status_code == 413:
        if read is not None:
            largest["persons"].pop()
        read = await send(f"{COUNTER}/read-back", largest)
    assert len(largest["persons"]) > 10
    assert (
        await send(COUNTER, largest | {"confirmation": read.json()["confirmation"], "confirmed": "by-word"})
    ).status_code == 201
    [(lead_id,)] = await api.rows("select id from leads")
    body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    await api.post(f"/intake/v1/leads/{lead_id}/classification", body, by="ana")
    given = await api.post(f"/intake/v1/leads/{lead_id}/assignment", {"unit": "GA"}, by="ofd")
    assert given.status_code == 200, given.text
    assert await api.rows("select count(*) from outbox_sealed") == [(2,)]


async def test_a_report_that_a_restore_has_lost_is_registered_again_once_by_its_receipt(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    clock = {"X-Local-Clock": "2018-06-01T10:00:00+08:00"}
    slips = [(await report(api.client, REPORT | more, **clock)).json() for more in ({}, {}, {"about_office": True}, {})]
    kept, lost, passed, objected = (slip["receipt"] for slip in slips)
    # as after a restore to before the second of them: its code opens nothing, its receipt is still genuine
    for table in ("reports", "objections"):
        await api.rows(f"alter table {table} disable trigger all")
    # the last of them stands for an objection: its receipt has the same form
    await api.rows(
        "insert into objections (lead_id, deed, against, made_on, message, receipt_mark, state)"
        " select lead_id, 1, 'feedback', '2018-06-01', 1, receipt_mark, 'open' from reports order by ctid desc limit 1"
    )
    for _ in range(2):
        await api.rows(
            "delete from reports where receipt_mark = (select receipt_mark from reports order by ctid desc limit 1)"
        )
    assert (await status(api.client, query_code=slips[1]["query_code"])).status_code == 404
    call = {name: value for name, value in CALL.items() if name != "received_on"}
    for wrong, field in (
        ({"lost_receipt": lost | {"received_on": "2018-05-31"}}, "lost_receipt"),
        ({"lost_receipt": lost | {"signature": "AA=="}}, "lost_receipt"),
        ({"lost_receipt": lost, "received_on": "2018-06-02"}, "received_on"),
    ):
        answer = await read_back(api, call | wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    refused = [await register(api, call | {"lost_receipt": one}) for one in (kept, passed, objected)]
    assert [one.status_code for one in refused] == [409, 409, 409]
    assert len({one.json()["detail"] for one in refused}) == 1, "that one went past the office is not told"
    again = await register(api, call | {"lost_receipt": lost})
    assert (again.status_code, again.json()["receipt"]["received_on"]) == (201, "2018-06-01")
    assert (await register(api, call | {"lost_receipt": lost})).status_code == 409, "once"
    assert (await status(api.client, query_code=again.json()["query_code"])).json()["received_on"] == "2018-06-01"
    [(lead,)] = await api.rows("select lead_id::text from lost_receipts")
    content = (await api.get(f"/intake/v1/leads/{lead}/report", by="ana")).json()["content"]
    assert content["registered_again"] is True


@pytest.mark.rule("M05")
async def test_liability_is_explained_and_how_it_was_confirmed_stays_with_the_report(new_api: NewApi) -> None:
    """刑诉法 §111: with the difference between a mistake and a false accusation; read back and signed."""
    api = await new_api("intake")
    notice = (await api.client.post("/intake/v1/reports/challenges")).json()["notice"]
    read = (await read_back(api, CALL)).json()["text"]
    for text in (notice, read):
        assert "诬告陷害" in text
        assert "错告的,也不是诬告" in text
    danger = "有人正处于危险中的,请立即拨打110。"
    zh, en = notice.split(" / ")
    assert (zh.startswith(danger), zh.removeprefix(danger) in read, "mistaken" in en) == (True, True, True)
    assert read.endswith("请确认后登记。")
    fitting = {
        "phone": {"by-word"},
        "visit": {"by-word", "signed"},
        "letter": {"by-word", "signed", "not-present"},
    }
    for channel, fit in fitting.items():
        body = {name: value for name, value in CALL.items() if name != "own_code"} | {"channel": channel}
        for way in ("by-word", "signed", "not-present", "x", None):
            answer = await register(api, body, confirmed=way)
            if way not in fit:
                assert (answer.status_code, "confirmed" in answer.text) == (422, True), (channel, way)
                continue
            assert answer.status_code == 201, answer.text
            path = f"{LEADS}/{answer.json()['lead']['id']}/report"
            assert (await api.get(path, by="ana")).json()["content"]["confirmed"] == way
