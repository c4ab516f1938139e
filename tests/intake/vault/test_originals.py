"""Originals of letters, recordings and reporters' files: given out to one keeper whom another let, within the time, on record."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.files import photo
from tests.support.reporting import REPORT, report, status
from tests.support.uploading import TUS, attach, attach_by_code, patch
from tests.support.vault import VAULT, VaultApi, start_vault

ORIGINALS = "/intake/v1/originals"
SCAN, SOUND = photo("CANARYscan"), b"#!AMR\n" + bytes(200)
NOW, LATER = "2018-06-04T09:00:00+08:00", "2018-06-04T09:31:00+08:00"


class Office:
    """intake, its vault, and a lead with a letter's scan, a reporter's picture and a file of the office."""

    def __init__(self, intake: Api, vault: VaultApi, lead_id: str, code: str) -> None:
        self.intake, self.vault, self.lead_id, self.code = intake, vault, lead_id, code

    async def granted(self, *, lead_id: str | None = None, by: str = "rvk2", **changes: Any) -> str:
        order = {"lead_id": lead_id or self.lead_id, "purpose": "originals", "reason": "核验来信笔迹", "minutes": 30}
        clock = {"X-Local-Clock": NOW}
        asked = await self.vault.post(f"{VAULT}/openings", order | changes, by="rvk", key=uuid4().hex, **clock)
        assert asked.status_code == 201, asked.text
        opening = str(asked.json()["id"])
        answer = await self.vault.post(f"{VAULT}/openings/{opening}/decision", {"grant": True}, by=by, **clock)
        assert answer.status_code == 200, answer.text
        return opening

    async def listed(self, opening: str, *, by: str = "rvk", at: str = NOW) -> httpx.Response:
        return await self.intake.get(f"{ORIGINALS}/{opening}", by=by, **{"X-Local-Clock": at})

    async def read(self, opening: str, file_id: str, *, by: str = "rvk", at: str = NOW) -> httpx.Response:
        path = f"{ORIGINALS}/{opening}/{file_id}/reading"
        return await self.intake.post(path, None, by=by, **{"X-Local-Clock": at})

    async def files(self) -> dict[str, str]:
        rows = await self.intake.rows("select door, id::text from attachments where lead_id = $1", self.lead_id)
        return {str(door): str(file_id) for door, file_id in rows}


@pytest_asyncio.fixture
async def office(new_api: NewApi, tmp_path: Path) -> AsyncIterator[Office]:
    intake = await new_api("intake", CHALLENGE_BITS="2")
    vault = start_vault(intake, tmp_path / "vault" / "keys.sqlite")
    code = (await report(intake.client, REPORT)).json()["query_code"]
    await vault.take_in()
    [(lead_id,)] = await intake.rows("select id::text from leads")
    assert (await attach_by_code(intake.client, code, photo("CANARYown"), "张某.jpg")).status_code == 204
    assert (await attach(intake, lead_id, photo(), "现场.jpg", by="ofd")).status_code == 204
    headers = {**TUS, "Upload-Length": str(len(SCAN)), "Upload-Metadata": "filename 5L+hLmpwZw==,letter"}
    begun = await intake.client.post(
        f"/intake/v1/leads/{lead_id}/attachments", headers={**headers, **intake.as_("icl")}
    )
    assert (await patch(intake.client, begun.headers["Location"], SCAN, 0, **intake.as_("icl"))).status_code == 204
    yield Office(intake, vault, lead_id, code)
    await vault.close()


@pytest.mark.rule("G1", "G10", "G11")
async def test_a_keeper_reads_the_scan_that_another_let_him_read_and_the_reporter_is_told(office: Office) -> None:
    files, opening = await office.files(), await office.granted()
    shown = (await office.listed(opening)).json()
    assert {(one["door"], one["name"]) for one in shown} == {("letter", None), ("reporter", None)}
    scan = await office.read(opening, files["letter"])
    assert (scan.status_code, scan.content, scan.headers["Cache-Control"]) == (200, SCAN, "no-store")
    assert b"CANARYown" in (await office.read(opening, files["reporter"])).content
    # the office's own file has a door of its own, another lead's is none
    other = (await report(office.intake.client, REPORT)).json()["query_code"]
    assert (await attach_by_code(office.intake.client, other, SOUND, "x.amr")).status_code == 204
    [(foreign,)] = await office.intake.rows("select id::text from attachments where media_type = 'audio/amr'")
    for file_id in (files["office"], foreign, str(uuid4())):
        assert (await office.read(opening, file_id)).status_code == 404
    # for who asked alone, whatever his post
    for by, status_code in (("rvk2", 403), ("ofd", 403), ("icl", 403), ("unl", 403), ("dpo", 403)):
        assert (await office.read(opening, files["letter"], by=by)).status_code == status_code, by
        assert (await office.listed(opening, by=by)).status_code == status_code, by
    assert (await office.read(opening, files["letter"], at=LATER)).status_code == 409
    rows = await office.intake.rows(
        "select actor, purpose, detail->>'reading', detail->>'attachment' from audit_log "
        "where action = 'attachment.read' order by position"
    )
    assert rows == [("rvk", "originals", "1", files["letter"]), ("rvk", "originals", "2", files["reporter"])]
    detail = (await office.vault.get(f"{VAULT}/openings/{opening}", by="dpo")).json()
    assert (detail["read"], [one["reader"] for one in detail["readings"]]) == (2, ["rvk", "rvk"])
    told = (await status(office.intake.client, query_code=office.code)).json()
    assert [(one["on"], one["purpose"]) for one in told["openings"]] == [("2018-06-04", "originals")]


@pytest.mark.rule("G1", "G10")
async def test_one_kind_of_opening_does_not_serve_for_the_other_and_none_that_is_not_granted(office: Office) -> None:
    files, clock = await office.files(), {"X-Local-Clock": NOW}
    originals, contact = await office.granted(), await office.granted(purpose="contact")
    reading = await office.vault.post(f"{VAULT}/openings/{originals}/reading", None, by="rvk", **clock)
    assert (reading.status_code, REPORT["reporter"]["name"] in reading.text) == (409, False)
    assert (await office.read(contact, files["letter"])).status_code == 409
    assert (await office.vault.post(f"{VAULT}/openings/{originals}/end", None, by="dpo", **clock)).status_code == 200
    assert (await office.read(originals, files["letter"])).status_code == 409
    order = {"lead_id": office.lead_id, "purpose": "originals", "reason": "核验来信笔迹", "minutes": 30}
    asked = await office.vault.post(f"{VAULT}/openings", order, by="rvk", key=uuid4().hex, **clock)
    waiting = asked.json()["id"]
    assert (await office.listed(waiting)).status_code == 409
    alone = await office.vault.post(f"{VAULT}/openings/{waiting}/decision", {"grant": True}, by="rvk", **clock)
    assert alone.status_code == 403
    assert (await office.listed(str(uuid4()))).status_code == 404
    may = "select has_column_privilege('intake', 'vault.openings', $1, 'select')"
    for column, allowed in (("reason", False), ("decision_reason", False), ("ends_at", True)):
        assert await office.intake.rows(may, column) == [(allowed,)]


@pytest.mark.rule("G1")
async def test_an_anonymous_letter_has_no_reporter_to_open_and_its_scan_is_read_all_the_same(office: Office) -> None:
    nameless = REPORT | {"naming": "anonymous", "reporter": None}
    code = (await report(office.intake.client, nameless)).json()["query_code"]
    assert (await attach_by_code(office.intake.client, code, SOUND, "x.amr")).status_code == 204
    [(lead_id, file_id)] = await office.intake.rows(
        "select lead_id::text, id::text from attachments where media_type = 'audio/amr'"
    )
    order = {"lead_id": lead_id, "purpose": "contact", "reason": "联系举报人", "minutes": 5}
    assert (await office.vault.post(f"{VAULT}/openings", order, by="rvk", key=uuid4().hex)).status_code == 409
    opening = await office.granted(lead_id=lead_id)
    assert (await office.read(opening, file_id)).content == SOUND
    await office.intake.rows("update leads set status = 'sealed' where id = $1::text::uuid", lead_id)
    assert (await office.read(opening, file_id)).status_code == 409


@pytest.mark.rule("G1", "G10")
async def test_the_keeper_has_a_scan_blackened_for_the_office_and_the_original_stays_for_keepers(
    office: Office,
) -> None:
    files, opening = await office.files(), await office.granted()
    areas = {"areas": [{"left": 0, "top": 0, "right": 0.5, "bottom": 1, "reason": "reporter"}]}

    async def blacken(file_id: str, body: Any = areas, *, by: str = "rvk", at: str = NOW) -> httpx.Response:
        path = f"{ORIGINALS}/{opening}/{file_id}/redactions"
        return await office.intake.post(path, body, by=by, key=uuid4().hex, **{"X-Local-Clock": at})

    for by, status_code in (("rvk2", 403), ("ofd", 403), ("icl", 403)):
        assert (await blacken(files["letter"], by=by)).status_code == status_code, by
    assert (await blacken(files["letter"], at=LATER)).status_code == 409
    assert (await blacken(files["office"])).status_code == 404
    assert (await blacken(files["letter"], {"areas": []})).status_code == 422
    made = await blacken(files["letter"])
    assert (made.status_code, made.json()["redacted_by"]) == (201, "rvk")
    # an office's own file is an original for keepers once there is a copy of it
    path = f"/intake/v1/leads/{office.lead_id}/attachments"
    order = areas | {"purpose": "涂黑后交承办单位"}
    own = await office.intake.post(f"{path}/{files['office']}/redactions", order, by="ofd", key=uuid4().hex)
    assert own.status_code == 201, own.text
    whole = await office.intake.post(
        f"{path}/{files['office']}/download", {"purpose": "核对", "original": True}, by="ofd"
    )
    assert whole.status_code == 403
    shown = {one["id"]: one["replaced_by"] for one in (await office.listed(opening)).json()}
    assert shown == {
        files["letter"]: made.json()["attachment_id"],
        files["office"]: own.json()["attachment_id"],
        files["reporter"]: None,
    }
    assert (await office.read(opening, files["office"])).content == photo()
    copy = await office.intake.post(f"{path}/{made.json()['attachment_id']}/download", {"purpose": "核对"}, by="ofd")
    assert (copy.status_code, b"CANARYscan" in copy.content) == (200, False)
    assert (await office.read(opening, made.json()["attachment_id"])).status_code == 404
    rows = await office.intake.rows(
        "select actor, purpose from audit_log where action = 'attachment.redact' order by 1"
    )
    assert rows == [("ofd", "涂黑后交承办单位"), ("rvk", "originals")]
