"""Files of 12337, letters of partners, the reply ledger, screening: who sends what, and what goes back."""

import hashlib
import io
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from openpyxl import Workbook, load_workbook
from pydantic import SecretStr

from services.intake.consumer import OWN
from services.intake.db import ledger_progress
from services.intake.domain.receipt import Receipt
from services.intake.usecases import tell_progress
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.envelope import SealedBox
from shared.contracts.intake import Facts
from shared.inbox import Received
from shared.sealing import Opener
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.files import photo
from tests.support.reporting import COUNTER, REPORT
from tests.support.uploading import TUS, attach, patch

LEADS = "/intake/v1/leads"
ON = {"X-Local-Clock": "2018-06-10T10:00:00+08:00"}
HEADERS = [
    "举报编号",
    "转办日期",
    "办理期限",
    "重点领域",
    "表现形式",
    "街道",
    "举报内容",
    "是否实名",
    "举报人",
    "联系电话",
    "被举报人",
    "保护伞",
]
ROW: list[Any] = ["QG2018060001", "2018-06-01", "2018-07-16", "欺行霸市", "06", "临江街", "有人强收费用", "实名", "王小示", 13900001111,
                  "被举报人乙", "所长丙包庇"]  # fmt: skip


def changed(**cells: Any) -> list[Any]:
    return [cells.get(name, cell) for name, cell in zip(HEADERS, ROW, strict=True)]


async def send(api: Api, *rows: list[Any], by: str = "icl") -> httpx.Response:
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet
    for row in (["全国扫黑办12337下发件"], HEADERS, *rows):
        sheet.append(row)
    book.save(out)
    headers = api.as_(by, **{"Idempotency-Key": uuid4().hex}, **ON)
    return await api.client.post(
        "/intake/v1/ledgers/national", files={"file": ("x.xlsx", out.getvalue())}, headers=headers
    )


async def assign(api: Api, lead_id: Any, **grounds: Any) -> None:
    body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    assert (await api.post(f"{LEADS}/{lead_id}/classification", body, by="ana", **ON)).status_code == 200
    assert (
        await api.post(f"{LEADS}/{lead_id}/assignment", {"unit": "GA", **grounds}, by="ofd", **ON)
    ).status_code == 200


@pytest.mark.rule("M05", "G1")
async def test_a_file_of_12337_brings_leads_with_sealed_reporters_and_umbrellas_for_discipline_alone(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell_progress, "EVERY", 0.0)
    tell, progress = ledger_progress.tell, list[tuple[int, int, int]]()

    async def noted(*whose: Any, read: int, bad: int, taken: int) -> None:
        progress.append((read, bad, taken))
        await tell(*whose, read=read, bad=bad, taken=taken)

    monkeypatch.setattr(ledger_progress, "tell", noted)
    api = await new_api("intake")
    quiet = changed(举报编号="QG2", 是否实名="匿名", 举报人=None, 联系电话=None, 保护伞="无", 被举报人="不清楚")
    bad = [
        changed(举报编号="QG3", 是否实名="匿名"),
        changed(举报编号="QG4", 是否实名="也许"),
        changed(举报编号="QG5", 保护伞="【机密】"),
        changed(举报编号="QG6", 转办日期="2018-06-11", 重点领域="?"),
        ROW,
    ]
    done = (await send(api, ROW, quiet, *bad)).json()
    assert (done["taken"], done["known"]) == (2, 0)
    assert progress[-1] == (7, 5, 2)
    assert [(cell["row"], cell["column"]) for cell in done["refused"]] == [
        (5, "举报人姓名"),
        (6, "举报方式"),
        (7, "保护伞情况"),
        (8, "转办日期"),
        (8, "重点领域"),
        (9, "举报编号"),
    ]
    other = (await send(api, ROW, quiet, changed(转办日期="2018-05-30"))).json()
    assert (other["known"], [cell["column"] for cell in other["refused"]]) == (2, ["举报编号"])
    other = (await send(api, changed(转办日期="2018-05-30"))).json()
    assert [cell["column"] for cell in other["refused"]] == ["转办日期"]
    assert (await send(api, ROW, by="ofd")).status_code == 403
    rows = await api.rows(
        "select upstream_no, issuing_level, named, allegations, grounds from leads order by upstream_no"
    )
    assert rows == [
        ("QG2", "centre", False, [], []),
        ("QG2018060001", "centre", True, ["被举报人:被举报人乙"], ["umbrella"]),
    ]
    assert await api.rows("select count(*) from vault.reporters") == [(1,)]
    kept = (
        str(done)
        + str(await api.rows("select l::text from leads l"))
        + str(await api.rows("select r::text from ledgers r"))
    )
    assert "王小示" not in kept
    assert "13900001111" not in kept
    assert "所长丙" not in kept
    await assign(api, (await api.rows("select id from leads where upstream_no = 'QG2018060001'"))[0][0])
    boxes = await api.rows("select s.key_id, s.box from outbox o join outbox_sealed s using (id) order by o.position")
    keys = {
        (box := api.keys.box(name))["key_id"]: SecretStr(box["private_key"]) for name in ("verification", "discipline")
    }
    told = [Facts.model_validate(Opener(keys).open(SealedBox(key_id=key, box=text))) for key, text in boxes]
    assert [("保护伞:所长丙包庇" in facts.allegations, bool(facts.discipline_grounds)) for facts in told] == [
        (False, False),
        (True, True),
    ]


@pytest.mark.rule("M14", "G23")
async def test_the_reply_ledger_tells_a_superior_its_numbers_and_ends_and_nothing_of_a_person(new_api: NewApi) -> None:
    api = await new_api("intake")
    await send(api, ROW, changed(举报编号="QG9", 举报内容="别的事", 转办日期="2018-05-01", 办理期限=None))
    [(lead_id,)] = await api.rows("select id from leads where upstream_no = 'QG2018060001'")
    await api.rows("insert into conclusions values ($1, 'C2', 'GA', '2018-07-01T01:00:00Z')", lead_id)
    [(repeat,)] = await api.rows("select id from leads where upstream_no = 'QG9'")
    order = {"first": "2018-05-01", "last": "2018-06-01", "purpose": "按月回复上级"}
    answer = await api.post("/intake/v1/ledgers/replies", order, by="icl", **ON)
    assert answer.status_code == 200, answer.text
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet
    rows = [[str(cell)[:10] if cell else None for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert [row[0] for row in rows] == ["上级编号", "QG9", "QG20180600"]
    assert rows[2][1:5] == ["中央", "2018-06-01", "2018-07-16", "2018-07-16"]
    assert rows[2][6:] == ["已登记", "部分查实", "2018-07-01", None, None]
    # a superior's lead that was merged as a repeat is answered, too: it ends with its master
    await api.rows("update leads set merged_into = $1 where id = $2", lead_id, repeat)
    await api.rows("update leads set suspended_at = now() where id = $1", lead_id)
    answer = await api.post("/intake/v1/ledgers/replies", order, by="icl", **ON)
    merged = load_workbook(io.BytesIO(answer.content)).active
    assert merged
    told = [[str(cell)[:10] if cell else None for cell in row[6:9]] for row in merged.iter_rows(values_only=True)]
    assert told[1:] == [["已并入", "重复并入:部分查实", "2018-07-01"], ["已中止", "部分查实", "2018-07-01"]]
    waiting = await api.post("/intake/v1/ledgers/replies", order | {"open_only": True}, by="icl", **ON)
    left = load_workbook(io.BytesIO(waiting.content)).active
    assert left
    assert left.max_row == 1
    flat = str([list(row) for row in sheet.iter_rows(values_only=True)])
    assert not [word for word in ("强收费用", "王小示", "被举报人乙", "临江街") if word in flat]
    narrow = await api.post(
        "/intake/v1/ledgers/replies", order | {"issuing_level": "city", "open_only": True}, by="sup"
    )
    only = load_workbook(io.BytesIO(narrow.content)).active
    assert only
    assert only.max_row == 1
    assert await api.rows(
        "select purpose, detail->>'rows' from audit_log where action = 'replies.export' order by position"
    ) == [("按月回复上级", rows) for rows in ("2", "2", "0", "0")]
    for wrong in ({"last": "2018-04-30"}, {"purpose": ""}, {"purpose": "【机密】x"}):
        assert (await api.post("/intake/v1/ledgers/replies", order | wrong, by="icl")).status_code == 422
    assert (await api.post("/intake/v1/ledgers/replies", order, by="ana")).status_code == 403


@pytest.mark.rule("M16")
async def test_a_partners_letter_is_a_lead_once_with_a_receipt_and_both_registers_can_be_compared(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    picture = photo()
    letter = {
        "letter_no": "示例市监移〔2018〕7号",
        "sent_on": "2018-06-08",
        "reason": "涉嫌犯罪,不属本单位管辖",
        "summary": "检查中发现有人强迫商户交费",
        "area_codes": ["market"],
        "evidence": [
            {"name": "现场照片", "sha256": hashlib.sha256(picture).hexdigest()},
            {"name": "笔录", "sha256": "0" * 64},
        ],
        "reporter": {"name": "王小示"},
    }
    taken = await api.post("/intake/v1/transfers", letter, by="prt", key="k", **ON)
    again = await api.post("/intake/v1/transfers", letter, by="prt", key="k", **ON)
    assert (taken.status_code, again.content) == (201, taken.content)
    body = taken.json()
    assert Receipt(**body["receipt"]).fits(api.app.state.receipts.public_keys)
    assert Receipt(**body["receipt"]).tells(letter, body["receipt"]["number"])
    assert await api.rows("select source, named from leads") == [("O", True)]
    other = await api.post("/intake/v1/transfers", letter | {"summary": "别的"}, by="prt", key="k2", **ON)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (409, "letter_no")
    for wrong in (
        {"sent_on": "2018-06-11"},
        {"reason": "绝密★"},
        {"letter_no": "<b>"},
        {"evidence": [{"name": "x", "sha256": "x"}]},
    ):
        assert (
            await api.post("/intake/v1/transfers", letter | {"letter_no": "2"} | wrong, by="prt", key="k3", **ON)
        ).status_code == 422
    assert (await api.post("/intake/v1/transfers", letter, by="icl", key="k4", **ON)).status_code == 403
    assert (await attach(api, body["lead_id"], picture, "照片.jpg", by="prt")).status_code == 204
    [mine] = (await api.get("/intake/v1/transfers", by="prt")).json()["items"]
    assert [item["received"] for item in mine["evidence"]] == [True, False]
    assert (mine["letter_no"], mine["status"], mine["lead_no"]) == (letter["letter_no"], "received", body["lead_no"])
    assert "王小示" not in str(mine)
    elsewhere = (await api.post(LEADS, {"source": "M", "summary": "x"}, by="icl", key="k5")).json()["id"]
    # a letter about a matter that is a lead already ends with it
    await api.rows("insert into conclusions values ($1, 'C1', 'GA', '2018-07-01T01:00:00Z')", UUID(elsewhere))
    await api.rows("update leads set merged_into = $1 where id = $2", UUID(elsewhere), UUID(body["lead_id"]))
    [mine] = (await api.get("/intake/v1/transfers", by="prt")).json()["items"]
    assert (mine["status"], mine["conclusion"], mine["concluded_on"]) == ("merged", "C1", "2018-07-01")
    refused = await api.client.post(
        f"{LEADS}/{elsewhere}/attachments", headers={**TUS, "Upload-Length": "1", **api.as_("prt")}
    )
    assert refused.status_code == 404


@pytest.mark.rule("M49")
async def test_a_unit_screens_finds_and_returns_and_nothing_found_is_as_good_an_answer(new_api: NewApi) -> None:
    api = await new_api("intake")
    where, order = (
        "/intake/v1/screenings",
        {"title": "市场摸排", "scope": "全区农贸市场", "unit": "GA", "due_on": "2018-06-20"},
    )
    one, two = [(await api.post(where, order, by="ofd", key=key, **ON)).json()["id"] for key in ("1", "2")]
    foreign = (await api.post(where, order | {"unit": "JS"}, by="ofd", key="3", **ON)).json()["id"]
    finding = {"summary": "有人强收摊位费", "persons": [{"description": "外号示例", "age": 16}]}
    found = await api.post(f"{where}/{one}/findings", finding, by="unh", key="4", **ON)
    assert (found.status_code, found.json()["minors"]) == (201, True)
    assert await api.rows("select source, allegations[2] is not null from leads") == [("O", True)]
    child = await api.post(
        f"{where}/{one}/findings", finding | {"persons": [{"description": "x", "age": 13}]}, by="unl", key="5", **ON
    )
    assert (child.status_code, child.json()["errors"][0]["field"]) == (422, "persons.0.age")
    late = {"X-Local-Clock": "2018-07-10T10:00:00+08:00"}
    full = (await api.post(f"{where}/{one}/return", {}, by="unl", **ON)).json()
    nothing = (await api.post(f"{where}/{two}/return", {"note": "已全面摸排"}, by="unl", **late)).json()
    assert [(each["zero_return"], each["findings"], each["state"]) for each in (full, nothing)] == [
        (False, 1, "returned"),
        (True, 0, "returned"),
    ]
    # nothing runs, counts or reminds because of it
    assert await api.rows("select count(*) from deadlines where lead_id::text <> $1", found.json()["lead_id"]) == [(0,)]
    assert (await api.post(f"{where}/{one}/return", {}, by="unl", **ON)).status_code == 409
    assert (await api.post(f"{where}/{one}/findings", finding, by="unl", key="6", **ON)).status_code == 409
    for path in (f"{where}/{foreign}/return", f"{where}/{uuid4()}/return"):
        assert (await api.post(path, {}, by="unl", **ON)).status_code == 404
    assert len((await api.get(where, by="unl")).json()["items"]) == 2
    listed = (await api.get(where, by="ofd")).json()["items"]
    brought = {"lead_id": found.json()["lead_id"], "lead_no": found.json()["lead_no"]}
    assert {each["id"]: each["leads"] for each in listed} == {one: [brought], two: [], foreign: []}
    for wrong in ({"due_on": "2018-06-01"}, {"scope": "【秘密】"}, {"unit": "XX"}):
        assert (await api.post(where, order | wrong, by="ofd", key="7", **ON)).status_code == 422
    assert (await api.post(where, order, by="icl", key="8", **ON)).status_code == 403
    # what is said of them: no words, and after a restore they are there again without them
    said = await api.rows(
        "select type, value, recorded_at from outbox where topic = 'intake.screenings' order by subject, sequence"
    )
    kinds = [kind.split(".")[3] for kind, _, _ in said]
    assert (kinds.count("opened"), kinds.count("returned"), "摸" in str(said)) == (3, 2, False)
    await api.rows("delete from screening_findings")
    await api.rows("delete from screenings")
    async with api.app.state.database.transaction() as tx:
        for number, (kind, value, recorded_at) in enumerate(said * 2, 1):
            event = BY_TYPE[kind].model_validate_json(value)
            received = Received(uuid4(), kind, event.TOPIC, event.subject, number, "999999", recorded_at, recorded_at)
            await OWN[type(event)](tx, event, received)
    again = {each["id"]: each for each in (await api.get(where, by="ofd")).json()["items"]}
    assert {key: (each["state"], each["zero_return"]) for key, each in again.items()} == {
        one: ("returned", False),
        two: ("returned", True),
        foreign: ("open", None),
    }
    assert "随数据库恢复遗失" in again[one]["title"]


@pytest.mark.rule("G1")
async def test_the_scan_of_a_letter_stays_sealed_because_it_shows_who_wrote_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    body = REPORT | {"channel": "letter"}
    confirmation = (await api.post(f"{COUNTER}/read-back", body, by="icl")).json()["confirmation"]
    assert (
        await api.post(
            COUNTER, body | {"confirmation": confirmation, "confirmed": "not-present"}, by="icl", key=uuid4().hex
        )
    ).status_code == 201
    [(lead_id,)] = await api.rows("select id from leads")
    scan, where = photo(), f"{LEADS}/{lead_id}/attachments"
    for by, status in (("ofd", 403), ("icl", 201)):
        headers = {
            **TUS,
            "Upload-Length": str(len(scan)),
            "Upload-Metadata": "filename 5L+hLmpwZw==,letter",
            **api.as_(by),
        }
        begun = await api.client.post(where, headers=headers)
        assert begun.status_code == status
    assert (await patch(api.client, begun.headers["Location"], scan, 0, **api.as_("icl"))).status_code == 204
    [one] = (await api.get(where, by="ofd")).json()
    assert (one["door"], one["name"], one["state"]) == ("letter", None, "kept")
    for by in ("icl", "ana", "ofd", "sup"):
        for original in (False, True):
            order = {"purpose": "核对", "original": original}
            assert (await api.post(f"{where}/{one['id']}/download", order, by=by)).status_code == 403
