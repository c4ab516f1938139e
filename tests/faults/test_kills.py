"""Two thousand leads while APIs, workers, Kafka and PostgreSQL are killed: accepted = stored = applied once everywhere, in order."""

import asyncio
import random
from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx

from shared.contracts.topics import SERVICES
from tests.support.running import Running, until

LEADS, ASSIGN_EVERY, DUAL_EVERY, CLIENTS, KILLS = 2_000, 3, 24, 12, 10
STEPS = ["xiansuo.intake.lead.received.v1", "xiansuo.intake.lead.classified.v1", "xiansuo.intake.lead.assigned.v1"]


class Ledger:
    """What was answered with 2xx."""

    def __init__(self) -> None:
        self.registered: set[UUID] = set()
        self.assigned: set[UUID] = set()
        self.dual: set[UUID] = set()
        self.answers: Counter[int | str] = Counter()


async def insist(client: httpx.AsyncClient, ledger: Ledger, path: str, **request: Any) -> httpx.Response:
    """Ask until there is an answer that is no "try again". A 5xx other than 503 is never right."""
    for _ in range(600):
        try:
            answer = await client.post(path, **request)
        except httpx.TransportError as fault:
            ledger.answers[type(fault).__name__] += 1
        else:
            ledger.answers[answer.status_code] += 1
            if answer.status_code != 503:
                assert answer.status_code < 500, answer.text
                return answer
        await asyncio.sleep(random.uniform(0.1, 0.4))
    raise AssertionError(f"{path} was never answered")


async def carry(client: httpx.AsyncClient, running: Running, ledger: Ledger, number: int) -> None:
    """One lead from the door, each n-th to its assignment. A repeated step that was done already answers 409, which is as good."""
    order = {"source": "M", "summary": f"故障中的虚构线索第{number}条"}
    key = running.as_("icl", **{"Idempotency-Key": str(uuid4())})
    answer = await insist(client, ledger, "/intake/v1/leads", json=order, headers=key)
    assert answer.status_code == 201, answer.text
    lead = UUID(answer.json()["id"])
    ledger.registered.add(lead)
    if number % ASSIGN_EVERY:
        return
    chosen = {"tier": "evil", "level": "general", "area_codes": ["other"]}
    path = f"/intake/v1/leads/{lead}"
    answer = await insist(client, ledger, f"{path}/classification", json=chosen, headers=running.as_("ana"))
    assert answer.status_code in (200, 409), answer.text
    grounds = ["umbrella"] if number % DUAL_EVERY == 0 else []
    assignment = {"unit": "GA", "discipline_grounds": grounds}
    answer = await insist(client, ledger, f"{path}/assignment", json=assignment, headers=running.as_("ofd"))
    assert answer.status_code in (200, 409), answer.text
    ledger.assigned.add(lead)
    if grounds:
        ledger.dual.add(lead)


async def _answers(running: Running, name: str) -> bool:
    """Whether a part serves again, ready or not; the servers are waited for where they are started."""
    service, _, role = name.partition(" ")
    if not role:
        return True
    url = f"http://127.0.0.1:{running.platform.ports[service, role]}/{service}/readyz"
    try:
        async with running.client() as client:
            await client.get(url)
    except httpx.TransportError:
        return False
    return True


async def kill_things(running: Running, ledger: Ledger) -> list[str]:
    """SIGKILL one part after another, evenly over the load, each started again at once."""
    killed: list[str] = []
    order = ["intake api", "intake worker 1", "verification worker 1", "kafka", "publicity worker 1", "postgres"]
    order += ["intake worker 2", "discipline worker 1", "intake api", "verification api", "publicity worker 2"]
    for number, name in enumerate(order, 1):

        async def so_far(number: int = number) -> bool:
            return len(ledger.registered) * (len(order) + 1) >= LEADS * number

        await until(so_far, 120, "the load does not go on")
        await asyncio.sleep(random.uniform(0.1, 0.5))
        await asyncio.to_thread(_kill, running, name)
        killed.append(name)
        # where a start takes long, a part that is killed in each of its starts would never work
        await until(partial(_answers, running, name), 60, f"{name} did not come back")
    return killed


def _kill(running: Running, name: str) -> None:
    platform = running.platform
    if name == "kafka":
        platform.kafka.kill()
        platform.kafka.start()
    elif name != "postgres":
        platform.children[name].kill()
        platform.children[name].start()
    elif platform.postgres is not None:
        platform.postgres.kill()
        platform.postgres.start()
    else:
        # an outside server is not ours to kill; losing every connection is what its crash would look like
        from tests.support.postgres import Server

        databases = ", ".join(f"'{service}'" for service in SERVICES)
        Server(platform.admin).run(
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname in ({databases})"
        )


async def test_what_was_accepted_is_stored_and_applied_exactly_once(running: Running) -> None:
    ledger, numbers = Ledger(), iter(range(1, LEADS + 1))

    async def client_at_work() -> None:
        async with running.client() as client:
            for number in numbers:
                await carry(client, running, ledger, number)

    killing = asyncio.create_task(kill_things(running, ledger))
    await asyncio.gather(killing, *(client_at_work() for _ in range(CLIENTS)))
    killed = killing.result()
    await asyncio.to_thread(running.platform.wait_ready, 120)
    await running.settled(120)
    print(f"\n  {len(killed)} kills ({dict(Counter(killed))}), answers {dict(ledger.answers)}")

    assert len(killed) >= KILLS
    assert (len(ledger.registered), len(ledger.assigned)) == (LEADS, LEADS // ASSIGN_EVERY)
    ours = list(ledger.registered)
    stored = await running.rows("intake", "select id, lead_no, status from leads where id = any($1)", ours)
    assert {row[0] for row in stored} == ledger.registered
    assert len({row[1] for row in stored}) == LEADS
    # nothing that was never answered with 2xx was left behind by a repeated key
    summaries = "select count(*) from leads where summary like '故障中的虚构线索第%'"
    assert await running.rows("intake", summaries) == [(LEADS,)]
    works = await running.rows("verification", "select lead_id from works where lead_id = any($1)", ours)
    assert Counter(row[0] for row in works) == Counter(dict.fromkeys(ledger.assigned, 1))
    legs = await running.rows("discipline", "select lead_id from legs where lead_id = any($1)", ours)
    assert Counter(row[0] for row in legs) == Counter(dict.fromkeys(ledger.dual, 1))
    boxes = await running.rows(
        "verification", "select lead_id, box is not null from work_facts where lead_id = any($1)", ours
    )
    assert {row[0] for row in boxes if row[1]} == ledger.assigned

    facts = await running.rows(
        "publicity",
        "select lead_id, sequence, type from facts where topic = 'intake.leads' and lead_id = any($1)",
        ours,
    )
    told: dict[UUID, list[tuple[int, str]]] = {}
    for lead, sequence, kind in facts:
        told.setdefault(lead, []).append((sequence, kind))
    assert {lead: sorted(events) for lead, events in told.items()} == {
        lead: list(enumerate(STEPS if lead in ledger.assigned else STEPS[:1], 1)) for lead in ledger.registered
    }
    for service in SERVICES:
        assert await running.rows(service, "select topic from held union all select topic from parked") == []
