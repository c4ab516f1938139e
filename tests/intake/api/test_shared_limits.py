"""The public doors' limits are one for all processes: two apps on one database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from services.intake.clock import forget_challenges
from tests.conftest import NewApi
from tests.support.api import Api, start_api
from tests.support.builders import NOON
from tests.support.reporting import REPORTS, report, status, work
from tests.support.searching import everything

FROZEN = NOON.timestamp() + 1
SETTINGS = {"CHALLENGE_BITS": "2", "PUBLIC_A_MINUTE": "40"}


@pytest_asyncio.fixture
async def both(new_api: NewApi, tmp_path: Path) -> AsyncIterator[tuple[Api, Api]]:
    one = await new_api("intake", **SETTINGS)
    other = start_api("intake", one.copy, tmp_path / "keys", settings=SETTINGS)
    for api in (one, other):
        api.app.state.door.limits.clock = lambda: FROZEN  # nothing is refilled while this runs
    yield one, other
    await other.close()


def codes(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


async def test_a_door_takes_so_many_from_all_together_whichever_process_they_come_to(both: tuple[Api, Api]) -> None:
    asked = [await both[number % 2].client.post(f"{REPORTS}/challenges") for number in range(50)]
    taken = codes(asked).count(200)
    assert (taken, set(codes(asked))) == (40, {200, 429})
    hard = [answer.json()["leading_zero_bits"] for answer in asked if answer.status_code == 200]
    assert (hard[0], hard[-1] >= 7) == (2, True), "the work grows with what both have taken"
    at_once = await asyncio.gather(*(api.client.post(f"{REPORTS}/status", json={}) for api in both for _ in range(30)))
    assert codes(list(at_once)).count(422) == 40
    rows = await both[0].rows("select count(*) from door_buckets")
    assert rows == [(2,)], "one row a door, whoever comes"


@pytest.mark.rule("G6", "G7")
async def test_guesses_at_a_code_of_ones_own_are_counted_together_and_leave_no_number(both: tuple[Api, Api]) -> None:
    lead_no = "999999-M20180601-0000072"
    guessed = [await status(both[number % 2].client, lead_no=lead_no, own_code="abc123") for number in range(8)]
    assert codes(guessed) == [404] * 5 + [429] * 3
    other = await status(both[0].client, lead_no="999999-M20180601-0000080", own_code="abc123")
    assert other.status_code == 404, "another number has guesses of its own"
    kept = await everything(both[0].copy.admin_url)
    assert lead_no.encode() not in kept
    for api in both:
        async with api.app.state.database.transaction() as tx:
            await forget_challenges(tx, NOON)
    assert await both[0].rows("select count(*) from door_buckets") == [(3,)], "what is not full again stays"
    async with both[0].app.state.database.transaction() as tx:
        await forget_challenges(tx, NOON + timedelta(hours=2))
    assert await both[0].rows("select count(*) from door_buckets") == [(0,)]


async def test_a_challenge_allows_corrections_in_all_processes_together(both: tuple[Api, Api]) -> None:
    proof = await work(both[0].client)
    tried = [await report(both[number % 2].client, {"naming": "x"}, proof=proof) for number in range(24)]
    assert codes(tried) == [422] * 20 + [429] * 4
    before = await both[0].rows("select count(*) from door_buckets")
    fresh = await report(both[1].client, {"naming": "x"}, proof=await work(both[1].client), key=uuid4().hex)
    assert fresh.status_code == 422
    assert await both[0].rows("select count(*) from door_buckets") == before, "an ordinary report writes nothing for it"
    [(persistence,)] = await both[0].rows("select relpersistence::text from pg_class where relname = 'door_buckets'")
    assert persistence == "u", "nothing of it goes into the log of writes"
