"""The 110 feed: batches of calls by a machine, each record answered by itself, corrections beside the register."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from deploy.local import issuer
from shared.contracts.envelope import SealedBox
from shared.contracts.intake import Facts
from shared.sealing import Opener
from tests.conftest import NewApi
from tests.support.api import ISSUER, Api

CALLS = "/intake/v1/police-calls"
ON = {"X-Local-Clock": "2018-06-10T10:00:00+08:00"}
CALL: dict[str, Any] = {
    "external_no": "J20180601-0001",
    "called_at": "2018-06-01T09:30:00+08:00",
    "summary": "报警人王小示(13900001111)称有人在菜市场强收费用",
    "place": "菜市场东门",
    "street": "临江街",
    "area_codes": ["market"],
    "caller": {"name": "王小示", "phone": "13900001111"},
}


async def send(api: Api, *calls: Any, by: str = "m110") -> httpx.Response:
    return await api.post(CALLS, list(calls), by=by, **ON)


def outcomes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [record["outcome"] for record in answer.json()["records"]]


@pytest.mark.rule("M05", "G1")
async def test_calls_become_leads_once_and_a_bad_record_stops_nothing(new_api: NewApi) -> None:
    api = await new_api("intake")
    bad: list[Any] = [
        CALL | {"external_no": "J-2", "called_at": "2018-06-01"},
        CALL | {"external_no": "王某某", "summary": ""},
        CALL | {"external_no": "J-3", "called_at": "2018-06-11T09:30:00+08:00"},
        CALL | {"external_no": "J-4", "summary": "【机密】"},
        CALL | {"external_no": "J-5", "车牌": "x"},
        CALL | {"external_no": "J-6", "summary": "x\x00"},
        CALL | {"external_no": "J-7", "revision": 0},
        "x",
        None,
    ]
    old = CALL | {"external_no": "J-OLD", "called_at": "2016-02-29T23:59:59+08:00", "caller": None}
    answer = await send(api, CALL, *bad, old)
    assert outcomes(answer) == ["taken", *["refused"] * len(bad), "taken"]
    records = answer.json()["records"]
    fields = [{error["field"] for error in record["errors"]} for record in records[1:-1]]
    assert fields == [
        {"called_at"},
        {"external_no", "summary"},
        {"called_at"},
        {"summary"},
        {"record"},
        {"summary"},
        {"revision"},
        {"record"},
        {"record"},
    ]
    assert [record["index"] for record in records] == list(range(len(bad) + 2))
    assert records[0]["lead_no"].startswith("999999-A20180601-000001")
    assert records[-1]["lead_no"].startswith("999999-A20160229-000001")
    assert outcomes(await send(api, CALL, old)) == ["known", "known"]
    assert await api.rows("select source, named, summary, street from leads order by received_on desc") == [
        ("A", True, "报警人〔报警人〕(〔报警人〕)称有人在菜市场强收费用\n发生地点 菜市场东门", "临江街"),
        ("A", False, CALL["summary"].replace("13900001111", "〔电话〕") + "\n发生地点 菜市场东门", "临江街"),
    ]
    assert await api.rows("select count(*) from vault.reporters") == [(1,)]
    assert await api.rows("select count(*) from outbox") == [(2,)]
    # the list of refused ones: counted when they come again, without what was sent, settled when they are mended
    await send(api, *bad)
    page = (await api.get(f"{CALLS}/refused", by="icl")).json()
    assert [(row["external_no"], row["times"]) for row in page["items"]].count(("J-2", 2)) == 1
    assert sum(row["times"] for row in page["items"]) == 2 * len(bad)
    kept = str(await api.rows("select t::text from refused_calls t")) + str(page)
    assert not [word for word in ("王某某", "机密】", "13900001111", "车牌") if word in kept + answer.text]
    await send(api, CALL | {"external_no": "J-2"})
    open_now = (await api.get(f"{CALLS}/refused", by="m110")).json()["items"]
    assert "J-2" not in {row["external_no"] for row in open_now}
    every = (await api.get(f"{CALLS}/refused?settled=true", by="m110")).json()["items"]
    assert len(every) == len(open_now) + 1


@pytest.mark.rule("M05")
async def test_a_correction_stands_beside_the_register_and_reaches_the_unit(new_api: NewApi) -> None:
    api = await new_api("intake")
    second = CALL | {"revision": 2, "street": "山前街", "caller": {"phone": "13900002222"}}
    third = second | {"revision": 3, "summary": "有人在菜市场持械强收费用"}
    # the second version comes twice, the first and the second late; a number, source or day never changes
    assert outcomes(await send(api, CALL, second)) == ["taken", "corrected"]
    [(lead_id, lead_no)] = await api.rows("select id, lead_no from leads")
    lead = f"/intake/v1/leads/{lead_id}"
    body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    assert (await api.post(f"{lead}/classification", body, by="ana")).status_code == 200
    grounds = {"unit": "GA", "discipline_grounds": ["umbrella"]}
    assert (await api.post(f"{lead}/assignment", grounds, by="ofd")).status_code == 200
    answer = await send(api, CALL, second, third, third | {"called_at": "2018-06-02T09:30:00+08:00", "revision": 4})
    assert outcomes(answer) == ["outdated", "known", "corrected", "refused"]
    assert answer.json()["records"][2] | {"errors": []} == {
        "index": 2,
        "external_no": CALL["external_no"],
        "outcome": "corrected",
        "lead_id": str(lead_id),
        "lead_no": lead_no,
        "corrected_fields": ["summary"],
        "errors": [],
    }
    assert outcomes(await send(api, third | {"place": "西门"})) == ["refused"]
    shown = (await api.get(f"{lead}/police-call", by="sup")).json()
    assert (shown["revision"], shown["content"]["street"]) == (3, "山前街")
    told = [(one["revision"], one["field"], one["old"], one["new"]) for one in shown["corrections"]]
    assert told == [
        (2, "caller", None, None),
        (2, "street", "临江街", "山前街"),
        (3, "caller", None, None),
        (3, "summary", "报警人〔报警人〕(〔报警人〕)称有人在菜市场强收费用", third["summary"]),
    ]
    detail = (await api.get(lead, by="ofd")).json()
    assert (detail["lead_no"], detail["street"], detail["received_on"]) == (lead_no, "临江街", "2018-06-01")
    history = (await api.get(f"{lead}/history", by="ofd")).json()
    assert [line["action"] for line in history] == ["register", "correct", "classify", "assign", "correct"]
    assert history[-1]["reason"] == "110更正(第3版):警情内容、报警人(随本版提供,是否有变只有保管库知道)"
    # each caller is a record of the vault; nobody else has one
    assert await api.rows("select count(*) from vault.reporters") == [(3,)]
    everything = shown["content"]["summary"] + str(history) + str(await api.rows("select t::text from police_calls t"))
    assert "1390000" not in everything
    # facts to the unit: at the assignment with the first correction, after it with both
    sealed = await api.rows(
        "select s.key_id, s.box, o.type from outbox o join outbox_sealed s using (id) order by o.position"
    )
    opener = Opener({(box := api.keys.box(name))["key_id"]: _secret(box) for name in ("verification", "discipline")})
    facts = [Facts.model_validate(opener.open(SealedBox(key_id=key, box=text))) for key, text, _ in sealed]
    lines = ["更正(2018-06-10):街道 临江街 → 山前街"]
    assert [len(each.allegations) for each in facts] == [1, 1, 2, 2]
    assert list(facts[0].allegations) == lines
    assert facts[3].allegations[1].startswith("更正(2018-06-10):警情内容 报警人〔报警人〕")
    assert (await api.get(f"{lead}/police-call", by="icl")).status_code == 403
    assert (await api.rows("select count(*) from audit_log where action = 'lead.correct'")) == [(2,)]


def _secret(box: dict[str, str]) -> Any:
    from pydantic import SecretStr

    return SecretStr(box["private_key"])


async def test_one_call_from_many_sides_at_once_is_one_lead_and_lines_are_taken_like_an_array(new_api: NewApi) -> None:
    api = await new_api("intake")
    calls = [CALL | {"external_no": f"J-{n}", "called_at": "2018-06-02T08:00:00+08:00"} for n in range(30)]
    answers = await asyncio.gather(*(send(api, *calls[n:], *calls[:n]) for n in range(5)))
    found = [outcome for answer in answers for outcome in outcomes(answer)]
    assert (found.count("taken"), found.count("known")) == (30, 120)
    numbers = await api.rows("select lead_no from leads order by lead_no")
    assert [int(number[17:23]) for (number,) in numbers] == list(range(1, 31))
    lines = b"\r\n".join([json.dumps(CALL).encode(), b"", b"{", b"[" * 100_000, b"\xff", json.dumps(CALL).encode()])
    headers = api.as_("m110", **{"Content-Type": "application/x-ndjson; charset=utf-8"}, **ON)
    answer = await api.client.post(CALLS, content=lines, headers=headers)
    assert outcomes(answer) == ["taken", "refused", "refused", "refused", "known"]
    assert outcomes(await send(api)) == []


async def test_what_is_no_batch_is_refused_whole_and_only_the_machine_hands_over(new_api: NewApi) -> None:
    api = await new_api("intake")
    assert [(await send(api, CALL, by=by)).status_code for by in ("icl", "ofd", "adm")] == [403] * 3
    for content, status in (
        (b"{", 400),
        (b'{"a": 1}', 422),
        (b"7", 422),
        (b"[" * 9_000_000, 413),
        (b"[" + b"1," * 2000 + b"1]", 413),
    ):
        answer = await api.client.post(CALLS, content=content, headers=api.as_("m110"))
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert await api.rows("select (select count(*) from leads), (select count(*) from refused_calls)") == [(0, 0)]
    # the machine signs in by client credentials
    transport = httpx.ASGITransport(app=issuer.app(api.keys, ISSUER))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        secret = (api.keys.folder / "client-m110.secret").read_text()
        asked = {"grant_type": "client_credentials", "client_id": "m110", "client_secret": secret}
        given = (await client.post("/token", data=asked)).json()
        basic = await client.post("/token", data={"grant_type": "client_credentials"}, auth=("m110", secret))
        assert basic.status_code == 200
        for wrong in ({"client_secret": "x"}, {"client_id": "ofd"}, {"client_id": ""}):
            assert (await client.post("/token", data=asked | wrong)).status_code == 401
        assert (await client.post("/token", data={"grant_type": "password"})).status_code == 400
        broken = {"Authorization": "Basic !"}
        assert (
            await client.post("/token", data={"grant_type": "client_credentials"}, headers=broken)
        ).status_code == 401
    answer = await api.client.post(
        CALLS, json=[CALL], headers={"Authorization": f"Bearer {given['access_token']}", **ON}
    )
    assert outcomes(answer) == ["taken"]
