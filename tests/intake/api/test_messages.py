"""The mailbox: a reporter and the office write to each other, and the database holds nothing that can be read."""

import asyncio
import subprocess
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.letters import ANSWER, door, filed, tell, thread
from tests.support.reporting import COUNTER, REPORT, status, work, write

SECRET = "摊主每周三晚在河边交钱-CANARYmail"


@pytest.mark.rule("G1", "G7")
async def test_both_write_both_read_and_a_dump_of_the_database_tells_nothing(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    sent = await write(api.client, {"query_code": code, "text": SECRET})
    assert (sent.status_code, sent.json()["number"]) == (201, 1), sent.text
    shown = (await api.get(f"{lead}/messages", by="ana")).json()
    assert [(m["writer"], m["text"]) for m in shown["items"]] == [("reporter", SECRET)]
    assert (await tell(api, lead, ANSWER)).json()["number"] == 2
    assert (await status(api.client, query_code=code)).json()["unread_messages"] == 1
    read = (await thread(api, query_code=code.lower().replace("-", " "))).json()
    assert [(m["writer"], m["kind"], m["text"]) for m in read["items"]] == [
        ("reporter", "message", SECRET),
        ("office", "message", ANSWER),
    ]
    assert all(m["read_on"] for m in (await thread(api, query_code=code)).json()["items"])
    assert (await status(api.client, query_code=code)).json()["unread_messages"] == 0
    dump = await asyncio.to_thread(subprocess.run, ["pg_dump", api.copy.admin_url], capture_output=True, check=False)
    text = dump.stdout.decode() if dump.returncode == 0 else str(await everything(api))
    assert "菜市场强收费用" in text, "what is not sealed is found, so the search looks where it should"
    assert "CANARYmail" not in text
    assert code not in text
    assert code.replace("-", "") not in text
    audited = await api.rows("select action, actor from audit_log where action like 'mailbox.%' order by at, action")
    assert {row[0] for row in audited} == {"mailbox.read", "mailbox.write"}
    assert "public" not in {row[1] for row in audited}, "what a reporter does there leaves no hour"


async def everything(api: Api) -> list[Any]:
    names = await api.rows(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    )
    return [await api.rows(f"select t::text from {name} t") for (name,) in names]


async def test_another_code_reads_another_mailbox_and_a_wrong_one_none(new_api: NewApi) -> None:
    api = await door(new_api)
    (one, lead), (two, _) = await filed(api), await filed(api)
    await tell(api, lead, ANSWER)
    assert (await thread(api, query_code=two)).json()["items"] == []
    assert (await thread(api, query_code=one[:-1] + ("0" if one[-1] != "0" else "2"))).status_code == 422
    unknown = await thread(api, query_code="0" * 28)
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    assert (await write(api.client, {"query_code": "0" * 28, "text": "x"})).status_code == 404


@pytest.mark.rule("G7")
async def test_a_code_of_ones_own_opens_the_same_mailbox_and_guessing_is_dear(new_api: NewApi) -> None:
    api = await door(new_api)
    body = REPORT | {"channel": "visit", "naming": "anonymous", "reporter": None, "own_code": "青山-绿水77"}
    read = (await api.post(f"{COUNTER}/read-back", body, by="icl")).json()
    confirmed = body | {"confirmation": read["confirmation"], "confirmed": "by-word"}
    slip = (await api.post(COUNTER, confirmed, by="icl", key=uuid4().hex)).json()
    own = {"lead_no": slip["lead_no"], "own_code": "青山-绿水77"}
    assert (await write(api.client, own | {"text": SECRET})).status_code == 201
    for known in (own, {"query_code": slip["query_code"]}):
        assert [m["text"] for m in (await thread(api, **known)).json()["items"]] == [SECRET]
    assert [(await thread(api, **own)).status_code for _ in range(7)] == [200] * 7, "the right one counts for nothing"
    guesses = [await thread(api, **own | {"own_code": "青山-绿水78"}) for _ in range(6)]
    assert [guess.status_code for guess in guesses] == [404] * 5 + [429]
    assert guesses[-1].headers["Retry-After"] == "3600"
    assert (await thread(api, **own)).status_code == 429, "nor does it open while guesses are too many"
    assert "青山" not in str(await everything(api))


async def test_a_letter_is_written_once_however_often_it_is_sent(new_api: NewApi) -> None:
    api = await door(new_api)
    code, _ = await filed(api)
    body, key, proof = {"query_code": code, "text": SECRET}, uuid4().hex, await work(api.client)
    again = await asyncio.gather(*(write(api.client, body, key=key, proof=proof) for _ in range(3)))
    assert [(a.status_code, a.json()["number"]) for a in again] == [(201, 1)] * 3
    assert sum("Idempotency-Replayed" in a.headers for a in again) == 2
    other = await write(api.client, body | {"text": "另一封"}, key=key, proof=proof)
    assert other.status_code == 422
    spent = await write(api.client, body | {"text": "另一封"}, proof=proof)
    assert (spent.status_code, spent.json()["errors"][0]["field"]) == (409, "Proof-Of-Work")
    await asyncio.gather(*(write(api.client, body) for _ in range(4)))
    assert [m["number"] for m in (await thread(api, query_code=code)).json()["items"]] == [1, 2, 3, 4, 5]
    assert key not in str(await everything(api))


async def test_a_long_thread_comes_in_pages_and_who_floods_waits_for_the_office(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    for number in range(20):
        assert (await write(api.client, {"query_code": code, "text": f"第{number}封"})).status_code == 201
    assert (await write(api.client, {"query_code": code, "text": "再一封"})).status_code == 409
    first = (await api.get(f"{lead}/messages?limit=15", by="ofd")).json()
    assert (len(first["items"]), first["items"][0]["read_on"]) == (15, None)
    rest = (await api.get(f"{lead}/messages?limit=15&after={first['next']}", by="ofd")).json()
    assert ([m["number"] for m in rest["items"]], rest["next"]) == ([16, 17, 18, 19, 20], None)
    assert (await write(api.client, {"query_code": code, "text": "再一封"})).status_code == 201
    page = (await thread(api, query_code=code, limit=20)).json()
    assert page["next"] == 20
    assert [m["number"] for m in (await thread(api, query_code=code, after=20)).json()["items"]] == [21]


async def test_what_is_refused_is_told_by_field_and_repeats_nothing(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    for text in ("", "长" * 4001, "x\0", "【机密】张三"):
        refused = await write(api.client, {"query_code": code, "text": text})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "text")
        assert "张三" not in refused.text
    assert (await write(api.client, {"query_code": code, "text": "长" * 4000 + "\n"})).status_code == 201
    assert (await write(api.client, {"query_code": code, "lead_no": "x", "text": "x"})).status_code == 422
    assert (await thread(api, query_code=code, limit=0)).status_code == 422
    assert (await tell(api, lead, "【秘密】x")).status_code == 422
    for kind in ("objection", "invitation", "feedback", "refusal"):
        assert (await tell(api, lead, "x", kind=kind)).status_code == 422, "these have doors of their own"
    for by in ("icl", "unl", "sup", "dcm"):
        assert (await tell(api, lead, "x", by=by)).status_code == 403
        assert (await api.get(f"{lead}/messages", by=by)).status_code == 403
    assert (await tell(api, f"/intake/v1/leads/{uuid4()}", "x")).status_code == 404
    plain = {"source": "M", "summary": "反映有人强收费用", "area_codes": ["market"]}
    other = (await api.post("/intake/v1/leads", plain, by="icl", key=uuid4().hex)).json()["id"]
    nobody = await tell(api, f"/intake/v1/leads/{other}", "x")
    assert (nobody.status_code, "没有信箱" in nobody.text) == (409, True)
