"""Files of a reporter past the office: sent by the code like any other, opened by discipline alone, destroyed on both sides (G22, G24)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.local.places import free_port
from services.discipline.usecases.keep_retention import expunge_due
from services.intake.db import passed_reports
from services.intake.usecases.clean_attachments import clean_attachments
from services.intake.usecases.examine_attachment import examine_waiting
from services.intake.usecases.passed_files import PassedStore
from services.intake.usecases.upload_attachment import append
from shared.file_key import CannotRead
from tests.conftest import NewApi
from tests.discipline.api.test_report_letters import KEPT, Case, case
from tests.intake.api.test_passed_reports import OFFICE, ON, doors
from tests.support.api import Api
from tests.support.files import photo
from tests.support.reporting import REPORT, report, write
from tests.support.searching import everything
from tests.support.uploading import OPEN, TUS, attach_by_code, begin, objects, patch

MARK = "FILEq7"
SOUND = b"#!AMR\n" + MARK.encode() + bytes(3000)


async def add(one: Case, content: bytes, name: str = "录音.amr") -> httpx.Response:
    code = one.mine["query_code"]
    return await attach_by_code(one.both.intake.client, code, content, name, **ON)


async def fetch(one: Case, number: int, by: str = "dhd", **more: str) -> httpx.Response:
    return await one.both.discipline.get(f"{one.path}/letters/{number}/file", by=by, **{**ON, **more})


async def clean(api: Api, at: datetime) -> None:
    async with api.app.state.database.transaction() as tx:
        await clean_attachments(tx, at, store=api.app.state.attachments)


@pytest.mark.rule("G22", "G1", "G11")
async def test_a_file_past_the_office_is_read_by_discipline_alone_on_record(new_api: NewApi) -> None:
    one = await case(new_api)
    intake, discipline = one.both.intake, one.both.discipline
    gets = [path for path, operations in intake.app.openapi()["paths"].items() if "get" in operations]
    seen = await doors(intake, one.id, dict.fromkeys(gets, OFFICE))
    kept = [await intake.rows(each) for each in KEPT]
    assert (await add(one, photo(MARK), f"{MARK}.jpg")).status_code == 204
    assert (await add(one, SOUND, f"{MARK}.amr")).status_code == 204
    [event, *_] = [each for each in await one.both.bring() if each.TYPE.endswith("letter.passed.v1")]
    assert event.model_dump(exclude={"sealed", "report_id"}).keys() == {"on"}
    [listed] = (await discipline.get("/discipline/v1/reports", by="dcm")).json()["items"]
    assert listed["unread_letters"] == 2
    letters = (await one.get("/letters"))["items"]
    assert [(item["writer"], item["text"], item["file"]["shared_copy"]) for item in letters] == [
        ("reporter", None, True), ("reporter", None, False),
    ]  # fmt: skip
    assert letters[1]["file"] == {
        "id": letters[1]["file"]["id"], "media_type": "audio/amr", "length": len(SOUND), "shared_copy": False,
        "sha256": hashlib.sha256(SOUND).hexdigest(),
    }  # fmt: skip
    # a letter names files that discipline has
    named = one.mine | {"text": "见录音", "files": [letters[1]["file"]["id"]]}
    assert (await write(intake.client, named, **ON)).status_code == 201
    wrong = await write(intake.client, named | {"files": [*named["files"], str(uuid4())]}, **ON)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "files.1")
    assert [item["files"] for item in await one.thread(ON)] == [named["files"]]
    assert (await one.get("/letters"))["items"][2]["files"] == named["files"]
    for by in ("dcm", "dhd", "dld"):
        answer = await fetch(one, 2, by)
        assert (answer.status_code, answer.content) == (200, SOUND), by
    copy = await fetch(one, 1)
    assert copy.content[:3] == b"\xff\xd8\xff"
    assert MARK.encode() not in copy.content
    reads = await discipline.rows("select actor, detail::text from audit_log where action = 'report.read-file'")
    assert sorted(row[0] for row in reads) == ["dcm", "dhd", "dhd", "dld"]
    for by in (*OFFICE, "unl", "edt", "adm", "aud"):
        assert (await fetch(one, 2, by)).status_code == 403, by
    without = await discipline.client.get(f"{one.path}/letters/2/file", headers=discipline.as_("dhd"))
    assert without.status_code == 400, "without a purpose"
    assert (await fetch(one, 9)).status_code == 404
    await one.say("letters", {"text": "收到"}, "dhd", **ON)
    assert [(await fetch(one, number)).status_code for number in (3, 4)] == [404, 404], "letters without a file"
    # by no door, log or table of the office; no dump, topic or object has a word of it in clear
    assert [await intake.rows(each) for each in KEPT] == kept
    assert await doors(intake, one.id, {path: [who for at, who in seen if at == path] for path in gets}) == seen
    for api in (intake, discipline):
        assert MARK.encode() not in await everything(api.copy.admin_url)
    assert not any(MARK.encode() in path.read_bytes() for path in objects(intake))
    # nor have all keys of intake together: no kind and no hash are told, and each key waits for the code
    columns = "distinct media_type, sha256, key_id, door, uploaded_by, created_on::text"
    assert await intake.rows(f"select {columns} from attachments") == [
        (None, None, "code", "reporter", "public", "2018-06-01")
    ]
    [file, *_] = await intake.rows("select id, key_id, wrapped_key from attachments")
    with pytest.raises(CannotRead):
        intake.app.state.attachments.keys.open(*file)


async def walk(api: Api, code: str, other: str) -> list[tuple[int, Any]]:
    """What the doors answer to this code: each step with its status, what they say, and the headers but for addresses."""
    client, mine, said = api.client, {"Query-Code": code, **ON}, []

    async def ask(answer: httpx.Response) -> httpx.Response:
        problem = answer.json() if answer.content else {}
        told = {name: problem.get(name) for name in ("detail", "errors")}
        shown = {name: value for name, value in answer.headers.items() if name not in ("location", "x-request-id")}
        said.append((answer.status_code, (told, shown)))
        return answer

    await ask(await begin(client, OPEN, 3, "x", **{**mine, "Query-Code": "0" * 28}))
    await ask(await begin(client, OPEN, 3, "机密★.txt", **mine))
    await ask(await begin(client, OPEN, 200 * 1024 * 1024 + 1, "x", **mine))
    await ask(await begin(client, OPEN, 0, "x", **mine))
    where = (await ask(await begin(client, OPEN, len(SOUND), "x", **mine))).headers["Location"]
    await ask(await patch(client, where, SOUND[:100], 0, **mine))
    await ask(await patch(client, where, SOUND[100:], 7, **mine))
    for no_code in (other, "0" * 28):
        await ask(await client.head(where, headers={**TUS, "Query-Code": no_code}))
        await ask(await client.delete(where, headers={**TUS, "Query-Code": no_code}))
    standing = await ask(await client.head(where, headers={**TUS, **mine}))
    assert standing.headers["Upload-Offset"] == "100"
    wrong = {"Upload-Checksum": "sha256 AAAA"}
    await ask(await patch(client, where, SOUND[100:], 100, **mine, **wrong))
    await ask(await patch(client, where, SOUND[100:], 100, **mine))
    marked = "本件为机密★1年".encode()
    where = (await begin(client, OPEN, len(marked), "x.txt", **mine)).headers["Location"]
    await ask(await patch(client, where, marked, 0, **mine))
    await ask(await client.head(where, headers={**TUS, **mine}))
    where = (await begin(client, OPEN, 3, "x", **mine)).headers["Location"]
    await ask(await client.delete(where, headers={**TUS, **mine}))
    await ask(await client.head(where, headers={**TUS, **mine}))
    await ask(await patch(client, where, b"abc", 0, **mine))
    for _ in range(19):
        last = await begin(client, OPEN, 3, "x", **mine)
    await ask(last)
    await ask(await begin(client, OPEN, 3, "x", **mine))
    return said


@pytest.mark.rule("G22")
async def test_the_doors_answer_the_code_past_the_office_as_any_other(new_api: NewApi) -> None:
    one = await case(new_api)
    intake, code = one.both.intake, one.mine["query_code"]
    usual = (await report(intake.client, REPORT | {"umbrella": None}, **ON)).json()["query_code"]
    as_usual, past = await walk(intake, usual, code), await walk(intake, code, usual)
    assert past == as_usual
    assert [step for step, _ in past] == [
        404, 422, 413, 422, 201, 204, 409, 404, 404, 404, 404, 200, 460, 204, 422, 410, 204, 410, 404, 201, 409,
    ]  # fmt: skip
    assert "涉密" in str(past) or "秘密" in str(past), "the reason is told"
    assert len([event for event in await one.both.bring() if event.TYPE.endswith("letter.passed.v1")]) == 1


@pytest.mark.rule("G22")
async def test_what_a_crash_or_a_silent_scanner_left_is_handed_on_once_when_the_code_asks_again(
    new_api: NewApi,
) -> None:
    port = free_port()
    one = await case(new_api, ATTACHMENT_CLAMD=f"127.0.0.1:{port}")
    intake, mine = one.both.intake, {"Query-Code": one.mine["query_code"], **ON}
    usual = (await report(intake.client, REPORT | {"umbrella": None}, **ON)).json()["query_code"]
    for code in (usual, one.mine["query_code"]):
        away = await attach_by_code(intake.client, code, SOUND, "x", **ON)
        assert (away.status_code, "Retry-After" in away.headers) == (503, True), "whoever looks on sees no difference"
    [(where,)] = await intake.rows("select id::text from attachments where report_id is not null")
    assert (await intake.client.head(f"{OPEN}/{where}", headers={**TUS, **mine})).status_code == 503
    # the clock, which has no code, leaves it alone
    database, store = intake.app.state.database, intake.app.state.attachments
    assert where not in map(str, await examine_waiting(database, store, set(), datetime.now(UTC)))
    # a process that was killed behind the last byte
    killed = (await begin(intake.client, OPEN, len(SOUND), "x", **mine)).headers["Location"].rsplit("/", 1)[1]
    held = PassedStore.of(store, intake.app.state.desk.sealer, one.mine["query_code"])

    async def whole() -> AsyncIterator[bytes]:
        yield SOUND

    await append(database, held, UUID(killed), whole(), at=0, checksum=None)

    async def scanner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(bytes(4))
        writer.write(b"stream: OK\0")
        writer.close()

    server = await asyncio.start_server(scanner, "127.0.0.1", port)
    try:
        for file_id in (where, killed, where):
            answers = await asyncio.gather(
                *(intake.client.head(f"{OPEN}/{file_id}", headers={**TUS, **mine}) for _ in range(2))
            )
            assert {answer.status_code for answer in answers} == {200}
    finally:
        server.close()
    assert await intake.rows("select state, count(*) from attachments where report_id is not null group by state") == [
        ("kept", 2)
    ]
    await one.both.bring()
    assert [(await fetch(one, number)).content for number in (1, 2)] == [SOUND, SOUND]
    assert (await fetch(one, 3)).status_code == 404, "each once"
    # what nobody asks for again goes after a week
    await begin(intake.client, OPEN, 3, "x", **mine)
    await append_whole(intake, held, mine)
    await clean(intake, datetime(2018, 6, 9, 3, tzinfo=UTC))
    left = "select state, count(*) from attachments where report_id is not null group by state order by state"
    assert await intake.rows(left) == [("gone", 2), ("kept", 2)]


@pytest.mark.rule("G24", "G22")
async def test_files_go_with_their_report_on_both_sides_and_stay_gone_after_a_restore(new_api: NewApi) -> None:
    one = await case(new_api)
    intake, discipline = one.both.intake, one.both.discipline
    assert (await add(one, SOUND)).status_code == 204
    await one.both.bring()
    under_way = (await begin(intake.client, OPEN, 9, "x", **{"Query-Code": one.mine["query_code"], **ON})).headers
    before = await intake.rows(
        "select key_id, wrapped_key, pieces::text, shared::text from attachments where state = 'kept'"
    )
    await one.say("acceptance", None, "dcm", **ON)
    await one.say("outcome", {"outcome": "unfounded"}, "dhd", **ON)
    # what was heard in this test was heard today
    await discipline.rows("update report_history set recorded_at = '2018-06-04T02:00:00Z'")
    assert len(objects(intake)) == 2, "the file and its index"
    async with discipline.app.state.database.transaction() as tx:
        assert await expunge_due(tx, datetime(2021, 1, 1, 2, tzinfo=UTC)) == 1
    await one.both.bring()
    assert await intake.rows("select distinct state, wrapped_key, name_box from attachments") == [
        ("shredded", None, None)
    ]
    await clean(intake, datetime.now(UTC))
    assert objects(intake) == []
    gone = await fetch(one, 1)
    assert (gone.status_code, "销毁" in gone.json()["detail"]) == (409, True)
    assert [item["file"] for item in (await one.get("/letters"))["items"]] == [None]
    last = await patch(
        intake.client, under_way["Location"], b"x" * 9, 0, **{"Query-Code": one.mine["query_code"], **ON}
    )
    assert last.status_code == 404
    # a database from before has the keys again until it hears of the end
    restored = (
        "update attachments set state = 'kept', key_id = $1, wrapped_key = $2, pieces = $3::jsonb, shared = $4::jsonb"
    )
    [row] = before
    await intake.rows(f"{restored} where state = 'shredded' and length > 9", *row)
    async with intake.app.state.database.transaction() as tx:
        await passed_reports.expunge(tx, UUID(one.id), on=date(2021, 1, 1))
    await clean(intake, datetime.now(UTC))
    assert await intake.rows("select count(*) from attachments where wrapped_key is not null") == [(0,)]


@pytest.mark.rule("G1", "G10", "G22")
async def test_the_file_as_it_came_is_for_whom_the_reporter_was_opened_to(new_api: NewApi) -> None:
    one = await case(new_api)
    discipline, content = one.both.discipline, photo(MARK)
    assert (await add(one, content)).status_code == 204
    await one.both.bring()
    why = {"purpose": "contact", "reason": "核对照片拍摄时间", "minutes": 30}
    asked = (await discipline.post(f"{one.path}/openings", why, by="dhd2", key=uuid4().hex, **ON)).json()
    path = f"/discipline/v1/openings/{asked['id']}"
    assert (await discipline.post(f"{path}/files/1", None, by="dhd2", **ON)).status_code == 409, "not granted"
    assert (await discipline.post(f"{path}/decision", {"grant": True}, by="dld", **ON)).status_code == 200
    for by in ("dhd", "dld", "dcm", *OFFICE):
        assert (await discipline.post(f"{path}/files/1", None, by=by, **ON)).status_code == 403, by
    assert (await discipline.post(f"{path}/files/7", None, by="dhd2", **ON)).status_code == 404
    read = await discipline.post(f"{path}/files/1", None, by="dhd2", **ON)
    assert (read.status_code, read.content) == (200, content)
    late = {"X-Local-Clock": "2018-06-01T10:31:00+08:00"}
    assert (await discipline.post(f"{path}/files/1", None, by="dhd2", **late)).status_code == 409
    [listed] = (await discipline.get("/discipline/v1/openings", by="dld")).json()["items"]
    assert listed["read"] == 1
    # away, or not set
    for path_ in objects(one.both.intake):
        path_.unlink()
    assert (await fetch(one, 1)).status_code == 503
    discipline.app.state.files = None
    assert "DISCIPLINE_ATTACHMENT_STORE" in (await fetch(one, 1)).json()["detail"]


async def append_whole(api: Api, store: PassedStore, mine: dict[str, str]) -> None:
    """An upload that is whole and that nobody had examined."""
    begun = (await begin(api.client, OPEN, 3, "x", **mine)).headers["Location"].rsplit("/", 1)[1]

    async def whole() -> AsyncIterator[bytes]:
        yield b"abc"

    await append(api.app.state.database, store, UUID(begun), whole(), at=0, checksum=None)
