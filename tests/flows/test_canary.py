"""The canary over the whole platform: 200 marked submissions, facts sent on, reporters opened; then every table of the four databases,
every topic, log line and metric, and every answer is searched for the marks. tests/intake/api/test_reports_canary.py has 800 more."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.engine import make_url

from shared.contracts.topics import SERVICES, TOPICS
from shared.kafka import KafkaAddress, read_all
from tests.support.marked import HEADERS, MARK, PLAIN, SECRETS, TAKES, Sender, marked
from tests.support.running import Running, until
from tests.support.searching import everything, found_in

NUMBERS = {"POST /intake/v1/reports": 10, "POST /intake/v1/counter-reports": 60, "POST /intake/v1/leads": 130}
"""The ledger's door is tried in intake's own canary: its leads would be counted by the tests of the figures."""
ASSIGNED = 12


async def submitted(sender: Sender) -> list[httpx.Response]:
    room = asyncio.Semaphore(8)

    async def one(door: str, number: int) -> list[httpx.Response]:
        async with room:
            return await TAKES[door](sender, number)

    all_of_them = [one(door, number) for door, count in NUMBERS.items() for number in range(count)]
    return [answer for some in await asyncio.gather(*all_of_them) for answer in some]


async def sent_on(sender: Sender, lead_id: str) -> list[httpx.Response]:
    """Classified and assigned to both legs, so that its facts travel."""
    path = f"/intake/v1/leads/{lead_id}"
    chosen = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    return [
        await sender.post(f"{path}/classification", by="ana", json=chosen),
        await sender.post(f"{path}/assignment", by="ofd", json={"unit": "GA", "discipline_grounds": ["umbrella"]}),
    ]


async def opened(sender: Sender, lead_id: str) -> list[httpx.Response]:
    """By two keepers; only the last answer may show the mark."""
    order = {"lead_id": lead_id, "purpose": "contact", "reason": "联系举报人补充情况", "minutes": 5}
    asked = await sender.post("/intake/v1/vault/openings", by="rvk", json=order)
    path = f"/intake/v1/vault/openings/{asked.json()['id']}"
    granted = await sender.post(f"{path}/decision", by="rvk2", json={"grant": True})
    return [asked, granted, await sender.post(f"{path}/reading", by="rvk")]


async def topics(running: Running) -> bytes:
    """Every record of every topic, with its key."""
    platform = running.platform
    address = KafkaAddress(
        servers=platform.kafka.bootstrap,
        security="SASL_PLAINTEXT",
        user="admin",
        password=platform.keys.secret("kafka-admin"),
    )
    parts = [record async for record in read_all(address, "canary", list(TOPICS))]
    return b"\n".join((record.key or b"") + b"\n" + (record.value or b"") for record in parts)


async def metrics(running: Running) -> bytes:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        pages = [await client.get(f"http://127.0.0.1:{port}/metrics") for port in running.platform.ports.values()]
    return b"\n".join(page.content for page in pages)


def logs(running: Running) -> bytes:
    folder = running.platform.folder
    files: Iterable[Any] = [file for place in ("logs", "postgres", "kafka") for file in (folder / place).glob("*.log")]
    return b"\n".join(file.read_bytes() for file in files)


@pytest.mark.rule("G1", "G6", "G9")
async def test_nothing_of_a_reporter_is_found_on_the_whole_platform(running: Running) -> None:
    async with running.client() as client:
        sender = Sender(client, running.as_)
        answers = await submitted(sender)
        assert {answer.status_code for answer in answers} == {201}
        leads = [answer.json()["id"] for answer in answers if "id" in answer.json()]
        assert len(answers) == 200
        for lead_id in leads[:ASSIGNED]:
            answers += await sent_on(sender, lead_id)

        async def taken() -> bool:
            found = await running.rows("intake", "select count(*) from vault.reporters where wrapped_key is not null")
            return found == [(0,)]

        await until(taken, 30, "the vault does not take the keys")
        for lead_id in leads[-3:]:
            *about, read = await opened(sender, lead_id)
            assert read.status_code == 200, read.text
            assert MARK in read.text
            answers += about
        answers += [
            await client.post("/intake/v1/reports", json=marked() | {MARK: MARK}, headers=HEADERS),
            await client.get(f"/intake/v1/vault/{MARK}", headers=HEADERS),
            await client.get(f"/{MARK}", params={MARK: MARK}, headers=HEADERS),
            await client.get("/intake/v1/leads", headers=running.as_("ofd")),
            await client.get("/healthz", headers=HEADERS),
        ]
    await running.settled(120)
    url = make_url(running.platform.admin)
    places = {
        f"tables of {service}": await everything(url.set(database=service).render_as_string(hide_password=False))
        for service in SERVICES
    }
    places |= {
        "topics": await topics(running),
        "metrics": await metrics(running),
        "logs": logs(running),
        "answers": b"\n".join(answer.content for answer in answers),
        "key store": (running.platform.folder / "vault" / "keys.sqlite").read_bytes(),
    }
    assert found_in(places, SECRETS) == []
    # the search looks where things are: the lead is in the four databases and on the topics, the words of the report in the register
    for place in (*(f"tables of {service}" for service in SERVICES), "topics"):
        assert leads[0].encode() in places[place], place
    assert PLAIN.encode() in places["tables of intake"]
    assert places["metrics"].count(b"xiansuo_http_requests_total") > 1
    assert b"intake" in places["logs"]
    planted = uuid4().hex
    assert found_in(places | {"planted": places["topics"] + planted.encode()}, [planted]) == [f"{planted} in planted"]
