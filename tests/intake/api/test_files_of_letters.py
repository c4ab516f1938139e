"""Files in letters: what each side sends the other, who has their keys, and what an older release left."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from nacl.secret import SecretBox
from pydantic import SecretStr

from services.intake.db import attachments
from services.intake.domain.mailbox import private_half
from services.intake.domain.query_code import read_code
from services.intake.usecases.examine_attachment import examine_attachment
from services.intake.usecases.office_keys import OfficeKeys, reporters_key
from shared.file_key import CannotRead
from tests.conftest import NewApi
from tests.support.api import Api, settings_of
from tests.support.files import photo
from tests.support.letters import ANSWER, door, exchanged, fetch, filed, for_letter, tell, thread
from tests.support.reporting import write
from tests.support.uploading import OPEN, TUS, attach, attach_by_code, begin, patch

SOUND = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(200)


@pytest.mark.rule("G1", "G7")
async def test_letters_carry_files_of_their_own_side_and_only_the_code_and_the_office_fetch_them(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    (code, lead), (other, elsewhere) = await filed(api), await filed(api)
    picture = photo("CANARYmail")
    assert b"CANARYmail" in picture, "control: there is something to strip"
    sent = await begin(api.client, OPEN, len(picture), "a.jpg", **{"Query-Code": code})
    mine = sent.headers["Location"].rsplit("/", 1)[-1]
    letter = {"query_code": code, "text": "附照片", "files": [mine]}
    early = await write(api.client, letter)
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "files.0"), "not here whole"
    assert "尚未传完" in early.json()["detail"]
    await patch(api.client, sent.headers["Location"], picture, 0, **{"Query-Code": code})
    assert (await write(api.client, letter)).status_code == 201
    begun = await for_letter(api, lead, picture, "答复.jpg", by="ana")
    theirs = begun.headers["Location"].rsplit("/", 1)[-1]
    assert (await for_letter(api, lead, picture, "a.jpg", by="icl")).status_code == 403
    await attach(api, lead.rsplit("/", 1)[-1], picture, "b.jpg", by="ofd")
    usual = [f["id"] for f in (await api.get(f"{lead}/attachments", by="ofd")).json() if f["door"] == "office"]
    # another side's, another lead's, the office's own papers, none, too many
    unknown = "mailbox字样"
    for files, why_not in (
        ([mine], unknown),
        (usual, unknown),
        ([str(uuid4())], unknown),
        ([theirs] * 6, "files"),
    ):
        refused = await tell(api, lead, ANSWER, files=files)
        assert (refused.status_code, refused.json()["errors"][0]["field"][:5]) == (422, "files"), files
        assert why_not in refused.json()["detail"]
    assert (await tell(api, elsewhere, ANSWER, files=[theirs])).status_code == 422
    assert (await write(api.client, letter | {"files": [theirs]})).status_code == 422
    foreign = await write(api.client, {"query_code": other, "text": "x", "files": [mine]})
    assert (foreign.status_code, "先凭查询码" in foreign.json()["detail"]) == (422, True), "another's is as none"
    taken_back = await api.client.delete(sent.headers["Location"], headers={**TUS, "Query-Code": code})
    assert (taken_back.status_code, "不能再撤回" in taken_back.json()["detail"]) == (409, True)
    assert (await tell(api, lead, ANSWER, files=[theirs])).status_code == 201
    assert [m["files"] for m in (await thread(api, query_code=code)).json()["items"]] == [[mine], [theirs]]
    assert [m["files"] for m in (await api.get(f"{lead}/messages", by="ofd")).json()["items"]] == [[mine], [theirs]]

    for number, file in ((1, mine), (2, theirs)):
        got = await fetch(api, code, number, file)
        assert got.status_code == 200, got.text
        assert got.content[:3] == picture[:3]
        assert b"CANARYmail" not in got.content, "without what the camera wrote"
        assert got.headers["Cache-Control"] == "no-store"
        assert got.headers["Content-Disposition"].endswith(".jpg"), "what was saved is opened by a click"
    for who, number, file in ((code, 1, theirs), (code, 3, theirs), (code, 2, usual[0]), (other, 2, theirs)):
        assert (await fetch(api, who, number, file)).status_code == 404, (number, file)
    assert (await fetch(api, "0" * 28, 2, theirs)).status_code == 404
    # the office reads what the reporter sent by its own door; who is not of the office learns nothing of what it wrote
    why = {"purpose": "核对来信附件"}
    assert (await api.post(f"{lead}/attachments/{mine}/download", why, by="ofd")).status_code == 200
    assert (await api.post(f"{lead}/attachments/{theirs}/download", why, by="sup")).status_code == 404
    for account, seen in (("ofd", True), ("sup", False), ("icl", False)):
        listed = {f["id"] for f in (await api.get(f"{lead}/attachments", by=account)).json()}
        assert (theirs in listed, mine in listed) == (seen, True), account
    assert all(theirs not in str(row) for row in await api.rows("select t::text from messages t"))
    # destroyed with the file's key
    gone = "wrapped_key = null, name_box = null, for_reporter = null, for_office = null, office_key = null"
    await api.rows(f"update attachments set state = 'shredded', {gone} returning 1")
    assert (await fetch(api, code, 2, theirs)).status_code == 409


async def test_a_letter_says_what_its_files_are_and_what_cannot_go_to_a_reporter_is_refused_when_it_comes(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    files = await exchanged(api, code, lead)
    jpeg = {"media_type": "image/jpeg", "length": len(photo("CANARYmail"))}
    theirs = [{"id": files["mailbox"], "name": "答复.jpg", **jpeg}]
    # what he calls his file is shown to him alone
    for read, name in (
        (await thread(api, query_code=code), "a.jpg"),
        (await api.get(f"{lead}/messages", by="ofd"), None),
    ):
        mine = [{"id": files["reporter"], "name": name, **jpeg}]
        assert [m["enclosed"] for m in read.json()["items"]] == [mine, theirs]
    sound = await for_letter(api, lead, SOUND, "a.mp3")
    assert (sound.status_code, sound.json()["errors"][0]["field"]) == (422, "file")
    assert "音视频" in sound.json()["detail"]


async def boxes(api: Api) -> list[tuple[Any, ...]]:
    return await api.rows("select wrapped_key, for_reporter, for_office, office_key from attachments order by id")


@pytest.mark.rule("G1", "G7")
async def test_of_files_of_both_sides_the_code_and_the_office_alone_have_the_key(new_api: NewApi) -> None:
    api = await door(new_api)
    (code, lead), (other, _) = await filed(api), await filed(api)
    files, store = await exchanged(api, code, lead), api.app.state.attachments
    worker = replace(store, office=None)
    for where in files.values():
        async with api.app.state.database.transaction() as tx:
            file = await attachments.get(tx, UUID(where))
        assert file.boxes
        with pytest.raises(CannotRead):
            worker.key_of(file)
        with pytest.raises(CannotRead):
            reporters_key(private_half(read_code(other)), file.id, file.boxes)
        with pytest.raises(CannotRead):
            OfficeKeys({file.boxes.office_key: SecretStr("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=")}).open(
                file.id, file.boxes
            )
        key = reporters_key(private_half(read_code(code)), file.id, file.boxes)
        assert [piece async for piece in store.read(file, file.pieces, key)] == [photo("CANARYmail")]
    # the code's box is the one that its door opens, the office's the one that the office's does
    why = {"purpose": "核对来信附件"}
    api.app.state.attachments = worker
    assert [(await fetch(api, code, n, files[d])).status_code for n, d in ((1, "reporter"), (2, "mailbox"))] == [
        200
    ] * 2
    assert (await api.post(f"{lead}/attachments/{files['mailbox']}/download", why, by="ofd")).status_code == 503
    listed = await api.get(f"{lead}/attachments", by="ofd")
    assert (listed.status_code, [f["name"] for f in listed.json()]) == (200, [None, None])
    api.app.state.attachments = store
    await api.rows("update attachments set for_reporter = $1 returning 1", bytes(80))
    assert [(await fetch(api, code, n, files[d])).status_code for n, d in ((1, "reporter"), (2, "mailbox"))] == [
        503
    ] * 2
    assert (await api.post(f"{lead}/attachments/{files['mailbox']}/download", why, by="ofd")).status_code == 200
    # nobody to seal it for
    plain = {"source": "M", "summary": "反映有人强收费用", "area_codes": ["market"]}
    silent = (await api.post("/intake/v1/leads", plain, by="icl", key=uuid4().hex)).json()["id"]
    nobody = await for_letter(api, f"/intake/v1/leads/{silent}", photo(), "a.jpg")
    assert (nobody.status_code, "没有信箱" in nobody.text) == (409, True)


@pytest.mark.rule("G1")
async def test_a_file_that_the_clock_examines_is_sealed_for_the_two_by_then(new_api: NewApi) -> None:
    api = await door(new_api)
    code, _ = await filed(api)
    store = api.app.state.attachments
    api.app.state.attachments = replace(store, clamd="127.0.0.1:1")
    assert (await attach_by_code(api.client, code, photo(), "a.jpg")).status_code == 503
    [(file_id, state, wrapped)] = await api.rows("select id, state, wrapped_key is not null from attachments")
    assert (state, wrapped) == ("examining", True)
    # as the worker has it, which opens nothing that is kept
    await examine_attachment(
        api.app.state.database, replace(store, office=None), file_id, by=None, at=datetime.now(UTC)
    )
    [(wrapped, *sealed)] = await boxes(api)
    assert (wrapped, None in sealed) == (None, False)
    api.app.state.attachments = store
    assert (await write(api.client, {"query_code": code, "text": "x", "files": [str(file_id)]})).status_code == 201
    assert (await fetch(api, code, 1, str(file_id))).status_code == 200


async def test_the_owners_command_seals_the_files_that_an_older_release_kept(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    files, settings = await exchanged(api, code, lead), settings_of("intake", api.keys, api.copy)
    [kept] = json.loads(settings["INTAKE_ATTACHMENT_KEYS"])
    for file_id in files.values():
        async with api.app.state.database.transaction() as tx:
            key = api.app.state.attachments.key_of(await attachments.get(tx, UUID(file_id)))
        old = bytes(SecretBox(base64.b64decode(kept["key"])).encrypt(key.secret))
        empty = "for_reporter = null, for_office = null, office_key = null"
        await api.rows(f"update attachments set wrapped_key = $2, {empty} where id = $1", UUID(file_id), old)
    # a paper of the office's own is for no reporter
    await attach(api, lead.rsplit("/", 1)[-1], photo(), "b.jpg", by="ofd")

    async def readable() -> list[int]:
        why = {"purpose": "核对来信附件"}
        found = [await fetch(api, code, n, files[d]) for n, d in ((1, "reporter"), (2, "mailbox"))]
        found += [await api.post(f"{lead}/attachments/{file}/download", why, by="ofd") for file in files.values()]
        return [each.status_code for each in found]

    def command(**other: str) -> tuple[int, str]:
        run = [sys.executable, "-m", "services.intake", "seal-stored"]
        done = subprocess.run(
            run, env=os.environ | settings | other, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout or done.stderr.splitlines()[-1]

    assert await readable() == [200] * 4
    before = await boxes(api)
    assert (await asyncio.to_thread(command, INTAKE_MAILBOX_KEYS="{}")) == (
        2,
        "缺少INTAKE_MAILBOX_KEYS / INTAKE_MAILBOX_KEYS is needed by the api and by seal-stored",
    )
    other = json.dumps([{"key_id": "other", "key": kept["key"]}])
    code_, said = await asyncio.to_thread(command, INTAKE_ATTACHMENT_KEYS=other)
    assert (code_, "no key opens file" in said) == (1, True)
    assert await boxes(api) == before
    for sealed in (2, 0):
        assert await asyncio.to_thread(command) == (0, f'{{"leads": 1, "sealed": 0, "files": {sealed}}}\n')
    assert sorted((wrapped is None, None in sealed) for wrapped, *sealed in await boxes(api)) == [
        (False, True),
        (True, False),
        (True, False),
    ]
    assert await readable() == [200] * 4
