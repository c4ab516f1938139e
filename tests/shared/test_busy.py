"""When everything is in use: who waits, how long, and what is said; a busy service is not an absent one."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from shared import idempotency
from tests.conftest import NewApi
from tests.shared.test_http import P, probe


async def test_a_twin_of_a_long_request_is_told_to_come_again_and_holds_no_connection(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE", 1)
    api = await probe(new_api, DATABASE_POOL="4")
    blocker = await asyncpg.connect(api.copy.admin_url)
    try:
        async with blocker.transaction():
            # whoever inserts number 5 waits: the first request is long
            await blocker.execute("insert into probe values (5, null)")
            first = asyncio.create_task(api.post(f"{P}/once", {"number": 5}, by="icl", key="k"))
            blocked = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            while not await api.rows(blocked):  # noqa: ASYNC110 - the database tells, not an event
                await asyncio.sleep(0.02)
            twins = await asyncio.gather(*(api.post(f"{P}/once", {"number": 5}, by="icl", key="k") for _ in range(8)))
            assert {(twin.status_code, twin.json()["code"], twin.headers["Retry-After"]) for twin in twins} == {
                (503, "busy", "2")
            }
            assert not first.done()
            await blocker.execute("delete from probe")
    finally:
        await blocker.close()
    assert (await first).status_code == 201
    again = await api.post(f"{P}/once", {"number": 5}, by="icl", key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")


async def test_a_pool_without_a_free_connection_is_busy_and_no_absent_database(new_api: NewApi) -> None:
    api = await probe(new_api, DATABASE_POOL="2")
    api.app.state.database.engine.pool._timeout = 0.2
    async with api.app.state.database.transaction() as one, api.app.state.database.transaction() as two:
        await one.execute(text("select 1"))
        await two.execute(text("select 1"))
        answer = await api.client.post(f"{P}/insert", json={"number": 1})
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "busy", "2")
    assert "database" not in answer.text
    assert (await api.client.post(f"{P}/insert", json={"number": 1})).status_code == 200


async def test_connections_that_the_server_ended_are_replaced_before_a_request_meets_them(new_api: NewApi) -> None:
    api = await probe(new_api, DATABASE_POOL="4")
    database = api.app.state.database

    async def own() -> int:
        async with database.transaction() as tx:
            return int((await tx.execute(text("select pg_backend_pid()"))).scalar_one())

    earlier = set(await asyncio.gather(*(own() for _ in range(4))))
    ended = "select count(pg_terminate_backend(pid)) from pg_stat_activity where pid = any($1)"
    assert await api.rows(ended, list(earlier)) == [(len(earlier),)]
    await asyncio.sleep(0.2)
    for number in range(4):
        answer = await api.post(f"{P}/once", {"number": number}, by="icl", key=f"after-{number}")
        assert answer.status_code == 201, answer.text
    assert await own() not in earlier
