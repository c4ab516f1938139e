"""Whoever holds several leads takes them in one order, whatever their ids: no two wait for each other until the database ends one."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.intake.api import seal_command
from services.intake.clock import end_transfers, look_again
from services.intake.db import leads, merges, retention
from services.intake.domain import lead_life
from services.intake.domain.decision import Decision, Kind
from services.intake.domain.lead import Lead
from services.intake.usecases.find_repeats import look_at_new
from services.intake.usecases.keep_retention import expunge
from services.intake.usecases.look_again import set_review
from services.intake.usecases.make_searchable import make_searchable
from shared.db import Database, Transaction
from tests.conftest import NewApi
from tests.intake.api.test_leads import register
from tests.intake.api.test_life import DEPARTMENT, concluded, do
from tests.intake.api.test_merges import AGAIN, FIRST, PUBLIC, merge
from tests.intake.api.test_merges import look as find
from tests.intake.api.test_police_calls import CALL, outcomes, send
from tests.support.api import Api
from tests.support.builders import NOON, person

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
        owner, store = Database(api.copy.owner_url, pool=1), api.app.state.attachments
        return asyncio.to_thread(seal_command.main, [], owner=owner, keys=keys, store=store)

    assert await beside(api, command(), high, low) == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1]) == {"leads": 2, "sealed": 2, "files": 0}
    assert await api.rows("select distinct summary from leads") == [("电话〔电话〕",)]
    # a worker of an older release holds what waits for the search before the lead: the command does it once more
    await api.rows("update leads set summary = '电话13900000124' where id = $1", low)
    assert await beside(api, command(), low, low, "repeat_pending") == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1]) == {"leads": 2, "sealed": 1, "files": 0}
    assert await api.rows("select distinct summary from leads") == [("电话〔电话〕",)]


@asynccontextmanager
async def meanwhile(api: Api, lead_id: UUID, other: Awaitable[Any]) -> AsyncIterator[tuple[Transaction, Lead]]:
    """Somebody holds the lead while `other` comes as far as it can; afterwards `other` is done."""
    async with api.app.state.database.transaction() as tx:
        lead = await leads.get(tx, lead_id, lock=True)
        coming = asyncio.ensure_future(other)
        while not coming.done() and not await api.rows(BLOCKED):  # noqa: ASYNC110 - the database tells, not an event
            await asyncio.sleep(0.02)
        yield tx, lead
    await coming


async def work(api: Api, *turns: Any) -> None:
    """The worker's turns, each in its transaction."""
    for turn in turns:
        async with api.app.state.database.transaction() as tx:
            await turn(tx, NOON)


async def test_a_lead_comes_to_rest_beside_the_workers_that_make_it_findable(new_api: NewApi) -> None:
    api = await new_api("intake")
    look = partial(look_at_new, secret=bytes(32), subjects=api.app.state.sealer.subjects)
    for done in ([], [make_searchable]):
        low, high = await two(api)
        await work(api, *done)
        worker = look if done else make_searchable
        async with meanwhile(api, low, work(api, worker)) as (tx, _):
            await retention.stop_finding(tx, low)
        # the others are found, it is not, nor will it be
        await work(api, make_searchable, look)
        found = await api.rows("select lead_id from lead_search union all select lead_id from repeat_leads")
        assert {low, high} & {lead for (lead,) in found} == {high}
        assert await api.rows("select * from repeat_pending") == []


@pytest.mark.rule("G24", "M05")
async def test_a_call_that_is_corrected_while_its_lead_is_expunged_changes_nothing_any_more(new_api: NewApi) -> None:
    api = await new_api("intake")
    assert outcomes(await send(api, CALL)) == ["taken"]
    await api.rows("update leads set status = 'sealed'")
    [(lead_id,)] = await api.rows("select id from leads")
    answers = []

    async def correct() -> None:
        answers.append(await send(api, CALL | {"revision": 2, "summary": "更正:有人在菜市场西门强收费用"}))

    async with meanwhile(api, lead_id, correct()) as (tx, lead):
        gone, _ = lead_life.expunge(lead, held=False, at=NOON)
        await leads.save(tx, gone, "expunge", by=None, effective_at=NOON, at=NOON)
        await retention.destroy_texts(tx, lead_id)
    [record] = answers[0].json()["records"]
    assert (record["outcome"], "已销毁" in record["errors"][0]["reason"]) == ("refused", True)
    assert await api.rows("select revision, content::text from police_calls") == [(1, "{}")]
    assert await api.rows("select * from lead_corrections") == []


async def test_a_worker_that_meets_a_held_candidate_gives_way_and_comes_again(new_api: NewApi) -> None:
    api = await new_api("intake")
    first = await register(api, **PUBLIC, summary=FIRST)
    await find(api)
    again = await register(api, **PUBLIC, summary=AGAIN)
    async with api.app.state.database.transaction() as tx:
        await leads.get(tx, first, lock=True)
        await find(api)  # nothing waits for it: the other timers have their turn
        assert await api.rows("select lead_id, searchable from repeat_pending") == [(again, True)]
    await find(api)
    assert await api.rows("select lead_id, candidate_id from repeat_suggestions") == [(again, first)]


@pytest.mark.rule("G24")
async def test_repeats_come_to_rest_in_the_order_in_which_others_hold_them(new_api: NewApi) -> None:
    api = await new_api("intake")
    master, (low, high) = await register(api, **PUBLIC, summary="主线索"), await two(api)
    await api.rows("update leads set status = 'sealed'")
    await api.rows("update leads set merged_into = $1, received_on = $3 where id = $2", master, low, date(2018, 6, 2))
    await api.rows("update leads set merged_into = $1, received_on = $3 where id = $2", master, high, date(2018, 6, 1))
    both = Decision(id=uuid4(), lead_id=master, kind=Kind.EXPUNGE, reason="x", proposed_by="dpo", proposed_at=NOON)

    async def rest() -> None:
        async with api.app.state.database.transaction() as tx:
            await expunge(tx, both, person("aud", "aud"), NOON)

    await beside(api, rest(), low, high)
    assert await api.rows("select distinct status from leads") == [("expunged",)]


async def turn(api: Api, run: Any) -> None:
    async with api.app.state.database.transaction() as tx:
        await run(tx, datetime(2018, 12, 10, 10, tzinfo=UTC))


async def waiting(api: Api, code: str) -> tuple[UUID, UUID]:
    """Two leads that wait; the time of the one with the higher id is over first."""
    low, high = sorted([await concluded(api, code), await concluded(api, code)])
    for lead, day in ((high, 5), (low, 6)):
        door, order = {
            "C4": ("review-date", {"review_on": f"2018-12-0{day}", "missing": "关键证人在外地"}),
            "C5": ("transfer", {"organ": "CSGL", "letter_no": "1"}),
        }[code]
        answer = await do(api, lead, door, order, day=f"2018-07-0{day}")
        assert answer.status_code == 200, answer.text
    return low, high


@pytest.mark.parametrize(
    ("code", "clock", "after"), [("C4", look_again, "reopened"), ("C5", end_transfers, "concluded")]
)
async def test_the_clock_holds_all_that_waits_in_one_order(new_api: NewApi, code: str, clock: Any, after: str) -> None:
    api = await new_api("intake")
    await api.rows(DEPARTMENT)
    low, high = await waiting(api, code)
    await beside(api, turn(api, clock), low, high)
    assert await api.rows("select distinct status from leads") == [(after,)]


async def test_what_is_given_another_day_while_the_clock_waits_for_it_sleeps_until_then(new_api: NewApi) -> None:
    api = await new_api("intake")
    low, high = await waiting(api, "C4")
    async with meanwhile(api, low, turn(api, look_again)) as (tx, _):
        by, at = person("ofd", "ofd"), datetime(2018, 12, 6, 9, tzinfo=UTC)
        await set_review(tx, low, date(2018, 12, 15), "证人尚在外地", by=by, at=at)
    assert dict(await api.rows("select id, status from leads")) == {low: "concluded", high: "reopened"}
