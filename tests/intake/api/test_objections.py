"""The result goes to the code and is delivered when it is read; the reporter objects by the code, once to each answer and in time; another
person decides; nothing is closed before."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.domain.lead_states import Status
from services.intake.domain.objection import ANSWERED_BY
from services.intake.domain.receipt import Receipt
from shared.contracts import verification as said
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, REFUSAL, WHY, do, events, hear, limits, on, status
from tests.intake.api.test_merges import merge
from tests.support.api import Api
from tests.support.reporting import COUNTER, REPORT, REPORTS, report, write
from tests.support.reporting import status as progress
from tests.support.searching import everything
from tests.support.uploading import attach_by_code

RESULT = "您反映的强收费用问题已查清,结果为查否-CANARYfb"
OBJECTS = "收费的人没有被问到,有录音-CANARYob"
NO = "已再次核对,录音与本案无关-CANARYno"
PLAIN = REPORT | {"umbrella": None}
ANONYMOUS = PLAIN | {"naming": "anonymous", "reporter": None}
SIGNED: dict[str, Any] = {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}


async def door(new_api: NewApi) -> Api:
    return await new_api("intake", CHALLENGE_BITS="2")


async def filed(api: Api, body: Any = ANONYMOUS) -> tuple[str, UUID]:
    before = {row[0] for row in await api.rows("select id from leads")}
    slip = await report(api.client, body, **on("2018-06-01"))
    [new] = {row[0] for row in await api.rows("select id from leads")} - before
    return slip.json()["query_code"], new


async def concluded(api: Api, body: Any = ANONYMOUS) -> tuple[str, UUID]:
    """A report whose lead is concluded on 2018-06-20."""
    code, lead = await filed(api, body)
    await at_an_end(api, lead)
    return code, lead


async def at_an_end(api: Api, lead: UUID) -> None:
    await classify(api, lead)
    await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion="C3", day="2018-06-20")


async def tell(
    api: Api, lead: UUID, text: str = RESULT, *, by: str = "ana", day: str = "2018-06-21", **more: Any
) -> Any:
    order = {"text": text, "names_nobody": True, **more}
    return await api.post(f"/intake/v1/leads/{lead}/feedback-letters", order, by=by, key=uuid4().hex, **on(day))


async def read(api: Api, day: str = "2018-06-21", **code: Any) -> list[Any]:
    answer = await api.client.post(f"{REPORTS}/messages/reading", json=code, headers=on(day))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def told(api: Api, body: Any = ANONYMOUS) -> tuple[str, UUID]:
    """A reporter who has read the result on 2018-06-21."""
    code, lead = await concluded(api, body)
    assert (await tell(api, lead)).status_code == 201
    await read(api, query_code=code)
    return code, lead


async def object_(api: Api, code: str, *, day: str = "2018-06-22", text: str = OBJECTS, **more: Any) -> httpx.Response:
    return await write(api.client, {"query_code": code, "text": text}, door="objections", **on(day), **more)


async def refuse(api: Api, lead: UUID, *, by: str = "ofd", day: str = "2018-06-25", text: str = NO) -> Any:
    return await do(api, lead, "objection/refusal", {"text": text}, by=by, day=day)


@pytest.mark.rule("D11", "G-FEED", "G7")
async def test_the_result_lies_in_the_mailbox_and_is_delivered_on_the_day_it_is_read(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await concluded(api)
    assert (await do(api, lead, "feedback", {"accepted": True}, day="2018-06-21")).status_code == 409, "not told"
    assert (await tell(api, lead, by="sup")).status_code == 403
    for wrong in ({"names_nobody": False}, {"text": "请联系139 0000 0000"}, {"text": "【秘密】x"}, {"text": ""}):
        refused = await tell(api, lead, **wrong)
        assert (refused.status_code, len(refused.json()["errors"])) == (422, 1), wrong
        assert "139" not in refused.text
    assert (await tell(api, lead)).json()["sent_on"] == "2018-06-21"
    assert await status(api, lead) == "concluded", "a letter that nobody has read told nobody"
    assert (await limits(api, lead, "2018-06-21"))["feedback"]["stopped_at"] is None
    [letter] = await read(api, "2018-06-24", query_code=code)
    assert (letter["kind"], letter["text"]) == ("feedback", RESULT)
    assert await status(api, lead) == "fed_back"
    assert (await limits(api, lead, "2018-06-24"))["feedback"]["in_time"] is True
    await read(api, "2018-06-26", query_code=code)
    assert (await events(api, lead))[-1:] == ["feedback.delivered"]
    assert (await events(api, lead)).count("feedback.delivered") == 1
    [line] = await api.rows(
        "select actor, effective_at::text, recorded_at::text from lead_history where action = 'feed-back' and lead_id = $1",
        lead,
    )
    assert line == ("system:intake", "2018-06-23 16:00:00+00", "2018-06-23 16:00:00+00"), "the day, never the hour"
    assert await api.rows("select 1 from audit_log where action = 'lead.feed-back'") == []
    assert (await do(api, lead, "closing", day="2018-07-24")).status_code == 409, "told on the 24th: until the 24th"
    assert (await do(api, lead, "closing", day="2018-07-25")).json()["status"] == "closed"
    assert (await tell(api, lead, day="2018-07-25")).status_code == 409


@pytest.mark.rule("D11", "G-FEED")
async def test_who_reported_a_repeat_hears_how_it_ended_before_the_master_is_closed(new_api: NewApi) -> None:
    api = await door(new_api)
    _, master = await filed(api, PLAIN)
    code, anonymous = await filed(api, ANONYMOUS)
    named = await register(api, **PUBLIC, summary="同一件事再次反映", reporter={"name": "举报人丁"})
    nobody = await register(api, **PUBLIC, summary="同一件事又一次反映")
    one = {"channel": "phone", "on": "2018-06-21", "reached": True, "text": "已告知核查结论"}
    for repeat in (anonymous, named, nobody):
        await merge(api, repeat, master)
    early = await api.post(
        f"/intake/v1/leads/{named}/feedback-tries", one, by="ana", key=uuid4().hex, **on("2018-06-21")
    )
    assert early.status_code == 409, "nothing is found yet"
    await at_an_end(api, master)
    await do(api, master, "feedback-tries", one, day="2018-06-21")
    assert (await do(api, master, "feedback", {}, day="2018-06-21")).json()["status"] == "fed_back"
    for repeat, way in ((named, "try"), (anonymous, "letter")):
        refused = await do(api, master, "closing", day="2018-07-30")
        [(number,)] = await api.rows("select lead_no from leads where id = $1", repeat)
        assert (refused.status_code, "并入的" in refused.json()["detail"]) == (409, True), refused.text
        if way == "try":
            assert (await do(api, named, "feedback-tries", one, day="2018-06-21")).status_code == 204
        else:
            assert number in refused.json()["detail"], "the one that is left"
            assert (await tell(api, anonymous, day="2018-06-22")).status_code == 201
            [letter] = await read(api, "2018-06-24", query_code=code)
            assert (letter["kind"], letter["text"]) == ("feedback", RESULT)
    assert (await do(api, master, "closing", day="2018-07-30")).json()["status"] == "closed"
    assert await status(api, anonymous) == "merged", "it ended with its master"


@pytest.mark.rule("D11", "G-FEED")
async def test_the_log_of_tries_has_way_outcome_and_by_whom_and_letters_count_by_themselves(new_api: NewApi) -> None:
    api = await door(new_api)
    _, named = await concluded(api, PLAIN)
    path = f"/intake/v1/leads/{named}/feedback-tries"
    one = {"channel": "phone", "on": "2018-06-21", "reached": False, "why_not": "no-answer"}
    for wrong, field in (
        ({"channel": "mailbox"}, "channel"),
        ({"reached": True}, "why_not"),
        ({"why_not": "13900000000"}, "why_not"),
        ({"on": "2018-06-23"}, "on"),
        ({"understood": False}, "understood"),
        ({"reached": True, "about": "meeting", "why_not": None, "satisfied": True}, "satisfied"),
        ({"reached": True, "why_not": None}, "text"),
        ({"reached": True, "why_not": None, "text": "已转告张某,其电话13900000000"}, "text"),
        ({"reached": True, "why_not": None, "text": "【机密】已查实"}, "text"),
        ({"text": "已查实"}, "text"),
        ({"next_step": "objection"}, "next_step"),
        ({"next_step": "forget"}, "next_step"),
    ):
        refused = await api.post(path, one | wrong, by="ana", key=uuid4().hex, **on("2018-06-22"))
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    for day in ("2018-06-21", "2018-06-22"):
        twins = [
            api.post(path, one | {"on": day, "next_step": "contact-again"}, by="ana", key=day, **on("2018-06-22"))
            for _ in range(2)
        ]
        assert [each.status_code for each in await asyncio.gather(*twins)] == [204, 204], "once"
    assert (await api.post(path, one, by="ana", **on("2018-06-22"))).status_code == 400
    assert (await do(api, named, "feedback", {}, day="2018-06-22")).status_code == 409
    await tell(api, named, by="ofd", day="2018-06-25")
    shown = (await api.get(path, by="sup")).json()
    assert [(t["channel"], t["on"], t["reached"], t["why_not"], t["by"]) for t in shown] == [
        ("phone", "2018-06-21", False, "no-answer", "ana"),
        ("phone", "2018-06-22", False, "no-answer", "ana"),
        ("mailbox", "2018-06-25", False, "unread", "ofd"),
    ]
    assert (await api.get(path, by="icl")).status_code == 403
    assert await api.rows("select count(*) from audit_log where action = 'lead.read-tries'") == [(1,)]
    assert (await do(api, named, "feedback", {}, day="2018-06-25")).json()["status"] == "fed_back"
    assert (await do(api, named, "closing", day="2018-06-26")).status_code == 409
    # who left nothing but a code has one way only: three letters on three days
    _, nameless = await concluded(api)
    for day in ("2018-06-21", "2018-06-21", "2018-06-22"):
        await tell(api, nameless, day=day)
    assert (await do(api, nameless, "feedback", {}, day="2018-06-22")).status_code == 409
    await tell(api, nameless, day="2018-06-25")
    assert (await do(api, nameless, "feedback", {"accepted": True}, day="2018-06-25")).json()["status"] == "fed_back"
    assert (await do(api, nameless, "closing", day="2018-06-26")).status_code == 409, "nobody accepts for the reporter"


async def test_what_was_told_of_a_conclusion_that_was_taken_back_tells_nothing(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await concluded(api)
    await tell(api, lead)
    for kind in (said.WorkParked, said.WorkWoken):
        await hear(api, lead, kind, day="2018-06-22")
    await read(api, "2018-06-22", query_code=code)
    assert await status(api, lead) == "verifying"
    await hear(api, lead, said.WorkConcluded, conclusion="C1", day="2018-06-25")
    await read(api, "2018-06-25", query_code=code)
    assert await status(api, lead) == "concluded"
    assert (await do(api, lead, "feedback", {}, day="2018-06-25")).status_code == 409


@pytest.mark.rule("D12")
async def test_in_every_state_there_is_an_objection_to_an_answer_or_none(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await told(api)
    for constraint in ("classified_whole", "assigned_by_status"):
        await api.rows(f"alter table leads drop constraint ck_leads_{constraint}")
    for standing in Status:
        if standing in ANSWERED_BY or standing in (Status.SUSPENDED, Status.MERGED):
            continue
        await api.rows("update leads set status = $1 where id = $2", standing.value, lead)
        assert (await object_(api, code)).status_code == 409, standing
    assert await api.rows("select count(*) from objections") == [(0,)]
    await api.rows("update leads set status = 'fed_back' where id = $1", lead)
    # the 30th day was a Saturday: until Monday, in China
    late = await write(
        api.client,
        {"query_code": code, "text": OBJECTS},
        door="objections",
        **{"X-Local-Clock": "2018-07-24T00:00:00+08:00"},
    )
    assert (late.status_code, "2018-07-23" in late.json()["detail"]) == (409, True)
    last = {"X-Local-Clock": "2018-07-23T23:59:59+08:00"}
    assert (await attach_by_code(api.client, code, b"#!AMR\n" + bytes(200), "x.amr")).status_code == 204
    [(recording,)] = await api.rows("select id::text from attachments")
    says = {"text": OBJECTS, "files": [recording]}
    foreign = await write(
        api.client, {"query_code": code, "text": OBJECTS, "files": [str(uuid4())]}, door="objections", **last
    )
    assert (foreign.status_code, foreign.json()["errors"][0]["field"]) == (422, "files.0")
    made = await write(api.client, {"query_code": code, **says}, door="objections", **last)
    assert (made.status_code, made.json()["made_on"], made.json()["answer_by"]) == (201, "2018-07-23", "2018-08-22")
    assert (await object_(api, code, day="2018-07-23")).status_code == 409, "once"
    receipt = Receipt(**made.json()["receipt"])
    assert receipt.fits((await api.client.get("/intake/v1/receipts/keys")).json()["keys"])
    assert receipt.tells(says, code.replace("-", ""))
    assert not receipt.tells({"text": OBJECTS}, code.replace("-", "")), "the file belongs to it"
    assert (await read(api, "2018-07-23", query_code=code))[-1]["files"] == [recording]
    dump = await everything(api.copy.admin_url)
    assert b"CANARYob" not in dump
    assert b"CANARYfb" not in dump
    assert await api.rows("select 1 from audit_log where actor = 'public' and action like 'objection%'") == []


@pytest.mark.rule("D12", "G10")
async def test_another_decides_the_reporter_reads_it_and_nothing_is_closed_before(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await told(api)
    key, proof = uuid4().hex, None
    made = [await object_(api, code, key=key, proof=proof) for _ in range(2)]
    assert made[0].json() == made[1].json(), "the same answer to the same request"
    many = await asyncio.gather(*(object_(api, code) for _ in range(3)))
    assert [one.status_code for one in many] == [409] * 3
    assert (await limits(api, lead, "2018-06-25"))["objection"]["due_on"] == "2018-07-23"
    [item] = (await api.get("/intake/v1/objections?state=open", by="sup")).json()["items"]
    assert item == item | {"lead_id": str(lead), "master_id": None, "against": "feedback", "answered_by": "ana"}
    assert (await api.get("/intake/v1/objections", by="unl")).status_code == 403
    closing = await do(api, lead, "closing", day="2018-09-03")
    assert (closing.status_code, "异议尚未决定" in closing.text) == (409, True)
    for by in ("ana", "sup", "icl", "unl", "qrv"):
        assert (await refuse(api, lead, by=by)).status_code == 403
    assert (await refuse(api, lead, text="【机密】x")).status_code == 422
    # had the director answered himself, he would not judge
    await api.rows("update objections set answered_by = 'ofd'")
    assert (await refuse(api, lead)).status_code == 403
    await api.rows("update objections set answered_by = 'ana'")
    refused = await refuse(api, lead)
    assert (refused.json()["state"], refused.json()["decided_by"]) == ("refused", "ofd")
    assert (await refuse(api, lead)).status_code == 404, "decided once"
    assert [(m["kind"], m["text"]) for m in await read(api, query_code=code)][-2:] == [
        ("objection", OBJECTS),
        ("refusal", NO),
    ]
    assert (await limits(api, lead, "2018-06-25"))["objection"]["in_time"] is True
    assert (await object_(api, code)).status_code == 409, "once to each answer"
    assert (await do(api, lead, "closing", day="2018-06-26")).json()["status"] == "closed", "objected and answered"


@pytest.mark.rule("D12", "G10")
async def test_upheld_it_goes_to_another_team_and_the_next_answer_may_be_objected_to_anew(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await told(api)
    await object_(api, code)
    order = {"unit": "ZF", "reason": "举报人提供了录音"}
    suspension = {"reason": "举报人受到威胁", "measures": "已通知辖区派出所保护"}
    await do(api, lead, "suspension", suspension, day="2018-06-25")
    assert (await refuse(api, lead)).status_code == 409, "it stands still"
    await do(api, lead, "resumption", WHY, day="2018-06-26")
    assert (await do(api, lead, "objection", order | {"unit": "GA"}, day="2018-06-26")).status_code == 422
    assert (await do(api, lead, "objection", order, day="2018-06-26")).json()["status"] == "assigned"
    assert await api.rows("select state, decided_by from objections") == [("upheld", "ofd")]
    assert "重新核查" in (await read(api, query_code=code))[-1]["text"]
    assert (await object_(api, code)).status_code == 409
    await hear(api, lead, said.WorkAccepted, **SIGNED | {"unit": "ZF"}, day="2018-06-27")
    await hear(api, lead, said.WorkConcluded, conclusion="C3", day="2018-07-02")
    await tell(api, lead, day="2018-07-03", by="ofd")
    await read(api, "2018-07-03", query_code=code)
    assert (await object_(api, code, day="2018-07-04")).status_code == 201
    assert (await do(api, lead, "objection", order | {"unit": "JD01"}, day="2018-07-05")).status_code == 403, (
        "ofd told it"
    )


@pytest.mark.rule("D12")
async def test_that_it_was_not_accepted_may_be_objected_to_by_query_code_and_by_own_code(new_api: NewApi) -> None:
    api = await door(new_api)
    body = ANONYMOUS | {"channel": "visit", "own_code": "青山-绿水77"}
    back = (await api.post(f"{COUNTER}/read-back", body, by="icl", **on("2018-06-01"))).json()
    body |= {"confirmation": back["confirmation"], "confirmed": "by-word"}
    slip = (await api.post(COUNTER, body, by="icl", key=uuid4().hex, **on("2018-06-01"))).json()
    [(lead,)] = await api.rows("select id from leads")
    own = {"lead_no": slip["lead_no"], "own_code": "青山-绿水77", "text": OBJECTS}
    wrong = await write(api.client, own | {"own_code": "青山-绿水78"}, door="objections", **on("2018-06-05"))
    unknown = await object_(api, "0" * 28)
    assert (wrong.status_code, unknown.status_code) == (404, 404)
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert (await write(api.client, own, door="objections", **on("2018-06-05"))).status_code == 409, "no answer yet"
    await do(api, lead, "decline", REFUSAL, day="2018-06-04")
    made = await asyncio.gather(*(write(api.client, own, door="objections", **on("2018-06-05")) for _ in range(3)))
    assert sorted(one.status_code for one in made) == [201, 409, 409]
    [good] = [one for one in made if one.status_code == 201]
    assert Receipt(**good.json()["receipt"]).tells({"text": OBJECTS}, "青山-绿水77")
    assert (await do(api, lead, "acceptance", WHY, day="2018-06-06")).status_code == 403, "who declined does not judge"
    await api.rows("update objections set answered_by = 'ofd2'")
    await api.rows("update lead_history set actor = 'ofd2' where action = 'decline'")
    assert (await do(api, lead, "acceptance", WHY, day="2018-06-06")).json()["status"] == "received"
    thread = [m["kind"] for m in await read(api, query_code=slip["query_code"])]
    assert thread == ["feedback", "objection", "message"]
    assert (await progress(api.client, query_code=slip["query_code"])).json()["now"]["status"] == "received"


@pytest.mark.rule("D06")
async def test_a_named_reporter_is_to_be_reached_for_a_meeting_in_seven_days_from_receipt_whoever_is_charged(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    (_, named), (_, nameless) = await filed(api, PLAIN), await filed(api)
    for lead in (named, nameless):
        await classify(api, lead)
        await assign(api, lead)
    assert "meet" not in await limits(api, nameless, "2018-06-04")
    limit = (await limits(api, named, "2018-06-04"))["meet"]
    assert (limit["limit_id"], limit["due_on"], limit["stopped_at"]) == ("D06", "2018-06-08", None)
    met = {"channel": "visit", "on": "2018-06-08", "reached": True, "about": "meeting"}
    path = f"/intake/v1/leads/{named}/feedback-tries"
    failed = met | {"channel": "phone", "reached": False, "why_not": "wrong-contact"}
    assert (await api.post(path, failed, by="ana", key=uuid4().hex, **on("2018-06-08"))).status_code == 204
    assert (await limits(api, named, "2018-06-08"))["meet"]["stopped_at"] is None
    assert (await api.post(path, met, by="unl", key=uuid4().hex, **on("2018-06-08"))).status_code == 403
    assert (await api.post(path, met, by="ana", key=uuid4().hex, **on("2018-06-08"))).status_code == 204
    assert (await limits(api, named, "2018-06-08"))["meet"]["in_time"] is True
    await do(api, nameless, "suspension", {"reason": "举报人受到威胁", "measures": "已保护"}, day="2018-06-08")
    closed = f"/intake/v1/leads/{nameless}/feedback-tries"
    assert (await api.post(closed, met, by="ana", key=uuid4().hex, **on("2018-06-08"))).status_code == 409, (
        "it stands still"
    )


@pytest.mark.rule("D06", "D11", "D12")
async def test_the_code_shows_by_which_day_the_reporter_is_to_hear(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api, PLAIN)

    async def told_limits() -> list[tuple[str, str, str | None]]:
        shown = (await progress(api.client, query_code=code)).json()["limits"]
        assert all(one["en"] for one in shown)
        return [(one["zh"], one["by"], one["latest"]) for one in shown]

    meet = ("应在该日(含)前与您联系见面", "2018-06-08", "2018-07-02")
    assert await told_limits() == [("最迟应在该日(含)前办理下一步", "2018-06-25", None)]
    await classify(api, lead)
    assert await told_limits() == [("应在该日(含)前确定核查单位", "2018-06-04", None), meet]
    await assign(api, lead)
    assert await told_limits() == [meet, ("应在该日(含)前查出结果,之后按规定向您反馈", "2018-07-02", None)]
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion="C3", day="2018-06-20")
    assert await told_limits() == [meet, ("应在该日(含)前向您反馈结果", "2018-06-27", "2018-07-11")]
    await tell(api, lead)
    await read(api, query_code=code)
    assert await told_limits() == [("您可在该日(含)前提出异议", "2018-07-23", None)]
    await object_(api, code)
    assert await told_limits() == [("应在该日(含)前答复您的异议", "2018-07-23", None)]
    await do(api, lead, "suspension", {"reason": "举报人受到威胁", "measures": "已保护"}, day="2018-06-25")
    assert await told_limits() == [], "it stands still"
    await do(api, lead, "resumption", WHY, day="2018-06-25")
    await refuse(api, lead)
    assert await told_limits() == []
