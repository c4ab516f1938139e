"""The vault apart: own process, role, keys and key store; whatever else of intake tries to read a reporter gets nothing."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from deploy.local.keys import _new_box
from services.intake.clock import TAKE_IN, taking_in
from services.intake.db.key_store import KeyStore
from services.intake.db.retention import destroy_texts
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.postgres import ROOT
from tests.support.reporting import REPORT, report
from tests.support.running import until
from tests.support.vault import ROLE, VAULT, VaultApi, settings_of_vault, start_vault

NewVault = Callable[..., Awaitable[tuple[Api, VaultApi]]]


@pytest_asyncio.fixture
async def new_vault(new_api: NewApi, tmp_path: Path) -> AsyncIterator[NewVault]:
    """Makes intake's app and the vault's on one fresh database."""
    made: list[VaultApi] = []

    async def make(reports: int = 0) -> tuple[Api, VaultApi]:
        intake = await new_api("intake", CHALLENGE_BITS="2")
        made.append(start_vault(intake, tmp_path / "vault" / f"keys-{len(made)}.sqlite"))
        for _ in range(reports):
            assert (await report(intake.client, REPORT)).status_code == 201
        return intake, made[-1]

    yield make
    for vault in made:
        await vault.close()


@pytest.mark.rule("G1")
async def test_intakes_own_role_can_add_a_reporter_and_read_none(new_vault: NewVault) -> None:
    intake, vault = await new_vault(1)
    await vault.take_in()
    connection = await asyncpg.connect(intake.copy.url)
    try:
        for statement in (
            "select ciphertext from vault.reporters",
            "select count(*) from vault.reporters",
            "select wrapped_key from vault.reporters",
            "update vault.reporters set shredded_on = null",
            "delete from vault.reporters",
            "truncate vault.reporters",
            "copy vault.reporters to stdout",
            "set role intake_vault",
            "create table vault.more (x int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.rule("G1")
async def test_the_vaults_role_sees_reporters_and_not_what_was_reported(new_vault: NewVault) -> None:
    intake, _ = await new_vault(1)
    connection = await asyncpg.connect(intake.copy.server.dsn(intake.copy.name, ROLE))
    try:
        assert await connection.fetchval("select count(*) from vault.reporters") == 1
        for statement in (
            "select summary from leads",
            "select * from reports",
            "update vault.reporters set ciphertext = ''",
            "delete from vault.reporters",
            "insert into vault.reporters values (gen_random_uuid(), 'x', null, '', now())",
            "select detail from audit_log",
            "update audit_log set actor = 'x'",
            "select * from outbox",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.rule("G1")
def test_no_other_process_is_given_what_opens_a_reporter(tmp_path: Path) -> None:
    from deploy.local.platform import Platform

    platform = Platform(tmp_path, port=1, admin="postgresql://postgres@127.0.0.1:1/postgres")
    private, role = platform.keys.box("vault")["private_key"], platform.keys.secret(ROLE)
    assert private in json.dumps(platform.vault_environment())
    for service in ("intake", "verification", "discipline", "publicity"):
        given = json.dumps(platform.environment(service))
        assert private not in given
        assert role not in given
        assert "keys.sqlite" not in given


async def test_a_key_leaves_the_database_within_a_look_and_the_record_still_opens(new_vault: NewVault) -> None:
    _, vault = await new_vault(3)
    [(ref,), *_] = await vault.rows("select reporter_ref from vault.reporters")

    async def opened() -> str:
        async with vault.app.state.database.transaction() as tx:
            return str((await vault.vault.open(tx, ref))["name"])

    # also in the second before the vault took it
    assert await opened() == "举报人甲"
    assert await vault.take_in() == 3
    assert await vault.take_in() == 0
    assert await vault.rows("select count(wrapped_key), count(ciphertext) from vault.reporters") == [(0, 3)]
    assert await opened() == "举报人甲"


async def test_a_move_that_is_cut_short_is_done_again_and_loses_nothing(new_vault: NewVault) -> None:
    _, vault = await new_vault(2)

    async def cut_short() -> None:
        async with vault.app.state.database.transaction() as tx:
            await vault.vault.take_in(tx)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await cut_short()
    # the store has the keys already, the database still has them too
    assert await vault.rows("select count(wrapped_key) from vault.reporters") == [(2,)]
    assert sum(vault.vault.store.counts()[0].values()) == 2
    assert sum(await asyncio.gather(vault.take_in(), vault.take_in())) == 2
    assert await vault.rows("select count(wrapped_key) from vault.reporters") == [(0,)]
    async with vault.app.state.database.transaction() as tx:
        for (ref,) in await vault.rows("select reporter_ref from vault.reporters"):
            assert (await vault.vault.open(tx, ref))["name"] == "举报人甲"


async def test_a_record_that_no_key_opens_is_left_and_keeps_no_other_waiting(new_vault: NewVault) -> None:
    intake, vault = await new_vault(1)
    await intake.rows(
        "insert into vault.reporters values (gen_random_uuid(), 'vault-lost', 'x', 'x', '2018-06-01') returning 1"
    )
    assert await vault.take_in() == 2
    assert await vault.take_in() == 0
    state = (await vault.get(f"{VAULT}/state", by="rvk")).json()
    assert state["waiting"] == {"vault-lost": 1}
    assert state["kept"] == {state["key_id"]: 1}


async def test_the_state_is_for_keepers_and_supervisors_and_counts_only(new_vault: NewVault) -> None:
    _, vault = await new_vault(1)
    for account in ("ofd", "icl", "ana", "p1", "unl", "ldr"):
        assert (await vault.get(f"{VAULT}/state", by=account)).status_code == 403
    assert (await vault.client.get(f"{VAULT}/state")).status_code == 401
    told = await vault.get(f"{VAULT}/state", by="dpo")
    assert told.status_code == 200
    assert "举报人甲" not in told.text
    # the vault serves its own doors only, and intake's API none of them
    assert (await vault.get("/intake/v1/leads", by="ofd")).status_code == 404
    assert (await vault.client.get(f"{VAULT}/openapi.json")).status_code == 200
    ready = (await vault.client.get("/intake/readyz")).json()
    assert ready["status"] == "ready", ready
    assert 'xiansuo_probe_up{part="database"} 1.0' in (await vault.client.get("/metrics")).text


async def test_keys_are_rotated_by_the_command_while_reports_come_in(new_vault: NewVault, tmp_path: Path) -> None:
    intake, vault = await new_vault(4)
    await vault.take_in()
    old, new = intake.keys.box("vault"), json.loads(_new_box("vault"))
    store = tmp_path / "vault" / "keys-0.sqlite"
    both: dict[str, Any] = {
        "KEYS": json.dumps({box["key_id"]: box["private_key"] for box in (old, new)}),
        "KEY_ID": new["key_id"],
    }

    def rotate() -> tuple[int, str]:
        environment = os.environ | settings_of_vault(intake, store, **both)
        command = [sys.executable, "-m", "services.intake", "vault", "rotate"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()[-1] if done.stdout else done.stderr

    beside = start_vault(intake, store, **both)
    rotating = asyncio.create_task(beside.vault.rotate(beside.app.state.database))
    slips = await asyncio.gather(*(report(intake.client, REPORT) for _ in range(6)))
    assert {slip.status_code for slip in slips} == {201}
    assert await rotating >= 4
    await beside.close()
    # doors that still seal for the old key are taken in by whoever has it, and wrapped for the new one
    await vault.take_in()
    status, told = await asyncio.to_thread(rotate)
    assert status == 0, told
    counts = json.loads(told)
    assert (counts["kept"], counts["waiting"]) == ({new["key_id"]: 10}, {})
    newer = start_vault(intake, store, KEYS=json.dumps({new["key_id"]: new["private_key"]}), KEY_ID=new["key_id"])
    try:
        async with newer.app.state.database.transaction() as tx:
            for (ref,) in await intake.rows("select reporter_ref from vault.reporters"):
                assert (await newer.vault.open(tx, ref))["name"] == "举报人甲"
    finally:
        await newer.close()


@pytest.mark.rule("G14")
async def test_the_vaults_own_look_carries_out_what_is_ordered_and_shreds_again_what_an_older_store_brings_back(
    new_vault: NewVault, tmp_path: Path
) -> None:
    intake, vault = await new_vault(2)
    await vault.take_in()
    (lead, gone), (_, stays) = await intake.rows("select id, reporter_ref from leads order by lead_no")
    before = {ref: key for ref in (gone, stays) if (key := vault.vault.store.get(ref))}
    await intake.rows("update leads set status = 'expunged' where id = $1 returning 1", lead)
    async with intake.app.state.database.transaction() as tx:
        await destroy_texts(tx, lead)
    older = start_vault(intake, tmp_path / "vault" / "older.sqlite")
    older.vault.store.take(before)
    for each in (vault, older):
        store = each.vault.store
        assert store.get(gone) is not None, "control"

        async def destroyed(store: KeyStore = store) -> bool:
            return store.get(gone) is None

        async with taking_in(each.app.state.database, each.vault):
            await until(destroyed, 20, "the key was not destroyed")
            assert store.get(stays) == before[stays]
            destroyed_at = time.time()

            async def told(since: float = destroyed_at) -> bool:
                name, labels = "xiansuo_timer_last_run_timestamp_seconds", {"timer": TAKE_IN}
                return (REGISTRY.get_sample_value(name, labels) or 0) > since

            await until(told, 20, "no further look was told")
    await older.close()
    assert await intake.rows("select state, decided_by from vault.shreddings") == [("done", "system:vault")]
