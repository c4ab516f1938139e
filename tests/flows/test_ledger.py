"""The ledger of 68 superior leads through four services on real Kafka, while each service is away for a while."""

import asyncio
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from deploy.local import issuer
from deploy.local.demo.ledger import BY_MONTH, END, generate
from deploy.local.demo.load import load
from services.publicity.consumer import HANDLERS, KEEP
from shared.contracts.topics import SERVICES
from tests.support.running import Running, until

LEADS = generate()
DUAL = [lead for lead in LEADS if lead.plan.grounds]


@pytest.fixture(scope="module")
async def loaded(running: Running) -> Running:
    """The demonstration loaded by the offices; each service is stopped for a while meanwhile."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    folder: Path = running.platform.folder
    office = running.office()
    loading = asyncio.create_task(asyncio.to_thread(load, office, folder, LEADS, step))
    for number, service in enumerate(SERVICES, 1):

        async def so_far(number: int = number) -> bool:
            return loading.done() or steps >= 20 * number

        await until(so_far, 120, "the loader does not go on")
        assert not loading.done() or loading.exception() is None, loading.exception()
        parts = [running.platform.children[name] for name in running.parts(service)]
        for part in parts:
            part.ask_to_stop()
        for part in parts:
            await asyncio.to_thread(part.stop)
        await asyncio.sleep(1)
        for part in parts:
            part.start()
    await loading
    office.close()
    await running.settled()
    return running


async def figures(running: Running, as_of: object = END) -> dict[str, Any]:
    async with running.client() as client:
        answer = await client.get(f"/publicity/v1/figures?as_of={as_of}", headers=running.as_("ldr"))
    return {figure["code"]: figure for figure in answer.json()["figures"]}


async def superior_leads(running: Running) -> list[Any]:
    """Ids of the ledger's leads; other tests register others on the same platform."""
    return [row[0] for row in await running.rows("intake", "select id from leads where source = 'S'")]


@pytest.mark.rule("N07", "A2", "A14", "M17")
async def test_all_68_are_counted_and_each_figure_lists_its_rows(loaded: Running) -> None:
    found = await figures(loaded)
    assert (found["N07"]["value"], found["N07"]["of"]) == (68, 68)
    assert found["dual_assignments"]["value"] == len(DUAL) == 4
    async with loaded.client() as client:
        for code, number in (("N07", 68), ("dual_assignments", 4)):
            rows, address = [], found[code]["rows"]
            while address:
                page = (await client.get(address, headers=loaded.as_("ldr"))).json()
                rows += page["items"]
                cursor = page.get("next")
                address = f"{found[code]['rows']}&after={cursor}" if cursor else None
            assert len(rows) == number
            assert len({row["lead_id"] for row in rows}) == number


@pytest.mark.rule("A4")
async def test_an_earlier_day_counts_only_what_had_happened_by_then(loaded: Running) -> None:
    ends = ("02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-18")
    counted = [(await figures(loaded, f"2018-{end}"))["N07"] for end in ends]
    assert (
        [figure["value"] for figure in counted]
        == list(accumulate([0, *BY_MONTH.values()]))
        == [0, 3, 9, 18, 30, 44, 59, 68]
    )
    async with loaded.client() as client:
        rows = (await client.get(counted[3]["rows"], headers=loaded.as_("ldr"))).json()["items"]
        late = f"{counted[3]['rows']}&counted=false"
        assert (await client.get(late, headers=loaded.as_("ldr"))).json()["items"] == []
    assert len(rows) == 18
    assert all(row["counted"] for row in rows)


async def test_every_event_became_one_fact_and_one_effect(loaded: Running) -> None:
    said: set[tuple[Any, ...]] = set()
    told = [event.TYPE for event, handler in HANDLERS.items() if handler is KEEP]
    for service in SERVICES:
        statement = "select topic, subject, sequence, id from outbox where type = any($1)"
        said |= set(await loaded.rows(service, statement, told))
    facts = await loaded.rows("publicity", "select topic, subject, sequence, event_id from facts")
    assert len(facts) == len(set(facts)) == len(said)
    assert set(facts) == said
    superior = await superior_leads(loaded)
    assert len(superior) == 68
    count = "select count(*), count(distinct lead_id) from {} where lead_id = any($1)"
    assert await loaded.rows("verification", count.format("works"), superior) == [(68, 68)]
    assert await loaded.rows("discipline", count.format("legs"), superior) == [(4, 4)]
    for service in SERVICES:
        assert await loaded.rows(service, "select topic from held union all select topic from parked") == []


@pytest.mark.rule("N13", "N14", "N15", "G-TWO")
async def test_the_directory_is_what_was_said_of_it_in_every_service(loaded: Running) -> None:
    counts = "select (select count(*) from {}), (select count(*) from {}), (select count(*) from {})"
    own = counts.format("directory_units", "directory_staff", "directory_placements")
    [(units, staff, placements)] = await loaded.rows("intake", own)
    assert await loaded.rows("publicity", counts.format("units", "staff", "placements")) == [(units, staff, placements)]
    assert await loaded.rows("verification", "select count(*) from staff") == [(staff,)]
    accounts = await loaded.rows("intake", "select account, ends_at from staff_accounts order by 1")
    assert len(accounts) == len(issuer.people())
    for service in ("verification", "discipline", "publicity"):
        assert await loaded.rows(service, "select account, ends_at from staff_accounts order by 1") == accounts
    found = await figures(loaded)
    assert [found[code]["value"] for code in ("N13", "N14", "N15")] == [6, 29, 30]


async def test_the_lead_follows_the_events_of_the_other_services(loaded: Running) -> None:
    assert await loaded.rows("intake", "select distinct status from leads where source = 'S'") == [("verifying",)]
    duals = "select distinct crime, discipline from dual_assignments where lead_id = any($1)"
    legs = await loaded.rows("intake", duals, await superior_leads(loaded))
    assert legs == [("accepted", "accepted")]


@pytest.mark.rule("G9", "A12")
async def test_each_side_sees_its_own_leg_and_is_refused_the_other(loaded: Running) -> None:
    ours = "select id::text, lead_id::text from legs where lead_id = any($1)"
    [(leg_id, lead_id), *_] = await loaded.rows("discipline", ours, await superior_leads(loaded))
    [(work_id,)] = await loaded.rows("verification", "select id::text from works where lead_id::text = $1", lead_id)
    leg, work = f"/discipline/v1/legs/{leg_id}", f"/verification/v1/works/{work_id}"
    async with loaded.client() as client:
        own = await client.get(leg, headers=loaded.as_("dcm", **{"Access-Purpose": "handle"}))
        assert own.status_code == 200
        assert own.json()["facts"]["discipline_grounds"]
        other = await client.get(work, headers=loaded.as_("unl", **{"Access-Purpose": "handle"}))
        assert other.json()["facts"]["discipline_grounds"] == []
        assert (await client.get(leg, headers=loaded.as_("unl"))).status_code == 403
        assert (await client.get(work, headers=loaded.as_("dcm"))).status_code == 403
        for account in ("edt", "ldr"):
            for path in (leg, work, f"/intake/v1/leads/{lead_id}"):
                assert (await client.get(path, headers=loaded.as_(account))).status_code == 403
        assert (await client.get(leg)).status_code == 401


async def test_one_key_twice_at_the_same_moment_registers_one_lead(loaded: Running) -> None:
    order = {"source": "M", "summary": "反映有人在市场强收费用"}
    headers = loaded.as_("icl", **{"Idempotency-Key": "twice-at-once"})
    async with loaded.client() as client:
        answers = await asyncio.gather(
            *(client.post("/intake/v1/leads", json=order, headers=headers) for _ in range(4))
        )
        again = await client.post("/intake/v1/leads", json=order, headers=headers)
        other = await client.post("/intake/v1/leads", json={**order, "summary": "别的"}, headers=headers)
    created = [answer for answer in (*answers, again) if answer.status_code == 201]
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in created}) == 1
    assert other.status_code == 422
    await loaded.settled()
    facts = await loaded.rows(
        "publicity", "select count(*) from facts where lead_id::text = $1", created[0].json()["id"]
    )
    assert facts == [(1,)]


async def test_with_another_broker_a_projection_rebuilt_from_the_outbox_is_equal(loaded: Running) -> None:
    columns = "event_id, type, topic, subject, sequence, lead_id, effective_at, recorded_at, codes"
    statement = f"select {columns} from facts order by event_id"
    before = await loaded.rows("publicity", statement)
    platform = loaded.platform
    workers = [platform.children[name] for name in loaded.parts("publicity") if "worker" in name]
    for worker in workers:
        await asyncio.to_thread(worker.stop)
    await loaded.rows("publicity", "truncate facts, inbox, held")
    assert await loaded.rows("publicity", statement) == []

    def replace_broker() -> None:
        platform.kafka.stop()
        platform.kafka.wipe()
        platform.kafka.start()
        platform.provision()

    await asyncio.to_thread(replace_broker)
    for worker in workers:
        worker.start()
    await loaded.settled(90)
    assert await loaded.rows("publicity", statement) == before
    assert (await figures(loaded))["N07"]["value"] == 68
