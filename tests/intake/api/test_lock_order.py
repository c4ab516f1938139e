"""Whoever holds several leads takes them in one order, whatever their ids: no two wait for each other until the database ends one."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.intake.api import seal_command
from services.intake.db import leads, merges
from shared.db import Database
from tests.conftest import NewApi
from tests.intake.api.test_leads import register
from tests.intake.api.test_merges import PUBLIC, merge
from tests.support.api import Api

BLOCKED = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
PENDING = "select from repeat_pending where lead_id = :id for update"


async def two(api: Api) -> tuple[UUID, UUID]:
    low, high = sorted([await register(api, **PUBLIC, summary=text) for text in ("一件事", "又一件事")])
    return low, high


async def beside(api: Api, other: Awaitable[Any], first: UUID, second: UUID, table: str = "leads") -> Any:
    """Somebody holds the first lead, or its row of another table; `other` waits for it, then the second is asked for; → what
    `other` came to."""
    held = {"leads": "select from leads where id = :id for update", "repeat_pending": PENDING}[table]
    async with api.app.state.database.transaction() as tx:
        await tx.execute(text(held), {"id": first})
        waiting = asyncio.ensure_future(other)
        while not await api.rows(BLOCKED):  # noqa: ASYNC110 - the database tells, not an event
            await asyncio.sleep(0.02)
        await leads.get(tx, second, lock=True)
    return await waiting


async def test_a_master_is_held_before_its_repeat_by_whoever_begins_with_the_repeat(new_api: NewApi) -> None:
    api = await new_api("intake")
    repeat, master = await two(api)
    await merge(api, repeat, master)

    async def whole() -> tuple[UUID, UUID]:
        async with api.app.state.database.transaction() as tx:
            lead, its_master = await merges.lock_whole(tx, repeat)
            return lead.id, its_master.id

    # as whoever feeds a master back does, and enters what reporters of its repeats object
    assert await beside(api, whole(), master, repeat) == (repeat, master)


async def test_the_owners_command_holds_one_lead_at_a_time(new_api: NewApi, capfd: pytest.CaptureFixture[str]) -> None:
    api = await new_api("intake")
    low, high = await two(api)
    await api.rows("update leads set summary = '电话13900000123'")
    keys = api.app.state.sealer.subjects

    def command() -> Awaitable[int]:
        return asyncio.to_thread(seal_command.main, [], owner=Database(api.copy.owner_url, pool=1), keys=keys)

    assert await beside(api, command(), high, low) == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1]) == {"leads": 2, "sealed": 2}
    assert await api.rows("select distinct summary from leads") == [("电话〔电话〕",)]
    # the worker that makes a lead searchable holds what waits for that before the lead: the command does it once more
    await api.rows("update leads set summary = '电话13900000124' where id = $1", low)
    assert await beside(api, command(), low, low, "repeat_pending") == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1]) == {"leads": 2, "sealed": 1}
    assert await api.rows("select distinct summary from leads") == [("电话〔电话〕",)]
