"""Discipline answers a reporter past the office within D19, he reads it by the code and may object; the office sees nothing of it (G22)."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared import departures
from shared.contracts.discipline import LetterSent
from shared.contracts.envelope import SealedBox
from shared.contracts.passed import LetterPassed, ReportPassed
from tests.conftest import NewApi
from tests.intake.api.test_passed_reports import OFFICE, ON, PASSED, REPORTS, doors
from tests.support.builders import DAY
from tests.support.hearing import Hearing
from tests.support.passed import Between
from tests.support.reporting import REPORTS as DOOR
from tests.support.reporting import report, status, write
from tests.support.restored import relearn
from tests.support.searching import everything

MARK = "ANSWERq9"
NEXT = {"X-Local-Clock": "2018-06-04T10:00:00+08:00"}
RESULT = {"kind": "result", "text": f"经核查,已对有关人员作出处理 {MARK}"}
REFUSAL = {"uphold": False, "text": "维持原处理结果"}
KEPT = [
    f"select count(*) from {name}"
    for name in ("audit_log", "messages", "objections", "leads", "deadlines", "read_alerts", "feedback_tries")
]


class Case:
    """One report past the office, at both services."""

    def __init__(self, both: Between, code: str, report_id: str) -> None:
        self.both, self.mine, self.id = both, {"query_code": code}, report_id
        self.path = f"{REPORTS}/{report_id}"

    async def say(self, door: str, body: Any, by: str, **at: str) -> httpx.Response:
        """Someone of discipline does it."""
        key = uuid4().hex if door == "letters" else None
        return await self.both.discipline.post(f"{self.path}/{door}", body, by=by, key=key, **at)

    async def get(self, door: str = "", by: str = "dhd") -> Any:
        """Someone of discipline reads it."""
        return (await self.both.discipline.get(f"{self.path}{door}", by=by, **ON)).json()

    async def thread(self, at: dict[str, str]) -> list[dict[str, Any]]:
        """What the reporter reads."""
        await self.both.bring()
        answer = await self.both.intake.client.post(f"{DOOR}/messages/reading", json=self.mine, headers=at)
        assert "纪检监察机关" in answer.json()["notice"]
        items: list[dict[str, Any]] = answer.json()["items"]
        await self.both.bring()
        return items

    async def asks(self) -> dict[str, Any]:
        """What the reporter is told of its progress."""
        await self.both.bring()
        found: dict[str, Any] = (await status(self.both.intake.client, **self.mine)).json()
        return found


async def case(new_api: NewApi, **settings: str) -> Case:
    intake, discipline = await new_api("intake", CHALLENGE_BITS="2", **settings), await new_api("discipline")
    both = Between(intake, discipline)
    code = (await report(intake.client, PASSED, **ON)).json()["query_code"]
    await both.bring()
    [one] = (await discipline.get(REPORTS, by="dcm")).json()["items"]
    return Case(both, code, one["id"])


@pytest.mark.rule("D19", "G22")
async def test_the_result_is_told_by_a_letter_on_the_day_on_which_the_code_reads_it(new_api: NewApi) -> None:
    one = await case(new_api)
    intake, discipline = one.both.intake, one.both.discipline
    gets = [path for path, operations in intake.app.openapi()["paths"].items() if "get" in operations]
    seen = await doors(intake, one.id, dict.fromkeys(gets, OFFICE))
    kept = [await intake.rows(each) for each in KEPT]
    assert (await one.say("letters", RESULT, "dhd", **ON)).status_code == 409, "no result yet"
    assert (await one.say("letters", {"text": "本件为机密★"}, "dhd", **ON)).status_code == 422
    await one.say("acceptance", None, "dcm", **ON)
    lost = await one.say("outcome", {"outcome": "lost"}, "dhd", **ON)
    assert (lost.status_code, "lost" in lost.json()["errors"][0]["reason"]) == (422, False), "nobody ends it with none"
    sent = await one.say("letters", {"text": "请补充具体时间"}, "dhd", **ON)
    assert sent.json() == {"number": 1, "sent_on": "2018-06-01"}
    assert (await one.asks())["unread_messages"] == 1
    assert [item["text"] for item in await one.thread(ON)] == ["请补充具体时间"]
    # the reporter writes back: a retry is one letter, and discipline alone reads it
    key, said = uuid4().hex, one.mine | {"text": f"每周三下午 {MARK}"}
    answers = [await write(intake.client, said, key=key, **ON) for _ in range(2)]
    assert [(answer.status_code, answer.json()["number"]) for answer in answers] == [(201, 2)] * 2
    await one.both.bring()
    [listed] = (await discipline.get(f"{REPORTS}?status=accepted", by="dcm")).json()["items"]
    assert listed["unread_letters"] == 1
    read = await one.get("/letters?limit=1")
    assert (read["items"][0]["read_on"], read["items"][0]["writer"]) == ("2018-06-01", "discipline")
    read = await one.get(f"/letters?after={read['next']}")
    assert [(item["writer"], item["text"]) for item in read["items"]] == [("reporter", said["text"])]
    # the result
    ended = (await one.say("outcome", {"outcome": "four_forms"}, "dhd", **ON)).json()
    assert (ended["status"], ended["feedback_by"]) == ("ended", "2018-06-25")
    [limit] = (await one.asks())["limits"]
    assert (limit["by"], "反馈结果" in limit["zh"]) == ("2018-06-25", True)
    # once, however many send it at the same moment; what is to be added is a message
    sendings = await asyncio.gather(*(one.say("letters", RESULT, by, **ON) for by in ("dhd", "dhd2", "dhd")))
    assert sorted(sending.status_code for sending in sendings) == [201, 409, 409]
    refused = await one.say("letters", RESULT, "dhd", **ON)
    assert (refused.status_code, "第3号信件" in refused.json()["detail"]) == (409, True)
    await one.both.bring()
    unread = await one.get()
    assert (unread["status"], unread["result_letter"]) == ("ended", 3), "nobody has read it"
    assert [(item["kind"], item["read_on"]) for item in await one.thread(NEXT)][-1] == ("feedback", None)
    told = await one.get()
    assert (told["status"], told["told_on"], told["told_how"]) == ("told", "2018-06-04", "mailbox")
    assert (await one.say("letters", RESULT, "dhd", **NEXT)).status_code == 409
    [limit] = (await one.asks())["limits"]
    assert (limit["by"], "提出异议" in limit["zh"]) == ("2018-07-04", True)
    # by no door, log or table of the office; no dump says a word
    assert [await intake.rows(each) for each in KEPT] == kept
    assert await doors(intake, one.id, {path: [who for at, who in seen if at == path] for path in gets}) == seen
    for api in (intake, discipline):
        assert MARK.encode() not in await everything(api.copy.admin_url)


@pytest.mark.rule("D19", "D12", "G22")
async def test_an_objection_is_decided_by_a_leader_who_did_not_answer_and_nobody_else_may(new_api: NewApi) -> None:
    one = await case(new_api)
    await one.say("acceptance", None, "dcm", **ON)
    await one.say("letters", {"text": "已受理"}, "dhd", **ON)
    await one.say("outcome", {"outcome": "four_forms"}, "dhd", **ON)
    early = await one.say("feedback", {"how": "phone", "on": "2018-06-02"}, "dhd", **ON)
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "on")
    assert (await one.say("feedback", {"how": "phone", "on": "2018-06-01"}, "dhd", **ON)).json()["told_how"] == "phone"
    await one.thread(ON)
    await write(one.both.intake.client, one.mine | {"text": "不服,还有录音"}, **NEXT)
    await one.both.bring()
    assert (await one.say("objection", {"letter": 1}, "dcm", **NEXT)).status_code == 404, "that one is discipline's"
    assert (await one.say("objection", {}, "dcm", **NEXT)).status_code == 422
    made = (await one.say("objection", {"letter": 2}, "dcm", **NEXT)).json()
    assert (made["objected_on"], made["decide_by"]) == ("2018-06-04", "2018-07-04")
    upheld = (await one.say("objection/decision", REFUSAL | {"uphold": True}, "dld", **NEXT)).json()
    assert (upheld["status"], upheld["ended_on"], upheld["feedback_by"]) == ("accepted", None, None)
    assert [step["status"] for step in (await one.asks())["steps"]] == ["received", "assigned"]
    await one.say("outcome", {"outcome": "unfounded"}, "dhd", **NEXT)
    assert (await one.say("letters", RESULT, "dhd", **NEXT)).status_code == 201, (
        "another ending has a result of its own"
    )
    await one.say("feedback", {"how": "visit", "on": "2018-06-04"}, "dhd", **NEXT)
    assert (await one.say("objection", {"on": "2018-06-04"}, "dhd", **NEXT)).json()["status"] == "objected"
    for account in (*OFFICE, "unl", "ldr", "aud", "adm"):
        assert (await one.both.discipline.get(f"{one.path}/letters", by=account)).status_code == 403, account
        for door, body in (
            ("letters", RESULT),
            ("feedback", {"how": "phone", "on": "2018-06-04"}),
            ("objection", {"on": "2018-06-04"}),
            ("objection/decision", REFUSAL),
        ):
            assert (await one.say(door, body, account)).status_code == 403, (account, door)
    assert (await one.say("objection/decision", REFUSAL, "dhd", **NEXT)).status_code == 403
    assert (await one.say("objection/decision", REFUSAL, "dld", **NEXT)).json()["status"] == "told"
    assert (await one.say("objection", {"on": "2018-06-04"}, "dhd", **NEXT)).status_code == 409, "once to each answer"
    assert [item["kind"] for item in await one.thread(NEXT)][-3:] == ["message", "feedback", "refusal"]


@pytest.mark.rule("G1", "G10", "D12")
async def test_who_knows_the_reporter_decides_nothing_and_who_wrote_the_answer_is_no_judge_of_it(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departures, "EVERY", 0.0)
    one = await case(new_api)
    discipline = one.both.discipline
    await one.say("acceptance", None, "dcm", **ON)
    why = {"purpose": "contact", "reason": "补充了解受理情况", "minutes": 30}
    door = f"{one.path}/openings"
    # who wrote to the reporter has handled the report
    await one.say("letters", {"text": "已受理"}, "dhd", **ON)
    assert (await discipline.post(door, why, by="dhd", key=uuid4().hex, **ON)).status_code == 403
    # with another account he is the same person
    await discipline.rows("insert into staff_accounts (account, staff) values ('dhd', 'JW-1'), ('dhd2', 'JW-1')")
    assert (await discipline.post(door, why, by="dhd2", key=uuid4().hex, **ON)).status_code == 403
    await discipline.rows("delete from staff_accounts where account in ('dhd', 'dhd2')")
    asked = (await discipline.post(door, why, by="dhd2", key=uuid4().hex, **ON)).json()
    opening = f"/discipline/v1/openings/{asked['id']}"
    for step, body, by in (("decision", {"grant": True}, "dld"), ("reading", None, "dhd2")):
        assert (await discipline.post(f"{opening}/{step}", body, by=by, **ON)).status_code == 200, step
    assert (await one.say("outcome", {"outcome": "four_forms"}, "dhd2", **ON)).status_code == 403
    assert (await one.say("outcome", {"outcome": "four_forms"}, "dhd", **ON)).status_code == 200
    # the answer is a letter of hers; it is told when it is read, which is nobody's deed
    await one.say("letters", RESULT, "dhd2", **ON)
    await one.thread(ON)
    assert (await one.get())["told_how"] == "mailbox"
    await one.say("objection", {"on": "2018-06-01"}, "dcm", **ON)
    await discipline.rows("update report_letters set written_by = 'dld' where kind = 'result'")
    assert (await one.say("objection/decision", REFUSAL, "dld", **ON)).status_code == 403
    await discipline.rows("update report_letters set written_by = 'dhd2' where kind = 'result'")
    await discipline.rows("update report_readings set reader = 'dld'")
    assert (await one.say("objection/decision", REFUSAL, "dld", **ON)).status_code == 403
    await discipline.rows("update report_readings set reader = 'dhd2'")
    assert (await one.say("objection/decision", REFUSAL, "dld", **ON)).json()["status"] == "told"


@pytest.mark.rule("D19", "G22")
async def test_who_floods_waits_and_a_report_without_a_mailbox_is_told_otherwise(new_api: NewApi) -> None:
    one = await case(new_api)
    intake = one.both.intake
    filled = "insert into passed_letters select id, n, 'reporter', null, '2018-06-01', null, 'AA=='"
    await intake.rows(f"{filled} from passed_reports, generate_series(1, 20) n")
    flood = await write(intake.client, one.mine | {"text": "x"}, **ON)
    assert (flood.status_code, "20" in flood.json()["detail"]) == (409, True)
    assert await intake.rows("select count(*) from outbox") == [(1,)]
    await one.both.discipline.rows("update reports set box = null, key_id = null")
    answer = await one.say("letters", {"text": "x"}, "dhd", **ON)
    assert (answer.status_code, "没有信箱" in answer.json()["detail"]) == (409, True)
    missing = await one.both.discipline.get(f"{REPORTS}/{uuid4()}/letters", by="dhd", **ON)
    assert missing.status_code == 404


@pytest.mark.rule("D19")
async def test_a_restored_discipline_gives_no_letter_a_number_that_a_lost_one_bears(new_api: NewApi) -> None:
    one = await case(new_api)
    discipline, report_id = one.both.discipline, UUID(one.id)
    await one.say("acceptance", None, "dcm", **ON)
    for text in ("第一封", "第二封"):
        assert (await one.say("letters", {"text": text}, "dhd", **ON)).status_code == 201
    assert len(await one.thread(ON)) == 2
    # a backup from before the second letter; what was said since is learned from the topic
    for statement in (
        "delete from report_letters where number = 2",
        "update report_letter_numbers set last = 1",
        "delete from outbox where topic = 'discipline.sealed-letters' and sequence = 2",
        "delete from outbox_sequences where topic = 'discipline.sealed-letters'",
    ):
        await discipline.rows(statement)
    unknown = uuid4()
    first, second = [LetterSent(report_id=report_id, number=number, on=DAY, sealed=None) for number in (1, 2)]
    await discipline.rows("delete from outbox where topic = 'discipline.sealed-letters'")
    await relearn(discipline, "discipline", first, second, LetterSent(report_id=unknown, number=4, on=DAY, sealed=None))
    await one.say("outcome", {"outcome": "four_forms"}, "dhd", **ON)
    sent = await one.say("letters", RESULT, "dhd", **ON)
    assert sent.json()["number"] == 3, "the second one is lost here, and its reporter has read it"
    assert [item["text"] for item in await one.thread(NEXT)] == ["第一封", "第二封", RESULT["text"]]
    assert (await one.get())["told_how"] == "mailbox", "the reading is that of the third"
    assert [item["number"] for item in (await one.get("/letters"))["items"]] == [1, 3]
    # a report that is heard of only afterwards goes on where it was
    hearing = Hearing(discipline, "discipline")
    await hearing.tell(
        ReportPassed(report_id=unknown, received_on=DAY, sealed=None),
        LetterPassed(report_id=unknown, on=DAY, sealed=SealedBox(key_id="k", box="AA==")),
    )
    assert await discipline.rows("select number from report_letters where report_id = $1", unknown) == [(5,)]
