"""The doors of a lead's later life: who may, what is refused and why, what is stored and said, how its limits fare."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.consumer import HANDLERS
from shared.contracts import verification as said
from shared.contracts.envelope import AboutLead, SealedBox
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, opener, register
from tests.intake.api.test_merges import AGAIN, FIRST, look, merge, undo
from tests.support.api import Api

PUBLIC: dict[str, Any] = {"source": "M", "issuing_level": None, "upstream_no": None}


def on(day: str) -> dict[str, str]:
    return {"X-Local-Clock": f"{day}T10:00:00+08:00"}


DRAWN: dict[str, Any] = {"conclusion": "C3", "review_because": "random"}
"""A conclusion that waits for its quality review (D36)."""


async def do(api: Api, lead: UUID, door: str, body: Any = None, *, by: str = "ofd", day: str = "2018-06-01") -> Any:
    if door == "decline" and by != "ana":  # what a director decides an analyst proposed
        await api.post(f"/intake/v1/leads/{lead}/{door}", body, by="ana", key=uuid4().hex, **on(day))
    return await api.post(f"/intake/v1/leads/{lead}/{door}", body, by=by, key=uuid4().hex, **on(day))


async def hear(api: Api, lead: UUID, kind: type[AboutLead], *, day: str = "2018-06-04", **more: Any) -> None:
    """Verification says it."""
    at = datetime.fromisoformat(f"{day}T03:00:00").replace(tzinfo=UTC)
    event: Any = kind(**{"lead_id": lead, "work_id": uuid4(), "effective_at": at, **more})
    received = Received(uuid4(), event.TYPE, event.TOPIC, event.subject, 1, "999999", at, at)
    async with api.app.state.database.transaction() as tx:
        handler: Any = HANDLERS[kind]
        await handler(tx, event, received)


async def status(api: Api, lead: UUID) -> str:
    answer = await api.get(f"/intake/v1/leads/{lead}", by="sup")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["status"])


async def events(api: Api, lead: UUID) -> list[str]:
    rows = await api.rows(
        "select type from outbox where partition_key = $1 and topic in ('intake.leads', 'intake.expungements') order by position",
        str(lead),
    )
    return [kind.removeprefix("xiansuo.intake.").removesuffix(".v1") for (kind,) in rows]


async def limits(api: Api, lead: UUID, day: str) -> dict[str, Any]:
    """The newest limit of each kind, by day."""
    found = (await api.client.get(f"/intake/v1/leads/{lead}/deadlines", headers=api.as_("sup", **on(day)))).json()
    return {one["kind"]: one for one in sorted(found, key=lambda one: one["round"])}


async def verifying(api: Api, **changes: Any) -> UUID:
    lead = await register(api, **(PUBLIC | changes))
    await classify(api, lead)
    await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, unit="GA", verifier_count=2, plan_on_file=True, recusals_on_file=True)
    return lead


async def concluded(api: Api, code: str = "C3", **changes: Any) -> UUID:
    lead = await verifying(api, **changes)
    await hear(api, lead, said.WorkConcluded, conclusion=code, day="2018-06-20")
    return lead


REFUSAL = {"go_to": "court", "reason": "属于民事纠纷,应向法院起诉", "concerns_office": False}
WHY = {"reason": "补充了新的证据材料"}
DEPARTMENT = """insert into directory_units (code, region_code, name, kind, from_on, version)
    values ('CSGL', '999999', '区城市管理局', 'department', '2000-01-01', 1)"""


@pytest.mark.rule("D02", "D12")
async def test_declined_with_a_reason_and_where_to_go_and_accepted_after_all_by_another_only(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC)
    path = f"/intake/v1/leads/{lead}/decline"
    alone = await api.post(path, REFUSAL, by="ofd", **on("2018-06-01"))
    assert (alone.status_code, "研判员提议" in alone.text) == (409, True)
    assert (await do(api, lead, "decline", REFUSAL | {"concerns_office": True}, by="ana")).status_code == 403
    proposed = await do(api, lead, "decline", REFUSAL, by="ana")
    assert (proposed.status_code, proposed.json()["status"]) == (200, "received")
    assert await events(api, lead) == ["lead.received"], "nobody is told before it is decided"
    # classified instead, it is proposed no more
    classes = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    assert (await do(api, other := await register(api, **PUBLIC), "decline", REFUSAL, by="ana")).status_code == 200
    assert (await do(api, other, "classification", classes, by="ana")).status_code == 200
    assert (await api.post(path.replace(str(lead), str(other)), REFUSAL, by="ofd")).status_code == 409
    assert (await api.post(path, REFUSAL, by="icl")).status_code == 403
    assert (await do(api, lead, "decline", REFUSAL | {"go_to": "moon"})).status_code == 422
    assert (await do(api, lead, "decline", REFUSAL | {"concerns_office": True})).status_code == 403
    assert (await do(api, lead, "decline", REFUSAL)).json()["status"] == "not_accepted"
    assert (await do(api, lead, "decline", REFUSAL)).status_code == 409
    assert (await limits(api, lead, "2018-06-02"))["classify"]["stopped_at"]
    assert (await do(api, lead, "acceptance", WHY)).status_code == 403, "who declined does not judge the objection"
    # another director has declined it
    await api.rows("update lead_history set actor = 'ofd-2' where action = 'decline'")
    assert (await do(api, lead, "acceptance", WHY, day="2018-06-05")).json()["status"] == "received"
    limit = (await limits(api, lead, "2018-06-05"))["classify"]
    assert (limit["round"], limit["stopped_at"], limit["due_on"]) == (2, None, "2018-06-08")
    assert await events(api, lead) == ["lead.received", "lead.declined", "lead.reopened"]
    office = await register(api, **PUBLIC, summary="反映扫黑办工作人员收受好处")
    assert (await do(api, office, "decline", REFUSAL)).status_code == 403


@pytest.mark.rule("D29")
async def test_a_matter_of_disorder_goes_to_its_regulator_and_comes_back_once(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC)
    await classify(api, lead, tier="disorder")
    await api.rows(DEPARTMENT)
    for nowhere in ("GA", "XX"):
        refused = await do(api, lead, "redirect", {"regulator": nowhere})
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["field"]) == (422, "regulator"), nowhere
        assert "可选:CSGL 区城市管理局、JS 区建设局" in error["reason"], error
    assert (await do(api, lead, "redirect", {"regulator": "JS"}, by="ana")).status_code == 403
    order: dict[str, Any] = {"subjects": [{"unit": "JS"}], "reason": "反映建设局科室收受好处"}
    path = f"/intake/v1/leads/{lead}/subjects"
    stated = await api.client.put(path, json=order, headers=api.as_("ofd", **on("2018-06-01")))
    assert stated.status_code == 200, stated.text
    near = await do(api, lead, "redirect", {"regulator": "JS"})
    assert (near.status_code, near.json()["errors"][0]["field"]) == (409, "regulator")
    assert "尚可交办:CSGL 区城市管理局" in near.json()["detail"], (
        "the department itself is never asked about itself (G-CONF)"
    )
    await api.client.put(path, json=order | {"subjects": []}, headers=api.as_("ofd", **on("2018-06-01")))
    assert (await do(api, lead, "redirect", {"regulator": "JS"})).json()["status"] == "redirected"
    found = await limits(api, lead, "2018-06-01")
    assert (found["redirect"]["due_on"], found["assign"]["stopped_at"] is None) == ("2018-06-19", False), (
        "15 days to sort, the 16th to the 18th rest"
    )
    assert (await do(api, lead, "redirect/return", WHY, day="2018-06-06")).json()["status"] == "classified"
    assert (await limits(api, lead, "2018-06-06"))["assign"]["due_on"] == "2018-06-07"
    await do(api, lead, "redirect", {"regulator": "CSGL"}, day="2018-06-06")
    assert (await do(api, lead, "redirect/return", WHY, day="2018-06-07")).status_code == 409, "once"
    rows = (await api.get(f"/intake/v1/leads/{lead}/redirects", by="sup")).json()
    assert [(row["regulator"], bool(row["returned_at"])) for row in rows] == [("JS", True), ("CSGL", False)]
    assert (await events(api, lead))[2:] == ["lead.redirected", "lead.redirect-returned", "lead.redirected"]


EXTENSION = {"days": 30, "reason": "主管部门需要鉴定"}


@pytest.mark.rule("D29")
async def test_a_regulator_takes_it_in_fifteen_days_and_answers_in_sixty_or_thirty_more(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC)
    await classify(api, lead, tier="disorder")
    await do(api, lead, "redirect", {"regulator": "JS"}, day="2018-06-06")
    running = (await limits(api, lead, "2018-06-06"))["redirect"]
    assert (running["limit_id"], running["due_on"]) == ("D29", "2018-06-21")
    assert (await do(api, lead, "extensions", EXTENSION, day="2018-06-07")).status_code == 409, "nothing to extend yet"
    receipt = {"receipt_no": "JS-7", "receipt_on": "2018-06-25"}
    await do(api, lead, "redirect/receipt", receipt, day="2018-06-25")
    found = (await api.get(f"/intake/v1/leads/{lead}/deadlines", by="sup")).json()
    assert [one["in_time"] for one in found if one["limit_id"] == "D29"] == [False], "four days late"
    running = (await limits(api, lead, "2018-06-25"))["redirect"]
    assert (running["limit_id"], running["due_on"]) == ("D29r", "2018-08-06"), "60 days from the redirection"
    assert (await do(api, lead, "extensions", EXTENSION, by="unl", day="2018-06-25")).status_code == 403
    assert (await do(api, lead, "extensions", EXTENSION | {"days": 31}, day="2018-06-25")).status_code == 422
    asked = await do(api, lead, "extensions", EXTENSION, by="ana", day="2018-06-25")
    assert (asked.status_code, asked.json()["kind"]) == (201, "redirect")
    decide = f"/intake/v1/extensions/{asked.json()['id']}/decision"
    assert (await api.post(decide, {"grant": True}, by="ofd", **on("2018-06-26"))).json()["state"] == "granted"
    assert (await limits(api, lead, "2018-06-26"))["redirect"]["due_on"] == "2018-09-05"
    assert (await do(api, lead, "extensions", EXTENSION, by="ana", day="2018-06-27")).status_code == 409, "once"


@pytest.mark.rule("D29", "D11", "G-FEED")
async def test_with_a_regulators_result_it_is_closed_when_the_reporter_was_told(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC, reporter={"name": "王小明"})
    repeat = await register(api, **PUBLIC, summary=AGAIN, reporter={"name": "李小红"})
    handed_down = await register(api, summary=AGAIN)
    for each in (repeat, handed_down):
        await merge(api, each, lead)
    await classify(api, lead, tier="disorder")
    await do(api, lead, "redirect", {"regulator": "JS"}, day="2018-06-06")
    receipt = {"receipt_no": "JS-7", "receipt_on": "2018-06-07"}
    result = {"result": "已责令整改", "result_on": "2018-06-20"}
    assert (await do(api, lead, "redirect/result", result, day="2018-06-20")).status_code == 409, "no receipt yet"
    assert (await do(api, lead, "redirect/receipt", receipt, day="2018-06-07")).status_code == 200
    reached = {"channel": "phone", "on": "2018-06-20", "reached": True, "text": "已核查完毕并告知结论"}
    for each in (lead, repeat):
        early = await do(api, each, "feedback-tries", reached, day="2018-06-20")
        assert (early.status_code, "结果尚未登记" in early.json()["detail"]) == (409, True), "nothing to tell"
    assert (await do(api, lead, "redirect/closing", day="2018-06-20")).status_code == 409
    assert (await do(api, lead, "redirect/result", result, day="2018-06-20")).json()["status"] == "redirected"
    assert (await do(api, lead, "redirect/result", result, day="2018-06-20")).status_code == 409, "once"
    assert (await do(api, lead, "redirect/return", WHY, day="2018-06-20")).status_code == 409
    found = await limits(api, lead, "2018-06-20")
    assert (found["feedback"]["due_on"], bool(found["redirect"]["stopped_at"])) == ("2018-06-27", True)
    untold = await do(api, lead, "redirect/closing", day="2018-06-20")
    assert (untold.status_code, "尚未得到反馈" in untold.json()["detail"]) == (409, True), "tell the reporter"
    assert (await do(api, lead, "feedback-tries", reached, day="2018-06-20")).status_code == 204
    assert (await limits(api, lead, "2018-06-20"))["feedback"]["stopped_at"]
    alone = await do(api, lead, "redirect/closing", day="2018-06-20")
    assert (alone.status_code, "并入的" in alone.json()["detail"]) == (409, True), (
        "who reported the repeat is told, too"
    )
    assert (await do(api, repeat, "feedback-tries", reached, day="2018-06-20")).status_code == 204
    unanswered = await do(api, lead, "redirect/closing", day="2018-06-20")
    assert (unanswered.status_code, "对上级的回复" in unanswered.json()["detail"]) == (409, True)
    reply = {"reply_no": "示例函7号", "sent_on": "2018-06-20"}
    assert (await do(api, handed_down, "upstream-replies", reply, by="icl", day="2018-06-20")).status_code == 201
    assert (await do(api, lead, "redirect/closing", by="ana", day="2018-06-20")).status_code == 403
    closed = await do(api, lead, "redirect/closing", day="2018-06-20")
    assert closed.json()["status"] == "closed"
    assert (await events(api, lead))[2:] == ["lead.redirected", "lead.closed"]
    [row] = (await api.get(f"/intake/v1/leads/{lead}/redirects", by="sup")).json()
    assert (row["result"], row["told_on"]) == ("已责令整改", "2018-06-20")
    assert await api.rows("select outcome from feedbacks where lead_id = $1", lead) == [("delivered",)]


async def test_a_suspended_leads_limits_stand_still_and_run_on_without_the_days_between(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    await classify(api, lead)
    await assign(api, lead, "umbrella")
    before = await limits(api, lead, "2018-06-01")
    order = {"reason": "举报人受到威胁", "measures": "已通知辖区派出所保护"}
    assert (await do(api, lead, "suspension", order, by="sup", day="2018-06-05")).status_code == 403
    assert (await do(api, lead, "suspension", order, day="2018-06-05")).json()["status"] == "suspended"
    assert (await do(api, lead, "suspension", order, day="2018-06-05")).status_code == 409
    assert all(one["stopped_at"] for one in (await limits(api, lead, "2018-06-20")).values())
    listed = (await api.get("/intake/v1/leads?status=suspended", by="sup")).json()["items"]
    assert [item["id"] for item in listed] == [str(lead)]
    # what verification had said before it heard of it
    await hear(api, lead, said.WorkAccepted, unit="GA", verifier_count=2, plan_on_file=True, recusals_on_file=True)
    assert await status(api, lead) == "suspended"
    assert (await do(api, lead, "resumption", WHY, day="2018-06-15")).json()["status"] == "verifying"
    after = await limits(api, lead, "2018-06-15")
    # ten days, the 5th to the 14th, do not count; the 30th counted day was a Sunday before
    assert (before["conclude"]["due_on"], after["conclude"]["due_on"]) == ("2018-07-02", "2018-07-11")
    assert after["sign"]["stopped_at"] is not None, "signed meanwhile: nothing is asked for any more"
    assert after["assign"]["stopped_at"] == before["assign"]["stopped_at"]
    [(due,)] = await api.rows("select due_on::text from leads where id = $1", lead)
    assert due == "2018-07-11"
    assert (await events(api, lead))[-2:] == ["lead.suspended", "lead.resumed"]


@pytest.mark.rule("D11")
async def test_what_was_concluded_while_the_lead_stood_still_is_told_once_it_goes_on(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await verifying(api, reporter={"name": "王小明"})
    order = {"reason": "举报人受到威胁", "measures": "已通知辖区派出所保护"}
    assert (await do(api, lead, "suspension", order, day="2018-06-19")).status_code == 200
    # said before verification heard of it
    await hear(api, lead, said.WorkConcluded, conclusion="C1", day="2018-06-20")
    assert (await do(api, lead, "resumption", WHY, day="2018-06-21")).json()["status"] == "concluded"
    assert (await do(api, lead, "feedback", {}, day="2018-06-21")).status_code == 409, "named: first told"
    told = {"channel": "phone", "on": "2018-06-21", "reached": True, "text": "已核查完毕并告知结论"}
    assert (await do(api, lead, "feedback-tries", told, day="2018-06-21")).status_code == 204
    assert (await do(api, lead, "feedback", {"accepted": True}, day="2018-06-21")).json()["status"] == "fed_back"


@pytest.mark.rule("D11", "D12", "G10")
async def test_told_closed_and_reopened_by_two_people_for_another_team(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await concluded(api, reporter={"name": "王小明"})
    assert (await limits(api, lead, "2018-06-20"))["feedback"]["due_on"] == "2018-06-27"
    assert (await do(api, lead, "feedback", {}, day="2018-06-21")).status_code == 409, "named: first told"
    assert (await do(api, lead, "closing", day="2018-06-21")).status_code == 409
    told = {"channel": "phone", "on": "2018-06-21", "reached": True, "text": "已核查完毕并告知结论"}
    told |= {"understood": True, "satisfied": False, "next_step": "new-evidence"}
    late = await do(api, lead, "feedback-tries", told | {"on": "2018-06-22"}, day="2018-06-21")
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "on")
    assert (await do(api, lead, "feedback-tries", told, day="2018-06-21")).status_code == 204
    [made] = (await api.get(f"/intake/v1/leads/{lead}/feedback-tries", by="ofd")).json()
    assert (made["understood"], made["satisfied"]) == (True, False)
    assert (made["text"], made["next_step"]) == ("已核查完毕并告知结论", "new-evidence")
    content = await do(api, lead, "feedback", {"accepted": True}, day="2018-06-21")
    assert (content.status_code, "新证据" in content.json()["detail"]) == (409, True)
    assert (await do(api, lead, "feedback", {}, day="2018-06-21")).json()["status"] == "fed_back"
    assert (await do(api, lead, "closing", day="2018-07-24")).status_code == 409, "the new evidence waits"
    refused = await do(api, lead, "objection/refusal", {"text": "所述情况已核查过"}, by="ofd2", day="2018-07-23")
    assert refused.json()["state"] == "refused"
    more = {"on": "2018-07-24", "text": "已告知理由", "next_step": "none"}
    assert (await do(api, lead, "feedback-tries", told | more, day="2018-07-24")).status_code == 204
    assert (await do(api, lead, "closing", day="2018-07-24")).json()["status"] == "closed"
    path, order = f"/intake/v1/leads/{lead}/decisions", {"kind": "reopen", **WHY}
    assert (await api.post(path, order, by="sup", key="k0")).status_code == 403
    assert (await api.post(path, order | {"kind": "seal"}, by="ofd", key="k1")).status_code == 403, "the clock alone"
    proposed = await api.post(path, order, by="ofd", key="k2")
    assert proposed.status_code == 201, proposed.text
    assert (await api.post(path, order, by="ofd", key="k3")).status_code == 409, "open already"
    decide = f"/intake/v1/decisions/{proposed.json()['id']}/confirmation"
    for account in ("ofd", "dpo", "aud"):
        assert (await api.post(decide, {"confirm": True}, by=account)).status_code == 403, account
    done = await api.post(decide, {"confirm": True}, by="qrv", **on("2018-08-01"))
    assert done.json()["state"] == "confirmed"
    assert (await api.post(decide, {"confirm": True}, by="qrv")).status_code == 409
    assert await status(api, lead) == "reopened"
    same = await do(api, lead, "assignment", {"unit": "GA"}, day="2018-08-01")
    assert (same.status_code, same.json()["errors"][0]["field"]) == (422, "unit")
    again = (await do(api, lead, "assignment", {"unit": "ZF"}, day="2018-08-01")).json()
    assert (again["status"], again["assignment_no"], again["due_on"]) == ("assigned", 2, "2018-08-31")
    assert (await limits(api, lead, "2018-08-01"))["conclude"]["round"] == 2
    assert (await events(api, lead))[-4:] == ["feedback.delivered", "lead.closed", "lead.reopened", "lead.assigned"]


@pytest.mark.rule("D12")
async def test_an_objection_with_new_facts_gives_it_to_another_team(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await concluded(api)
    told = await do(api, lead, "feedback", {}, by="ana", day="2018-06-21")
    assert told.json()["status"] == "fed_back", "nobody to tell"
    order = {"unit": "GA", "reason": "举报人补充了录音"}
    assert (await do(api, lead, "objection", order, day="2018-06-25")).status_code == 422
    taken = (await do(api, lead, "objection", order | {"unit": "ZF"}, day="2018-06-25")).json()
    assert (taken["status"], taken["unit"], taken["assignment_no"]) == ("assigned", "ZF", 2)
    boxes = await api.rows("select count(*) from outbox where topic = 'intake.sealed-verification'")
    assert boxes == [(2,)]


async def test_the_register_follows_all_that_verification_says(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC)
    await classify(api, lead)
    await assign(api, lead, "umbrella")
    way: list[tuple[type[AboutLead], dict[str, Any], str]] = [
        (
            said.WorkAccepted,
            {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True},
            "verifying",
        ),
        (said.WorkTaskForceFormed, {}, "taskforce"),
        (said.WorkReportSubmitted, {}, "in_signoff"),
        (said.WorkReportReturned, {}, "verifying"),
        (said.WorkReportSubmitted, {}, "in_signoff"),
        (said.WorkConcluded, DRAWN, "in_review"),
        (said.WorkReturnedByReview, {}, "verifying"),
        (said.WorkConcluded, DRAWN | {"conclusion": "C4"}, "in_review"),
        (said.WorkReviewed, {"conclusion": "C4"}, "concluded"),
        (said.WorkParked, {}, "parked"),
        (said.WorkWoken, {}, "verifying"),
        (said.WorkConcluded, {"conclusion": "C5"}, "concluded"),
        (said.WorkTransferred, {}, "transferred"),
        (said.WorkTransferUndone, {}, "concluded"),
        (said.WorkTransferred, {}, "transferred"),
    ]
    for kind, more, wanted in way:
        await hear(api, lead, kind, **more)
        assert await status(api, lead) == wanted, kind
    found = await limits(api, lead, "2018-06-04")
    assert (found["conclude"]["round"], bool(found["conclude"]["stopped_at"])) == (2, True)
    assert found["feedback"]["stopped_at"] is None
    legs = await api.rows("select crime, discipline from dual_assignments where lead_id = $1", lead)
    assert legs == [("ended", "created")]
    heard = await api.rows("select count(*) from outbox where type like '%leg-status-changed.v1'")
    assert heard == [(2,)], "accepted, ended: what is returned by review and what could not be verified was no end"


async def test_what_a_repeat_adds_reaches_the_unit_at_work_and_is_taken_back_when_unmerged(new_api: NewApi) -> None:
    api = await new_api("intake")
    master, again = [await register(api, **PUBLIC, summary=text) for text in (FIRST, AGAIN)]
    await look(api)
    await classify(api, master)
    await assign(api, master)

    async def facts() -> str:
        [(key_id, box)] = await api.rows(
            "select s.key_id, s.box from outbox o join outbox_sealed s using (id) where o.topic = 'intake.sealed-verification' "
            "order by o.position desc limit 1"
        )
        return str(opener(api, "verification").open(SealedBox(key_id=key_id, box=box)))

    assert AGAIN not in await facts()
    identity = await merge(api, again, master)
    assert FIRST in await facts()
    assert AGAIN in await facts()
    await undo(api, identity)
    assert AGAIN not in await facts()
