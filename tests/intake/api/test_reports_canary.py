"""The canary: 800 marked submissions through every door of intake with marked headers, and openings of them by the vault; then everything
that intake and its vault keep or show is searched for the marks. tests/flows/test_canary.py does it for the whole platform."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.places import free_port
from tests.conftest import NewApi
from tests.support.api import Api, settings_of
from tests.support.collector import collecting
from tests.support.marked import (
    ALSO,
    HEADERS,
    MARK,
    OFFICE,
    PASSES,
    PEER,
    PLAIN,
    SECRETS,
    SUBJECT,
    TAKES,
    TYPED,
    Sender,
    doors,
    marked,
)
from tests.support.reporting import REPORTS, report, status
from tests.support.searching import everything, found_in
from tests.support.uploading import objects
from tests.support.vault import VAULT, VaultApi, start_vault

NUMBERS = {
    "POST /intake/v1/reports": 90,
    "POST /intake/v1/counter-reports": 200,
    "POST /intake/v1/leads": 508,
    "POST /intake/v1/ledgers": 2,
}
"""How many through which door: 800; doors that are not named here get one."""


def open_to_all(operation: Mapping[str, Any]) -> bool:
    return "无需登录" in operation["description"]


@pytest.mark.rule("G1", "G6")
async def test_every_door_through_which_a_reporter_may_come_is_tried(new_api: NewApi, tmp_path: Path) -> None:
    intake = await new_api("intake")
    vault = start_vault(intake, tmp_path / "vault" / "keys.sqlite")
    found = doors(intake.app.openapi(), open_to_all) | doors(vault.app.openapi(), open_to_all)
    await vault.close()
    assert found == set(TAKES) | set(PASSES) | set(OFFICE), "a new door takes its place in tests/support/marked.py"
    assert set(NUMBERS) <= set(TAKES)


@contextmanager
def process(api: Api, endpoint: str, log: Path) -> Iterator[str]:
    """The service as a process of its own on the same database, its output in `log`."""
    port = free_port()
    more = {"PORT": str(port), "OTLP_ENDPOINT": endpoint, "CHALLENGE_BITS": "2", "LOG_LEVEL": "DEBUG"}
    environment = os.environ | settings_of("intake", api.keys, api.copy, **more)
    command = [sys.executable, "-m", "services.intake", "api"]
    with log.open("wb") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as running:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(30)


async def up(client: httpx.AsyncClient) -> None:
    for _ in range(600):
        try:
            await client.get("/intake/healthz")
            return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise AssertionError("the service did not start")


async def send(sender: Sender, door: str, numbers: range) -> list[httpx.Response]:
    """Through one door, ten at a time."""
    answers = []
    for start in range(numbers.start, numbers.stop, 10):
        some = range(start, min(start + 10, numbers.stop))
        for found in await asyncio.gather(*(TAKES[door](sender, number) for number in some)):
            answers += found
    return answers


async def mistakes(client: httpx.AsyncClient) -> list[httpx.Response]:
    """What is refused, with the mark in it."""
    body = marked()
    return [
        await report(client, body | {"reporter": {"name": MARK * 99}}),
        await report(client, body | {"reporter": {MARK: MARK}}),
        await report(client, body | {"naming": MARK}),
        await report(client, body | {"facts": {"summary": f"【机密】{MARK}"}}),
        await status(client, query_code=MARK),
        await status(client, lead_no=MARK, own_code=MARK),
        await client.post(REPORTS, content=f"{{{MARK}"),
        await client.get(f"/intake/v1/{MARK}", params={MARK: MARK}),
        await client.post(f"{REPORTS}/challenges", params={MARK: MARK}),
        await client.post("/intake/v1/receipts/verification", json={MARK: MARK}),
    ]


async def opened(vault: VaultApi, lead_id: str) -> list[httpx.Response]:
    """Two keepers open one: only the last answer may show the mark."""
    order = {"lead_id": lead_id, "purpose": "contact", "reason": "联系举报人补充情况", "minutes": 5}
    asked = await vault.post(f"{VAULT}/openings", order, by="rvk", key=uuid4().hex, **HEADERS)
    path = f"{VAULT}/openings/{asked.json()['id']}"
    granted = await vault.post(f"{path}/decision", {"grant": True}, by="rvk2", **HEADERS)
    refused = await vault.post(f"{path}/reading", None, by="rvk2", **HEADERS)
    return [asked, granted, refused, await vault.post(f"{path}/reading", None, by="rvk", **HEADERS)]


@pytest.mark.rule("G1", "G6")
async def test_nothing_of_a_reporter_is_found_anywhere(
    new_api: NewApi, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    vault = start_vault(api, tmp_path / "vault" / "keys.sqlite")
    log, answers = tmp_path / "log", {}
    public = "POST /intake/v1/reports"
    with collecting() as collector:
        with process(api, collector.endpoint, log) as address:
            outside = httpx.AsyncHTTPTransport(local_address=PEER, trust_env=False)
            async with httpx.AsyncClient(transport=outside, base_url=address, timeout=60, headers=HEADERS) as client:
                await up(client)
                answers[public] = await send(Sender(client, api.as_), public, range(NUMBERS[public]))
                refused = await mistakes(client)
                metrics = (await client.get("/metrics")).text
        traces = collector.text()
    to_app = httpx.ASGITransport(api.app, raise_app_exceptions=False, client=(PEER, 4711))
    inside = Sender(httpx.AsyncClient(transport=to_app, base_url="http://test"), api.as_)
    for door in set(TAKES) - {public}:
        answers[door] = await send(inside, door, range(NUMBERS.get(door, 1)))
    for name, way in ALSO.items():
        answers[name] = await way(inside, 1)
    for pass_through in PASSES.values():
        refused += await pass_through(inside, 1)
    taken = [answer for some in answers.values() for answer in some]
    assert {answer.status_code // 100 for answer in taken} == {2}, [a.text for a in taken if a.status_code >= 300][:3]
    assert len(taken) >= 800

    while await vault.take_in():
        pass
    [(lead_id,)] = await api.rows("select id::text from leads where reporter_ref is not null limit 1")
    *about, read = await opened(vault, lead_id)
    assert MARK in read.text  # the one answer that may show it
    metrics += (await vault.client.get("/metrics")).text
    kept, said = await everything(api.copy.admin_url), capfd.readouterr()
    places = {
        "tables": kept,
        "key store": (tmp_path / "vault" / "keys.sqlite").read_bytes(),
        "log": log.read_bytes() + (said.out + said.err).encode(),
        "metrics": metrics.encode(),
        "files": b"\n".join(str(path).encode() + path.read_bytes() for path in objects(api)),
        "traces": traces.encode(),
        "refusals": "".join(answer.text for answer in refused).encode(),
        "answers": "".join(answer.text for answer in (*taken, *about)).encode(),
    }
    assert b"xiansuo_http_requests_total" in places["metrics"]
    assert b"/intake/v1/reports" in places["traces"]
    assert PLAIN.encode() in places["tables"]
    assert places["files"].count(b"/passed/") >= 2
    assert found_in(places, (*SECRETS, *SUBJECT.values(), *TYPED.values())) == []
    assert (await api.rows("select count(*) >= 798 from vault.reporters")) == [(True,)]
    secret = [
        slip for answer in taken for slip in (answer.json(), answer.json().get("slip") or {}) if "query_code" in slip
    ]
    codes = {form for slip in secret for form in (slip["query_code"], slip["query_code"].replace("-", ""))}
    assert len(codes) >= 2 * 290
    assert found_in({name: places[name] for name in ("tables", "log", "traces")}, codes) == []
    await vault.close()


async def test_a_process_that_traces_starts_those_that_examine_files(new_api: NewApi, tmp_path: Path) -> None:
    """It once waited for them for ever, and with it everybody."""
    api = await new_api("intake", CHALLENGE_BITS="2")
    with collecting() as collector, process(api, collector.endpoint, tmp_path / "log") as address:
        async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as client:
            await up(client)
            [filed] = await send(Sender(client, api.as_), "POST /intake/v1/reports/attachments", range(1))
            assert filed.status_code == 201
            assert (await client.get("/intake/healthz")).status_code == 200
    assert b"/reports/attachments" in b"".join(collector.bodies)


async def test_the_search_finds_a_mark_wherever_one_is_planted(new_api: NewApi, tmp_path: Path) -> None:
    api = await new_api("intake")
    planted = uuid4().hex
    for statement in (
        f"insert into idempotency_keys values ('{planted}1', 'x', '', 200, '{{}}', now()) returning 1",
        f"insert into idempotency_keys values ('x', 'y', '', 200, '{{\"deep\": [\"{planted}2\"]}}', now()) returning 1",
        f"insert into idempotency_keys values ('x', 'z', '{planted}3'::bytea, 200, '{{}}', now()) returning 1",
        f"insert into vault.reporters values (gen_random_uuid(), 'x', null, '{planted}4'::bytea, now()) returning 1",
    ):
        await api.rows(statement)
    kept = {"tables": await everything(api.copy.admin_url)}
    marks = [f"{planted}{number}" for number in range(1, 6)]
    assert found_in(kept, marks) == [f"{mark} in tables" for mark in marks[:4]]
