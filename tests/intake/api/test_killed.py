"""A process is killed at each step in turn: what it was about to do is whole or not begun, and no piece stays that nobody reads."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.intake.domain.gateway_message import Incoming
from services.intake.domain.redaction import Area, Hides
from services.intake.domain.report import Channel
from services.intake.usecases.clean_attachments import clean_attachments
from services.intake.usecases.redact_attachment import redact_attachment
from services.intake.usecases.screen_message import clean_messages, pass_message
from services.intake.usecases.take_messages import TakeMessages
from shared.auth import Principal
from shared.contracts.envelope import SealedBox
from shared.db import Database
from shared.errors import Unavailable
from shared.file_key import FileKey
from shared.objects import Objects
from shared.sealing import Opener
from tests.conftest import NewApi
from tests.intake.api.test_leads import register
from tests.support.api import Api
from tests.support.files import photo
from tests.support.uploading import attach, objects

AT = datetime(2018, 6, 1, 2, tzinfo=UTC)
GATEWAY = Principal(sub="mgw", roles=frozenset({"mgw"}), unit="SHB")
CLERK = Principal(sub="icl", roles=frozenset({"icl"}), unit="SHB")
FILES = (("a.txt", "记录".encode()), ("b.jpg", photo("x")))


class Killed(BaseException):
    """SIGKILL: nothing of this process does anything any more."""


class Process:
    """It does so many steps (a transaction, a look into the store), then it is dead, whatever it still tries."""

    def __init__(self, api: Api, steps: int) -> None:
        self.left, state = steps, api.app.state
        self.database: Any = _Database(self, state.database)
        self.store = replace(state.attachments, objects=_Objects(self, state.attachments.objects))
        self.desk, self.take = state.desk, state.take_messages

    def step(self) -> None:
        if self.left <= 0:
            raise Killed
        self.left -= 1


class _Objects:
    def __init__(self, process: Process, whole: Objects) -> None:
        self._process, self._whole = process, whole

    def __getattr__(self, name: str) -> Any:
        async def do(*arguments: Any, **more: Any) -> Any:
            self._process.step()
            return await getattr(self._whole, name)(*arguments, **more)

        return do


class _Database:
    """Killed before its transaction, or with all of it done and not committed."""

    def __init__(self, process: Process, whole: Database) -> None:
        self._process, self._whole = process, whole

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        self._process.step()
        async with self._whole.transaction() as tx:
            yield tx
            self._process.step()


async def clean(api: Api) -> None:
    """The clock, two days later."""
    async with api.app.state.database.transaction() as tx:
        await clean_attachments(tx, AT + timedelta(days=2), store=api.app.state.attachments)
        await clean_messages(tx, AT + timedelta(days=2), store=api.app.state.attachments)


async def known_pieces(api: Api) -> set[str]:
    rows = await api.rows("select jsonb_array_elements(pieces || shared)->>0 from attachments")
    return {name for (name,) in rows}


async def letters(api: Api) -> list[dict[str, Any]]:
    """What discipline is told of files, each opened by what it was sent."""
    box = api.keys.box("discipline")
    opener = Opener({box["key_id"]: SecretStr(box["private_key"])})
    sealed = await api.rows(
        "select s.key_id, s.box from outbox o join outbox_sealed s using (id) where o.type like '%.letter.%' order by o.position"
    )
    told = [opener.open(SealedBox(key_id=key, box=text))["file"] for key, text in sealed]
    store = api.app.state.attachments.objects
    for file in told:
        key = FileKey(UUID(file["id"]), base64.b64decode(file["key"]))
        key.open(file["index"], await store.get(f"passed/{file['id']}", file["index"]))
    return told


@pytest.mark.rule("G22")
@pytest.mark.parametrize("way", ["by the gateway", "by a clerk"])
async def test_files_of_a_message_past_the_office_reach_discipline_once_wherever_the_process_is_killed(
    new_api: NewApi, way: str
) -> None:
    api = await new_api("intake")
    book, past = await api.app.state.codes(), way == "by the gateway"

    async def take(process: Process, number: int) -> None:
        incoming = Incoming(
            external_no=f"N{number}", channel=Channel.EMAIL, sender={"email": "a@mail.example"}, text="窗口压件",
            files=FILES[number % 2 :][:1], past_office=past,
        )  # fmt: skip
        digest = process.take._digest
        door = TakeMessages(process.database, desk=process.desk, store=process.store, digest=digest)
        await door(incoming, book=book, by=GATEWAY, at=AT)

    async def do(process: Process, number: int) -> None:
        if past:
            await take(process, number)
        for (message_id,) in await api.rows("select id from gateway_messages where state = 'waiting'"):
            await pass_message(process.database, process.desk, process.store, message_id, book=book, at=AT)

    for steps in range(60):
        if not past:
            await take(Process(api, 1000), steps)
        try:
            await do(dying := Process(api, steps), steps)
        except Killed:
            await do(Process(api, 1000), steps)  # it is handed over, or passed on, once more
        told = await letters(api)
        assert len(told) == len({file["id"] for file in told}) == steps + 1, steps
        if dying.left:
            break
    assert steps > 5
    await clean(api)
    assert {path.name for path in objects(api)} == await known_pieces(api)
    assert await api.rows("select count(*) from passed_reports") == [(steps + 1,)]


async def test_a_redaction_that_was_killed_leaves_nothing_for_long_and_can_be_asked_again(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead_id = await register(api, source="M", issuing_level=None, upstream_no=None)
    assert (await attach(api, lead_id, photo("x"), "a.jpg", by="icl")).status_code == 204
    [(original,)] = await api.rows("select id from attachments")

    async def redact(process: Process, number: int) -> None:
        area = Area(page=1, left=0, top=number / 20, right=1, bottom=(number + 1) / 20, reason=Hides.OTHER)
        async with process.database.transaction() as tx:
            await redact_attachment(
                tx, process.database, process.store, lead_id, original, [area], purpose="核对来信", by=CLERK, at=AT
            )  # fmt: skip

    left = 0
    for steps in range(20):
        try:
            await redact(dying := Process(api, steps), steps)
        except Killed:
            left += len({path.name for path in objects(api)} - await known_pieces(api))
            await clean(api)
            assert {path.name for path in objects(api)} == await known_pieces(api), steps
            await redact(Process(api, 1000), steps)
        assert await api.rows("select max(number) from redactions") == [(steps + 1,)]
        if dying.left:
            break
    assert (steps > 3, left > 0) == (True, True)
    assert await api.rows("select count(*) from begun_folders") == [(0,)]
    # who was taken for dead is told, and keeps nothing that the clock has removed
    slow = Process(api, 1000)
    cleaned = slow.store.objects.put

    async def put(*arguments: Any) -> None:
        await cleaned(*arguments)
        await clean(api)

    slow.store.objects.put = put
    with pytest.raises(Unavailable):
        await redact(slow, 19)
    assert {path.name for path in objects(api)} == await known_pieces(api)
