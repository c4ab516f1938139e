"""The canary over the whole platform: 1,000 marked submissions and one by each other door, facts sent on, reporters opened and interviewed;
then every table of the four databases, every record of every topic, file, log line, metric and span of all services, and every answer is
searched for the marks. tests/intake/api/test_reports_canary.py has 800 more."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.engine import make_url

from shared.contracts.topics import SERVICES, TOPICS
from shared.kafka import KafkaAddress, read_all
from tests.support.collector import Collector
from tests.support.marked import (
    ALSO,
    HEADERS,
    MARK,
    PASSES,
    PEER,
    PLAIN,
    SECRETS,
    SUBJECT,
    TAKES,
    TYPED,
    Sender,
    marked,
    passed,
)
from tests.support.running import Running, until
from tests.support.searching import everything, found_in

NUMBERS = {"POST /intake/v1/reports": 30, "POST /intake/v1/counter-reports": 300, "POST /intake/v1/leads": 670}
NOT_HERE = {"POST /intake/v1/ledgers", "POST /intake/v1/ledgers/national"}
"""These doors are tried in intake's own canary: their leads would be counted by the tests of the figures."""
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


async def past_the_office(running: Running, sender: Sender) -> list[httpx.Response]:
    """A report past the office with files: discipline reads, answers, interviews its reporter, opens a file as it came. What shows the mark
    by right is looked at here; → the other answers."""
    slip, letter = await passed(sender, 0)
    assert (slip.status_code, letter.status_code) == (201, 201), letter.text
    await running.settled(60)
    [(one,)] = await running.rows("discipline", "select id::text from reports order by number desc limit 1")
    path, openings = f"/discipline/v1/reports/{one}", "/discipline/v1/openings"
    about = [await sender.post(f"{path}/acceptance", by="dcm")]
    orders = (
        ("dhd2", ("dhd2", "dhd"), {"purpose": "interview", "minutes": 60, "officers": ["dhd2", "dhd"]}),
        ("dhd2", ("dhd2",), {"purpose": "contact", "minutes": 30}),
    )
    for by, readers, order in orders:
        asked = await sender.post(f"{path}/openings", by=by, json={"reason": "当面核实压件情况", **order})
        door = f"{openings}/{asked.json()['id']}"
        granted = await sender.post(f"{door}/decision", by="dld", json={"grant": True})
        about += [asked, granted, await sender.post(f"{door}/reading", by="dcm")]
        for reader in readers:
            assert MARK in (await sender.post(f"{door}/reading", by=reader)).text
    assert MARK.encode() in (await sender.post(f"{door}/files/1", by="dhd2")).content
    purpose = {**HEADERS, "Access-Purpose": "handle"}
    for read, wanted in (("", MARK), ("/letters", MARK)):
        assert wanted in (await sender.client.get(f"{path}{read}", headers={**purpose, **sender.as_("dhd")})).text, read
    copy = await sender.client.get(f"{path}/letters/1/file", headers={**purpose, **sender.as_("dhd")})
    assert copy.status_code == 200, copy.text
    about += [copy, await sender.post(f"{path}/letters", by="dhd", json={"text": "请补充日期"})]
    about += [await sender.client.get(f"{openings}", headers={**purpose, **sender.as_("dld")})]
    await running.settled(60)
    body = {"query_code": slip.json()["query_code"]}
    return [*about, slip, letter, await sender.client.post("/intake/v1/reports/status", json=body, headers=HEADERS)]


async def topics(running: Running) -> bytes:
    """Every record of every topic, with its key and headers."""
    platform = running.platform
    address = KafkaAddress(
        servers=platform.kafka.bootstrap,
        security="SASL_PLAINTEXT",
        user="admin",
        password=platform.keys.secret("kafka-admin"),
    )
    parts = [record async for record in read_all(address, "canary", list(TOPICS))]
    heads = (b"".join(name.encode() + value for name, value in record.headers) for record in parts)
    return b"\n".join(
        (record.key or b"") + b"\n" + (record.value or b"") + head for record, head in zip(parts, heads, strict=True)
    )


async def metrics(running: Running) -> bytes:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        pages = [await client.get(f"http://127.0.0.1:{port}/metrics") for port in running.platform.ports.values()]
    return b"\n".join(page.content for page in pages)


async def traces(collector: Collector) -> bytes:
    """Every span of every service, once the last ones have come."""

    async def of_all() -> bool:
        return {span.service for span in collector.spans()} == {f"xiansuo-{service}" for service in SERVICES}

    await until(of_all, 30, "a service sends no spans")
    await asyncio.sleep(2)
    return collector.raw()


def logs(running: Running) -> bytes:
    folder = running.platform.folder
    files: Iterable[Any] = [file for place in ("logs", "postgres", "kafka") for file in (folder / place).glob("*.log")]
    return b"\n".join(file.name.encode() + file.read_bytes() for file in files)


def files(running: Running) -> bytes:
    """The store of files: names and bytes."""
    found = [path for path in (running.platform.folder / "attachments").rglob("*") if path.is_file()]
    return b"\n".join(str(path).encode() + path.read_bytes() for path in found)


@pytest.mark.rule("G1", "G6", "G9")
async def test_nothing_of_a_reporter_is_found_on_the_whole_platform(traced: tuple[Running, Collector]) -> None:
    running, collector = traced
    async with running.client(local_address=PEER) as client:
        # who shows a token goes on with a trace of the office's own; a reporter's is marked, and nobody goes on with it
        sender = Sender(client, partial(running.as_, traceparent=f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"))
        answers = await submitted(sender)
        assert {answer.status_code for answer in answers} == {201}
        leads = [answer.json()["id"] for answer in answers if "id" in answer.json()]
        assert len(answers) == 1_000
        for way in (*(TAKES[door] for door in set(TAKES) - set(NUMBERS) - NOT_HERE), *ALSO.values()):
            answers += await way(sender, 1)
        assert {answer.status_code // 100 for answer in answers} == {2}
        for way in PASSES.values():
            answers += await way(sender, 1)
        answers += await past_the_office(running, sender)
        for lead_id in leads[:ASSIGNED]:
            answers += await sent_on(sender, lead_id)

        async def taken() -> bool:
            found = await running.rows("intake", "select count(*) from vault.reporters where wrapped_key is not null")
            return found == [(0,)]

        await until(taken, 120, "the vault does not take the keys")
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
        "traces": await traces(collector),
        "logs": logs(running),
        "answers": b"\n".join(answer.content for answer in answers),
        "files": files(running),
        "key store": (running.platform.folder / "vault" / "keys.sqlite").read_bytes(),
    }
    assert found_in(places, (*SECRETS, *SUBJECT.values(), *TYPED.values())) == []
    # the search looks where things are: the lead is in the four databases and on the topics, the words of the report in the register
    for place in (*(f"tables of {service}" for service in SERVICES), "topics"):
        assert leads[0].encode() in places[place], place
    assert PLAIN.encode() in places["tables of intake"]
    assert places["files"].count(b"/passed/") >= 2
    assert b"/intake/v1/counter-reports" in places["traces"]
    assert places["metrics"].count(b"xiansuo_http_requests_total") > 1
    assert all(f"{service}-api.log".encode() in places["logs"] for service in SERVICES)
    planted = uuid4().hex
    assert found_in(places | {"planted": places["topics"] + planted.encode()}, [planted]) == [f"{planted} in planted"]
