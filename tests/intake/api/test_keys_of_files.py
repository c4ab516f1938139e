"""Keys are taken out of the settings, processes die and meet while files come: none is lost, and what cannot be opened now is told so."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.intake.api import seal_command
from services.intake.usecases.attachments import Store
from services.intake.usecases.clean_attachments import clean_attachments
from services.intake.usecases.examine_attachment import examine_attachment, examine_waiting
from services.intake.usecases.letters import Letters
from services.intake.usecases.office_keys import OfficeKeys
from shared.db import Database
from shared.file_key import FileKeys, WrappingKey
from tests.conftest import NewApi
from tests.intake.api.test_killed import Killed, Process
from tests.intake.api.test_lock_order import BLOCKED
from tests.support.api import Api
from tests.support.files import photo
from tests.support.letters import door, exchanged, fetch, filed
from tests.support.reporting import write
from tests.support.uploading import OPEN, TUS, attach, attach_by_code, begin, destroy, objects, patch

OTHER = SecretStr(base64.b64encode(bytes(range(32))).decode())
WITHOUT = FileKeys([WrappingKey(key_id="other", key=OTHER)])
NOBODY = "127.0.0.1:1"
WHY = {"purpose": "核对来信附件"}
STATES = "select door, state, wrapped_key is not null, for_office is not null from attachments order by door"


async def begun(api: Api, code: str, lead: str) -> list[tuple[str, dict[str, str]]]:
    """An upload of the reporter, and one of a paper of the office's own; → where each goes on, and by whom."""
    theirs, ours = {"Query-Code": code}, api.as_("ofd")
    found = [(await begin(api.client, OPEN, len(photo()), "a.jpg", **theirs), theirs)]
    found += [(await begin(api.client, f"{lead}/attachments", len(photo()), "b.jpg", **ours), ours)]
    return [(answer.headers["Location"], who) for answer, who in found]


async def waiting(api: Api, code: str, lead: str) -> Store:
    """The same two, whole, that no scanner has looked at; → the store with one."""
    store: Store = api.app.state.attachments
    api.app.state.attachments = replace(store, clamd=NOBODY)
    assert (await attach_by_code(api.client, code, photo(), "a.jpg")).status_code == 503
    assert (await attach(api, lead.rsplit("/", 1)[-1], photo(), "b.jpg", by="ofd")).status_code == 204
    api.app.state.attachments = store
    return store


async def clock(api: Api, store: Store) -> None:
    """The worker's turns, which has no key of the office."""
    found: set[UUID] = set()
    for _ in range(2):
        found = await examine_waiting(api.app.state.database, replace(store, office=None), found, datetime.now(UTC))


async def test_an_upload_outlives_a_key_of_the_service_that_was_taken_out_of_the_settings(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    (theirs, reporter), (ours, office) = await begun(api, code, lead)
    store = api.app.state.attachments
    api.app.state.attachments = replace(store, keys=WITHOUT, office=None)
    for where, who in ((theirs, reporter), (ours, office)):
        shut = await patch(api.client, where, photo(), 0, **who)
        assert (shut.status_code, "暂时无法解密" in shut.text) == (503, True), shut.text
    # the office's box opens what has one
    api.app.state.attachments = replace(store, keys=WITHOUT)
    assert (await patch(api.client, theirs, photo(), 0, **reporter)).status_code == 204
    api.app.state.attachments = store
    assert (await patch(api.client, ours, photo(), 0, **office)).status_code == 204
    assert await api.rows(STATES) == [("office", "kept", True, False), ("reporter", "kept", False, True)]


async def test_a_file_whose_key_is_missing_waits_and_is_not_destroyed(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    store = await waiting(api, code, lead)
    before = await api.rows(STATES)
    assert before == [("office", "examining", True, False), ("reporter", "examining", True, True)]
    await clock(api, replace(store, keys=WITHOUT))
    assert await api.rows(STATES) == before
    [(mine,)] = await api.rows("select id from attachments where door = 'reporter'")
    api.app.state.attachments = replace(store, keys=WITHOUT, office=None)
    asked = await api.client.head(f"{OPEN}/{mine}", headers={**TUS, "Query-Code": code})
    assert asked.status_code == 503
    assert await api.rows(STATES) == before
    # set again, all goes on
    await clock(api, store)
    assert await api.rows(STATES) == [("office", "kept", True, False), ("reporter", "kept", False, True)]


async def test_without_the_offices_older_key_its_letters_and_files_are_shut_and_nothing_else(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    files = await exchanged(api, code, lead)
    state = api.app.state
    old, letters = state.attachments, state.letters
    area = {"page": 1, "left": 0.0, "top": 0.4, "right": 1.0, "bottom": 0.6, "reason": "reporter"}

    async def office() -> list[httpx.Response]:
        by = f"{lead}/attachments/{files['reporter']}"
        return [
            await api.get(f"{lead}/messages", by="ana"),
            await api.post(f"{by}/download", WHY, by="ofd"),
            await api.post(f"{by}/redactions", {**WHY, "areas": [area]}, by="ofd", key="k" * 32),
        ]

    keys = OfficeKeys({"newer": OTHER})
    state.attachments, state.letters = replace(old, office=keys), Letters(keys)
    monkeypatch.setattr(state.mailbox, "_letters", state.letters)
    shut = await office()
    assert [(each.status_code, "暂时无法解密" in each.text) for each in shut] == [(503, True)] * 3, shut[2].text
    assert (await fetch(api, code, 1, files["reporter"])).status_code == 200
    # what others write and send is opened by the newer key
    another, elsewhere = await filed(api)
    sent = await exchanged(api, another, elsewhere)
    assert (await api.get(f"{elsewhere}/messages", by="ana")).status_code == 200
    download = f"{elsewhere}/attachments/{sent['reporter']}/download"
    assert (await api.post(download, WHY, by="ofd")).status_code == 200
    state.attachments, state.letters = old, letters
    assert [each.status_code for each in await office()] == [200, 200, 201]


async def test_two_who_examine_a_file_at_once_leave_nothing_that_nobody_reads(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    store = await waiting(api, code, lead)
    for (file_id,) in await api.rows("select id from attachments"):
        both = (store, replace(store, office=None)) * 2
        await asyncio.gather(
            *(examine_attachment(api.app.state.database, each, file_id, by=None, at=datetime.now(UTC)) for each in both)
        )
    assert await api.rows(STATES) == [("office", "kept", True, False), ("reporter", "kept", False, True)]
    counted = await api.rows(
        "select sum(jsonb_array_length(pieces) + jsonb_array_length(shared))::int from attachments"
    )
    assert [(len(objects(api)),)] == counted
    mine = str((await api.rows("select id from attachments where door = 'reporter'"))[0][0])
    assert (await write(api.client, {"query_code": code, "text": "x", "files": [mine]})).status_code == 201
    assert (await fetch(api, code, 1, mine)).status_code == 200


async def test_whoever_examines_is_killed_at_each_step_and_the_file_is_sealed_for_the_two_in_the_end(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    store = await waiting(api, code, lead)
    [(mine,)] = await api.rows("select id from attachments where door = 'reporter'")
    seen = set()
    for steps in range(12):
        process = Process(api, steps)
        try:
            await examine_attachment(process.database, process.store, mine, by=None, at=datetime.now(UTC))
        except Killed:
            seen.add((await api.rows(f"select state, wrapped_key is not null from attachments where id = '{mine}'"))[0])
    assert seen == {("examining", True), ("kept", False)}
    assert (await api.post(f"{lead}/attachments/{mine}/download", WHY, by="ofd")).status_code == 200
    await clock(api, store)
    assert await api.rows(STATES) == [("office", "kept", True, False), ("reporter", "kept", False, True)]


@pytest.mark.rule("G14")
async def test_what_still_comes_of_a_file_that_was_destroyed_and_removed_meanwhile_does_not_stay(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    (theirs, reporter), (ours, office) = await begun(api, code, lead)

    async def content(*, last: bool) -> AsyncIterator[bytes]:
        if last:
            await destroy(api, lead.rsplit("/", 1)[-1])
        else:
            assert (await api.client.delete(ours, headers={**TUS, **office})).status_code == 204
        async with api.app.state.database.transaction() as tx:
            await clean_attachments(tx, datetime.now(UTC), store=api.app.state.attachments)
        yield photo()

    assert (await patch(api.client, ours, content(last=False), 0, **office)).status_code == 404
    assert (await patch(api.client, theirs, content(last=True), 0, **reporter)).status_code == 404
    assert objects(api) == []


def command(api: Api) -> Awaitable[int]:
    owner, keys = Database(api.copy.owner_url, pool=1), api.app.state.sealer.subjects
    return asyncio.to_thread(seal_command.main, [], owner=owner, keys=keys, store=api.app.state.attachments)


UNSEALED = "update attachments set for_reporter = null, for_office = null, office_key = null returning 1"


@pytest.mark.rule("G1")
async def test_the_owners_command_seals_also_what_came_in_part_when_the_release_changed(
    new_api: NewApi, capfd: pytest.CaptureFixture[str]
) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    store = await waiting(api, code, lead)
    (theirs, reporter), _ = await begun(api, code, lead)
    given_up, _ = await begun(api, code, lead)
    await api.rows(UNSEALED)
    assert (await api.client.delete(given_up[0], headers={**TUS, **reporter})).status_code == 204
    for sealed in (2, 0):
        assert await command(api) == 0
        assert json.loads(capfd.readouterr().out.splitlines()[-1])["files"] == sealed
    assert (await patch(api.client, theirs, photo(), 0, **reporter)).status_code == 204
    await clock(api, store)
    kept = (
        "select wrapped_key is null, for_reporter is null from attachments where door = 'reporter' and state = 'kept'"
    )
    assert await api.rows(kept) == [(True, False)] * 2


async def test_the_owners_command_holds_one_file_at_a_time(new_api: NewApi, capfd: pytest.CaptureFixture[str]) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    await begun(api, code, lead)
    await begun(api, code, lead)
    kept = "state = 'kept', media_type = 'image/jpeg', sha256 = 'x'"
    await api.rows(UNSEALED.replace(" set ", f" set {kept}, "))
    found: list[tuple[Any]] = await api.rows("select id from attachments where door = 'reporter' order by id")
    held = "select from attachments where id = :id for update"
    # as whoever destroys all of a lead takes them, in no order; later than the other has looked whether the two are in each other's way
    async with api.app.state.database.transaction() as tx:
        await tx.execute(text(held), {"id": found[1][0]})
        running = asyncio.ensure_future(command(api))
        async with asyncio.timeout(30):
            while not await api.rows(BLOCKED):  # noqa: ASYNC110 - the database tells, not an event
                await asyncio.sleep(0.02)
        await asyncio.sleep(1.3)
        await tx.execute(text(held), {"id": found[0][0]})
    assert await running == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["files"] == 2
