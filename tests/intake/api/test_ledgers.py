"""The ledger door: XLSX and CSV in, an account of every row out; the same file again changes nothing."""

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from openpyxl import Workbook, load_workbook

from deploy.local.demo.ledger import generate, write_workbook
from services.intake.api.spreadsheet import _decoded
from services.intake.usecases import tell_progress
from tests.conftest import NewApi
from tests.support.api import Api, start_api

HEADERS = ["上级编号", "下发层级", "下发日期", "办结期限", "重点领域", "表现形式", "街道", "线索摘要"]
GOOD = ["C20180601001", "市", "2018-06-01", "", "欺行霸市", "06", "临江街", "反映有人在菜市场强收费用,“不交就掀摊”"]
ON = {"X-Local-Clock": "2018-09-18T10:00:00+08:00"}


async def send(
    api: Api, content: bytes, *, key: str | None = None, name: str = "台账.csv", **more: str
) -> httpx.Response:
    headers = api.as_("icl", **{"Idempotency-Key": key or str(uuid4())}, **(ON | more))
    return await api.client.post("/intake/v1/ledgers", files={"file": (name, content)}, headers=headers)


async def until_seen(api: Api, what: str) -> None:
    async with asyncio.timeout(30):
        while not await api.rows(f"select 1 from {what} limit 1"):  # noqa: ASYNC110 - the database tells, not an event
            await asyncio.sleep(0.02)


def table(*rows: list[str], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in (HEADERS, *rows)) + "\r\n"


def changed(**cells: str) -> list[str]:
    return [cells.get(name, cell) for name, cell in zip(HEADERS, GOOD, strict=True)]


@pytest.mark.rule("M05")
async def test_the_demonstrations_workbook_is_taken_whole_and_the_second_time_changes_nothing(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await new_api("intake")
    write_workbook(generate(), tmp_path / "ledger.xlsx")
    content = (tmp_path / "ledger.xlsx").read_bytes()
    first = (await send(api, content, key="one")).json()
    assert (first["taken"], first["known"], first["refused"]) == (68, 0, [])
    again = await send(api, content, key="one")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first, "true")
    # the same file under another key is answered with what became of it then
    assert (first["repeated"], (await send(api, content)).json()) == (False, first | {"repeated": True})
    assert await api.rows("select count(*) from ledgers") == [(1,)]
    assert await api.rows("select count(*), count(distinct lead_no) from leads") == [(68, 68)]
    assert await api.rows("select count(*) from outbox") == [(68,)]
    kept = (await api.get(f"/intake/v1/ledgers/{first['ledger_id']}", by="icl")).json()
    assert kept == first


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_a_csv_is_read_as_offices_save_it(new_api: NewApi, encoding: str, delimiter: str) -> None:
    api = await new_api("intake")
    done = await send(api, table(GOOD, delimiter=delimiter).encode(encoding))
    assert done.status_code == 200, done.text
    assert (done.json()["taken"], done.json()["refused"]) == (1, [])
    assert await api.rows("select summary, street from leads") == [(GOOD[7], "临江街")]


async def test_bad_rows_are_told_by_number_and_the_good_ones_taken(new_api: NewApi) -> None:
    api = await new_api("intake")
    rows = [
        GOOD,
        [""] * 8,
        changed(上级编号="C2", 下发日期="2018-13-01", 重点领域="?"),
        changed(上级编号="C3"),
        changed(上级编号="C3", 线索摘要="别的"),
        changed(上级编号="C4", 线索摘要="【秘密】"),
    ]
    done = (await send(api, table(*rows).encode())).json()
    assert done["taken"] == 2
    assert [(cell["row"], cell["column"]) for cell in done["refused"]] == [
        (4, "下发日期"),
        (4, "重点领域"),
        (6, "上级编号"),
        (7, "线索摘要"),
    ]
    assert all(cell["reason_zh"] and cell["reason_en"] for cell in done["refused"])
    assert [taken["row"] for taken in done["leads"]] == [2, 5]


async def test_a_known_number_with_other_content_is_told_and_the_register_stands(new_api: NewApi) -> None:
    api = await new_api("intake")
    await send(api, table(GOOD).encode())
    done = (await send(api, table(changed(线索摘要="改写后的摘要")).encode())).json()
    assert (done["taken"], done["known"]) == (0, 0)
    assert [(cell["row"], cell["column"]) for cell in done["refused"]] == [(2, "线索摘要")]
    assert await api.rows("select summary from leads") == [(GOOD[7],)]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 50_000_000)
    return out.getvalue()


def empty_book() -> bytes:
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"\xef\xbb\xbf  \r\n", 422),
        (b"PK\x03\x04 no zip at all", 422),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, 422),
        ("甲,乙\n1,2\n".encode(), 422),
        (empty_book(), 422),
        (bomb(), 413),
        (b"a" * (11 * 1024 * 1024), 413),
    ],
    ids=["empty", "blank", "no zip", "picture", "no header", "empty book", "zip bomb", "too long"],
)
async def test_a_file_that_is_no_ledger_is_refused_as_a_whole(new_api: NewApi, content: bytes, status: int) -> None:
    api = await new_api("intake")
    answer = await send(api, content)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    if "找不到表头" in answer.text:
        assert ("下发日期" in answer.text, "二级来源" in answer.text) == (True, False), (
            "only what is needed is asked for"
        )
    assert await api.rows("select (select count(*) from ledgers) + (select count(*) from idempotency_keys)") == [(0,)]


async def test_the_same_ledger_at_the_same_moment_registers_each_row_once(new_api: NewApi) -> None:
    api = await new_api("intake")
    content = table(*(changed(上级编号=f"C{number}") for number in range(20))).encode()
    answers: list[Any] = await asyncio.gather(*(send(api, content) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["ledger_id"] for answer in answers}) == 1
    assert await api.rows("select count(*), count(distinct upstream_no) from leads") == [(20, 20)]
    assert await api.rows("select last from lead_numbers") == [(20,)]


async def test_another_file_under_a_used_key_is_refused(new_api: NewApi) -> None:
    api = await new_api("intake")
    await send(api, table(GOOD).encode(), key="k")
    assert (await send(api, table(changed(上级编号="C9")).encode(), key="k")).status_code == 422


async def test_overlapping_ledgers_in_other_orders_and_processes_each_get_their_account(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await new_api("intake")
    other = start_api("intake", api.copy, tmp_path / "keys", settings={})
    rows = [changed(上级编号=f"C{number}", 下发日期=f"2018-06-{1 + number % 9:02d}") for number in range(40)]
    files = [rows, rows[::-1], rows[20:] + rows[:20], rows[1::2] + rows[::2]]
    doors = [api, other, api, other]
    answers = await asyncio.gather(
        *(send(door, table(*file).encode()) for door, file in zip(doors, files, strict=True))
    )
    await other.close()
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sorted((a.json()["taken"], a.json()["known"]) for a in answers) == [(0, 40)] * 3 + [(40, 0)]
    assert await api.rows("select count(*), count(distinct upstream_no) from leads") == [(40, 40)]
    assert await api.rows("select sum(last) from lead_numbers") == [(40,)]


async def test_a_row_that_someone_registers_meanwhile_is_known_and_leaves_no_gap(new_api: NewApi) -> None:
    api = await new_api("intake")
    await send(api, table(GOOD).encode())
    other = await asyncpg.connect(api.copy.admin_url)
    try:
        held = other.transaction()
        await held.start()
        # a lead that is being registered at another door, and not committed yet
        await other.execute(
            "insert into leads select (json_populate_record(null::leads, (to_jsonb(l) || $1)::json)).* from leads l",
            json.dumps({"id": str(uuid4()), "lead_no": "elsewhere", "upstream_no": "C5"}),
        )
        rows = [changed(上级编号=f"C{number}") for number in range(10)]
        importing = asyncio.create_task(send(api, table(*rows).encode()))
        await until_seen(api, "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
        await held.commit()
        done = (await importing).json()
    finally:
        await other.close()
    assert (done["taken"], done["known"], done["refused"]) == (9, 1, [])
    assert await api.rows("select last from lead_numbers") == [(10,)]


AT_COMMIT = (
    "create table under_way (n bigint)",
    """create function look() returns trigger language plpgsql security definer as $$ begin
    insert into under_way select count(*) from ledger_progress; return null; end $$""",
    """create constraint trigger look after insert on ledgers deferrable initially deferred
    for each row execute function look()""",
)
"""What is under way when an import commits: until then nobody reads its result."""


async def test_whoever_asks_while_an_import_runs_is_told_how_far_it_is(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell_progress, "EVERY", 0.0)
    api = await new_api("intake")
    await send(api, table(GOOD).encode())
    for statement in AT_COMMIT:
        await api.rows(statement)
    rows = [changed(上级编号=f"C{number:04d}") for number in range(300)]
    bad = [changed(上级编号="C9001", 下发日期="2018-02-30", 重点领域="?"), changed(上级编号="C9002", 线索摘要="")]
    content = table(*rows, *bad, rows[0]).encode()
    other = await asyncpg.connect(api.copy.admin_url)
    try:
        held = other.transaction()
        await held.start()
        # the import waits for this one in its second chunk
        await other.execute(
            "insert into leads select (json_populate_record(null::leads, (to_jsonb(l) || $1)::json)).* from leads l",
            json.dumps({"id": str(uuid4()), "lead_no": "elsewhere", "upstream_no": "C0260"}),
        )
        importing = asyncio.create_task(send(api, content))
        await until_seen(api, "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
        [seen] = (await api.get("/intake/v1/ledgers/progress", by="icl")).json()
        assert (await api.get("/intake/v1/ledgers/progress", by="ofd")).status_code == 403
        await held.commit()
        done = (await importing).json()
    finally:
        await other.close()
    assert (seen["rows_read"], seen["rows_bad"], seen["rows_taken"]) == (303, 3, 250)
    assert (seen["sha256"], done["taken"], len(done["refused"])) == (done["sha256"], 299, 4)
    assert await api.rows("select n from under_way") == [(1,)], "until its result can be read"
    assert (await api.get("/intake/v1/ledgers/progress", by="icl")).json() == []
    # what fails as a whole is not under way either, nor what died with its process
    assert (await send(api, b"no ledger")).status_code == 422
    await api.rows("insert into ledger_progress values ($1, '', 1, 0, 0, now(), now() - interval '6 minutes')", uuid4())
    assert (await api.get("/intake/v1/ledgers/progress", by="icl")).json() == []
    assert (await send(api, table(GOOD).encode())).status_code == 200
    assert await api.rows("select count(*) from ledger_progress") == [(0,)]


async def test_a_file_again_brings_only_what_was_refused_then_and_is_good_now(new_api: NewApi) -> None:
    api = await new_api("intake")
    content = table(GOOD, changed(上级编号="C2", 下发日期="2018-09-19")).encode()
    first = (await send(api, content)).json()
    assert (first["taken"], [cell["column"] for cell in first["refused"]]) == (1, ["下发日期"])
    later = {"X-Local-Clock": "2018-09-19T10:00:00+08:00"}
    second = (await send(api, content, **later)).json()
    assert (second["taken"], second["known"], second["refused"]) == (1, 1, [])
    assert (await send(api, content, **later)).json() == second | {"repeated": True}
    listed: list[str] = []
    address: str | None = "/intake/v1/ledgers?limit=1"
    while address:
        page = (await api.get(address, by="icl")).json()
        listed += [item["ledger_id"] for item in page["items"]]
        address = page["next"] and f"/intake/v1/ledgers?limit=1&after={page['next']}"
    assert listed == [first["ledger_id"], second["ledger_id"]]


async def test_a_header_alone_is_told_so_and_a_column_twice_is_refused_by_name(new_api: NewApi) -> None:
    api = await new_api("intake")
    empty = (await send(api, table().encode())).json()
    assert (empty["taken"], empty["known"], empty["refused"]) == (0, 0, [])
    assert "没有数据行" in empty["hint"]
    assert (await send(api, table(GOOD).encode())).json()["hint"] is None
    twice = await send(api, ("上级编号," + table(GOOD)).encode())
    assert twice.status_code == 422
    assert "上级编号" in twice.json()["errors"][0]["reason"]


async def test_the_template_has_all_columns_and_its_example_is_no_lead(new_api: NewApi) -> None:
    api = await new_api("intake")
    template = await api.get("/intake/v1/ledgers/template", by="icl")
    sheet = load_workbook(io.BytesIO(template.content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == [*HEADERS, "二级来源", "紧急", "保护伞情况"]
    done = (await send(api, template.content, name="台账.xlsx")).json()
    assert (done["taken"], [cell["column"] for cell in done["refused"]]) == (0, ["上级编号"])
    described = (await api.get("/intake/v1/openapi.json", by="icl")).json()
    description = described["paths"]["/intake/v1/ledgers"]["post"]["description"]
    assert all(header in description for header in HEADERS)


@pytest.mark.parametrize("written", ["ｃ２０１８０６０１００１", "C20180601001\u200b", " \ufeffc20180601001 "])
async def test_one_upstream_number_is_one_lead_at_both_doors_however_it_is_written(
    new_api: NewApi, written: str
) -> None:
    api = await new_api("intake")
    order = {
        "source": "S",
        "summary": GOOD[7],
        "issuing_level": "city",
        "upstream_no": written,
        "received_on": GOOD[2],
        "street": GOOD[6],
    }
    first = await api.post("/intake/v1/leads", order, by="icl", key="1", **ON)
    assert (first.status_code, first.json()["upstream_no"]) == (201, GOOD[0])
    again = await api.post("/intake/v1/leads", order | {"upstream_no": GOOD[0]}, by="icl", key="2", **ON)
    assert again.status_code == 409
    assert (await send(api, table(GOOD).encode())).json()["known"] == 1
    found = await api.client.get("/intake/v1/leads", params={"upstream_no": written}, headers=api.as_("ofd"))
    assert [lead["id"] for lead in found.json()["items"]] == [first.json()["id"]]
    blank = await api.post("/intake/v1/leads", order | {"upstream_no": "C2018 0601001"}, by="icl", key="3", **ON)
    assert (blank.status_code, blank.json()["errors"][0]["field"]) == (422, "upstream_no")


def sheets(*contents: list[list[str]]) -> bytes:
    book = Workbook(write_only=True)
    for rows in contents:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.rule("M05")
async def test_a_ledger_on_any_sheet_is_found_and_of_several_none_is_left_out_in_silence(new_api: NewApi) -> None:
    api = await new_api("intake")
    ledger, other = [HEADERS, GOOD], [HEADERS, changed(上级编号="C20180601002")]
    notes = [["填表说明"], ["请按列填写"]]
    several = await send(api, sheets(ledger, other), name="台账.xlsx")
    assert (several.status_code, several.json()["errors"][0]["field"]) == (422, "file")
    assert "多个工作表" in several.json()["detail"]
    for content in (sheets(notes, ledger), sheets([], other, notes)):
        answer = await send(api, content, name="台账.xlsx")
        assert (answer.status_code, answer.json()["taken"], answer.json()["refused"]) == (200, 1, [])


def test_a_long_csv_in_gb18030_is_read_wherever_the_look_at_it_ends() -> None:
    line = "C2018,省,2018-06-01,,欺行霸市,06,临江街,反映有人强收管理费\r\n"
    for shift in range(4):
        text = "x" * shift + "上级编号,下发层级,下发日期,办结期限,重点领域,表现形式,街道,线索摘要\r\n" + line * 2_000
        assert _decoded(text.encode("gb18030")) == text
