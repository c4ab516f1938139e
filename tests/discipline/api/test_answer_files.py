"""Files of discipline for the reporter of a report past the office: in its letters, opened by the query code alone (G22, D19)."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.discipline.usecases.keep_retention import expunge_due
from services.intake.usecases.clean_attachments import clean_attachments
from shared.file_key import CannotRead
from tests.conftest import NewApi
from tests.discipline.api.test_report_letters import KEPT, Case, case
from tests.intake.api.test_passed_reports import OFFICE, ON, PASSED
from tests.support.files import photo
from tests.support.reporting import REPORT, report, write
from tests.support.reporting import REPORTS as DOOR
from tests.support.searching import everything
from tests.support.uploading import attach_by_code, objects

MARK = "FILEq8"
SOUND = b"#!AMR\n" + bytes(3000)


async def hand_over(one: Case, content: bytes, name: str = "答复.jpg", by: str = "dhd", to: str = "") -> httpx.Response:
    intake = one.both.intake
    named = {"Upload-Metadata": f"filename {base64.b64encode(name.encode()).decode()}"}
    path = f"/intake/v1/passed-reports/{to or one.id}/files"
    return await intake.client.post(path, content=content, headers=intake.as_(by, **named, **ON))


async def fetch(one: Case, number: int, file: Any, code: str = "") -> httpx.Response:
    asked = {"query_code": code or one.mine["query_code"], "number": number, "file": str(file)}
    return await one.both.intake.client.post(f"{DOOR}/messages/files", json=asked, headers=ON)


@pytest.mark.rule("G22", "G1", "D19")
async def test_a_file_in_a_letter_of_discipline_is_opened_by_the_code_alone(new_api: NewApi) -> None:
    one = await case(new_api)
    intake, discipline = one.both.intake, one.both.discipline
    usual = (await report(intake.client, REPORT | {"umbrella": None}, **ON)).json()["query_code"]
    kept = [await intake.rows(each) for each in KEPT]
    handed = await hand_over(one, photo(MARK), f"答复{MARK}.jpg")
    assert handed.status_code == 201, handed.text
    box = handed.json()
    assert box.keys() == {"key_id", "box"}
    # what may not go to him is told and leaves nothing
    refused = [
        await hand_over(one, *what)
        for what in ((b"",), ("机密★5年".encode(), "x.txt"), (SOUND, "x.amr"), (b"x", "机密★.txt"))
    ]
    assert [each.status_code for each in refused] == [422] * 4
    assert (await hand_over(one, b"x", to=str(uuid4()))).status_code == 404
    assert [(await hand_over(one, b"x", by=by)).status_code for by in (*OFFICE, "dcm", "dld", "unl")] == [403] * (
        len(OFFICE) + 3
    )
    assert await intake.rows("select door, uploaded_by, media_type, sha256, state from attachments") == [
        ("mailbox", "discipline", None, None, "kept")
    ]
    # a letter takes the box of its own report and no other
    other = Case(one.both, (await report(intake.client, PASSED, **ON)).json()["query_code"], "")
    await one.both.bring()
    [other.id] = [
        each["id"]
        for each in (await discipline.get("/discipline/v1/reports", by="dcm")).json()["items"]
        if each["id"] != one.id
    ]
    foreign = (await hand_over(other, photo(MARK))).json()
    for wrong in (foreign, box | {"box": "AAAA"}, box | {"key_id": "x"}):
        answer = await one.say("letters", {"text": "见附件", "files": [box, wrong]}, "dhd", **ON)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "files.1")
    assert (await one.say("letters", {"text": "x", "files": [box] * 6}, "dhd", **ON)).status_code == 422
    sent = await one.say("letters", {"text": "见附件", "files": [box]}, "dhd", **ON)
    assert sent.status_code == 201, sent.text
    [letter] = await one.thread(ON)
    [file] = letter["files"]
    [told] = letter["enclosed"]
    assert (told["id"], told["media_type"], told["length"]) == (file, "image/jpeg", len(photo(MARK)))
    assert MARK in told["name"]
    assert (await one.get("/letters"))["items"][0]["files"] == [file]
    got = await fetch(one, 1, file)
    assert (got.status_code, got.content[:3], MARK.encode() in got.content) == (200, b"\xff\xd8\xff", False)
    assert MARK in got.headers["Content-Disposition"]
    # by no other code, letter or name; and as for any other code that asks for none
    no = [
        await fetch(one, 2, file),
        await fetch(one, 1, uuid4()),
        await fetch(one, 1, file, other.mine["query_code"]),
        await fetch(one, 1, file, usual),
    ]
    assert [each.status_code for each in no] == [404] * 4
    assert len({each.json()["detail"] for each in no}) == 1
    # it takes none of the reporter's room, nor is it his to send on
    named = one.mine | {"text": "见附件", "files": [file]}
    assert (await write(intake.client, named, **ON)).status_code == 422
    assert (await attach_by_code(intake.client, one.mine["query_code"], SOUND, "a.amr", **ON)).status_code == 204
    # nothing of it in clear, and no key of intake opens it; by no door, log or table of the office
    for api in (intake, discipline):
        assert MARK.encode() not in await everything(api.copy.admin_url)
    assert not any(MARK.encode() in path.read_bytes() for path in objects(intake))
    for row in await intake.rows("select id, key_id, wrapped_key from attachments"):
        with pytest.raises(CannotRead):
            intake.app.state.attachments.keys.open(*row)
    assert [await intake.rows(each) for each in KEPT] == kept


@pytest.mark.rule("G22", "G24")
async def test_it_goes_with_its_report_and_discipline_has_its_own_room(new_api: NewApi) -> None:
    one = await case(new_api)
    intake, discipline = one.both.intake, one.both.discipline
    boxes = [(await hand_over(one, photo(MARK))).json() for _ in range(2)]
    await one.say("acceptance", None, "dcm", **ON)
    await one.say("outcome", {"outcome": "four_forms"}, "dhd", **ON)
    result = {"kind": "result", "text": "已处理", "files": boxes}
    assert (await one.say("letters", result, "dhd", **ON)).status_code == 201
    [letter] = await one.thread(ON)
    assert [(await fetch(one, 1, file)).status_code for file in letter["files"]] == [200, 200]
    copied = "jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid()))"
    await intake.rows(f"insert into attachments select ({copied}).* from attachments a, generate_series(1, 9)")
    full = await hand_over(one, photo(MARK))
    assert (full.status_code, "20" in full.json()["detail"]) == (409, True)
    # what was heard in this test was heard today
    await discipline.rows("update report_history set recorded_at = '2018-06-04T02:00:00Z'")
    await discipline.rows("update report_letters set read_on = '2018-06-04'")
    async with discipline.app.state.database.transaction() as tx:
        assert await expunge_due(tx, datetime(2021, 1, 4, tzinfo=UTC)) == 1
    await one.both.bring()
    assert (await fetch(one, 1, letter["files"][0])).status_code == 404
    assert (await hand_over(one, photo(MARK))).status_code == 404
    async with intake.app.state.database.transaction() as tx:
        await clean_attachments(tx, datetime(2021, 1, 5, tzinfo=UTC), store=intake.app.state.attachments)
    assert objects(intake) == []
