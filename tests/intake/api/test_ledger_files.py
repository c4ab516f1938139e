"""Ledger files that would take the machine down, and large honest ones: whatever a file holds, the door and its neighbours stay open."""

import asyncio
import io
import zipfile
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from tests.conftest import NewApi
from tests.intake.api.test_ledgers import GOOD, HEADERS, changed, send, table, until_seen

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def book(*cells: tuple[str, str], shared: str = "") -> bytes:
    """A workbook with the header and these cells at any address; "s" refers to the shared text."""
    header = "".join(f'<c r="{"ABCDEFGH"[i]}1" t="str"><v>{name}</v></c>' for i, name in enumerate(HEADERS))
    rows = "".join(
        f'<row><c r="{where}" t="s"><v>0</v></c></row>'
        if value == "s"
        else f'<row><c r="{where}"><v>{value}</v></c></row>'
        for where, value in cells
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Override PartName="/xl/workbook.xml" ContentType="{WORKBOOK}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r0" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="a" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/worksheet" '
        f'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>{shared}</t></si></sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData><row r="1">{header}</row>{rows}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        book(("XFD1048576", "1")),
        book(("ZZ100000", "1")),
        book(("ZZZZZZZZ99999999999", "1")),
        book(*((f"A{row}", "s") for row in range(2, 160_000)), shared="x" * 1_000_000),
        book(("A1048576", "1")),
        b"\n" * 10_000_000,
        table(*(changed(上级编号="") for _ in range(20_001))).encode(),
    ],
    ids=["last cell", "far cell", "no such cell", "one text many times", "far row", "empty lines", "all bad"],
)
async def test_a_file_that_asks_for_too_much_is_refused_in_words_and_the_door_stays_open(
    new_api: NewApi, content: bytes
) -> None:
    api = await new_api("intake")
    assert len(content) < 10 * 1024 * 1024
    answer = await send(api, content)
    assert answer.status_code in {413, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert " / " in answer.json()["detail"]
    assert (await send(api, table(GOOD).encode())).json()["taken"] == 1


async def test_the_smallest_honest_workbook_of_that_kind_is_taken(new_api: NewApi) -> None:
    """The control of the hostile ones: without the far cell, the same file is read."""
    api = await new_api("intake")
    answer = await send(api, book(("A2", "1")))
    assert (answer.status_code, answer.json()["refused"][0]["row"]) == (200, 2), answer.text


def workbook(rows: int) -> bytes:
    """A ledger of so many rows, one in a hundred with a level that does not exist."""
    made = Workbook(write_only=True)
    sheet = made.create_sheet()
    sheet.append(HEADERS)
    for row in range(rows):
        day = date(2018, 1 + row % 8, 1 + row % 28)
        sheet.append(
            [f"C{row:08}", "市" if row % 100 else "镇", day, None, GOOD[4], GOOD[5], GOOD[6], f"{GOOD[7]}{row}"]
        )
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


async def test_a_large_ledger_is_taken_whole_with_numbers_in_the_order_of_the_sheet(new_api: NewApi) -> None:
    api = await new_api("intake")
    done: dict[str, Any] = (await send(api, workbook(3_000), name="台账.xlsx")).json()
    assert (done["taken"], done["known"], len(done["refused"])) == (2_970, 0, 30)
    assert [taken["row"] for taken in done["leads"]] == [row + 2 for row in range(3_000) if row % 100]
    # each day counts by itself, without gaps and as the sheet goes
    numbered = """select count(*) from (select r.row, substr(lead_no, 18, 6)::int as number,
        row_number() over (partition by received_on order by r.row) as place
        from leads join ledger_rows r on r.lead_id = leads.id) as n where number <> place"""
    assert await api.rows(numbered) == [(0,)]
    for tables in ("leads", "lead_history", "outbox", "outbox_sequences"):
        assert await api.rows(f"select count(*) from {tables}") == [(2_970,)]
    assert await api.rows("select action, count(*) from audit_log group by 1 order by 1") == [
        ("lead.register", 2_970),
        ("ledger.import", 1),
    ]
    assert await api.rows("select count(*) from idempotency_keys") == [(1,)]


async def test_a_pile_of_uploads_leaves_connections_for_the_other_doors(new_api: NewApi) -> None:
    api = await new_api("intake", DATABASE_POOL="3")
    content = table(*(changed(上级编号=f"C{number}") for number in range(2_000))).encode()
    uploads = [asyncio.create_task(send(api, content, key="same")) for _ in range(12)]
    await until_seen(api, "pg_locks where locktype = 'advisory' and granted")
    assert (await api.get("/intake/v1/leads", by="ofd")).status_code == 200
    assert not all(upload.done() for upload in uploads)
    answers = await asyncio.gather(*uploads)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["ledger_id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
