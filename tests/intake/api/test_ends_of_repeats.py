"""When a master ends otherwise than by a result that is fed back, nobody who reported a repeat of it is left without that end, or without
his objection to it (D11, D12, §4.2; docs/decisions/0103)."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.lead_states import Status
from services.intake.domain.receipt import Receipt
from services.intake.usecases.give_re_examination import OBJECTED
from services.intake.usecases.keep_retention import propose_sealing
from tests.conftest import NewApi
from tests.intake.api.test_digests import DIGESTS, clock
from tests.intake.api.test_ends import NAMED, NOBODY, close, fed_back, log, merge
from tests.intake.api.test_leads import classify, register
from tests.intake.api.test_life import DEPARTMENT, PUBLIC, REFUSAL, WHY, do, limits, on, status
from tests.intake.api.test_merges import undo
from tests.intake.api.test_objections import OBJECTS, door, filed, object_, read, refuse, tell
from tests.intake.api.test_upstream_replies import SUPERIOR, ledger, reply
from tests.support.api import Api
from tests.support.reporting import status as asked

NOT_ACCEPTED = "不属于受理范围,可提出异议"
TOGETHER = "与其他举报一并核查"
AGAIN, FED_BACK = "已重新启动", "已向您反馈,可提出异议"


async def steps(api: Api, code: str) -> list[tuple[str, str]]:
    """What the holder of the code is shown, with its day."""
    return [(step["zh"], step["since"]) for step in (await asked(api.client, query_code=code)).json()["steps"]]


async def may_object_until(api: Api, code: str) -> list[str]:
    shown = (await asked(api.client, query_code=code)).json()["limits"]
    return [one["by"] for one in shown if "异议" in one["zh"] and "您可" in one["zh"]]


async def decline(api: Api, lead: UUID, day: str, **more: Any) -> Any:
    return await do(api, lead, "decline", REFUSAL | more, by="ofd2", day=day)


async def three_of_one_matter(api: Api) -> tuple[tuple[str, UUID], tuple[str, UUID], UUID]:
    """A report, one that repeats it, and a named one by a clerk: both merged on 2018-06-02."""
    own, repeat = await filed(api), await filed(api)
    named = await register(api, **NAMED, summary="同一件事再次反映")
    for each in (repeat[1], named):
        await merge(api, each, own[1], "2018-06-02")
    return own, repeat, named


@pytest.mark.rule("D02", "D11", "D12", "G10")
async def test_all_who_reported_what_is_not_accepted_learn_it_at_once_and_each_may_object(new_api: NewApi) -> None:
    api = await door(new_api)
    (code, master), (other, repeat), named = await three_of_one_matter(api)
    marked = await decline(api, master, "2018-06-04", reason="请联系139 0000 0000")
    assert (marked.status_code, marked.json()["errors"][0]["field"]) == (422, "reason")
    assert (await decline(api, master, "2018-06-04")).status_code == 200
    for each in (code, other):
        [letter] = await read(api, "2018-06-05", query_code=each)
        assert letter["kind"] == "feedback"
        assert "属于民事纠纷,应向法院起诉(可向人民法院反映)" in letter["text"]
        assert (await steps(api, each))[-1] == (NOT_ACCEPTED, "2018-06-04")
        assert await may_object_until(api, each) == ["2018-07-04"]
    # who has no mailbox is told otherwise, within the limit
    limit = (await limits(api, named, "2018-06-05"))["feedback"]
    assert (limit["limit_id"], limit["due_on"], limit["stopped_at"]) == ("D11", "2018-06-11", None)
    assert (await log(api, named, "2018-06-05")).status_code == 204
    assert (await limits(api, named, "2018-06-05"))["feedback"]["in_time"] is True
    # he objects by word of mouth, the other by the code: the same entry, the same time, once
    assert (await log(api, named, "2018-06-06", next_step="objection")).status_code == 204
    late = await object_(api, other, day="2018-07-05")
    assert (late.status_code, "2018-07-04" in late.json()["detail"]) == (409, True)
    made = await object_(api, other, day="2018-07-04")
    assert (made.status_code, made.json()["answer_by"]) == (201, "2018-08-03")
    assert Receipt(**made.json()["receipt"]).tells({"text": OBJECTS}, other.replace("-", ""))
    assert (await object_(api, other, day="2018-07-04")).status_code == 409, "once"
    assert (await log(api, named, "2018-07-05", next_step="objection")).status_code == 409, "the time is over"
    found = (await api.get("/intake/v1/objections?state=open", by="sup")).json()["items"]
    assert [(o["lead_id"], o["against"], o["made_on"], o["answered_by"]) for o in found] == [
        (str(named), "decline", "2018-06-06", "ofd2"),
        (str(repeat), "decline", "2018-07-04", "ofd2"),
    ]
    assert await api.rows("select message from objections order by made_on") == [(None,), (2,)]
    assert {o["master_id"] for o in found} == {str(master)}, "upheld there, refused at the lead"
    line = "select actor, effective_at::text from lead_history where action = 'enter-objection' and lead_id = $1"
    assert await api.rows(line, repeat) == [("system:intake", "2018-07-03 16:00:00+00")], "the day, never the hour"
    # one is refused, one upheld by another than who declined: the master is received anew, its repeats follow it
    for waits in (repeat, named):
        assert (await refuse(api, waits, by="ofd2", day="2018-07-05")).status_code == 403
    assert (await refuse(api, repeat, day="2018-07-05")).json()["master_id"] == str(master)
    assert [one["kind"] for one in await read(api, "2018-07-05", query_code=other)][-1] == "refusal"
    assert (await object_(api, other, day="2018-07-04")).status_code == 409, "once to each answer"
    assert (await do(api, master, "acceptance", WHY, by="ofd2", day="2018-07-06")).status_code == 403
    refused = (await do(api, named, "acceptance", WHY, day="2018-07-06")).json()
    assert "并入后由主线索(merged_into)办理" in refused["detail"]
    assert (await do(api, master, "acceptance", WHY, day="2018-07-06")).json()["status"] == "received"
    states = await api.rows("select lead_id, state from objections order by made_on")
    assert states == [(named, "upheld"), (repeat, "refused")]
    assert (await steps(api, other))[-2:] == [(NOT_ACCEPTED, "2018-06-04"), (AGAIN, "2018-07-06")]
    assert await may_object_until(api, other) == []
    assert await status(api, repeat) == "merged"
    # not accepted once more: a new answer, to which each may object anew
    assert (await decline(api, master, "2018-07-09")).status_code == 200
    assert (await object_(api, other, day="2018-07-09")).status_code == 201
    assert (await limits(api, named, "2018-07-09"))["feedback"]["stopped_at"] is None
    assert (await do(api, master, "acceptance", WHY, day="2018-07-10")).status_code == 200
    assert (await limits(api, named, "2018-07-10"))["feedback"]["stopped_at"] is not None, "nothing is left to tell"


@pytest.mark.rule("D11", "D12")
async def test_what_is_merged_into_one_that_was_not_accepted_is_told_so_and_its_time_runs_from_the_merge(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    _, master = await filed(api)
    assert (await decline(api, master, "2018-06-04")).status_code == 200
    code, repeat = await filed(api)
    named, nobody = [await register(api, **who, summary="同一件事再次反映") for who in (NAMED, PUBLIC)]
    merged = await merge(api, repeat, master, "2018-07-10")
    for each in (named, nobody):
        await merge(api, each, master, "2018-07-10")
    [letter] = await read(api, "2018-07-11", query_code=code)
    assert "可向人民法院反映" in letter["text"]
    assert (await steps(api, code))[-2:] == [(TOGETHER, "2018-07-10"), (NOT_ACCEPTED, "2018-07-10")]
    assert await may_object_until(api, code) == ["2018-08-09"]
    assert (await limits(api, named, "2018-07-11"))["feedback"]["due_on"] == "2018-07-17"
    assert "feedback" not in await limits(api, nobody, "2018-07-11"), "there is nobody to tell"
    for day, channel in (("2018-07-11", "phone"), ("2018-07-12", "phone"), ("2018-07-13", "text")):
        assert (await log(api, named, day, **NOBODY, channel=channel)).status_code == 204
    assert (await limits(api, named, "2018-07-13"))["feedback"]["in_time"] is True
    # the master's own time is over, the repeat's is not
    assert (await object_(api, code, day="2018-08-09")).status_code == 201
    refused = await api.post(f"/intake/v1/merges/{merged}/undo", {"reason": "另一回事"}, by="ofd")
    assert (refused.status_code, refused.json()["detail"]) == (409, OBJECTED), "it is decided first"
    assert (await refuse(api, repeat, day="2018-08-10")).status_code == 200
    proposed = await api.post(f"/intake/v1/merges/{merged}/undo", {"reason": "另一回事"}, by="ofd", **on("2018-08-10"))
    assert proposed.status_code == 200
    again = await api.post(f"/intake/v1/merges/{merged}/undo-decision", {"confirm": True}, by="ana", **on("2018-08-10"))
    assert again.status_code == 200, again.text
    # two matters after all: it stands for itself again
    assert (await steps(api, code))[-1] == ("已收到您的举报,正在梳理", "2018-08-10")
    assert (await object_(api, code, day="2018-08-10")).status_code == 409


@pytest.mark.rule("D11")
async def test_a_named_reporter_without_a_mailbox_is_told_that_it_is_not_accepted_by_tries(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **NAMED)
    assert (await log(api, lead, "2018-06-04")).status_code == 409, "there is nothing to tell"
    assert (await decline(api, lead, "2018-06-04")).status_code == 200
    assert (await limits(api, lead, "2018-06-04"))["feedback"]["due_on"] == "2018-06-11"
    assert (await log(api, lead, "2018-06-05", next_step="objection")).status_code == 204
    assert (await limits(api, lead, "2018-06-05"))["feedback"]["in_time"] is True
    assert (await limits(api, lead, "2018-06-05"))["objection"]["due_on"] == "2018-07-05"
    assert (await do(api, lead, "feedback", {}, day="2018-06-05")).status_code == 409, "it has no result"
    assert (await do(api, lead, "acceptance", WHY, day="2018-06-06")).json()["status"] == "received"
    assert await api.rows("select state from objections") == [("upheld",)]


async def closed_with_two_repeats(api: Api, conclusion: str) -> tuple[UUID, tuple[str, UUID], UUID]:
    """A master that nobody objected to, closed on 2018-06-22, when three tries to tell its repeats' reporters had failed, of whom one has a
    code, one a name; they heard on that day."""
    master = await register(api, **NAMED)
    code, repeat = await filed(api)
    named = await register(api, **NAMED, summary="同一件事再次反映")
    for each in (repeat, named):
        await merge(api, each, master, "2018-06-02")
    await fed_back(api, master, code=conclusion)
    early = await object_(api, code, day="2018-06-21")
    assert (early.status_code, "尚无可提出异议的答复" in early.json()["detail"]) == (409, True), (
        "he knows no result yet"
    )
    await api.rows("update feedbacks set accepted = true")
    for day, channel in (("2018-06-20", "phone"), ("2018-06-21", "phone"), ("2018-06-22", "text")):
        assert (await close(api, master, day)).status_code == 409, "not told, nor often enough tried to be"
        assert (await tell(api, repeat, day=day)).status_code == 201
        assert (await log(api, named, day, **NOBODY, channel=channel)).status_code == 204
    assert (await close(api, master, "2018-06-22")).json()["status"] == "closed"
    await read(api, "2018-06-22", query_code=code)
    assert (await log(api, named, "2018-06-22")).status_code == 204
    return master, (code, repeat), named


@pytest.mark.rule("D12", "G10", "G14")
async def test_what_a_repeats_reporter_objects_to_a_closed_master_is_decided_by_word_of_mouth_as_by_code(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    master, (code, repeat), named = await closed_with_two_repeats(api, "C3")
    told_on = (FED_BACK, "2018-06-22")
    assert (await steps(api, code))[-3:] == [(TOGETHER, "2018-06-02"), told_on, ("已办结", "2018-06-22")]
    assert await may_object_until(api, code) == ["2018-07-23"], "from the day on which he was told"
    for late in (
        await object_(api, code, day="2018-07-24"),
        await log(api, named, "2018-07-24", next_step="objection"),
    ):
        assert (late.status_code, "2018-07-23" in late.json()["detail"]) == (409, True)
    said = [log(api, named, "2018-07-20", next_step="new-evidence") for _ in range(2)]
    assert [each.status_code for each in await asyncio.gather(*said)] == [204, 204], "the same one"
    both = await asyncio.gather(*(object_(api, code, day="2018-07-23") for _ in range(2)))
    assert sorted(each.status_code for each in both) == [201, 409], "once"
    assert await may_object_until(api, code) == []
    found = (await api.get("/intake/v1/objections?state=open", by="sup")).json()["items"]
    assert [(o["lead_id"], o["against"], o["made_on"], o["answered_by"], o["message"]) for o in found] == [
        (str(named), "feedback", "2018-07-20", "sup", None),
        (str(repeat), "feedback", "2018-07-23", "sup", 4),
    ]
    assert (await log(api, master, "2018-07-20", next_step="objection")).status_code == 409, "his own time is over"

    async def proposed(day: str) -> int:
        async with api.app.state.database.transaction() as tx:
            return await propose_sealing(tx, datetime.fromisoformat(f"{day}T02:00:00").replace(tzinfo=UTC))

    assert await proposed("2018-09-03") == 0, "an objection is undecided"
    # who answered does not judge it; refused, who has no mailbox is told within the limit
    await api.rows("update objections set answered_by = 'ofd'")
    assert (await refuse(api, named, day="2018-07-24")).status_code == 403
    await api.rows("update objections set answered_by = 'sup'")
    for by in ("ana", "sup", "qrv"):
        assert (await refuse(api, named, by=by, day="2018-07-24")).status_code == 403
    twice = await asyncio.gather(*(refuse(api, named, day="2018-07-24") for _ in range(2)))
    assert sorted(each.status_code for each in twice) == [200, 404]
    limit = (await limits(api, named, "2018-07-24"))["feedback"]
    assert (limit["limit_id"], limit["due_on"], limit["stopped_at"]) == ("D11", "2018-07-31", None)
    assert (await log(api, named, "2018-07-25", **NOBODY)).status_code == 204
    assert (await limits(api, named, "2018-07-25"))["feedback"]["stopped_at"] is None, (
        "he was told the result, not this"
    )
    assert (await log(api, named, "2018-07-26", text="已告知异议不成立的理由")).status_code == 204
    assert (await limits(api, named, "2018-07-26"))["feedback"]["in_time"] is True
    assert (await refuse(api, repeat, day="2018-07-24")).status_code == 200
    assert [one["kind"] for one in await read(api, "2018-07-25", query_code=code)][-1] == "refusal"
    for again in (
        await object_(api, code, day="2018-07-23"),
        await log(api, named, "2018-07-23", next_step="objection"),
    ):
        assert again.status_code == 409, "once to each answer"
    assert await proposed("2018-09-03") == 1


@pytest.mark.rule("D12", "G10")
async def test_an_objection_to_a_closed_master_is_upheld_by_the_two_who_reopen_it(new_api: NewApi) -> None:
    api = await door(new_api)
    master, (code, repeat), named = await closed_with_two_repeats(api, "C1")
    assert (await object_(api, code, day="2018-07-23")).status_code == 201
    assert (await log(api, named, "2018-07-20", next_step="objection")).status_code == 204
    assert (await do(api, master, "objection", {"unit": "ZF", **WHY}, day="2018-07-24")).status_code == 409
    proposed = await do(api, master, "decisions", {"kind": "reopen", **WHY}, day="2018-07-24")
    path = f"/intake/v1/decisions/{proposed.json()['id']}/confirmation"
    await api.rows("update objections set answered_by = 'qrv' where lead_id = $1", named)
    refused = await api.post(path, {"confirm": True, **WHY}, by="qrv", **on("2018-07-25"))
    assert (refused.status_code, await status(api, master)) == (403, "closed"), "who answered does not decide"
    await api.rows("update objections set answered_by = 'sup'")
    assert (await api.post(path, {"confirm": True, **WHY}, by="qrv", **on("2018-07-25"))).status_code == 200
    assert await api.rows("select state, decided_by from objections") == [("upheld", "qrv")] * 2
    assert "重新核查" in (await read(api, "2018-07-25", query_code=code))[-1]["text"]
    assert (await steps(api, code))[-2:] == [("已办结", "2018-06-22"), (AGAIN, "2018-07-25")]
    assert (await limits(api, repeat, "2018-07-25"))["objection"]["in_time"] is True
    assert (await object_(api, code, day="2018-07-25")).status_code == 409, "there is no result now"


@pytest.mark.rule("D12")
async def test_in_every_state_of_the_master_a_repeats_reporter_objects_by_code_and_by_word_or_by_neither(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    master, (code, _), named = await closed_with_two_repeats(api, "C1")
    for constraint in ("classified_whole", "assigned_by_status"):
        await api.rows(f"alter table leads drop constraint ck_leads_{constraint}")
    answered = "'JS', 'ofd', '2018-06-01', '回1', '2018-06-04', '已整改', '2018-06-05'"
    names = "lead_id, number, regulator, sent_by, sent_at, receipt_no, receipt_on, result, result_on"
    await api.rows(f"insert into redirects ({names}) values ($1, 1, {answered})", master)
    handed = "'JS', '移1', 'ofd', '2018-06-01', '回1', '2018-06-04'"
    names = "lead_id, number, organ, letter_no, sent_by, sent_at, receipt_no, receipt_on"
    await api.rows(f"insert into handovers ({names}) values ($1, 1, {handed})", master)
    taken: set[str] = set()
    for standing in Status:
        if standing in (Status.SUSPENDED, Status.MERGED):
            continue
        await api.rows("update leads set status = $1 where id = $2", standing.value, master)
        by_code = (await object_(api, code, day="2018-07-20")).status_code
        by_word = await log(api, named, "2018-07-20", next_step="objection")
        assert by_code in (201, 409), standing
        if standing in (Status.CONCLUDED, Status.TRANSFERRED, Status.REDIRECTED):
            assert (by_code, by_word.status_code) == (409, 204), "the word waits for the feedback"
        else:
            assert (by_code, by_word.status_code) in ((201, 204), (409, 409)), (standing, by_word.text)
        if by_code == 201:
            taken.add(standing.value)
            assert await api.rows("select count(*) from objections where against = 'feedback'") == [(2,)]
            await api.rows("delete from objections")
    assert taken == {"fed_back", "closed"}, "not accepted by nobody, it has no answer here"


@pytest.mark.rule("D12", "D29")
async def test_what_is_objected_to_a_regulators_result_before_it_closes_the_master_is_entered_with_that(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    master = await register(api, **NAMED)
    repeat = await register(api, **NAMED, summary="同一件事再次反映")
    await merge(api, repeat, master, "2018-06-02")
    await classify(api, master, tier="disorder")
    await api.rows(DEPARTMENT)
    await do(api, master, "redirect", {"regulator": "CSGL"}, day="2018-06-06")
    await do(api, master, "redirect/receipt", {"receipt_no": "CG-7", "receipt_on": "2018-06-07"}, day="2018-06-07")
    result = {"result": "已责令整改", "result_on": "2018-06-20"}
    assert (await do(api, master, "redirect/result", result, day="2018-06-20")).json()["status"] == "redirected"
    assert (await log(api, repeat, "2018-06-20", next_step="objection")).status_code == 204
    assert (await log(api, master, "2018-06-21")).status_code == 204
    assert (await do(api, master, "redirect/closing", day="2018-06-21")).json()["status"] == "closed"
    [made] = (await api.get("/intake/v1/objections?state=open", by="sup")).json()["items"]
    assert (made["lead_id"], made["made_on"], made["answered_by"]) == (str(repeat), "2018-06-20", "ofd")
    assert (await log(api, repeat, "2018-06-22", next_step="objection")).status_code == 204, "the same one"
    assert (await refuse(api, repeat, day="2018-06-25")).status_code == 403, "who closed it with the result answered"
    assert (await refuse(api, repeat, by="ofd2", day="2018-06-25")).status_code == 200


@pytest.mark.rule("M14", "N07", "D07")
async def test_a_superiors_lead_merged_into_a_closed_master_is_chased_for_its_reply_by_its_own_date(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    master = await register(api, **NAMED)
    await fed_back(api, master)
    await api.rows("update feedbacks set accepted = true")
    assert (await close(api, master, "2018-06-25")).json()["status"] == "closed"
    dated = await register(api, **SUPERIOR, upstream_no="C1", upstream_deadline="2018-07-06", summary="同一件事")
    undated, parted = [
        await register(api, **SUPERIOR, upstream_no=number, summary="同一件事") for number in ("C2", "C3")
    ]
    [_, _, merged] = [await merge(api, each, master, "2018-06-26") for each in (dated, undated, parted)]
    due = {dated: "2018-07-06", undated: "2018-07-26", parted: "2018-07-26"}
    for each, day in due.items():
        limit = (await limits(api, each, "2018-06-26"))["conclude"]
        assert (limit["limit_id"], limit["due_on"], limit["stopped_at"]) == ("D07a", day, None)
    listed = {row[0]: (str(row[4])[:10], *row[6:8], row[9]) for row in (await ledger(api, open_only=True))[1:]}
    assert listed == {
        "C1": ("2018-07-06", "已并入", "重复并入:查实", None),
        "C2": ("2018-07-26", "已并入", "重复并入:查实", None),
        "C3": ("2018-07-26", "已并入", "重复并入:查实", None),
    }
    for day, part in (("2018-07-04", "due_soon"), ("2018-07-09", "overdue")):
        await clock(api, datetime.fromisoformat(f"{day}T09:00:00+08:00"))
        listed_on = (await api.get(f"{DIGESTS}/{day}/leads?part={part}", by="ana")).json()["items"]
        assert [one["id"] for one in listed_on] == [str(dated)], day
    # two matters after all: nothing of this is left
    assert (await undo(api, merged)).status_code == 200
    assert (await limits(api, parted, "2018-07-09"))["conclude"]["stopped_at"] is not None
    assert (await reply(api, dated, day="2018-07-09")).status_code == 201
    assert (await limits(api, dated, "2018-07-09"))["conclude"]["in_time"] is False, "it was late"
    assert {row[0] for row in (await ledger(api, open_only=True))[1:]} == {"C2", "C3"}
    # taken up again, the next result is the one to reply with
    proposed = await do(api, master, "decisions", {"kind": "reopen", **WHY}, day="2018-07-10")
    path = f"/intake/v1/decisions/{proposed.json()['id']}/confirmation"
    assert (await api.post(path, {"confirm": True, **WHY}, by="qrv", **on("2018-07-10"))).status_code == 200
    assert (await limits(api, undated, "2018-07-10"))["conclude"]["stopped_at"] is not None
    assert (await reply(api, undated, day="2018-07-10")).status_code == 409
