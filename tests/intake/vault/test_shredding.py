"""What is destroyed stays destroyed: against real dumps of the database, restored, with every key that anybody still has."""

import asyncio
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from deploy.local.keys import _new_box
from services.intake.db.key_store import KeyStore
from services.intake.db.retention import destroy_texts, retire_reporter
from services.intake.domain.shredding import Ground, Shredding, Step
from services.intake.usecases.keep_retention import set_hold
from services.intake.usecases.shred_reporter import carry_out_ordered, decide_shredding
from shared.auth import Principal
from shared.errors import Forbidden, NotAllowed
from shared.sealing import CannotOpen, Opener, SealedRecord
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.backups import bring_back, dump
from tests.support.builders import person
from tests.support.postgres import Copy
from tests.support.reporting import REPORT, report
from tests.support.running import until
from tests.support.vault import VAULT, VaultApi, start_vault

GONE, STAYS = "举报人去", "举报人留"
REASON = "保存期限已满,依规销毁"
AT = datetime(2018, 6, 4, 1, tzinfo=UTC)


async def restored(copy: Copy, backup: Path, name: str) -> Copy:
    """The backup in a database of its own, on the same server."""
    await copy.server.run_async(f"create database {name} owner intake_owner")
    await copy.server.run_async(f"grant connect on database {name} to intake, intake_vault")
    await bring_back(backup, copy.server.dsn(name))
    return replace(copy, name=name)


async def openable(api: Api, keys: Iterable[dict[str, str]], store: Path | None) -> set[str]:
    """Whose data open: each record of the database, tried with each wrapped key that lies in its row or in the key store."""
    opener = Opener({box["key_id"]: SecretStr(box["private_key"]) for box in keys})
    rows = await api.rows("select reporter_ref, key_id, wrapped_key, ciphertext from vault.reporters")
    wrapped = [(key_id, key) for _, key_id, key, _ in rows if key is not None]
    if store is not None:
        with sqlite3.connect(store) as file:
            wrapped += file.execute("select key_id, wrapped from keys").fetchall()
        file.close()
    found = set()
    for *_, ciphertext in rows:
        for key_id, key in wrapped:
            try:
                found.add(opener.open_record(SealedRecord(key_id, key, ciphertext))["name"])
            except CannotOpen:
                continue
    return found


async def read(vault: VaultApi, lead_id: str) -> tuple[int, Any]:
    """As two keepers do it."""
    order = {"lead_id": lead_id, "purpose": "contact", "reason": "联系举报人补充情况", "minutes": 30}
    asked = await vault.post(f"{VAULT}/openings", order, by="rvk", key=uuid4().hex)
    if asked.status_code == 409:  # nobody is told of an opening that shows nothing
        return asked.status_code, None
    assert asked.status_code == 201, asked.text
    path = f"{VAULT}/openings/{asked.json()['id']}"
    assert (await vault.post(f"{path}/decision", {"grant": True}, by="rvk2")).status_code == 200
    answer = await vault.post(f"{path}/reading", None, by="rvk")
    return answer.status_code, answer.json().get("reporter", {}).get("name")


async def shred(vault: VaultApi, lead_id: str) -> None:
    order = {"lead_id": lead_id, "ground": "retention", "reason": REASON}
    for account, code in (("rvk", 403), ("ofd", 403), ("adm", 403)):
        assert (await vault.post(f"{VAULT}/shreddings", order, by=account, key="k" * 22)).status_code == code
    ordered = await vault.post(f"{VAULT}/shreddings", order, by="dpo", key="k" * 22)
    assert (ordered.status_code, ordered.json()["state"]) == (201, "ordered")
    path = f"{VAULT}/shreddings/{ordered.json()['id']}/decision"
    assert (await vault.post(path, {"carry_out": True}, by="dpo")).status_code == 403
    assert (await vault.post(path, {"carry_out": True}, by="rvk")).json()["state"] == "done"
    assert (await vault.post(path, {"carry_out": True}, by="rvk2")).status_code == 409
    assert (await vault.post(f"{VAULT}/shreddings", order, by="dpo", key="l" * 22)).status_code == 409
    listed = (await vault.get(f"{VAULT}/shreddings?state=done", by="rvk")).json()["items"]
    assert [(item["lead_id"], item["decided_by"]) for item in listed] == [(lead_id, "rvk")]


@pytest.mark.rule("G1", "G10")
async def test_a_restored_backup_does_not_open_what_was_shredded(new_api: NewApi, tmp_path: Path) -> None:
    intake = await new_api("intake", CHALLENGE_BITS="2")
    store = tmp_path / "vault" / "keys.sqlite"
    vault, copy = start_vault(intake, store), intake.copy
    for name in (GONE, STAYS):
        assert (await report(intake.client, REPORT | {"reporter": {"name": name}})).status_code == 201
    leads = [row[0] for row in await intake.rows("select id::text from leads order by lead_no")]
    dumps = {"first-second": tmp_path / "1.dump", "later": tmp_path / "2.dump"}

    await dump(copy.admin_url, dumps["first-second"])  # the vault has not looked yet: the keys are in the rows
    await vault.take_in()
    await dump(copy.admin_url, dumps["later"])
    await shred(vault, leads[0])
    assert await read(vault, leads[0]) == (409, None)
    assert await read(vault, leads[1]) == (200, STAYS)

    old, new = intake.keys.box("vault"), json.loads(_new_box("vault"))
    made: list[str] = []
    try:
        for number, name in enumerate(dumps):
            made.append(f"{copy.name}_r{number}")
            back = await restored(copy, dumps[name], made[-1])
            api = start_vault(intake, store, copy=back)
            # the vault itself opens the one and not the other, whatever the database says
            assert await read(api, leads[0]) == (409, None), name
            assert await read(api, leads[1]) == (200, STAYS), name
            inside = {"first-second": {GONE, STAYS}, "later": set()}[name]
            assert await openable(api, [old], None) == inside, name
            assert GONE not in await openable(api, [old], store) - inside, name
            await api.take_in()
            assert await openable(api, [old], store) == {STAYS}, name
            assert await api.rows("select count(*) from vault.reporters where shredded_on is not null") == [
                (1 if name == "first-second" else 0,)
            ]
            await api.close()
        # all keys wrapped anew and the old private key destroyed: what the first second left behind opens no more
        both = {"KEYS": json.dumps({box["key_id"]: box["private_key"] for box in (old, new)}), "KEY_ID": new["key_id"]}
        newer = start_vault(intake, store, **both)
        assert await newer.vault.rotate(newer.app.state.database) == 1
        await newer.close()
        await copy.server.run_async(f"drop database {made[0]} with (force)")
        back = await restored(copy, dumps["first-second"], made[0])
        api = start_vault(
            intake, store, copy=back, KEYS=json.dumps({new["key_id"]: new["private_key"]}), KEY_ID=new["key_id"]
        )
        assert await openable(api, [new], None) == set()
        assert await openable(api, [new], store) == {STAYS}
        assert await read(api, leads[1]) == (200, STAYS)
        await api.close()
    finally:
        await vault.close()
        for name in made:
            await copy.server.run_async(f"drop database if exists {name} with (force)")


def test_the_key_store_destroys_what_it_is_told_and_takes_it_back_never(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "keys.sqlite"
    store, one, two = KeyStore(path), uuid4(), uuid4()
    assert path.stat().st_mode & 0o077 == 0
    key, other = b"wrapped-key-one-" * 5, b"wrapped-key-two-" * 5
    store.take({one: ("a", key), two: ("a", other)})
    assert key in path.read_bytes()
    store.take({one: ("b", b"x")})
    assert store.get(one) == ("a", key)
    day = AT.date()
    store.shred(one, on=day)
    store.shred(one, on=AT.date() + timedelta(days=1))
    store.take({one: ("a", key)})
    assert (store.get(one), store.shredded([one, two])) == (None, {one: day})
    # not in the file either: what is freed is overwritten
    assert key not in path.read_bytes()
    assert other in path.read_bytes()
    store.rewrap([(two, ("a", b"stale"), ("b", b"y"))])
    assert store.get(two) == ("a", other)
    store.rewrap([(two, ("a", other), ("b", b"y")), (one, ("a", key), ("b", b"y"))])
    assert (store.get(two), store.get(one), store.counts()) == (("b", b"y"), None, ({"b": 1}, 1))
    store.close()


@pytest.mark.rule("G24")
@pytest.mark.parametrize("state", Step)
@pytest.mark.parametrize("carry_out", [True, False])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("marked", [True, False])
def test_an_order_is_carried_out_once_by_another_person_and_never_under_a_hold(
    state: Step, carry_out: bool, held: bool, marked: bool
) -> None:
    at = AT
    order = Shredding.order(uuid4(), uuid4(), Ground.RETENTION, REASON, reporter_ref=uuid4(), by="dpo", at=at)
    if state is not Step.ORDERED:
        order = order.decide(carry_out=state is Step.DONE, held=False, marked=False, by=person("rvk"), at=at)
    with pytest.raises(Forbidden):
        order.decide(carry_out=carry_out, held=held, marked=marked, by=person("dpo"), at=at)
    if state is Step.ORDERED and not (held if carry_out else marked):
        done = order.decide(carry_out=carry_out, held=held, marked=marked, by=person("rvk2"), at=at)
        assert done.state is (Step.DONE if carry_out else Step.REFUSED)
    else:
        with pytest.raises(NotAllowed):
            order.decide(carry_out=carry_out, held=held, marked=marked, by=person("rvk2"), at=at)


async def look(vault: VaultApi) -> int:
    """As its clock does each second."""
    await vault.take_in()
    async with vault.app.state.database.transaction() as tx:
        return await carry_out_ordered(tx, vault.vault, at=datetime.now(UTC))


@pytest.mark.rule("G14", "G24")
async def test_an_expunge_orders_the_shredding_itself_and_a_hold_lets_every_shredding_wait(
    new_api: NewApi, tmp_path: Path
) -> None:
    intake = await new_api("intake", CHALLENGE_BITS="2")
    vault = start_vault(intake, tmp_path / "vault" / "keys.sqlite")
    try:
        await retired_expunged_and_held(intake, vault)
    finally:
        await vault.close()


async def retired_expunged_and_held(intake: Api, vault: VaultApi) -> None:
    for _ in range(3):
        assert (await report(intake.client, REPORT)).status_code == 201
    await look(vault)
    leads = await intake.rows("select id, reporter_ref from leads order by lead_no")
    (gone, gone_ref), (kept, kept_ref), (old, old_ref) = leads
    # a repeat: the hold on its master keeps its reporter, too
    await intake.rows("update leads set merged_into = $1 where id = $2 returning 1", kept, old)
    hold = await intake.post(
        f"/intake/v1/leads/{kept}/holds", {"basis_no": "2018刑初1号", "reason": "法院调取证据"}, by="ofd", key="h1"
    )
    assert hold.status_code == 201
    orders = []
    for lead in (kept, old):
        order = {"lead_id": str(lead), "ground": "own-request", "reason": REASON}
        ordered = await vault.post(f"{VAULT}/shreddings", order, by="dpo", key=str(lead))
        assert ordered.status_code == 201, "the order is on record and waits"
        orders.append(f"{VAULT}/shreddings/{ordered.json()['id']}/decision")
    for path in orders:
        refused = await vault.post(path, {"carry_out": True}, by="rvk")
        assert (refused.status_code, "依法保留" in refused.json()["detail"]) == (409, True)

    # expunged: the order is there with the deed, whoever is away, and the vault carries it out with no keeper
    await intake.rows("update leads set status = 'expunged' where id = $1 returning 1", gone)
    async with intake.app.state.database.transaction() as tx:
        await destroy_texts(tx, gone)
        await destroy_texts(tx, gone)
    [order_id] = (await vault.rows("select id, state from vault.shreddings where lead_id = $1", gone))[0][:1]
    assert await states(vault) == {gone: ("expungement", "ordered", None), kept: WAITS, old: WAITS}
    assert vault.vault.store.get(gone_ref) is not None
    refusal = await vault.post(f"{VAULT}/shreddings/{order_id}/decision", {"carry_out": False}, by="rvk")
    assert refusal.status_code == 409, "what is given up is not kept by a refusal"
    assert await look(vault) == 1
    assert await look(vault) == 0
    assert (vault.vault.store.get(gone_ref), list(vault.vault.store.shredded([gone_ref]))) == (None, [gone_ref])
    assert await states(vault) == {gone: ("expungement", "done", "system:vault"), kept: WAITS, old: WAITS}

    # given up by the clock a moment before the hold came: the key waits in the store, also when the vault starts anew
    await intake.rows(f"update leads set {CLOSED} where id = $1 returning 1", kept)
    async with intake.app.state.database.transaction() as tx:
        assert await retire_reporter(tx, old)
    async with vault.app.state.database.transaction() as tx:
        assert await vault.vault.destroy_retired(tx) == 0
    assert await look(vault) == 0
    assert vault.vault.store.get(old_ref) is not None
    release = {"reason": "案件已审结"}
    path = f"/intake/v1/holds/{hold.json()['id']}/release"
    assert (await intake.post(path, release, by="dpo")).status_code == 200
    assert await look(vault) == 1
    assert (await vault.post(orders[0], {"carry_out": True}, by="rvk")).json()["state"] == "done"
    assert (vault.vault.store.get(old_ref), vault.vault.store.get(kept_ref)) == (None, None)
    assert (
        sorted(await vault.rows("select action from audit_log where action = 'vault.shredding-done'"))
        == [("vault.shredding-done",)] * 3
    )


CLOSED = "status = 'closed', tier = 'evil', level = 'general'"
WAITS = ("own-request", "ordered", None)


async def states(vault: VaultApi) -> dict[Any, tuple[Any, ...]]:
    rows = await vault.rows("select lead_id, ground, state, decided_by from vault.shreddings")
    return {row[0]: tuple(row[1:]) for row in rows}


WAITING = """select count(*) from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and not l.granted and d.datname = current_database()"""


async def test_a_hold_and_a_shredding_at_once_come_one_after_the_other(new_api: NewApi, tmp_path: Path) -> None:
    intake = await new_api("intake", CHALLENGE_BITS="2")
    vault = start_vault(intake, tmp_path / "vault" / "keys.sqlite")
    try:
        assert (await report(intake.client, REPORT)).status_code == 201
        await look(vault)
        [(lead, ref)] = await intake.rows("select id, reporter_ref from leads")
        order = {"lead_id": str(lead), "ground": "own-request", "reason": REASON}
        ordered = (await vault.post(f"{VAULT}/shreddings", order, by="dpo", key="o" * 22)).json()["id"]
        by = {who: Principal(sub=who, roles=frozenset({who}), unit="OFF") for who in ("ofd", "rvk")}

        async def carry_out() -> None:
            async with vault.app.state.database.transaction() as tx:
                await decide_shredding(tx, UUID(ordered), carry_out=True, vault=vault.vault, by=by["rvk"], at=AT)

        async def waiting() -> bool:
            return bool((await intake.rows(WAITING))[0][0])

        async with intake.app.state.database.transaction() as tx:
            await set_hold(tx, lead, "2018刑初1号", "法院调取证据", by=by["ofd"], at=AT)
            deciding = asyncio.create_task(carry_out())
            await until(waiting, 20, "the shredding did not wait for the hold")
        with pytest.raises(NotAllowed):
            await deciding
        assert vault.vault.store.get(ref) is not None
    finally:
        await vault.close()


def test_where_there_is_no_reporter_there_is_nothing_to_shred() -> None:
    with pytest.raises(NotAllowed):
        Shredding.order(uuid4(), uuid4(), Ground.RETENTION, REASON, reporter_ref=None, by="dpo", at=AT)
