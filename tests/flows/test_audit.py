"""The audit chains of the whole platform: signed, witnessed by the other services, proved from files, whoever is killed meanwhile."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.audit import audit
from deploy.local.places import ROOT
from shared.contracts.topics import SERVICES
from tests.support.running import Running, until

LEADS, KILLS = 15, 3


def export(running: Running, service: str, file: Path) -> None:
    """As an operator does it."""
    environment = {**running.platform.children[f"{service} api"].environment}
    command = [sys.executable, "-m", f"services.{service}", "ops", "audit-export", str(file)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]).keys() == {"link", "row", "checkpoint", "witness"}
    assert file.stat().st_mode & 0o777 == 0o600


def prove(files: list[Path], keys: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shared.audit_verify", *map(str, files), "--keys", str(keys)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


async def work(running: Running) -> None:
    async with running.client() as client:
        for number in range(LEADS):
            order = {"source": "M", "summary": f"虚构线索第{number}条"}
            key = running.as_("icl", **{"Idempotency-Key": str(uuid4())})
            answer = await client.post("/intake/v1/leads", json=order, headers=key)
            assert answer.status_code == 201, answer.text
            path = f"/intake/v1/leads/{answer.json()['id']}"
            chosen = {"tier": "evil", "level": "general", "area_codes": ["other"]}
            await client.post(f"{path}/classification", json=chosen, headers=running.as_("ana"))
            await client.post(f"{path}/assignment", json={"unit": "GA"}, headers=running.as_("ofd"))
            await asyncio.sleep(0.2)


async def end_and_witnesses(running: Running, service: str) -> tuple[int, int, int, set[int]]:
    """Rows, links, the last signed link, and up to where each other service has heard it."""
    statement = """select (select count(*) from audit_log), (select count(*) from audit_chain),
                   (select coalesce(max(number), 0) from audit_checkpoints)"""
    [(rows, links, signed)] = await running.rows(service, statement)
    heard = "select coalesce(max(number), 0) from audit_witnesses where chain = $1"
    others = [other for other in SERVICES if other != service]
    return rows, links, signed, {(await running.rows(o, heard, f"999999-{service}"))[0][0] for o in others}


@pytest.mark.rule("G11")
async def test_chains_are_witnessed_and_proved_though_workers_are_killed_and_a_changed_row_is_named(
    running: Running, tmp_path: Path
) -> None:
    platform = running.platform
    working = asyncio.create_task(work(running))
    for kill in range(KILLS):
        name = f"intake worker {kill % 2 + 1}"
        await asyncio.to_thread(platform.children[name].kill)
        platform.children[name].start()
        await asyncio.sleep(1.5)
    await working
    await asyncio.to_thread(platform.wait_ready, 120)

    async def witnessed() -> bool:
        ends = [await end_and_witnesses(running, service) for service in SERVICES]
        return all(rows == links == signed and heard == {signed} for rows, links, signed, heard in ends)

    await until(witnessed, 180, "not every chain is signed and witnessed to its end")
    assert (await end_and_witnesses(running, "intake"))[0] >= LEADS * 3

    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(platform.keys.public_audit_keys()))
    assert await asyncio.to_thread(audit, platform.folder, platform.admin) == 0
    files = [platform.folder / "audit" / f"{service}.jsonl" for service in SERVICES]
    done = await asyncio.to_thread(prove, files, keys)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("✓") == 4

    change = (
        "update audit_log set actor = $1 where position = 5 returning (select actor from audit_log where position = 5)"
    )
    [(actor,)] = await running.rows("intake", change, "acct-other")
    try:
        await asyncio.to_thread(export, running, "intake", files[0])
    finally:
        await running.rows("intake", change, actor)
    done = await asyncio.to_thread(prove, files, keys)
    assert done.returncode == 1
    assert done.stdout.count("✓") == 3
    assert done.stdout.count("changed 5:") == 1
