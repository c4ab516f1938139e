"""Blackening over the doors: the copy goes out in place of its original, which is for nobody but two keepers from then on."""

import asyncio
import hashlib
import io
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw
from pypdf import PdfReader

from services.intake.domain.redaction import Area, Hides
from services.intake.usecases.clean_attachments import clean_attachments
from services.intake.usecases.redact_attachment import redact_attachment
from shared.auth import Principal
from shared.errors import Conflict
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.files import document, pdf, photo
from tests.support.reporting import REPORT, report
from tests.support.uploading import TUS, attach_by_code, destroy, objects, patch

LEADS = "/intake/v1/leads"
NAME = {"page": 1, "left": 0.0, "top": 0.4, "right": 1.0, "bottom": 0.6, "reason": "reporter"}
HAND = {"page": 1, "left": 0.0, "top": 0.7, "right": 0.5, "bottom": 0.9, "reason": "third-person"}
SECRET = "ZHANGq7"
SCAN = pdf(SECRET, SECRET)


def order(*areas: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"purpose": "涂黑后交承办单位", "areas": list(areas or (NAME,)), **changes}


class Office:
    """intake, and a lead of a reporter that a unit is charged with."""

    def __init__(self, api: Api, lead_id: str) -> None:
        self.api, self.lead_id = api, lead_id

    async def file(self, content: bytes, *, by: str, word: str = "", door: str = "office") -> str:
        """A file of the lead; `word`: of Upload-Metadata."""
        before = {one["id"] for one in await self.files()}
        headers = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename 5L+hLmpwZw=={word}"}
        where = f"{LEADS}/{self.lead_id}/attachments"
        begun = await self.api.client.post(where, headers={**headers, **self.api.as_(by)})
        sent = await patch(self.api.client, begun.headers["Location"], content, 0, **self.api.as_(by))
        assert sent.status_code == 204, sent.text
        [one] = [one for one in await self.files() if one["id"] not in before]
        assert one["door"] == door
        return str(one["id"])

    async def files(self, by: str = "ofd") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.api.get(f"{LEADS}/{self.lead_id}/attachments", by=by)).json()
        return found

    async def redact(
        self, file_id: str, body: dict[str, Any] | None = None, *, by: str = "icl", key: str | None = None
    ) -> httpx.Response:
        path = f"{LEADS}/{self.lead_id}/attachments/{file_id}/redactions"
        return await self.api.post(path, body or order(), by=by, key=key or uuid4().hex)

    async def download(self, file_id: str, *, by: str, **more: Any) -> httpx.Response:
        path = f"{LEADS}/{self.lead_id}/attachments/{file_id}/download"
        return await self.api.post(path, {"purpose": "核对来信", **more}, by=by)


@pytest_asyncio.fixture
async def office(new_api: NewApi) -> Office:
    api = await new_api("intake", CHALLENGE_BITS="2")
    made = await api.post(LEADS, {"source": "M", "summary": "来信反映有人强收费用"}, by="icl", key=uuid4().hex)
    lead_id = made.json()["id"]
    body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    assert (await api.post(f"{LEADS}/{lead_id}/classification", body, by="ana")).status_code == 200
    assert (await api.post(f"{LEADS}/{lead_id}/assignment", {"unit": "GA"}, by="ofd")).status_code == 200
    return Office(api, lead_id)


def page_of(content: bytes) -> Image.Image:
    [image] = PdfReader(io.BytesIO(content)).pages[0].images
    assert image.image
    return image.image.convert("L")


def is_black(page: Image.Image, where: dict[str, Any]) -> bool:
    area = Area(**{**where, "reason": Hides(where["reason"])})
    return page.crop(area.pixels(*page.size)).getextrema()[1] < 60  # type: ignore[operator] # one band


@pytest.mark.rule("G1", "G11")
async def test_a_units_officer_gets_the_letter_without_who_wrote_it_and_its_scan_stays_sealed(office: Office) -> None:
    api, key = office.api, uuid4().hex
    scan = await office.file(SCAN, by="icl", word=",letter", door="letter")
    assert (await office.download(scan, by="unl")).status_code == 403
    assert SECRET in PdfReader(io.BytesIO(SCAN)).pages[0].extract_text()
    # the page is known to who scanned it
    for by in ("ana", "ofd"):
        assert (await office.redact(scan, by=by)).status_code == 403
    made = await office.redact(scan, key=key)
    assert made.status_code == 201, made.text
    told = made.json()
    again = await office.redact(scan, key=key)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (told, "true")
    copy = await office.download(told["attachment_id"], by="unl")
    assert copy.headers["Content-Disposition"].endswith(f"{told['attachment_id']}.pdf")
    assert (copy.status_code, hashlib.sha256(copy.content).hexdigest()) == (200, told["sha256"])
    assert told["original_sha256"] == hashlib.sha256(SCAN).hexdigest()
    assert SECRET.encode() not in copy.content
    assert PdfReader(io.BytesIO(copy.content)).pages[0].extract_text() == ""
    assert (is_black(page_of(copy.content), NAME), is_black(page_of(copy.content), HAND)) == (True, False)
    for by in ("ofd", "icl", "unl"):
        refused = await office.download(scan, by=by)
        assert (refused.status_code, "已有涂黑件" in refused.json()["detail"]) == (403, True)
    shown = {one["id"]: one for one in await office.files("unl")}
    assert (shown[scan]["replaced_by"], shown[scan]["name"]) == (told["attachment_id"], None)
    whole = shown[told["attachment_id"]]
    assert (whole["door"], whole["name"], whole["replaced_by"], whole["length"]) == (
        *("redacted", None, None),
        len(copy.content),
    )

    # whoever sees the copy may hide more of it, and nothing comes back
    more = await office.redact(scan, order(HAND), by="ana")
    assert (more.status_code, more.json()["number"]) == (201, 2)
    second = await office.download(more.json()["attachment_id"], by="unl")
    assert [is_black(page_of(second.content), where) for where in (NAME, HAND)] == [True, True]
    assert (await office.download(told["attachment_id"], by="unl")).status_code == 403
    assert {one["replaced_by"] for one in await office.files()} == {None, more.json()["attachment_id"]}
    for nothing in (order(), order(HAND, NAME), order({**NAME, "top": 0.45, "right": 0.3})):
        assert (await office.redact(scan, nothing)).status_code == 409
    copied = await office.redact(told["attachment_id"], order({**NAME, "top": 0.1}))
    assert (copied.status_code, "原件" in copied.json()["detail"]) == (409, True)

    path = f"{LEADS}/{office.lead_id}/attachments/{scan}/redactions"
    listed = (await api.get(path, by="sup")).json()
    assert [(one["number"], one["areas"], one["redacted_by"]) for one in listed] == [
        (1, [NAME], "icl"),
        (2, [HAND], "ana"),
    ]
    assert listed[0] == told
    assert (await api.get(path, by="unl")).status_code == 403
    rows = await api.rows(
        "select actor, purpose, subject, detail->>'attachment', detail->>'copy', detail->>'areas' from audit_log "
        "where action = 'attachment.redact' order by position"
    )
    assert rows == [
        (by, "涂黑后交承办单位", office.lead_id, scan, one["attachment_id"], "1")
        for by, one in zip(("icl", "ana"), listed, strict=True)
    ]
    assert SECRET not in str(await api.rows("select t::text from redactions t"))


@pytest.mark.rule("G1")
async def test_of_a_reporters_photo_nothing_is_given_out_but_the_copy(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code = (await report(api.client, REPORT)).json()["query_code"]
    picture, out = Image.new("RGB", (400, 300), "white"), io.BytesIO()
    ImageDraw.Draw(picture).rectangle((40, 130, 300, 160), fill="red")
    picture.save(out, "JPEG", comment=SECRET.encode())
    assert (await attach_by_code(api.client, code, out.getvalue(), "x.jpg")).status_code == 204
    [(lead_id,)] = await api.rows("select id::text from leads")
    office = Office(api, lead_id)
    [photograph] = await office.files()
    assert (await office.download(photograph["id"], by="ofd")).status_code == 200
    made = (await office.redact(photograph["id"], by="ofd")).json()
    for by in ("ofd", "icl", "sup"):
        refused = await office.download(photograph["id"], by=by)
        assert (refused.status_code, "涂黑件" in refused.json()["detail"]) == (403, True)
    copy = await office.download(made["attachment_id"], by="sup")
    shown = Image.open(io.BytesIO(copy.content))
    assert (made["media_type"], shown.size, SECRET.encode() in copy.content) == ("image/jpeg", (400, 300), False)
    assert is_black(shown.convert("L"), NAME)
    assert all(r - g < 60 for r, g, _ in shown.get_flattened_data())  # type: ignore[misc] # three bands

    # the whole is destroyed with its lead
    store = api.app.state.attachments
    await destroy(api, lead_id)
    async with api.app.state.database.transaction() as tx:
        await clean_attachments(tx, datetime.now(UTC), store=store)
    assert objects(api) == []
    assert (await office.redact(photograph["id"], order(HAND), by="ofd")).status_code == 409
    by_original, by_copy = [
        (await api.get(f"{LEADS}/{lead_id}/attachments/{file_id}/redactions", by="ofd")).json()
        for file_id in (photograph["id"], made["attachment_id"])
    ]
    assert by_original == by_copy
    [one] = by_original
    assert (one["sha256"], one["original_sha256"], one["areas"]) == (None, None, [NAME])


@pytest.mark.parametrize("where", ["body", "states"])
async def test_what_cannot_be_blackened_is_told_by_field_and_leaves_nothing(office: Office, where: str) -> None:
    api = office.api
    scan = await office.file(SCAN, by="icl", word=",letter", door="letter")
    if where == "body":
        wrong: list[tuple[dict[str, Any], list[str]]] = [
            (order(areas=[]), ["areas"]),
            (order(*[NAME] * 201), ["areas"]),
            (order(purpose="x"), ["purpose"]),
            (order(purpose="绝密★涂黑"), ["purpose"]),
            (order(NAME, {**NAME, "right": 0.0}), ["areas.1.right"]),
            (order({**NAME, "bottom": 0.4}), ["areas.0.bottom"]),
            (order({**NAME, "left": 0.9, "right": 0.8, "top": 0.9}), ["areas.0.right", "areas.0.bottom"]),
            (order(HAND, {**NAME, "page": 2}), ["areas.1.page"]),
            *((order({**NAME, "page": page}), ["areas.0.page"]) for page in (0, -1, 61, 1.5, "x", None)),
            *((order({**NAME, "left": left}), ["areas.0.left"]) for left in (-0.1, 1.1, 1e308, "x", None)),
            (order({**NAME, "reason": "because"}), ["areas.0.reason"]),
            (order({**NAME, "note": "张某"}), ["areas.0.note"]),
            (order(more=1), ["more"]),
        ]
        for body, fields in wrong:
            refused = await office.redact(scan, body)
            found = [each["field"] for each in refused.json()["errors"]]
            assert (refused.status_code, found) == (422, fields), body
        for number in ("NaN", "Infinity", "-Infinity", "1e999"):
            text = json.dumps(order()).replace("0.4", number)
            headers = api.as_("icl", **{"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"})
            path = f"{LEADS}/{office.lead_id}/attachments/{scan}/redactions"
            assert (await api.client.post(path, content=text, headers=headers)).status_code == 422, number
    else:
        for by in ("unl", "unh", "sup", "m110", "prt", "rvk", "dpo"):
            assert (await office.redact(scan, by=by)).status_code == 403, by
        assert (await office.redact(str(uuid4()))).status_code == 404
        other = await api.post(LEADS, {"source": "M", "summary": "反映有人强收费用"}, by="icl", key=uuid4().hex)
        assert (await Office(api, other.json()["id"]).redact(scan)).status_code == 404
        await report(api.client, REPORT)
        [(told,)] = await api.rows("select lead_id::text from mailboxes")
        mailbox = Office(api, told)
        mailed = await mailbox.file(photo(), by="ofd", word=",mailbox", door="mailbox")
        assert [(await mailbox.redact(mailed, by=by)).status_code for by in ("icl", "ofd")] == [404, 409]
        text = await office.file(document("反映有人强收费用"), by="icl")
        assert (await office.redact(text)).status_code == 409
        # the file is not what it was, or away
        await api.rows("update attachments set media_type = 'image/png' where id = $1", scan)
        assert (await office.redact(scan)).status_code == 409
        await api.rows(
            "update attachments set media_type = 'application/pdf', sha256 = $2 where id = $1", scan, "0" * 64
        )
        assert (await office.redact(scan)).status_code == 409
        [(name,)] = await api.rows("select pieces->0->>0 from attachments where id = $1", scan)
        [piece] = [path for path in objects(api) if path.name == name]
        lost = piece.rename(piece.parent.parent / "lost")
        assert (await office.redact(scan)).status_code == 503
        lost.rename(piece)
        # the lead is at rest
        for resting in ("sealed", "expunged"):
            await api.rows("update leads set status = $1 where id = $2", resting, office.lead_id)
            assert (await office.redact(scan)).status_code == 409, resting
    assert await api.rows("select count(*) from redactions") == [(0,)]
    kept = await api.rows("select jsonb_array_elements(pieces || shared)->>0 from attachments")
    assert {path.name for path in objects(api)} == {name for (name,) in kept}


async def test_of_two_at_once_each_hides_what_the_other_hid_or_is_told(office: Office) -> None:
    api = office.api
    scan = await office.file(SCAN, by="icl", word=",letter", door="letter")
    # in one process they take turns
    key = uuid4().hex
    sent = [office.redact(scan, key=key), office.redact(scan, key=key), office.redact(scan, order(HAND))]
    done = await asyncio.gather(*sent)
    assert [answer.status_code for answer in done] == [201, 201, 201]
    assert done[0].json() == done[1].json()
    assert sorted({answer.json()["number"] for answer in done}) == [1, 2]
    [last] = [one for one in await office.files() if one["door"] == "redacted" and one["replaced_by"] is None]
    page = page_of((await office.download(last["id"], by="unl")).content)
    assert (is_black(page, NAME), is_black(page, HAND)) == (True, True)

    # in two processes one is told, and leaves nothing
    clerk = Principal(sub="icl", roles=frozenset({"icl"}), unit="SHB")

    async def elsewhere(top: float) -> None:
        area = Area(page=1, left=0, top=top, right=1, bottom=top + 0.1, reason=Hides.OTHER)
        async with api.app.state.database.transaction() as tx:
            await redact_attachment(
                tx, api.app.state.database, api.app.state.attachments, UUID(office.lead_id), UUID(scan), [area],
                purpose="核对来信", by=clerk, at=datetime(2018, 6, 4, tzinfo=UTC),
            )  # fmt: skip

    results = await asyncio.gather(elsewhere(0.0), elsewhere(0.1), return_exceptions=True)
    assert [type(result) for result in results if result] == [Conflict]
    assert await api.rows("select max(number) from redactions") == [(3,)]
    kept = await api.rows("select jsonb_array_elements(pieces || shared)->>0 from attachments")
    assert {path.name for path in objects(api)} == {name for (name,) in kept}
