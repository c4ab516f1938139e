"""A report past the office (G22): discipline alone reads it, the reporter has the slip of any other, and the office sees nothing at all."""

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from deploy.local import issuer
from services.discipline.consumer import OWN
from services.intake.domain.receipt import Receipt
from shared.contracts.discipline import ReportAccepted, ReportEnded
from shared.contracts.envelope import SealedBox
from shared.contracts.passed import ReportPassed
from shared.inbox import Received
from shared.sealing import Opener
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.builders import DAY
from tests.support.hearing import Hearing
from tests.support.reporting import COUNTER, REPORT, report, status, work, write
from tests.support.reporting import REPORTS as DOOR
from tests.support.searching import everything

MARK = "CANARYq8"
PASSED: dict[str, Any] = {
    "naming": "named",
    "reporter": {"name": MARK, "phone": "17755550001"},
    "persons": [{"name": MARK, "post": MARK}],
    "facts": {"summary": f"受理窗口压件不办 {MARK}", "place": MARK, "allegations": [{"act": MARK}]},
    "umbrella": {"involved": True, "description": MARK},
    "about_office": True,
}
ON = {"X-Local-Clock": "2018-06-01T10:00:00+08:00"}
REPORTS = "/discipline/v1/reports"
HOURS = (
    ("intake", "idempotency_keys", "created_at"),
    ("intake", "outbox", "recorded_at"),
    ("discipline", "reports", "created_at"),
    ("discipline", "report_history", "recorded_at"),
    ("discipline", "audit_log where action = 'report.register'", "at"),
)
"""Where an instant of it is written down: the hour could be matched with who stood at the counter."""
OFFICE = [name for name, account in issuer.accounts().items() if account["unit"] == "SB"]


async def said(api: Api) -> ReportPassed:
    """The one event that discipline alone reads, with its box."""
    [(value, key_id, box)] = await api.rows(
        "select value, key_id, box from outbox join outbox_sealed using (id) where topic = 'intake.sealed-reports'"
    )
    return ReportPassed(**json.loads(value), sealed=SealedBox(key_id=key_id, box=box))


async def doors(api: Api, report_id: str, accounts: dict[str, list[str]]) -> dict[tuple[str, str], bytes]:
    """What every reading door answers to these accounts; the report's id is tried wherever one is asked for."""
    found = {}
    for path, those in accounts.items():
        address = re.sub(r"{\w+}", report_id, path) + ("?q=窗口压件" if path.endswith("/search") else "")
        for account in those:
            answer = await api.get(address, by=account, **ON)
            if answer.status_code != 403 and "json" in answer.headers["content-type"]:
                found[path, account] = answer.content.replace(report_id.encode(), b"id")
    return found


@pytest.mark.rule("G22")
async def test_no_account_of_the_office_sees_by_any_door_that_there_was_one(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    reading = [path for path, operations in api.app.openapi()["paths"].items() if "get" in operations]
    before = await doors(api, str(uuid4()), dict.fromkeys(reading, OFFICE))
    assert (await report(api.client, PASSED, **ON)).status_code == 201
    passed = await said(api)
    let_in = {path: [account for at, account in before if at == path] for path in reading}
    after = await doors(api, str(passed.report_id), let_in)
    assert len(OFFICE) >= 7
    assert len(before) > 80, "most doors were open to someone"
    assert after == before
    for table in ("leads", "lead_numbers", "deadlines", "reports", "vault.reporters"):
        assert await api.rows(f"select count(*) from {table}") == [(0,)], table
    assert "report" not in str(await api.rows("select action from audit_log"))
    assert str(passed.report_id) not in str(await api.rows("select audit_log::text from audit_log"))


@pytest.mark.rule("G22")
async def test_a_dump_of_intakes_database_holds_no_word_of_it_and_discipline_reads_all(new_api: NewApi) -> None:
    intake, discipline = await new_api("intake", CHALLENGE_BITS="2"), await new_api("discipline")
    slip = (await report(intake.client, PASSED, **ON)).json()
    dump = await everything(intake.copy.admin_url)
    assert MARK.encode() not in dump
    assert "窗口".encode() not in dump
    assert b"17755550001" not in dump
    hearing = Hearing(discipline, "discipline")
    await hearing.tell(await said(intake))
    [listed] = (await discipline.get(REPORTS, by="dcm")).json()["items"]
    assert (listed["status"], listed["received_on"], listed["accept_by"]) == ("arrived", "2018-06-01", "2018-06-25")
    path = f"{REPORTS}/{listed['id']}"
    read = (await discipline.get(path, by="dhd")).json()
    assert read["about_office"] is True
    assert read["content"]["facts"]["summary"] == PASSED["facts"]["summary"]
    assert "17755550001" not in json.dumps(read), "reading a report does not open its reporter"
    assert await discipline.rows("select actor from audit_log where action = 'report.read'") == [("dhd",)]
    assert MARK.encode() not in await everything(discipline.copy.admin_url)
    for kept, table, instant in HOURS:
        query = f"select ({instant} at time zone 'Asia/Shanghai')::time::text from {table}"
        rows = await (intake if kept == "intake" else discipline).rows(query)
        assert rows[0] == ("00:00:00",), (table, instant)
    keys = (await intake.client.get("/intake/v1/receipts/keys")).json()["keys"]
    receipt = Receipt(**slip["receipt"])
    assert receipt.fits(keys)
    assert receipt.tells(PASSED, slip["query_code"].replace("-", ""))
    assert not receipt.tells(REPORT, slip["query_code"].replace("-", ""))


@pytest.mark.rule("G22", "G9")
async def test_discipline_alone_lists_reads_accepts_and_ends_it(new_api: NewApi) -> None:
    api = await new_api("discipline")
    for _ in range(3):
        await Hearing(api, "discipline").tell(ReportPassed(report_id=uuid4(), received_on=DAY, sealed=None))
    first = (await api.get(f"{REPORTS}?limit=2", by="dld")).json()
    second = (await api.get(f"{REPORTS}?limit=2&after={first['next']}", by="dld")).json()
    assert len({one["number"] for one in first["items"] + second["items"]}) == 3
    path = f"{REPORTS}/{first['items'][0]['id']}"
    for account in (*OFFICE, "unl", "p6", "edt", "adm", "aud"):
        for door in (REPORTS, path):
            assert (await api.get(door, by=account)).status_code == 403, account
        assert (await api.post(f"{path}/acceptance", None, by=account)).status_code == 403, account
    outcome = {"outcome": "unfounded"}
    assert (await api.post(f"{path}/outcome", outcome, by="dhd", **ON)).status_code == 409
    assert (await api.post(f"{path}/acceptance", None, by="dhd", **ON)).status_code == 403
    assert (await api.post(f"{path}/acceptance", None, by="dcm", **ON)).json()["accepted_on"] == "2018-06-01"
    assert (await api.post(f"{path}/acceptance", None, by="dcm", **ON)).status_code == 409
    assert (await api.post(f"{path}/outcome", outcome, by="dhd", **ON)).json()["status"] == "ended"
    assert (await api.get(path, by="dcm")).json()["content"] is None, "its content was destroyed"
    assert (await api.get(f"{REPORTS}/{uuid4()}", by="dcm")).status_code == 404
    events = await api.rows("select type, convert_from(value, 'UTF8') from outbox where topic = 'discipline.reports'")
    assert [row[0].split(".")[-2] for row in events] == ["accepted", "ended"]
    assert "unfounded" not in str(events)


@pytest.mark.rule("G22")
async def test_who_is_reported_as_one_of_the_office_makes_it_a_report_past_the_office(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    unflagged = {name: value for name, value in PASSED.items() if name not in ("about_office", "umbrella")}
    works_there: list[tuple[str, dict[str, Any]]] = [
        ("persons.0.employer", {"persons": [{"name": MARK, "employer": "示例区 扫黑办"}]}),
        ("umbrella.officials.0.post", {"umbrella": {"officials": [{"name": MARK, "post": "區掃黑除惡辦副主任"}]}}),
    ]
    ticks: list[dict[str, Any]] = [{"about_office": False}, {"addressed_to": "office"}]
    for (field, changes), ticked in zip(works_there, ticks, strict=True):
        assert (await report(api.client, unflagged | changes | ticked, **ON)).status_code == 201
        # what a clerk types the office has read: the reporter is sent to the public door
        typed = unflagged | changes | {"channel": "visit"}
        for path, body in (
            (f"{COUNTER}/read-back", typed),
            (COUNTER, typed | {"confirmation": "0" * 64, "confirmed": "by-word"}),
        ):
            refused = await api.post(path, body, by="icl", key=uuid4().hex, **ON)
            [error] = refused.json()["errors"]
            assert (refused.status_code, error["field"], "公开入口" in error["reason"]) == (422, field, True)
    for table in ("leads", "lead_numbers", "reports", "vault.reporters"):
        assert await api.rows(f"select count(*) from {table}") == [(0,)], table
    assert MARK.encode() not in await everything(api.copy.admin_url)
    assert "report" not in str(await api.rows("select action from audit_log"))
    keys = {(box := api.keys.box("discipline"))["key_id"]: SecretStr(box["private_key"])}
    boxes = await api.rows("select key_id, box from outbox_sealed")
    about = [Opener(keys).open(SealedBox(key_id=key_id, box=box))["about_office"] for key_id, box in boxes]
    assert about == [True, True]
    # another unit's people are the office's matter
    other = unflagged | {"persons": [{"name": MARK, "employer": "临江派出所", "post": "所长"}]}
    assert (await report(api.client, other, **ON)).status_code == 201
    assert await api.rows("select count(*) from leads") == [(1,)]


@pytest.mark.rule("G22", "D18")
async def test_slip_and_query_code_look_like_any_other_and_status_comes_back_as_days(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    body = {name: value for name, value in PASSED.items() if name != "about_office"} | {"addressed_to": "discipline"}
    key = uuid4().hex
    first, again = await report(api.client, body, key=key, **ON), await report(api.client, body, key=key, **ON)
    other = await report(api.client, REPORT | {"addressed_to": "office", "about_office": False}, **ON)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.content == again.content
    slip, usual = first.json(), other.json()
    shape = [
        (name, type(value), len(value or ""))
        for name, value in slip.items()
        if name not in ("query_code_svg", "receipt")
    ]
    assert shape == [(n, type(v), len(v or "")) for n, v in usual.items() if n not in ("query_code_svg", "receipt")]
    assert slip["receipt"].keys() == usual["receipt"].keys()
    assert first.headers.keys() == other.headers.keys()
    [(content,)] = await api.rows("select content::text from reports")
    assert "addressed_to" not in content
    assert "about_office" not in content
    assert await api.rows("select last from lead_numbers") == [(1,)], "the other report has the first number"
    answers = [await status(api.client, query_code=one["query_code"]) for one in (slip, usual)]
    assert answers[0].content == answers[1].content
    assert [one["by"] for one in answers[0].json()["limits"]] == ["2018-06-25"], "D18, which holds for both"
    report_id: UUID = (await said(api)).report_id
    hearing = Hearing(api, "intake")
    await hearing.tell(ReportAccepted(report_id=report_id, on=DAY), ReportEnded(report_id=report_id, on=DAY))
    await hearing.tell(ReportAccepted(report_id=uuid4(), on=DAY))
    steps = (await status(api.client, query_code=slip["query_code"])).json()["steps"]
    assert [(step["status"], step["since"]) for step in steps] == [
        ("received", "2018-06-01"),
        ("assigned", "2018-06-01"),
        ("concluded", "2018-06-01"),
    ]


@pytest.mark.rule("G22")
async def test_a_mistake_a_spent_proof_and_a_clerk_are_refused_as_ever(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    nameless = await report(api.client, PASSED | {"reporter": {"note": "x"}})
    assert (nameless.status_code, nameless.json()["errors"][0]["field"]) == (422, "reporter")
    marked = await report(api.client, PASSED | {"facts": {"summary": "本件为机密★"}})
    assert marked.status_code == 422
    solved = await work(api.client)
    assert (await report(api.client, PASSED, proof=solved)).status_code == 201
    assert (await report(api.client, PASSED, proof=solved)).status_code == 409
    clerk = PASSED | {"channel": "phone"}
    answer = await api.post(f"{COUNTER}/read-back", clerk, by="icl")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "about_office")
    assert await api.rows("select count(*) from passed_reports") == [(1,)]


@pytest.mark.rule("G22")
async def test_a_restored_discipline_learns_again_that_it_accepted_one_and_has_its_outcome_recorded_once_more(
    new_api: NewApi,
) -> None:
    api = await new_api("discipline")
    report_id = uuid4()
    await Hearing(api, "discipline").tell(ReportPassed(report_id=report_id, received_on=DAY, sealed=None))
    for event in (
        ReportAccepted(report_id=report_id, on=DAY),
        ReportEnded(report_id=report_id, on=DAY),
        ReportAccepted(report_id=uuid4(), on=DAY),
    ):
        at = datetime(2018, 6, 2, tzinfo=UTC)
        received = Received(uuid4(), event.TYPE, event.TOPIC, event.subject, 1, "999999", at, at)
        async with api.app.state.database.transaction() as tx:
            await OWN[type(event)](tx, event, received)
    path = f"{REPORTS}/{report_id}"
    assert (await api.get(path, by="dcm")).json()["accepted_on"] == "2018-06-01"
    assert (await api.post(f"{path}/outcome", {"outcome": "shelved"}, by="dhd", **ON)).status_code == 200


@pytest.mark.rule("G22")
async def test_who_holds_its_code_is_told_at_the_mailbox_that_discipline_has_it_and_nobody_else_is(
    new_api: NewApi,
) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code = (await report(api.client, PASSED, **ON)).json()["query_code"]
    usual = (await report(api.client, REPORT, **ON)).json()["query_code"]
    kept = [
        f"select count(*) from {name}"
        for name in ("spent_challenges", "idempotency_keys", "audit_log", "outbox", "messages", "objections")
    ]
    # of no key of whoever did not sign in is the hour kept: one without a lead would tell when a report went past the office
    assert await api.rows("select distinct created_at from idempotency_keys") == [
        (datetime(2018, 5, 31, 16, tzinfo=UTC),)
    ]
    before = [await api.rows(one) for one in kept]
    read = [await api.client.post(f"{DOOR}/messages/reading", json={"query_code": one}) for one in (code, usual)]
    assert [(one.status_code, one.json()["items"]) for one in read] == [(200, []), (200, [])]
    assert ["纪检监察机关" in one.text for one in read] == [True, False]
    for door, more in (
        ("objections", {"text": "x"}),
        ("invitations/answer", {"reply": "declined"}),
    ):
        told = await write(api.client, {"query_code": code, **more}, door=door, **ON)
        assert (told.status_code, "只有纪检监察机关能读" in told.json()["detail"]) == (409, True), door
        unknown = await write(api.client, {"query_code": "0" * 28, **more}, door=door, **ON)
        assert (unknown.status_code, "纪检" in unknown.text) == (404, False)
    assert [await api.rows(one) for one in kept] == before, "being asked leaves nothing, not even a spent challenge"
