"""The doors after a conclusion that is no end by itself: C4 waits and is taken up, C5 is taken by another organ, C6 goes to a regulator."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from services.intake.clock import end_transfers, look_again
from services.intake.usecases.start_missing import start_missing
from shared.contracts import verification as said
from shared.contracts.envelope import AboutLead
from shared.errors import NotAllowed
from tests.conftest import NewApi
from tests.intake.api.test_ends import NAMED, log
from tests.intake.api.test_ends import merge as merge_on
from tests.intake.api.test_ends_of_repeats import may_object_until
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import DEPARTMENT, PUBLIC, WHY, concluded, do, events, hear, limits, on, status
from tests.intake.api.test_merges import AGAIN, merge
from tests.intake.api.test_objections import SIGNED, object_, read, refuse, tell
from tests.support.api import Api
from tests.support.letters import door, filed
from tests.support.reporting import status as asked
from tests.support.reporting import write

TOLD = {"channel": "phone", "on": "2018-06-20", "reached": True, "text": "已核查完毕并告知结论"}
REVIEW = {"review_on": "2018-09-03", "missing": "关键证人在外地,暂无法取证"}


async def pass_to(api: Api, day: str) -> None:
    """The clock looks on this day."""
    async with api.app.state.database.transaction() as tx:
        await look_again(tx, datetime.fromisoformat(f"{day}T08:00:00+08:00"))
        await end_transfers(tx, datetime.fromisoformat(f"{day}T08:00:00+08:00"))


@pytest.mark.rule("D11", "D02")
async def test_what_cannot_be_verified_is_neither_told_nor_closed_and_has_a_day_to_look_again(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await concluded(api, "C4", reporter={"name": "王小明"})
    for way, body in (
        ("feedback", {}),
        ("feedback-tries", TOLD),
        ("closing", None),
        ("redirect", {"regulator": "JS"}),
        ("transfer", {"organ": "JS", "letter_no": "1"}),
    ):
        refused = await do(api, lead, way, body, day="2018-06-20")
        assert refused.status_code == 409, (way, refused.text)
    found = await limits(api, lead, "2018-06-20")
    assert "feedback" not in found
    assert (found["assign"]["limit_id"], found["assign"]["due_on"]) == ("D07w", "2018-12-20"), "six months at most"
    listed = (await api.get("/intake/v1/deadlines?kind=assign", by="sup")).json()["items"]
    assert str(lead) in [one["lead_id"] for one in listed]
    for day in ("2018-06-20", "2018-12-21"):
        wrong = await do(api, lead, "review-date", REVIEW | {"review_on": day}, day="2018-06-20")
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "review_on"), day
    assert (await do(api, lead, "review-date", REVIEW, by="ana", day="2018-06-21")).status_code == 403
    assert (await do(api, lead, "review-date", REVIEW, day="2018-06-21")).json()["status"] == "concluded"
    assert (await limits(api, lead, "2018-06-21"))["assign"]["due_on"] == "2018-09-03"
    assert (await events(api, lead))[-1] == "lead.review-date-set"
    await pass_to(api, "2018-09-02")
    assert await status(api, lead) == "concluded"
    await pass_to(api, "2018-09-03")
    await pass_to(api, "2018-09-03")
    assert (await status(api, lead), (await events(api, lead))[-1]) == ("reopened", "lead.reopened")
    assert (await limits(api, lead, "2018-09-03"))["assign"]["limit_id"] == "D03"
    assert (await do(api, lead, "review-date", REVIEW, day="2018-09-03")).status_code == 409
    again = await do(api, lead, "assignment", {"unit": "GA"}, day="2018-09-04")
    assert (again.json()["status"], again.json()["due_on"]) == ("assigned", "2018-10-08"), "the same team may; D07 anew"


async def test_something_new_wakes_what_could_not_be_verified(new_api: NewApi) -> None:
    api = await new_api("intake")
    by_repeat, by_office, other = [await concluded(api, code) for code in ("C4", "C4", "C3")]
    for master in (by_repeat, other):
        await merge(api, await register(api, **PUBLIC, summary=AGAIN), master)
    assert (await status(api, by_repeat), await status(api, other)) == ("reopened", "concluded")
    assert (await do(api, by_office, "take-up", WHY, by="ana", day="2018-06-22")).status_code == 403
    assert (await do(api, other, "take-up", WHY, day="2018-06-22")).status_code == 409, "found unfounded"
    await hear(api, by_office, said.WorkParked, day="2018-06-21")
    assert (await do(api, by_office, "take-up", WHY, day="2018-06-22")).json()["status"] == "reopened"
    assert (await limits(api, by_office, "2018-06-22"))["assign"]["due_on"] == "2018-06-25"


async def test_a_letter_of_the_reporter_wakes_it_too_and_nothing_but_its_day_is_kept(new_api: NewApi) -> None:
    api = await door(new_api)
    code, address = await filed(api)
    lead = UUID(address.rsplit("/", 1)[-1])
    await classify(api, lead)
    await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, unit="GA", verifier_count=2, plan_on_file=True, recusals_on_file=True)
    await hear(api, lead, said.WorkConcluded, conclusion="C4")
    told = (await asked(api.client, query_code=code)).json()
    assert told["now"]["status"] == "parked", "it is no result"
    assert (told["now"]["zh"], told["now"]["en"]) == (
        "目前无法查清,最迟2018-12-04再行核查",
        "It cannot be settled now and is looked at again by 2018-12-04",
    )
    assert (await do(api, lead, "review-date", REVIEW, day="2018-06-21")).status_code == 200
    told = (await asked(api.client, query_code=code)).json()
    assert (told["now"]["zh"], told["limits"][-1]["by"]) == ("目前无法查清,最迟2018-09-03再行核查", "2018-09-03")
    assert "证人" not in str(told), "nothing of what is missing"
    await hear(api, lead, said.WorkParked, day="2018-06-22")
    assert (await asked(api.client, query_code=code)).json()["steps"] == told["steps"], "it is told once"
    sent = await write(api.client, {"query_code": code, "text": "找到了当时的收据"})
    assert (sent.status_code, await status(api, lead)) == (201, "reopened"), sent.text
    hour = "effective_at = date_trunc('day', effective_at, 'Asia/Shanghai') and recorded_at = effective_at"
    kept = await api.rows(f"select action, actor, {hour} from lead_history order by version desc limit 1")
    assert kept == [("take-up", "system:intake", True)]
    shown = [(one["status"], one["zh"]) for one in (await asked(api.client, query_code=code)).json()["steps"]][-2:]
    assert shown == [("parked", "目前无法查清,已定期限再查"), ("reopened", "已重新启动")]
    again = await write(api.client, {"query_code": code, "text": "还有一张"})
    assert (again.status_code, await status(api, lead)) == (201, "reopened")


async def test_what_comes_while_it_stands_still_wakes_it_when_it_goes_on_and_nothing_else_does(new_api: NewApi) -> None:
    api = await door(new_api)
    code, by_letter = await filed_as(api)
    assert (await write(api.client, {"query_code": code, "text": "先前的来信"}, **on("2018-06-04"))).status_code == 201
    await concluded_as(api, by_letter, "C4")
    by_repeat, by_nothing, other = [await concluded(api, found) for found in ("C4", "C4", "C3")]
    repeats_code, repeat = await filed_as(api)
    await merge_on(api, repeat, by_nothing, "2018-06-20")
    assert await status(api, by_nothing) == "reopened"
    await do(api, by_nothing, "assignment", {"unit": "GA"}, day="2018-06-20")
    await concluded_as(api, by_nothing, "C4", day="2018-06-21", again=True)
    leads = (by_letter, by_repeat, by_nothing, other)
    for lead in leads:
        assert (await do(api, lead, "suspension", STILL, day="2018-06-22")).json()["status"] == "suspended"
        # nothing has come yet: going on it stands where it stood
        assert (await do(api, lead, "resumption", WHY, day="2018-06-25")).json()["status"] == "concluded"
        assert (await do(api, lead, "suspension", STILL, day="2018-06-25")).json()["status"] == "suspended"
    assert (await write(api.client, {"query_code": code, "text": "找到了收据"}, **on("2018-06-26"))).status_code == 201
    for master in (by_repeat, other):
        await merge_on(api, await register(api, **PUBLIC, summary=AGAIN), master, "2018-06-26")
    assert [await status(api, lead) for lead in leads] == ["suspended"] * 4, "it stands still"
    await pass_to(api, "2018-12-31")
    for lead, stands in zip(leads, ("reopened", "reopened", "concluded", "concluded"), strict=True):
        assert (await do(api, lead, "resumption", WHY, day="2018-06-27")).status_code == 200
        assert await status(api, lead) == stands
        assert (await events(api, lead))[-1] == ("lead.reopened" if stands == "reopened" else "lead.resumed")
    assert (await limits(api, by_letter, "2018-06-27"))["assign"]["limit_id"] == "D03"
    assert (await limits(api, by_nothing, "2018-06-27"))["assign"]["limit_id"] == "D07w"
    # a letter of the reporter of a repeat is one of the matter
    assert (await do(api, by_nothing, "suspension", STILL, day="2018-06-28")).status_code == 200
    assert (
        await write(api.client, {"query_code": repeats_code, "text": "又一张"}, **on("2018-06-28"))
    ).status_code == 201
    assert (await do(api, by_nothing, "resumption", WHY, day="2018-06-29")).status_code == 200
    assert await status(api, by_nothing) == "reopened"


STILL = {"reason": "举报人受到威胁", "measures": "已通知辖区派出所保护"}


async def concluded_as(api: Api, lead: UUID, code: str, *, day: str = "2018-06-20", again: bool = False) -> None:
    if not again:
        await classify(api, lead)
        await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion=code, day=day)


@pytest.mark.rule("D11", "D05")
async def test_what_belongs_to_another_organ_ends_with_that_organs_receipt(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, letter = await concluded(api, "C5"), {"organ": "JS", "letter_no": "示例移〔2018〕3号"}
    assert (await do(api, lead, "feedback", {}, day="2018-06-20")).status_code == 409, "nobody has taken it"
    assert (await do(api, lead, "transfer/receipt", RECEIPT, day="2018-06-20")).status_code == 409
    wrong = await do(api, lead, "transfer", letter | {"organ": "XX"}, day="2018-06-20")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "organ")
    assert (await do(api, lead, "transfer", letter, by="ana", day="2018-06-20")).status_code == 403
    assert (await do(api, lead, "transfer", letter, day="2018-06-20")).json()["status"] == "transferred"
    assert (await do(api, lead, "transfer", letter, day="2018-06-20")).status_code == 409
    assert (await do(api, lead, "feedback", {}, day="2018-06-21")).status_code == 409, "no receipt"
    await pass_to(api, "2018-06-22")
    assert await status(api, lead) == "transferred", "two working days"
    await pass_to(api, "2018-06-25")
    assert await status(api, lead) == "concluded"
    assert (await limits(api, lead, "2018-06-25"))["feedback"]["stopped_at"] is None, "it stays on the list"
    await do(api, lead, "transfer", letter | {"letter_no": "示例移〔2018〕4号"}, day="2018-06-25")
    early = await do(api, lead, "transfer/receipt", RECEIPT, day="2018-06-26")
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "receipt_on")
    taken = RECEIPT | {"receipt_on": "2018-06-26"}
    assert (await do(api, lead, "transfer/receipt", taken, day="2018-06-26")).status_code == 200
    assert (await do(api, lead, "transfer/receipt", taken, day="2018-06-26")).status_code == 409, "once"
    await pass_to(api, "2018-07-30")
    assert (await do(api, lead, "feedback", {}, day="2018-06-26")).json()["status"] == "fed_back"
    assert (await do(api, lead, "closing", day="2018-06-26")).json()["status"] == "closed"
    said_of_it = ["transferred", "transfer-undone", "transferred", "transfer-received"]
    assert (await events(api, lead))[3:-2] == [f"lead.{each}" for each in said_of_it], "a restore learns it again"
    rows = (await api.get(f"/intake/v1/leads/{lead}/transfers", by="sup")).json()
    assert [(row["number"], bool(row["undone_at"]), row["receipt_on"]) for row in rows] == [
        (1, True, None),
        (2, False, "2018-06-26"),
    ]
    # verification says it is transferred: the letter is put on file
    heard = await concluded(api, "C5")
    await hear(api, heard, said.WorkTransferred, day="2018-06-21")
    assert (await do(api, heard, "transfer/receipt", taken, day="2018-06-26")).status_code == 404
    assert (await do(api, heard, "transfer", letter, day="2018-06-21")).json()["status"] == "transferred"
    await hear(api, heard, said.WorkTransferUndone, day="2018-06-22")
    assert await api.rows("select undone_at is not null from handovers where lead_id = $1", heard) == [(True,)]


async def test_what_verification_says_after_the_office_was_first_is_known_and_moves_nothing(new_api: NewApi) -> None:
    api = await new_api("intake")
    woken, sent, untaken, unknown = [await concluded(api, code) for code in ("C4", "C5", "C5", "C3")]
    row = "select status, version from leads where id = $1"

    async def known(lead: UUID, *kinds: type[AboutLead], day: str = "2018-06-21") -> None:
        noted = "select count(*) from audit_log where action = 'lead.follow' and detail ? 'known'"
        before, [(already,)] = await api.rows(row, lead), await api.rows(noted)
        for kind in kinds:
            await hear(api, lead, kind, day=day)
        assert await api.rows(row, lead) == before
        assert await api.rows(noted) == [(already + len(kinds),)]

    await do(api, woken, "take-up", WHY, day="2018-06-22")
    await known(woken, said.WorkParked, said.WorkWoken)
    await do(api, woken, "assignment", {"unit": "GA"}, day="2018-06-22")
    await known(woken, said.WorkParked)
    letter = {"organ": "JS", "letter_no": "示例移〔2018〕3号"}
    for lead in (sent, untaken):
        await do(api, lead, "transfer", letter, day="2018-06-20")
        await known(lead, said.WorkTransferred)
    await do(api, sent, "transfer/receipt", RECEIPT, day="2018-06-20")
    await known(sent, said.WorkTransferUndone, day="2018-06-22")
    assert (await do(api, sent, "feedback", {}, day="2018-06-22")).json()["status"] == "fed_back"
    await known(sent, said.WorkTransferred, said.WorkTransferUndone)
    await pass_to(api, "2018-06-25")
    assert await status(api, untaken) == "concluded"
    await known(untaken, said.WorkTransferred, said.WorkTransferUndone)
    # what the office did nothing of is followed, or for an operator
    await hear(api, untaken, said.WorkTransferred, day="2018-06-26")
    assert await status(api, untaken) == "transferred", "once more"
    for kind in (said.WorkWoken, said.WorkTransferUndone):
        with pytest.raises(NotAllowed):
            await hear(api, unknown, kind, day="2018-06-21")


@pytest.mark.rule("D03", "D29")
async def test_what_has_lost_its_limit_in_a_restore_gets_it_again_where_it_stands(new_api: NewApi) -> None:
    api = await new_api("intake")
    await api.rows(DEPARTMENT)
    pending, ended, disorder, again = [await concluded(api, code) for code in ("C4", "C3", "C6", "C4")]
    await do(api, disorder, "redirect", {"regulator": "CSGL"}, day="2018-06-21")
    await do(api, again, "take-up", WHY, day="2018-06-21")
    await api.rows("update deadlines set stopped_at = '2018-06-22', next_at = null where stopped_at is null")
    for number in (4, 0):
        async with api.app.state.database.transaction() as tx:
            assert await start_missing(tx, datetime.fromisoformat("2018-06-25T08:00:00+08:00")) == (number, None)
    running = dict(await api.rows("select lead_id, limit_id from deadlines where stopped_at is null"))
    assert running == {pending: "D07w", ended: "D11", disorder: "D29", again: "D03"}
    await do(api, disorder, "redirect/receipt", {"receipt_no": "1", "receipt_on": "2018-06-25"}, day="2018-06-25")
    assert (await limits(api, disorder, "2018-06-25"))["redirect"]["limit_id"] == "D29r"


RECEIPT = {"receipt_no": "示例收9号", "receipt_on": "2018-06-20"}


@pytest.mark.rule("D29", "M07")
async def test_what_was_found_to_be_disorder_goes_to_its_regulator_and_ends_with_that_answer(new_api: NewApi) -> None:
    api = await new_api("intake")
    await api.rows(DEPARTMENT)
    lead = await concluded(api, "C6", source="S", issuing_level="city", upstream_no="C6-1", reporter={"name": "王小明"})
    assert (await do(api, lead, "feedback-tries", TOLD, day="2018-06-20")).status_code == 409
    assert (await do(api, lead, "redirect", {"regulator": "CSGL"}, day="2018-06-21")).json()["status"] == "redirected"
    assert (await limits(api, lead, "2018-06-21"))["feedback"]["stopped_at"] is not None
    receipt = {"receipt_no": "CG-7", "receipt_on": "2018-06-21"}
    await do(api, lead, "redirect/receipt", receipt, day="2018-06-21")
    await do(api, lead, "redirect/result", {"result": "已责令整改", "result_on": "2018-06-22"}, day="2018-06-22")
    assert (await do(api, lead, "feedback-tries", TOLD | {"on": "2018-06-22"}, day="2018-06-22")).status_code == 204
    unanswered = await do(api, lead, "redirect/closing", day="2018-06-22")
    assert (unanswered.status_code, "对上级的回复" in unanswered.json()["detail"]) == (409, True)
    reply = {"reply_no": "示例函7号", "sent_on": "2018-06-22"}
    assert (await do(api, lead, "upstream-replies", reply, by="icl", day="2018-06-22")).status_code == 201
    assert (await do(api, lead, "redirect/closing", day="2018-06-22")).json()["status"] == "closed"
    assert await api.rows("select code, unit from conclusions") == [("C6", "GA")], "it is what the unit found"
    back = await concluded(api, "C6")
    await do(api, back, "redirect", {"regulator": "CSGL"}, day="2018-06-21")
    assert (await do(api, back, "redirect/return", WHY, day="2018-06-22")).json()["status"] == "reopened"
    assert (await do(api, back, "assignment", {"unit": "GA"}, day="2018-06-22")).status_code == 422, "another team"


@pytest.mark.rule("D12", "D29", "G10")
@pytest.mark.parametrize("closed", [False, True])
async def test_a_regulators_result_is_objected_to_by_the_leads_own_reporter_before_its_close_and_after_it(
    new_api: NewApi, *, closed: bool
) -> None:
    api = await door(new_api)
    await api.rows(DEPARTMENT)
    named, (code, by_code), content = await register(api, **NAMED), await filed_as(api), await register(api, **NAMED)
    for lead in (named, by_code, content):
        await at_regulator(api, lead)
    assert (await object_(api, code, day="2018-06-20")).status_code == 409, "the regulator has not answered"
    early = await log(api, named, "2018-06-20", next_step="objection")
    assert early.status_code == 409
    for lead in (named, by_code, content):
        result = {"result": "已责令整改", "result_on": "2018-06-20"}
        assert (await do(api, lead, "redirect/result", result, day="2018-06-20")).status_code == 200
    assert (await object_(api, code, day="2018-06-20")).status_code == 409, "he knows no result yet"
    assert (await tell(api, by_code, day="2018-06-21")).status_code == 201
    await read(api, "2018-06-21", query_code=code)
    assert (await log(api, named, "2018-06-21")).status_code == 204
    assert (await log(api, content, "2018-06-21")).status_code == 204
    if closed:
        for lead in (named, by_code):
            assert (await close_redirect(api, lead)).json()["status"] == "closed"
    assert await may_object_until(api, code) == ["2018-07-23"], "30 days from being told, the 21st was a Saturday"
    for late in (
        await object_(api, code, day="2018-07-24"),
        await log(api, named, "2018-07-24", next_step="objection"),
    ):
        assert (late.status_code, "2018-07-23" in late.json()["detail"]) == (409, True)
    said_twice = [log(api, named, "2018-07-20", next_step="objection") for _ in range(2)]
    assert [each.status_code for each in await asyncio.gather(*said_twice)] == [204, 204], "the same one"
    both = await asyncio.gather(*(object_(api, code, day="2018-07-23") for _ in range(2)))
    assert sorted(each.status_code for each in both) == [201, 409], "once"
    found = (await api.get("/intake/v1/objections?state=open", by="sup")).json()["items"]
    by = "ofd2" if closed else "ofd"
    assert [(o["lead_id"], o["against"], o["made_on"], o["answered_by"]) for o in found] == [
        (str(named), "feedback", "2018-07-20", by),
        (str(by_code), "feedback", "2018-07-23", by),
    ]
    assert (await limits(api, named, "2018-07-23"))["objection"]["due_on"] == "2018-08-20"
    # refused by another than who answered; told why, before it is closed or within the limit
    assert (await refuse(api, named, by=by, day="2018-07-24")).status_code == 403
    assert (await refuse(api, named, by="ana", day="2018-07-24")).status_code == 403
    judge = "ofd" if closed else "ofd2"
    assert (await refuse(api, named, by=judge, day="2018-07-24")).status_code == 200
    limit = (await limits(api, named, "2018-07-24"))["feedback"]
    assert (limit["limit_id"], limit["due_on"], limit["stopped_at"]) == ("D11", "2018-07-31", None)
    if not closed:
        untold = await close_redirect(api, named, day="2018-07-25")
        assert (untold.status_code, "异议不成立" in untold.json()["detail"]) == (409, True)
    assert (await log(api, named, "2018-07-25", text="已告知异议不成立的理由")).status_code == 204
    assert (await limits(api, named, "2018-07-25"))["feedback"]["in_time"] is True
    assert (await log(api, named, "2018-07-20", next_step="objection")).status_code == 409, "once to each answer"
    if not closed:
        for lead in (named, by_code):
            assert (await close_redirect(api, lead, day="2018-07-25")).json()["status"] == "closed"
        assert (await log(api, named, "2018-07-20", next_step="objection")).status_code == 409, "nor after the close"
    assert (await object_(api, code, day="2018-07-23")).status_code == 409
    # upheld by the two who reopen, of whom none answered
    proposed = await do(api, by_code, "decisions", {"kind": "reopen", **WHY}, day="2018-07-26")
    path = f"/intake/v1/decisions/{proposed.json()['id']}/confirmation"
    assert (await api.post(path, {"confirm": True, **WHY}, by="qrv", **on("2018-07-26"))).status_code == 200
    assert await api.rows("select state from objections where lead_id = $1", by_code) == [("upheld",)]
    assert "重新核查" in (await read(api, "2018-07-26", query_code=code))[-1]["text"]
    assert await status(api, by_code) == "reopened"
    assert (await object_(api, code, day="2018-07-26")).status_code == 409, "there is no result now"


async def filed_as(api: Api) -> tuple[str, UUID]:
    code, address = await filed(api, umbrella=None)
    return code, UUID(address.rsplit("/", 1)[-1])


async def at_regulator(api: Api, lead: UUID) -> None:
    await classify(api, lead, tier="disorder")
    await do(api, lead, "redirect", {"regulator": "CSGL"}, day="2018-06-06")
    await do(api, lead, "redirect/receipt", {"receipt_no": "CG-7", "receipt_on": "2018-06-07"}, day="2018-06-07")


async def close_redirect(api: Api, lead: UUID, *, day: str = "2018-06-22") -> Any:
    return await do(api, lead, "redirect/closing", by="ofd2", day=day)
