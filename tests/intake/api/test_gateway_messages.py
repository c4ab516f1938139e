"""E-mail, text messages and voicemail by a gateway: each waits for a clerk, its sender stands nowhere in clear, a flood makes no leads."""

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.intake.usecases.screen_message import clean_messages, count_late
from shared.contracts.envelope import SealedBox
from shared.sealing import Opener
from tests.conftest import NewApi
from tests.intake.api.test_digests import clock, on
from tests.intake.api.test_numbers_apart import value
from tests.support.api import Api
from tests.support.files import bomb, photo
from tests.support.mails import ADDRESS, TRACES, WHO, mail, sent
from tests.support.searching import everything, found_in
from tests.support.uploading import objects

DOOR = "/intake/v1/gateway-messages"
ON = {"X-Local-Clock": "2018-06-01T10:00:00+08:00"}
PHONE = "13900001111"
WORDS = f"我是{WHO}({ADDRESS.upper()}),有人在菜市场强收费用"
EMAIL: dict[str, Any] = {
    "external_no": "<id-4711@mail.example>",
    "channel": "email",
    "mail": sent(mail(WORDS, charset="gb18030", files={"a.jpg": photo(WHO), "b.docx": bomb()})),
}
SMS: dict[str, Any] = {"external_no": "S1", "channel": "sms", "sender": f"+86{PHONE}", "text": f"{PHONE}举报放高利贷"}
SOUND = base64.b64encode(b"#!AMR\n" + bytes(3000)).decode()
VOICE: dict[str, Any] = {"external_no": "V1", "channel": "voice", "sender": PHONE, "recording": {"content": SOUND}}
OF_THE_SENDER = (WHO, ADDRESS, ADDRESS.upper(), PHONE, *TRACES)


async def hand(api: Api, *messages: Any, by: str = "mgw") -> httpx.Response:
    return await api.post(DOOR, list(messages), by=by, **ON)


def outcomes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [record["outcome"] for record in answer.json()["records"]]


async def waiting(api: Api, *, state: str = "waiting") -> list[dict[str, Any]]:
    answer = await api.get(f"{DOOR}?texts=true&state={state}", by="icl", **ON)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def of(api: Api, channel: str) -> dict[str, Any]:
    return next(each for each in await waiting(api) if each["channel"] == channel)


async def do(
    api: Api, message: dict[str, Any], what: str, body: Any = None, *, by: str = "icl", key: str = ""
) -> httpx.Response:
    return await api.post(f"{DOOR}/{message['id']}/{what}", body, by=by, key=key or uuid4().hex, **ON)


@pytest.mark.rule("M05")
async def test_messages_are_taken_once_and_a_bad_one_stops_nothing(new_api: NewApi) -> None:
    api = await new_api("intake")
    bad: list[tuple[Any, str]] = [
        ("x", "record"),
        ({"external_no": "王小示", "channel": "sms", "text": "x"}, "external_no"),
        (SMS | {"external_no": "B1", "channel": "web"}, "channel"),
        (SMS | {"external_no": "B2", "text": None}, "record"),
        (SMS | {"external_no": "B3", "mail": "eA=="}, "record"),
        (SMS | {"external_no": "B4", "part": 3, "parts": 2}, "record"),
        (SMS | {"external_no": "B5", "text": " \x00"}, "text"),
        (SMS | {"external_no": "B6", "text": "【机密】情况"}, "text"),
        (SMS | {"external_no": "B7", "received_on": "2018-06-02"}, "received_on"),
        (EMAIL | {"external_no": "B8", "mail": "!"}, "mail"),
        (EMAIL | {"external_no": "B9", "mail": sent(mail("绝密★1年\n情况"))}, "mail"),
        (EMAIL | {"external_no": "B10", "mail": sent(mail("长" * 20_001))}, "mail"),
        (VOICE | {"external_no": "B11", "recording": None}, "record"),
        (VOICE | {"external_no": "B12", "subject": "x"}, "subject"),
        (VOICE | {"external_no": "B13", "recording": {"content": "eA==", "size": 1}}, "recording.size"),
        (VOICE | {"external_no": "B14", "13900000009": "x"}, "record"),
    ]
    first = await hand(api, EMAIL, *[each for each, _ in bad], SMS, VOICE)
    assert outcomes(first) == ["taken", *["refused"] * len(bad), "taken", "taken"]
    records = first.json()["records"]
    assert [{one["field"] for one in each["errors"]} for each in records[1:-2]] == [{field} for _, field in bad]
    assert [each["index"] for each in records] == list(range(len(bad) + 3))
    assert "密级标识" in records[8]["errors"][0]["reason"]
    # sent again, side by side and in another order: nothing is doubled
    again = await asyncio.gather(*(hand(api, VOICE, EMAIL, SMS | {"external_no": "S2"}, SMS) for _ in range(4)))
    assert sorted(one for each in again for one in outcomes(each)) == ["known"] * 15 + ["taken"]
    # its number used for something else: told, or a report would be lost in silence
    assert outcomes(await hand(api, SMS | {"text": "另一件事"})) == ["refused"]
    assert await api.rows("select count(*), count(distinct mark) from gateway_messages") == [(4, 4)]
    assert await api.rows("select count(*) from leads") == [(0,)]
    found = await waiting(api)
    assert [each["due_on"] for each in found] == ["2018-06-04"] * 4  # D01: the next working day
    assert len(objects(api)) == 3
    assert [(await hand(api, SMS, by=by)).status_code for by in ("icl", "m110", "ofd")] == [403] * 3
    assert (await api.client.post(DOOR, content=b"{", headers=api.as_("mgw"))).status_code == 400


@pytest.mark.rule("G1", "G22")
async def test_the_office_is_told_of_what_could_not_be_taken_and_of_nothing_that_it_said(new_api: NewApi) -> None:
    api = await new_api("intake")
    words = "王小示的机密"
    unreadable = EMAIL | {"external_no": f"<{words}@mail.example>", "mail": "!"}
    for_discipline: list[dict[str, Any]] = [
        SMS | {"external_no": "D1", "text": " ", "about_office": True},
        SMS | {"external_no": "D2", "text": " ", "addressed_to": "discipline"},
        SMS | {"external_no": "D3", "addressed_to": "Discipline"},
    ]
    marked, empty = SMS | {"external_no": "B1", "text": f"【机密】{words}"}, SMS | {"external_no": "B2", "text": " "}
    odd = SMS | {"external_no": "B3", "channel": ["sms"], "part": "x"}
    answer = await hand(
        api, unreadable | {"external_no": "E1"}, unreadable, marked, empty, empty, odd, "x", *for_discipline
    )
    assert outcomes(answer) == ["refused"] * 10
    references = [each["reference"] for each in answer.json()["records"]]
    assert references[7:] == [None] * 3, "past the office: its gateway alone is told"

    async def listed(query: str = "") -> dict[str, dict[str, Any]]:
        shown = await api.get(f"{DOOR}/refused{query}", by="ofd", **ON)
        assert shown.status_code == 200, shown.text
        return {each["reference"]: each for each in shown.json()["items"]}

    found = await listed()
    assert set(found) == set(references[:7])
    assert [(found[each]["channel"], found[each]["times"]) for each in references[:7]] == [
        *[("email", 1)] * 2, ("sms", 1), *[("sms", 2)] * 2, (None, 1), (None, 1)
    ]  # fmt: skip
    assert [found[each]["reasons"][0]["field"] for each in references[2:4]] == ["text", "text"]
    assert words not in str(await api.rows("select * from refused_messages")) + str(found)
    # what is handed over mended is settled by itself; a clerk settles what the gateway was asked for, and not twice
    assert outcomes(await hand(api, SMS | {"external_no": "B1"})) == ["taken"]
    order = {"ids": [found[references[0]]["id"]]}
    assert [(await api.post(f"{DOOR}/refused/closure", order, by=by)).status_code for by in ("ofd", "mgw")] == [403] * 2
    both = {"ids": [found[references[5]]["id"], found[references[2]]["id"]]}
    refused = await api.post(f"{DOOR}/refused/closure", both, by="icl", **ON)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (404, "ids.1")
    closed = await asyncio.gather(*(api.post(f"{DOOR}/refused/closure", order, by="icl", **ON) for _ in range(2)))
    assert sorted(each.status_code for each in closed) == [204, 404]
    assert set(await listed()) == {references[1], references[3], references[5], references[6]}
    settled = await listed("?settled=true")
    assert [settled[each]["settled_by"] for each in references[:3]] == ["icl", None, None]
    assert settled[references[2]]["settled_on"] == "2018-06-01"
    # refused again it is open again; what is settled goes after 30 days
    assert outcomes(await hand(api, empty, unreadable | {"external_no": "E1"})) == ["refused"] * 2
    assert set(await listed()) == {*references[:2], references[3], references[5], references[6]}
    async with api.app.state.database.transaction() as tx:
        await clean_messages(tx, datetime(2018, 7, 3, tzinfo=UTC), store=api.app.state.attachments)
    assert set(await listed("?settled=true")) == set(await listed())
    assert await api.rows("select count(*) from audit_log where action = 'message.close-refused'") == [(1,)]


@pytest.mark.rule("G1", "M05")
async def test_a_clerk_registers_one_by_the_use_case_of_every_report(new_api: NewApi) -> None:
    api = await new_api("intake")
    await hand(api, EMAIL, SMS, VOICE)
    assert (await api.get(f"{DOOR}?texts=true", by="ana")).status_code == 403
    assert (await api.client.get(f"{DOOR}?texts=true", headers=api.as_("icl"))).status_code == 400  # what for?
    assert {each["text"] for each in (await api.get(DOOR, by="ofd", **ON)).json()["items"]} == {None}
    email = await of(api, "email")
    assert email["text"] == "主题:反映情况\n我是〔举报人〕(〔举报人〕),有人在菜市场强收费用"
    assert (email["naming"], email["files"]) == ("confidential", 2)
    read = await api.rows("select count(*) from audit_log where action = 'message.read' and purpose = 'handle'")
    assert read == [(3,)]
    # what it is before a clerk has decided, and after
    kept = await everything(api.copy.admin_url)
    assert found_in({"tables": kept}, (*OF_THE_SENDER, "菜市场", "高利贷")) == []
    blocks = {"facts": {"area_codes": ["market"]}, "umbrella": {"involved": True}}
    key = uuid4().hex
    assert (await do(api, email, "registration", blocks, by="ana")).status_code == 403
    office = {"persons": [{"name": "某某", "employer": "区扫黑办"}]}
    assert (await do(api, email, "registration", office)).status_code == 422
    done = await do(api, email, "registration", blocks, key=key)
    assert done.status_code == 201, done.text
    slip, lead = done.json()["slip"], done.json()["lead"]
    assert (await do(api, email, "registration", blocks, key=key)).json() == done.json()
    assert (await do(api, email, "registration", blocks)).status_code == 409
    assert lead["lead_no"].startswith("999999-M20180601-000001")
    rows = await api.rows(
        "select l.source, l.named, l.summary, l.areas, l.grounds, r.channel, r.naming from leads l join reports r on r.lead_id = l.id"
    )
    assert rows == [
        ("M", True, f"{email['text']}\n重点领域 欺行霸市", ["market"], ["umbrella"], "email", "confidential")
    ]
    states = await api.rows("select door, state, refusal->>'reason' from attachments order by state")
    assert states[0] == ("reporter", "kept", None)
    assert states[1][:2] == ("reporter", "refused")
    assert "过大" in states[1][2]
    keys = "select wrapped_key is null, for_reporter is not null, for_office is not null from attachments where state = 'kept'"
    assert await api.rows(keys) == [(True, True, True)], "sealed as what the reporter sends with his code"
    assert await api.rows("select count(*) from vault.reporters") == [(1,)]
    status = await api.client.post("/intake/v1/reports/status", json={"query_code": slip["query_code"]})
    assert status.json()["now"]["status"] == "received"
    # a voicemail without a transcript; its recording lets the caller be heard: for two keepers
    voice = await do(api, await of(api, "voice"), "registration", {})
    assert voice.status_code == 201, voice.text
    [(summary, door)] = await api.rows(
        "select summary, door from leads l join attachments a on a.lead_id = l.id where door = 'call'"
    )
    assert (summary.startswith("语音留言,未转写"), door) == (True, "call")
    assert (
        await api.rows("select state, box, reporter, files from gateway_messages where state <> 'waiting'")
        == [("registered", None, None, "[]")] * 2
    )
    assert found_in({"tables": await everything(api.copy.admin_url)}, OF_THE_SENDER) == []
    # what no key opens is told, and hinders nothing else
    await api.rows("update gateway_messages set box = 'x' where state = 'waiting'")
    [lost] = await waiting(api)
    assert lost["text"] is None
    assert [(await do(api, lost, what, {})).status_code for what in ("registration", "discipline")] == [409, 409]


@pytest.mark.rule("M01")
async def test_what_is_no_report_is_put_aside_can_be_taken_back_and_is_destroyed(new_api: NewApi) -> None:
    api = await new_api("intake")
    await hand(api, EMAIL, *[SMS | {"external_no": f"S{n}"} for n in range(5)])
    every = [each["id"] for each in await waiting(api)]
    order = {"ids": every, "reason": "spam"}
    assert (await api.post(f"{DOOR}/set-aside", order, by="ofd", **ON)).status_code == 403
    unknown = {"ids": [*every, str(uuid4())], "reason": "spam"}
    refused = await api.post(f"{DOOR}/set-aside", unknown, by="icl", **ON)
    assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (404, ["ids.6"])
    assert (await api.post(f"{DOOR}/set-aside", order, by="icl", **ON)).status_code == 204
    assert (await api.post(f"{DOOR}/set-aside", order, by="icl", **ON)).status_code == 409
    aside = await waiting(api, state="aside")
    assert [(each["reason"], each["decided_by"]) for each in aside] == [("spam", "icl")] * 6
    assert await waiting(api) == []
    one = next(each for each in aside if each["channel"] == "sms")
    assert (await do(api, one, "registration", {})).status_code == 409
    assert (await do(api, one, "take-back", by="icl")).status_code == 403
    assert (await do(api, one, "take-back", by="ofd")).status_code == 204
    assert [each["id"] for each in await waiting(api)] == [one["id"]]
    # the list of the day tells what waits too long: D01 is the next working day
    for day, late in ((4, 0), (5, 1)):
        await clock(api, on(day))
        shown = await api.get(
            f"/intake/v1/daily-digests/2018-06-0{day}", by="ana", **{"X-Local-Clock": on(day).isoformat()}
        )
        assert (shown.json()["messages_waiting"], shown.json()["messages_overdue"]) == (1, late)
        async with api.app.state.database.transaction() as tx:  # and so is the operator told, by the worker
            await count_late(tx, on(day))
        assert value("gateway_messages_late") == late
        assert shown.json()["messages_refused"] == 0
    for day, left in ((1, 6), (2, 1)):
        async with api.app.state.database.transaction() as tx:
            await clean_messages(tx, datetime(2018, 7, day, 12, tzinfo=UTC), store=api.app.state.attachments)
        rows = await api.rows("select count(*) from gateway_messages where wrapped_key is not null")
        assert rows == [(left,)]
    assert objects(api) == []
    # nothing of it is here, and it is still known
    assert outcomes(await hand(api, EMAIL)) == ["known"]


@pytest.mark.rule("G22")
async def test_what_is_about_the_office_goes_to_discipline_whole(new_api: NewApi) -> None:
    api = await new_api("intake")
    picture = sent(mail(WORDS, files={"a.jpg": photo(WHO)}))
    passed = EMAIL | {"mail": picture, "addressed_to": "discipline"}
    assert (
        outcomes(await hand(api, passed, SMS | {"about_office": True}, VOICE | {"text": "扫黑办的人"})) == ["taken"] * 3
    )
    assert outcomes(await hand(api, passed)) == ["known"]
    [voice] = await waiting(api)
    assert (await do(api, voice, "discipline", by="ofd")).status_code == 403
    assert (await do(api, voice, "discipline")).status_code == 204
    assert (await do(api, voice, "discipline")).status_code == 404
    assert await waiting(api) == []
    assert await api.rows("select count(*) from leads") == [(0,)]
    assert await api.rows("select count(*) from audit_log where action <> 'message.read'") == [(0,)]
    assert await api.rows("select distinct state, decided_by, box, reporter, for_discipline from gateway_messages") == [
        ("gone", None, None, None, None)
    ]
    box = api.keys.box("discipline")
    opener = Opener({box["key_id"]: SecretStr(box["private_key"])})
    sealed = await api.rows(
        "select s.key_id, s.box, o.type from outbox o join outbox_sealed s using (id) order by o.position"
    )
    inside = [(kind, opener.open(SealedBox(key_id=key, box=text))) for key, text, kind in sealed]
    reports = [told for kind, told in inside if ".report." in kind]
    assert [told["about_office"] for told in reports] == [False, True, True]
    who = [opener.open(SealedBox(**told["reporter"])) for told in reports]
    assert [each.get("email") or each["phone"] for each in who] == [ADDRESS, f"+86{PHONE}", PHONE]
    assert reports[0]["report"]["facts"]["summary"].endswith("我是〔举报人〕(〔举报人〕),有人在菜市场强收费用")
    assert [told["file"]["media_type"] for kind, told in inside if ".letter." in kind] == ["image/jpeg", "audio/amr"]
    assert found_in({"tables": await everything(api.copy.admin_url)}, OF_THE_SENDER) == []


async def stands(api: Api, slip: dict[str, Any]) -> str:
    """How it stands, and whether the mailbox and the door for files say what their sender has to do instead, in the same words."""
    code = slip["query_code"]
    now = (await api.client.post("/intake/v1/reports/status", json={"query_code": code})).json()["now"]
    opened = await api.client.post("/intake/v1/reports/messages/reading", json={"query_code": code})
    size = {"Query-Code": code, "Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": "filename YQ=="}
    begun = await api.client.post("/intake/v1/reports/attachments", headers=size)
    assert (opened.status_code, begun.status_code) in ((200, 201), (409, 409))
    if opened.status_code == 200:
        return f"{now['status']}, open"
    assert opened.json()["detail"] == begun.json()["detail"]
    assert now["status"] == "received" or opened.json()["detail"] == f"{now['zh']} / {now['en']}"
    return str(now["status"])


async def test_a_gateway_that_the_operator_lets_sends_a_code_back_which_is_kept_nowhere(new_api: NewApi) -> None:
    api = await new_api("intake", GATEWAY_SLIPS='["mgw"]')
    long = SMS | {"external_no": "L", "parts": 2, "text": "前"}
    batch = [
        SMS, SMS | {"external_no": "A", "text": "广告"}, SMS | {"external_no": "O", "text": "扫黑办的人"},
        SMS | {"external_no": "D", "addressed_to": "discipline"}, long, long | {"part": 2, "text": "后"}, VOICE | {"sender": None},
    ]  # fmt: skip
    slips = [record["slip"] for record in (await hand(api, *batch)).json()["records"]]
    assert [slip is not None for slip in slips] == [True, True, True, True, False, True, False]
    again = (await hand(api, *batch)).json()
    assert (again["known"], [record["slip"] for record in again["records"]]) == (7, [None] * 7)
    registered, spam, office, passed, _, whole, _ = slips
    assert registered["query_code"] in registered["text"]
    checked = await api.client.post("/intake/v1/receipts/verification", json=whole["receipt"])
    assert (checked.status_code, checked.json()["genuine"]) == (200, True)
    assert [await stands(api, each) for each in (registered, spam, office, passed, whole)] == ["received"] * 2 + [
        "received", "received, open", "received"
    ]  # fmt: skip
    by_text = {each["text"]: each for each in await waiting(api)}
    done = await do(api, by_text["〔举报人〕举报放高利贷"], "registration", {})
    assert (done.status_code, done.json()["slip"]) == (201, None)
    assert (await do(api, by_text["扫黑办的人"], "discipline")).status_code == 204
    aside = {"ids": [by_text["广告"]["id"]], "reason": "spam"}
    assert (await api.post(f"{DOOR}/set-aside", aside, by="icl", **ON)).status_code == 204
    found = [await stands(api, each) for each in (registered, spam, office, passed, whole)]
    assert found == ["received, open", "not_accepted", "received, open", "received, open", "received"]
    codes = [form for slip in filter(None, slips) for form in (slip["query_code"], slip["query_code"].replace("-", ""))]
    assert found_in({"tables": await everything(api.copy.admin_url)}, codes) == []


async def test_the_parts_of_a_text_message_are_one_and_never_those_of_two_senders(new_api: NewApi) -> None:
    api = await new_api("intake")
    part = SMS | {"external_no": "17", "parts": 3}
    third, first = part | {"part": 3, "text": "111开赌场"}, part | {"part": 1, "text": "我是1390"}
    second, others = part | {"part": 2, "text": "0001"}, part | {"sender": "13900002222", "text": "他人的"}
    answers = await asyncio.gather(*(hand(api, each) for each in (third, first, third, others)))
    assert sorted(one for each in answers for one in outcomes(each)) == ["known", "taken", "taken", "taken"]
    assert sorted(each["missing_parts"] for each in await waiting(api)) == [[2], [2, 3]]
    assert outcomes(await hand(api, second, part | {"parts": 2, "part": 2})) == ["taken", "refused"]
    whole = next(each for each in await waiting(api) if not each["missing_parts"])
    assert whole["text"] == "我是〔举报人〕开赌场"
    lacking = next(each for each in await waiting(api) if each["missing_parts"])
    assert (await do(api, lacking, "registration", {})).status_code == 201
    assert await api.rows("select summary from leads") == [("他人的〔第2段未收到〕〔第3段未收到〕",)]
    assert outcomes(await hand(api, others | {"part": 2, "text": "晚到"})) == ["refused"]
