"""The door for everyone: a report becomes a lead, its reporter is sealed, and all that he takes away is a code and a receipt."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import zxingcpp
from pydantic import SecretStr

from services.intake.api.slip import SVG
from services.intake.domain.receipt import Receipt
from services.intake.usecases.own_codes import OwnCodes
from shared.contracts.envelope import SealedBox as Box
from shared.sealing import Opener, SealedRecord
from tests.conftest import NewApi
from tests.intake.api.test_merges import look
from tests.support.api import Api
from tests.support.reporting import REPORT, REPORTS, report, status, work


async def door(new_api: NewApi, **settings: str) -> Api:
    return await new_api("intake", CHALLENGE_BITS="2", **settings)


async def only_lead(api: Api) -> dict[str, Any]:
    [(row,)] = await api.rows("select to_jsonb(leads)::text from leads")
    return dict(json.loads(row))


@pytest.mark.rule("M05", "G1")
@pytest.mark.parametrize("naming", ["named", "confidential"])
async def test_a_report_becomes_a_lead_whose_reporter_only_the_vault_can_open(new_api: NewApi, naming: str) -> None:
    api = await door(new_api)
    own_words = {"evidence": "我叫举报人甲,电话139-0000-0000,有录音"}
    answer = await report(api.client, REPORT | {"naming": naming, "facts": REPORT["facts"] | own_words})
    assert answer.status_code == 201, answer.text
    lead = await only_lead(api)
    assert "我叫〔举报人〕,电话〔举报人〕,有录音" in lead["summary"]
    assert (lead["source"], lead["named"], lead["street"], lead["areas"]) == ("M", True, "临江街", ["market"])
    assert lead["allegations"] == ["行为 每月强收摊位费;地点 东门", "行为 打伤摊主;时间 不清楚;行为人 不清楚"]
    assert "有人在菜市场强收费用" in lead["summary"]
    assert "被举报人乙" in lead["summary"]
    [(key_id, wrapped, ciphertext)] = await api.rows("select key_id, wrapped_key, ciphertext from vault.reporters")
    vault = Opener({key_id: SecretStr(api.keys.box("vault")["private_key"])})
    opened = vault.open_record(SealedRecord(key_id, wrapped, ciphertext))
    assert opened == REPORT["reporter"] | {"naming": naming}
    assert await api.rows("select naming, content->>'naming' from reports") == [(naming, naming)]
    everything = await api.rows("select l::text || r::text || h::text from leads l, reports r, lead_history h")
    assert not any(own in str(everything) for own in ("13900000000", "139-0000-0000", "举报人甲"))
    assert lead["lead_no"] not in answer.text
    path = f"/intake/v1/leads/{lead['id']}/history"
    [line] = (await api.client.get(path, headers=api.as_("sup", **{"Access-Purpose": "handle"}))).json()
    assert {line["recorded_at"][10:], line["effective_at"][10:]} == {"T16:00:00Z"}, "midnight in China"


@pytest.mark.rule("M17")
async def test_what_is_said_of_shielding_officials_reaches_discipline_and_not_the_unit(new_api: NewApi) -> None:
    api = await door(new_api)
    await report(api.client, REPORT)
    lead = await only_lead(api)
    assert lead["grounds"] == ["umbrella"]
    path = f"/intake/v1/leads/{lead['id']}"
    body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    assert (await api.post(f"{path}/classification", body, by="ana")).status_code == 200
    assert (await api.post(f"{path}/assignment", {"unit": "GA"}, by="ofd")).status_code == 200
    seen = {}
    for key_id, box in await api.rows("select key_id, box from outbox_sealed"):
        receiver = next(name for name in ("discipline", "verification") if api.keys.box(name)["key_id"] == key_id)
        opener = Opener({key_id: SecretStr(api.keys.box(receiver)["private_key"])})
        seen[receiver] = json.dumps(opener.open(Box(key_id=key_id, box=box)), ensure_ascii=False)
    assert "官员丙" in seen["discipline"]
    assert "官员丙" not in seen["verification"]
    assert "保护伞" not in seen["verification"]
    shown = {by: (await api.get(f"{path}/report", by=by)).json()["content"] for by in ("ofd", "ana")}
    assert shown["ofd"]["umbrella"]["officials"][0]["name"] == "官员丙"
    assert "umbrella" not in shown["ana"]
    assert (await api.get(f"{path}/report", by="icl")).status_code == 403


@pytest.mark.rule("G6")
async def test_an_anonymous_report_has_no_reporter_and_refuses_one_by_field(new_api: NewApi) -> None:
    api = await door(new_api)
    plain = REPORT | {"naming": "anonymous"}
    refused = await report(api.client, plain)
    assert refused.status_code == 422
    assert [e["field"] for e in refused.json()["errors"]] == ["reporter.name", "reporter.phone"]
    assert "13900000000" not in refused.text
    assert (await report(api.client, plain | {"reporter": None})).status_code == 201
    assert (await report(api.client, plain | {"reporter": {"fears_retaliation": True}})).status_code == 201
    assert await api.rows("select count(*), count(reporter_ref), bool_or(named) from leads") == [(2, 1, False)]


async def test_everything_but_one_thing_that_happened_may_be_unknown(new_api: NewApi) -> None:
    api = await door(new_api)
    least = {"naming": "anonymous", "facts": {"summary": "强收费用"}}
    unknown = {
        "naming": "anonymous",
        "persons": [{"dont_know": ["name", "alias", "sex", "age", "post", "official"]}],
        "facts": {"allegations": [{"act": "打人", "dont_know": ["when", "where", "who"]}], "dont_know": ["summary"]},
        "umbrella": {"dont_know": ["involved"]},
    }
    only_umbrella = {"naming": "anonymous", "facts": {}, "umbrella": {"description": "有人通风报信"}}
    for body in (least, unknown, only_umbrella):
        assert (await report(api.client, body)).status_code == 201, body
    # who shields it is for discipline alone: it never becomes the lead's summary, which the unit reads (M17)
    assert await api.rows("select count(*) from leads where summary like '%通风报信%'") == [(0,)]
    only = {**only_umbrella, "umbrella": {"description": "派出所所长官员丙收钱后通风报信"}}
    assert (await report(api.client, only)).status_code == 201
    told = await api.rows(
        "select summary, lead_no, received_on::text, grounds from leads where summary like '举报人未写明%'"
    )
    assert [(number in summary, day in summary, grounds) for summary, number, day, grounds in told] == [
        (True, True, ["umbrella"]),
        (True, True, ["umbrella"]),
    ]
    assert "官员丙" not in str(told)
    # nor are they repeats of each other: what tells nothing of the matter is no mark of it
    await look(api)
    assert await api.rows("select count(*) from repeat_suggestions") == [(0,)]
    nothing = await report(api.client, {"naming": "anonymous", "facts": {}})
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "facts.summary")
    both = await report(api.client, {"naming": "anonymous", "facts": {"summary": "x", "dont_know": ["summary"]}})
    assert (both.status_code, both.json()["errors"]) == (
        422,
        [{"field": "facts", "reason": "既填写又选了不清楚:summary / both answered and unknown: summary"}],
    )
    how = await api.client.post("/intake/v1/reports/status", json={"lead_no": "999999-M20180601-000001X"})
    assert (how.status_code, how.json()["errors"][0]["reason"]) == (
        422,
        "请填写查询码,或线索编号加自选码 / query_code, or lead_no and own_code together",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"naming": "张三"}, "naming"),
        ({"reporter": {"phone": "张三" * 99}}, "reporter.phone"),
        ({"reporter": {"dont_know": ["name"]}}, "reporter"),
        ({"persons": [{"age": "张三"}]}, "persons.0.age"),
        ({"persons": [{"张三": 1}]}, "persons.0"),
        ({"facts": {"summary": "【机密】张三"}}, "facts.summary"),
        ({"facts": {"summary": "x", "allegations": [{"act": "【秘密】张三"}]}}, "facts.allegations.0.act"),
        ({"reporter": {"name": "【秘密】张三"}}, "reporter.name"),
        ({"facts": {"summary": "x", "time_from": "2018-06-02", "time_to": "2018-06-01"}}, "facts.time_to"),
        ({"facts": {"summary": "x\0张三"}}, "facts.summary"),
    ],
)
async def test_a_mistake_is_told_by_field_repeats_nothing_and_costs_no_work(
    new_api: NewApi, change: dict[str, Any], field: str
) -> None:
    api = await door(new_api)
    proof, key = await work(api.client), uuid4().hex
    wrong = await report(api.client, REPORT | change, proof=proof, key=key)
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in wrong.json()["errors"]] == [field]
    assert "张三" not in wrong.text
    assert (await report(api.client, REPORT, proof=proof, key=key)).status_code == 201


async def test_the_code_shows_the_progress_by_days_in_plain_words(new_api: NewApi) -> None:
    api = await door(new_api)
    clock = {"X-Local-Clock": "2018-06-01T23:30:00+08:00"}
    slip = (await report(api.client, REPORT, proof=await work(api.client, **clock), **clock)).json()
    answer = await status(api.client, query_code=slip["query_code"].lower())
    received = {"status": "received", "zh": "已收到您的举报,正在梳理", "since": "2018-06-01"}
    assert answer.status_code == 200
    assert answer.json()["received_on"] == "2018-06-01"
    assert answer.json()["now"].items() >= received.items()
    lead = await only_lead(api)
    path = f"/intake/v1/leads/{lead['id']}"
    body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    later = {"X-Local-Clock": "2018-06-04T01:00:00+08:00"}
    await api.post(f"{path}/classification", body, by="ana", **later)
    await api.post(f"{path}/assignment", {"unit": "GA"}, by="ofd", **later)
    shown = (await status(api.client, query_code=slip["query_code"])).json()
    assert [(s["status"], s["since"]) for s in shown["steps"]] == [
        ("received", "2018-06-01"),
        ("classified", "2018-06-04"),
        ("assigned", "2018-06-04"),
    ]
    assert "GA" not in json.dumps(shown)
    assert "umbrella" not in json.dumps(shown)


async def test_a_code_that_does_not_exist_and_a_number_without_one_answer_alike(new_api: NewApi) -> None:
    api = await door(new_api)
    other = await door(new_api)
    await report(api.client, REPORT)
    foreign = (await report(other.client, REPORT)).json()["query_code"]
    lead_no = (await only_lead(api))["lead_no"]
    answers = [
        await status(api.client, query_code=foreign),
        await status(api.client, lead_no=lead_no, own_code="abc123"),
        await status(api.client, lead_no="999999-M20180601-0000072", own_code="abc123"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    mistyped = await status(api.client, query_code=foreign[:-1] + ("0" if foreign[-1] != "0" else "1"))
    assert (mistyped.status_code, mistyped.json()["errors"][0]["field"]) == (422, "query_code")


async def test_the_code_is_nowhere_in_the_database_and_a_retry_still_gets_it(new_api: NewApi) -> None:
    api = await door(new_api)
    key = uuid4().hex
    first = await report(api.client, REPORT, key=key)
    again = await report(api.client, REPORT, key=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.content == again.content
    assert await api.rows("select count(*) from leads") == [(1,)]
    code = first.json()["query_code"]
    kept = str(await api.rows("select i::text, r::text from idempotency_keys i, reports r"))
    assert len(kept) > 500
    for secret in (code, code.replace("-", ""), key, first.json()["receipt"]["number"]):
        assert secret not in kept
    other = await report(api.client, REPORT | {"naming": "confidential"}, key=key)
    assert other.status_code == 422
    stranger = await report(api.client, REPORT)
    assert stranger.json()["query_code"] != code
    short = await report(api.client, REPORT, key="short")
    assert (short.status_code, short.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


async def test_a_solution_is_used_once_however_many_try_at_once(new_api: NewApi) -> None:
    api = await door(new_api)
    proof = await work(api.client)
    answers = await asyncio.gather(*(report(api.client, REPORT, proof=proof) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    told = {(a.json()["code"], a.json()["title"]) for a in answers if a.status_code == 409}
    assert told == {("proof-of-work-spent", "工作量证明已使用 / Proof of work used before")}
    assert await api.rows("select count(*) from leads") == [(1,)]
    assert await api.rows("select max(last) from lead_numbers") == [(1,)]


async def test_a_key_that_is_too_short_to_open_an_answer_is_told_what_is_needed(new_api: NewApi) -> None:
    api = await door(new_api)
    answer = await report(api.client, REPORT, key="x" * 21)
    assert answer.status_code == 400
    told = "需22至255个可见ASCII字符,不含空格 / needs 22 to 255 visible ASCII characters, no spaces"
    assert answer.json()["errors"] == [{"field": "Idempotency-Key", "reason": told}]


async def test_a_report_without_work_or_with_another_services_challenge_is_refused(new_api: NewApi) -> None:
    api, other = await door(new_api), await door(new_api)
    bare = await api.client.post(REPORTS, json=REPORT, headers={"Idempotency-Key": uuid4().hex})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (400, "Proof-Of-Work")
    other.app.state.door._key = b"x" * 32
    foreign = await report(api.client, REPORT, proof=await work(other.client))
    assert (foreign.status_code, foreign.json()["errors"][0]["field"]) == (422, "Proof-Of-Work")
    early = await work(api.client, **{"X-Local-Clock": "2018-06-01T09:00:00+08:00"})
    late = await report(api.client, REPORT, proof=early, **{"X-Local-Clock": "2018-06-01T09:31:00+08:00"})
    assert "过期" in late.json()["errors"][0]["reason"]


async def test_many_reports_at_once_are_all_taken_each_with_its_own_code(new_api: NewApi) -> None:
    api = await door(new_api)
    answers = await asyncio.gather(*(report(api.client, REPORT) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["query_code"] for answer in answers}) == 60
    numbers = [row[0] for row in await api.rows("select substring(lead_no, 18, 6)::int from leads order by 1")]
    assert numbers == list(range(1, 61))


async def test_a_flood_is_slowed_first_and_then_told_to_wait(new_api: NewApi) -> None:
    api = await door(new_api, PUBLIC_A_MINUTE="20")
    asked = [await api.client.post(f"{REPORTS}/challenges") for _ in range(25)]
    bits = [answer.json()["leading_zero_bits"] for answer in asked if answer.status_code == 200]
    assert bits[0] == 2
    assert bits[-1] >= 7
    assert (asked[-1].status_code, asked[-1].headers["Retry-After"]) == (429, "2")
    assert asked[-1].json()["code"] == "too-many"


async def test_one_challenge_allows_corrections_and_not_a_machine(new_api: NewApi) -> None:
    api = await door(new_api)
    proof = await work(api.client)
    answers = [await report(api.client, {"naming": "x"}, proof=proof) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [422] * 20 + [429]


async def test_a_body_that_is_too_large_is_refused_unread(new_api: NewApi) -> None:
    api = await door(new_api)
    large = await api.client.post(REPORTS, content=b"{" + b" " * 600_000 + b"}")
    assert (large.status_code, large.json()["code"]) == (413, "too-large")

    async def pieces() -> Any:
        for _ in range(60):
            yield b" " * 10_000

    unsaid = await api.client.post(REPORTS, content=pieces())
    assert unsaid.status_code == 413


async def test_a_receipt_is_proved_by_the_endpoint_and_by_the_command_alone(new_api: NewApi, tmp_path: Path) -> None:
    api = await door(new_api)
    answer = await report(api.client, REPORT)
    slip = answer.json()
    verify = "/intake/v1/receipts/verification"
    assert (await api.client.post(verify, json=slip["receipt"])).json()["genuine"] is True
    forged = slip["receipt"] | {"received_on": "2018-01-01"}
    assert (await api.client.post(verify, json=forged)).json()["genuine"] is False
    keys = (await api.client.get("/intake/v1/receipts/keys")).json()
    assert Receipt(**slip["receipt"]).fits(keys["keys"])
    files = {"slip.json": slip, "forged.json": forged, "keys.json": keys, "sent.json": REPORT, "other.json": {}}
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), "utf-8")

    def command(file: str, *more: str, code: str = "") -> int:
        run = [sys.executable, "-m", "services.intake", "receipt", "verify", file, "--keys", "keys.json", *more]
        root = Path(__file__).parents[3]
        return subprocess.run(
            run, cwd=tmp_path, env={"PYTHONPATH": str(root)}, input=code, text=True, capture_output=True, check=False
        ).returncode

    assert command("slip.json") == 0
    assert command("forged.json") == 1
    assert command("nothing.json") == 2
    assert command("slip.json", "--report", "sent.json", code=slip["query_code"]) == 0
    assert command("slip.json", "--report", "other.json", code=slip["query_code"]) == 1
    assert command("slip.json", "--report", "sent.json", code=slip["query_code"][:-1]) == 2


async def test_the_picture_reads_as_the_code_and_names_nothing_outside(new_api: NewApi) -> None:
    api = await door(new_api)
    slip = (await report(api.client, REPORT)).json()
    svg = slip["query_code_svg"]
    side, scale = int(re.findall(r'viewBox="0 0 (\d+) \1"', svg)[0]), 4
    lines = [bytearray(b"\xff" * side) for _ in range(side)]
    [(x, y, drawn)] = re.findall(r'd="M(\d+) (\d+)\.5([^"]*)"', svg)
    at, line = int(x), int(y)
    for pen, length, down in re.findall(r"([hm])(-?\d+)(?: (\d))?", drawn):
        if pen == "h":
            lines[line][at : at + int(length)] = bytes(int(length))
        at, line = at + int(length), line + int(down or 0)
    large = b"".join(bytes(cell for cell in line for _ in range(scale)) * scale for line in lines)
    found = zxingcpp.read_barcodes(memoryview(large).cast("B", (side * scale, side * scale)))
    assert [(each.text, each.ec_level) for each in found] == [(slip["query_code"], "M")]
    named = f'<svg xmlns="{SVG}" '  # or a browser does not draw what was saved
    assert svg.startswith(named)
    assert "http" not in svg.removeprefix(named)
    assert "script" not in svg


@pytest.mark.rule("G7")
async def test_a_code_of_ones_own_is_slow_bounded_and_wants_its_key() -> None:
    codes = OwnCodes((b"k" * 32,), threads=1, waiting=2)
    kept = await codes.hash("Abc 123", {})
    assert kept.startswith("$argon2id$")
    assert await codes.fits("abc123", kept)
    assert not await codes.fits("abc124", kept)
    assert not await codes.fits("abc123", None)
    assert not await OwnCodes((b"o" * 32,)).fits("abc123", kept)
    assert await OwnCodes((b"o" * 32, b"k" * 32)).fits("abc123", kept)
    answers = await asyncio.gather(*(codes.fits("abc123", kept) for _ in range(6)), return_exceptions=True)
    assert [answer for answer in answers if answer is True] == [True] * 3
    assert {type(answer).__name__ for answer in answers} == {"bool", "Busy"}


async def test_codes_outlive_a_new_key_and_end_with_their_own(new_api: NewApi) -> None:
    api = await door(new_api)
    code = (await report(api.client, REPORT)).json()["query_code"]
    desk = api.app.state.desk
    [old] = desk._code_keys
    desk._code_keys = (b"n" * 32, old)
    assert (await status(api.client, query_code=code)).status_code == 200
    newer = (await report(api.client, REPORT)).json()["query_code"]
    desk._code_keys = (b"n" * 32,)
    assert (await status(api.client, query_code=code)).status_code == 404
    assert (await status(api.client, query_code=newer)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"naming": "anonymous", "facts": {"summary": "\\ud800"}}',
        b'{"naming": "anonymous", "facts": {"summary": "x\\u0000"}}',
        b'{"naming": "anonymous", "facts": {"summary": NaN}}',
        b'{"naming": "anonymous", "facts": {"summary": "x"}, "persons": [{"age": 1e400}]}',
        b'{"naming": "anonymous", "facts": {"summary": "x"}, "persons": [{"age": 1' + b"0" * 5000 + b"}]}",
    ],
)
async def test_hostile_bodies_are_refused_and_harm_nothing(new_api: NewApi, body: bytes) -> None:
    api = await door(new_api)
    headers = {"Idempotency-Key": uuid4().hex, "Proof-Of-Work": await work(api.client)}
    answer = await api.client.post(REPORTS, content=body, headers=headers | {"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert (await report(api.client, REPORT)).status_code == 201
