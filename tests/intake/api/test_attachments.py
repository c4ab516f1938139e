"""Files of a lead: resumable, examined, one key each; downloaded with a purpose, destroyed with their key."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.places import free_port
from services.intake.clients import examining
from services.intake.domain.attachment import MOST_FILES
from services.intake.usecases.attachments import PIECE
from services.intake.usecases.clean_attachments import clean_attachments
from services.intake.usecases.examine_attachment import examine_waiting
from tests.conftest import NewApi
from tests.support import hurried_examiner
from tests.support.api import Api, settings_of
from tests.support.files import document, pdf_of, photo
from tests.support.reporting import REPORT, report
from tests.support.reporting import status as asked
from tests.support.uploading import (
    OPEN,
    TUS,
    attach,
    attach_by_code,
    begin,
    checked,
    destroy,
    named,
    objects,
    offset,
    patch,
)

LEADS = "/intake/v1/leads"
SOUND = b"#!AMR\n" + bytes(range(256)) * 16_384
"""4 MiB and a bit, so five pieces."""


async def lead(api: Api, *, unit: str | None = None) -> str:
    made = await api.post(LEADS, {"source": "M", "summary": "反映有人强收费用"}, by="icl", key=uuid4().hex)
    found: str = made.json()["id"]
    if unit:
        body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
        await api.post(f"{LEADS}/{found}/classification", body, by="ana")
        assert (await api.post(f"{LEADS}/{found}/assignment", {"unit": unit}, by="ofd")).status_code == 200
    return found


async def files(api: Api, lead_id: str, by: str = "ofd") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get(f"{LEADS}/{lead_id}/attachments", by=by)).json()
    return found


async def up(client: httpx.AsyncClient) -> None:
    for _ in range(600):
        try:
            await client.get("/intake/healthz")
            return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise AssertionError("the service did not start")


async def download(api: Api, lead_id: str, file_id: str, *, by: str, **more: Any) -> httpx.Response:
    body = {"purpose": "核对现场照片", **more}
    return await api.post(f"{LEADS}/{lead_id}/attachments/{file_id}/download", body, by=by)


async def test_an_upload_goes_on_where_it_stands_and_a_wrong_offset_or_checksum_changes_nothing(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    lead_id, me = await lead(api), api.as_("icl")
    can = await api.client.options("/intake/v1/uploads")
    assert (can.status_code, can.headers["Tus-Extension"]) == (204, "creation,checksum,termination")
    begun = await begin(api.client, f"{LEADS}/{lead_id}/attachments", len(SOUND), "录音.amr", **me)
    where = begun.headers["Location"]
    assert (begun.status_code, await offset(api.client, where, **me)) == (201, 0)
    half = 2 * PIECE + 7
    assert (await patch(api.client, where, SOUND[:half], 0, **me)).headers["Upload-Offset"] == str(half)
    for at in (0, half - 1, half + 1):
        wrong = await patch(api.client, where, SOUND[at:], at, **me)
        assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong-offset")
    wrong = await patch(api.client, where, SOUND[half:], half, **me, **checked(b"other"))
    assert (wrong.status_code, await offset(api.client, where, **me)) == (460, half)
    assert (await patch(api.client, where, SOUND[half:] + b"x", half, **me)).status_code == 413
    stands = await offset(api.client, where, **me)
    done = await patch(api.client, where, SOUND[stands:], stands, **me, **checked(SOUND[stands:], "sha1"))
    assert (done.status_code, done.headers["Upload-Offset"], done.headers["Tus-Resumable"]) == (
        204,
        str(len(SOUND)),
        "1.0.0",
    )
    [one] = await files(api, lead_id)
    assert (one["state"], one["media_type"], one["length"]) == ("kept", "audio/amr", len(SOUND))
    assert one["sha256"] == hashlib.sha256(SOUND).hexdigest()
    assert (await download(api, lead_id, one["id"], by="ofd", original=True)).content == SOUND
    assert len(objects(api)) == len({path.name for path in objects(api)})
    assert (await patch(api.client, where, b"", len(SOUND), **me)).status_code == 409
    # what is not tus
    for headers, status in (
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Content-Type": "text/plain"}, 415),
        ({"Upload-Offset": "x"}, 400),
        ({"Upload-Checksum": "md5 AAAA"}, 400),
        ({"Upload-Checksum": "sha1 ~"}, 400),
    ):
        assert (await patch(api.client, where, b"x", 0, **{**me, **headers})).status_code == status, headers
    for headers, status in (
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": "999999999999"}, 413),
        ({"Upload-Metadata": "filename ~"}, 400),
        ({"Upload-Metadata": "filename 4oCuZ3BqLmV4ZQ=="}, 400),  # shown as exe.jpg
        ({"Upload-Metadata": "filename YcKFLnR4dA=="}, 400),  # C1 control
        ({"Upload-Metadata": "filename 44CQ5py65a+G44CRLnR4dA=="}, 422),
        (named("机密.docx"), 422),
    ):
        answer = await begin(api.client, f"{LEADS}/{lead_id}/attachments", 1, "x", **{**me, **headers})
        assert answer.status_code == status, headers
    # of a lead at rest nothing is kept that comes later: nobody would destroy it (G14)
    for resting in ("sealed", "expunged"):
        await api.rows("update leads set status = $1 where id = $2", resting, lead_id)
        late = await begin(api.client, f"{LEADS}/{lead_id}/attachments", 1, "x", **me)
        assert late.status_code == 409, resting
    # another's upload is nobody's
    for by in ("ofd", "unl"):
        assert (await api.client.head(where, headers={**TUS, **api.as_(by)})).status_code == 404
    assert (await patch(api.client, where, b"x", 0, **api.as_("sup"))).status_code == 403


async def test_of_two_that_upload_at_once_one_is_told_and_a_broken_sender_leaves_what_came(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead_id, me = await lead(api), api.as_("icl")
    where = (await begin(api.client, f"{LEADS}/{lead_id}/attachments", len(SOUND), "x", **me)).headers["Location"]
    going, wait = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield SOUND[: PIECE + 1]
        going.set()
        await wait.wait()
        yield SOUND[PIECE + 1 :]

    first = asyncio.create_task(patch(api.client, where, slowly(), 0, **me))
    await going.wait()
    assert (await patch(api.client, where, SOUND, 0, **me)).status_code == 423
    # in another process it is not known that one uploads; only one of the two counts
    api.app.state.uploading = set()
    while (stands := await offset(api.client, where, **me)) == 0:  # noqa: ASYNC110 - the database tells, not an event
        await asyncio.sleep(0.01)
    second = await patch(api.client, where, SOUND[stands:], stands, **me)
    wait.set()
    assert (second.status_code, (await first).status_code) == (204, 409)
    [one] = await files(api, lead_id)
    assert (one["state"], one["sha256"]) == ("kept", hashlib.sha256(SOUND).hexdigest())


@pytest.mark.rule("G1", "G11")
async def test_a_reporter_attaches_by_code_and_others_see_the_copy_without_metadata_for_a_purpose(
    new_api: NewApi,
) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code = (await report(api.client, REPORT)).json()["query_code"]
    picture = photo("CANARYq7")
    assert (await attach_by_code(api.client, code, picture, "张某某CANARYq7.jpg")).status_code == 204
    [(lead_id,)] = await api.rows("select id from leads")
    body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    await api.post(f"{LEADS}/{lead_id}/classification", body, by="ana")
    await api.post(f"{LEADS}/{lead_id}/assignment", {"unit": "GA"}, by="ofd")
    for wrong in (
        "x",
        code[:-1] + ("0" if code[-1] != "0" else "1"),
        (await report(api.client, REPORT)).json()["query_code"],
    ):
        answer = await begin(api.client, OPEN, 1, "x", **{"Query-Code": wrong})
        [(file_id,)] = await api.rows("select id from attachments where lead_id = $1", lead_id)
        mistyped = wrong == "x" or wrong[:-1] == code[:-1]
        looked = await api.client.head(f"{OPEN}/{file_id}", headers={**TUS, "Query-Code": wrong})
        assert (answer.status_code, looked.status_code) == ((422, 422) if mistyped else (201, 404))
        if mistyped:
            same = (await asked(api.client, query_code=wrong)).json()
            assert [answer.json()[name] for name in ("detail", "status")] == [same["detail"], same["status"]]
            assert answer.json()["errors"][0]["field"] == "Query-Code"
    nobodys = await begin(api.client, OPEN, 1, "x", **{"Query-Code": "0" * 28})
    assert nobodys.status_code == 404, "it is well written and nobody's"
    # what nobody ever had whole stands in the office's list alone; the unit's own in the unit's, too
    assert (await attach_by_code(api.client, code, b"MZ" + bytes(9), "a.exe")).status_code == 422
    await begin(api.client, OPEN, 9, "b", **{"Query-Code": code})
    assert (await attach(api, lead_id, b"MZ" + bytes(9), "c.exe", by="unl")).status_code == 422
    for by, states in (("ofd", ["kept", "refused", "refused", "uploading"]), ("unl", ["kept", "refused"])):
        assert sorted(one["state"] for one in await files(api, str(lead_id), by=by)) == states, by
    [one] = [one for one in await files(api, str(lead_id), by="unl") if one["state"] == "kept"]
    assert (one["door"], one["name"], one["shared_copy"]) == ("reporter", None, True)
    copy = await download(api, str(lead_id), one["id"], by="unl")
    assert copy.content.startswith(b"\xff\xd8")
    assert b"CANARYq7" not in copy.content
    assert "CANARYq7" not in str(copy.headers)
    assert (await download(api, str(lead_id), one["id"], by="unl", original=True)).status_code == 403
    assert (await download(api, str(lead_id), one["id"], by="ofd", original=True)).status_code == 403
    assert (await attach(api, lead_id, picture, "现场.jpg", by="icl")).status_code == 204
    [mine] = [each for each in await files(api, str(lead_id)) if each["door"] == "office"]
    whole = await download(api, str(lead_id), mine["id"], by="ana", original=True)
    assert (mine["name"], whole.content) == ("现场.jpg", picture)
    assert whole.headers["Content-Disposition"].endswith("%E7%8E%B0%E5%9C%BA.jpg")
    assert (await download(api, str(lead_id), one["id"], by="ana", purpose="x")).status_code == 422
    other = await lead(api, unit="JS")
    assert (await api.get(f"{LEADS}/{other}/attachments", by="unl")).status_code == 404
    assert (await download(api, other, one["id"], by="ofd")).status_code == 404
    read = await api.rows(
        "select actor, purpose, detail->>'original' from audit_log where action = 'attachment.read' order by position"
    )
    assert read == [("unl", "核对现场照片", "false"), ("ana", "核对现场照片", "true")]
    kept = str(await api.rows("select t::text from attachments t")).encode() + b"".join(
        p.read_bytes() for p in objects(api)
    )
    kept += str(await api.rows("select t::text from audit_log t")).encode()
    assert b"CANARYq7" not in kept


async def test_neither_office_nor_reporter_can_use_up_the_others_room(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code = (await report(api.client, REPORT)).json()["query_code"]
    [(lead_id,)] = await api.rows("select id from leads")
    where = f"{LEADS}/{lead_id}/attachments"

    async def room(door: str, **headers: str) -> list[int]:
        """Begin one more than there is room for."""
        return [(await begin(api.client, door, 1, "x", **headers)).status_code for _ in range(MOST_FILES + 1)]

    full = [201] * MOST_FILES + [409]
    assert await room(where, **api.as_("icl")) == full
    assert await room(OPEN, **{"Query-Code": code}) == full
    # a scan and a file for the reporter are the office's, too
    for by, word in (("icl", "letter"), ("ofd", "mailbox")):
        more = await begin(api.client, where, 1, "x", **api.as_(by), **{"Upload-Metadata": word})
        assert more.status_code == 409
        assert "您一方" in more.json()["detail"]


async def test_what_is_refused_given_up_expired_or_shredded_is_gone_with_its_pieces(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead_id, store, database = await lead(api), api.app.state.attachments, api.app.state.database
    marked = await attach(api, lead_id, document("绝密★长期"), "a.docx", by="icl")
    assert (marked.status_code, marked.json()["errors"][0]["field"]) == (422, "file")
    assert "涉密" in marked.json()["detail"]
    assert (await attach(api, lead_id, photo(), "b.jpg", by="ofd")).status_code == 204
    where = [
        (await begin(api.client, f"{LEADS}/{lead_id}/attachments", 9, "c", **api.as_("icl"))).headers["Location"]
        for _ in range(2)
    ]
    for each in where:
        await patch(api.client, each, b"1234", 0, **api.as_("icl"))
    assert (await api.client.delete(where[0], headers={**TUS, **api.as_("icl")})).status_code == 204
    assert (await api.client.head(where[0], headers={**TUS, **api.as_("icl")})).status_code == 410
    assert (await patch(api.client, where[0], b"1", 4, **api.as_("icl"))).status_code == 404
    assert (await api.client.delete(where[0], headers={**TUS, **api.as_("icl")})).status_code == 409

    async def clean(at: datetime) -> None:
        async with database.transaction() as tx:
            await clean_attachments(tx, at, store=store)

    now = datetime.now(UTC)
    await clean(now)
    assert {one["state"] for one in await files(api, lead_id)} == {"refused", "kept", "gone", "uploading"}
    await clean(now + timedelta(days=8))
    await clean(now + timedelta(days=8))
    states = [one["state"] for one in await files(api, lead_id)]
    assert sorted(states) == ["gone", "gone", "kept", "refused"]
    [kept] = [one for one in await files(api, lead_id) if one["state"] == "kept"]
    assert {path.parent.name for path in objects(api)} == {kept["id"]}
    await destroy(api, lead_id)
    assert (await download(api, lead_id, kept["id"], by="ofd")).status_code == 409
    await clean(now)
    assert objects(api) == []
    assert await api.rows("select count(*) from attachments where wrapped_key is not null") == [(0,)]
    assert [one["state"] for one in await files(api, lead_id)] == ["shredded"] * 4


async def test_a_file_waits_for_a_scanner_that_is_away_and_one_with_a_virus_is_refused(new_api: NewApi) -> None:
    seen: list[bytes] = []

    async def scanner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            content += await reader.readexactly(length)
        seen.append(content)
        writer.write(b"stream: Eicar FOUND\0" if b"EICAR" in content else b"stream: OK\0")
        writer.close()

    port = free_port()
    api = await new_api("intake", ATTACHMENT_CLAMD=f"127.0.0.1:{port}")
    lead_id = await lead(api)
    assert (await attach(api, lead_id, b"plain text", "a.txt", by="icl")).status_code == 204
    assert [one["state"] for one in await files(api, lead_id)] == ["examining"]
    server = await asyncio.start_server(scanner, "127.0.0.1", port)
    try:
        database, store = api.app.state.database, api.app.state.attachments
        waiting = await examine_waiting(database, store, set(), datetime.now(UTC))
        assert [one["state"] for one in await files(api, lead_id)] == ["examining"]
        await examine_waiting(database, store, waiting, datetime.now(UTC))
        assert [one["state"] for one in await files(api, lead_id)] == ["kept"]
        infected = await attach(api, lead_id, b"text EICAR text", "b.txt", by="icl")
        assert (infected.status_code, "病毒" in infected.json()["detail"]) == (422, True)
    finally:
        server.close()
    assert seen == [b"plain text", b"text EICAR text"]


async def test_a_file_at_which_the_examiner_dies_of_its_limits_is_refused_and_the_next_is_examined(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = await new_api("intake")
    lead_id = await lead(api)
    slow, wide = pdf_of(b"BT /F1 9 Tf " + b"(x) Tj " * 300_000 + b"ET"), pdf_of(b" " * 70_000_000)
    for content, name, value, word in (
        (slow, "file_examiner", hurried_examiner, "无法检查"),
        (wide, "file_examiner", hurried_examiner, "展开后过大"),
        (slow, "SECONDS", 1, "无法检查"),
    ):
        with monkeypatch.context() as limits:
            limits.setattr(examining, name, value)
            refused = await attach(api, lead_id, content, "a.pdf", by="icl")
        assert (refused.status_code, word in refused.json()["detail"]) == (422, True), refused.text
    assert (await attach(api, lead_id, photo(), "b.jpg", by="icl")).status_code == 204
    assert sorted(one["state"] for one in await files(api, lead_id)) == ["kept", *["refused"] * 3]


async def test_a_process_that_is_killed_in_the_middle_loses_no_counted_piece(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code = {"Query-Code": (await report(api.client, REPORT)).json()["query_code"]}
    where = (await begin(api.client, OPEN, len(SOUND), "x", **code)).headers["Location"]
    environment = os.environ | settings_of("intake", api.keys, api.copy, PORT=str(port := free_port()))
    command = [sys.executable, "-m", "services.intake", "api"]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    async def cut() -> AsyncIterator[bytes]:
        yield SOUND[: 2 * PIECE + 100]
        while await offset(api.client, where, **code) < 2 * PIECE:  # noqa: ASYNC110 - the database tells, not an event
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        yield SOUND[2 * PIECE + 100 :]

    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            await up(client)
            with pytest.raises(httpx.TransportError):
                await patch(client, where, cut(), 0, **code)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    assert (stands := await offset(api.client, where, **code)) == 2 * PIECE
    assert (await patch(api.client, where, SOUND[stands:], stands, **code)).status_code == 204
    whole = await api.rows("select state, sha256 from attachments")
    assert whole == [("kept", hashlib.sha256(SOUND).hexdigest())]
