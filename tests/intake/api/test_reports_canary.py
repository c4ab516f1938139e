"""The canary: 200 marked reports through both doors with marked headers; then everything that is kept or shown is searched for them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.local.places import free_port
from tests.conftest import NewApi
from tests.support.api import Api, settings_of
from tests.support.collector import collecting
from tests.support.reporting import COUNTER, REPORT, report, status

MARK = "CANARYq7"
"""In all that is of the reporter, and in every header that could tell who he is."""
HEADERS: dict[str, str] = {
    "User-Agent": f"{MARK}-agent",
    "X-Forwarded-For": "203.0.113.77",
    "X-Real-IP": "203.0.113.77",
    "Forwarded": "for=203.0.113.77",
    "Cookie": f"openid={MARK}",
    "X-Device-Id": f"{MARK}-device",
    "Referer": f"http://{MARK}.example",
    "Accept-Language": f"zh-{MARK}",
}
SECRETS = (MARK, MARK.lower(), "203.0.113.77", "17755550000")


def marked(naming: str) -> dict[str, Any]:
    who = {"relation": MARK, "note": MARK, "safe_contact": MARK, "meeting_place": MARK}
    if naming != "anonymous":
        who |= {"name": MARK, "phone": "17755550000", "id_number": MARK, "address": MARK}
    return REPORT | {"naming": naming, "reporter": who}


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
    for _ in range(200):
        try:
            await client.get("/intake/healthz")
            return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise AssertionError("the service did not start")


async def counter(api: Api, body: dict[str, Any]) -> httpx.Response:
    whole = body | {"channel": "visit", "own_code": f"{MARK}-own"}
    read = await api.post(f"{COUNTER}/read-back", whole, by="icl", **HEADERS)
    confirmed = whole | {"confirmation": read.json()["confirmation"]}
    return await api.post(COUNTER, confirmed, by="icl", key=f"{MARK}{uuid4().hex}", **HEADERS)


async def everything(api: Api) -> bytes:
    """Every row of every table of the database as the superuser reads it, bytes as they are."""
    connection = await asyncpg.connect(api.copy.admin_url)
    try:
        tables = await connection.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema')"
        )
        found = []
        for (name,) in tables:
            for row in await connection.fetch(f"select t.* from {name} t"):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row.values()]
        return b"\n".join(found)
    finally:
        await connection.close()


@pytest.mark.rule("G1", "G6")
async def test_nothing_of_a_reporter_is_found_anywhere(
    new_api: NewApi, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    bodies = [marked(naming) for naming in ("named", "confidential", "anonymous")]
    slips, refused, log = [], [], tmp_path / "log"
    with collecting() as collector:
        with process(api, collector.endpoint, log) as address:
            async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False, headers=HEADERS) as client:
                await up(client)
                for start in range(0, 150, 15):
                    sent = (report(client, bodies[n % 3], key=f"{MARK}{uuid4().hex}") for n in range(start, start + 15))
                    slips += await asyncio.gather(*sent)
                refused += [
                    await report(client, bodies[0] | {"reporter": {"name": MARK * 99}}),
                    await report(client, bodies[0] | {"reporter": {MARK: MARK}}),
                    await report(client, bodies[0] | {"naming": MARK}),
                    await report(client, bodies[0] | {"facts": {"summary": f"【机密】{MARK}"}}),
                    await status(client, query_code=MARK),
                    await status(client, lead_no=MARK, own_code=MARK),
                    await client.post("/intake/v1/reports", content=f"{{{MARK}"),
                    await client.get(f"/intake/v1/{MARK}", params={MARK: MARK}),
                    await client.post("/intake/v1/reports/challenges", params={MARK: MARK}),
                    await client.post("/intake/v1/receipts/verification", json={MARK: MARK}),
                ]
                metrics = (await client.get("/metrics")).text
        traces = collector.text()
    slips += [await counter(api, bodies[n % 3]) for n in range(50)]
    assert [slip.status_code for slip in slips] == [201] * 200
    assert {answer.status_code // 100 for answer in refused} == {4}
    kept, said = await everything(api), capfd.readouterr()
    places = {
        "tables": kept,
        "log": log.read_bytes() + (said.out + said.err).encode(),
        "metrics": metrics.encode(),
        "traces": traces.encode(),
        "refusals": "".join(answer.text for answer in refused).encode(),
        "slips": "".join(slip.text for slip in slips).encode(),
    }
    assert b"xiansuo_http_requests_total" in places["metrics"]
    assert b"/intake/v1/reports" in places["traces"]
    assert (await api.rows("select count(*) from vault.reporters"))[0] == (200,)
    for place, content in places.items():
        found = [secret for secret in SECRETS if secret.encode() in content]
        assert not found, f"{found} found in {place}"
    for slip in slips:
        for secret in (
            slip.json()["query_code"],
            slip.json()["query_code"].replace("-", ""),
            slip.json()["receipt"]["number"],
        ):
            assert secret.encode() not in kept + places["log"] + places["traces"]
    # what is not of the reporter is there: the search looks where things are
    assert "被举报人乙".encode() in kept
