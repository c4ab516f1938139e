"""Openings through the vault's doors: two people, the named officers, the emergency; what is on record and what the reporter sees."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from services.intake.db import retention
from services.intake.domain.decision import Decision, Kind
from services.intake.domain.shredding import Ground
from services.intake.usecases.keep_retention import expunge
from services.intake.usecases.read_reporter import read_reporter
from services.intake.usecases.shred_reporter import decide_shredding, order_shredding
from shared.db import Transaction
from shared.http.callers import api_routes
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.builders import person
from tests.support.reporting import REPORT, report, status
from tests.support.vault import VAULT, VaultApi, start_vault

NAME, PHONE = REPORT["reporter"]["name"], REPORT["reporter"]["phone"]
START, SOON = "2018-06-04T09:00:00+08:00", "2018-06-04T09:10:00+08:00"
OVER, DAYS_LATER = "2018-06-04T09:31:00+08:00", "2018-06-20T09:00:00+08:00"


class Office:
    """intake and its vault, with one lead and the code of its reporter."""

    def __init__(self, intake: Api, vault: VaultApi, lead_id: str, code: str) -> None:
        self.intake, self.vault, self.lead_id, self.code = intake, vault, lead_id, code

    async def ask(self, *, by: str = "rvk", at: str = START, key: str | None = None, **changes: Any) -> httpx.Response:
        order = {"lead_id": self.lead_id, "purpose": "contact", "reason": "联系举报人补充情况", "minutes": 30} | changes
        path = "break-glass" if order["purpose"] in ("danger", "order") else "openings"
        headers = {"X-Local-Clock": at}
        return await self.vault.post(f"{VAULT}/{path}", order, by=by, key=key or uuid4().hex, **headers)

    async def asked(self, **changes: Any) -> str:
        answer = await self.ask(**changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def act(self, opening: str, what: str, body: Any = None, *, by: str, at: str = START) -> httpx.Response:
        return await self.vault.post(f"{VAULT}/openings/{opening}/{what}", body, by=by, **{"X-Local-Clock": at})

    async def decide(self, opening: str, *, by: str = "rvk2", at: str = START, grant: bool = True) -> httpx.Response:
        return await self.act(opening, "decision", {"grant": grant}, by=by, at=at)

    async def granted(self, **changes: Any) -> str:
        opening = await self.asked(**changes)
        assert (await self.decide(opening)).status_code == 200
        return opening

    async def read(self, opening: str, *, by: str = "rvk", at: str = SOON) -> httpx.Response:
        return await self.act(opening, "reading", by=by, at=at)

    async def deeds(self) -> list[tuple[str, str, str | None]]:
        rows = "select action, actor, purpose from audit_log where action like 'vault.%' order by position"
        return [(action, actor, purpose) for action, actor, purpose in await self.vault.rows(rows)]


@pytest_asyncio.fixture
async def office(new_api: NewApi, tmp_path: Path) -> AsyncIterator[Office]:
    intake = await new_api("intake", CHALLENGE_BITS="2")
    vault = start_vault(intake, tmp_path / "vault" / "keys.sqlite")
    code = (await report(intake.client, REPORT)).json()["query_code"]
    await vault.take_in()
    [(lead_id,)] = await intake.rows("select id::text from leads")
    yield Office(intake, vault, lead_id, code)
    await vault.close()


async def verifying(office: Office) -> None:
    """As if the unit had signed for it."""
    path = f"/intake/v1/leads/{office.lead_id}"
    body = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    assert (await office.intake.post(f"{path}/classification", body, by="ana")).status_code == 200
    assert (await office.intake.post(f"{path}/assignment", {"unit": "GA"}, by="ofd")).status_code == 200
    await office.intake.rows("update leads set status = 'verifying' returning 1")


@pytest.mark.rule("G1", "G10")
async def test_two_keepers_open_a_reporter_and_the_reporter_sees_it(office: Office) -> None:
    key = uuid4().hex
    first = await office.ask(key=key)
    again = await office.ask(key=key)
    assert (first.status_code, first.json()["state"], again.content) == (201, "asked", first.content)
    assert (await office.ask()).status_code == 409  # one request waits already
    opening = first.json()["id"]
    assert (await office.read(opening)).status_code == 409
    assert (await office.decide(opening, by="rvk")).status_code == 403
    assert (await office.decide(opening, by="ofd")).status_code == 403
    assert (await office.decide(opening)).json()["ends_at"] == "2018-06-04T01:30:00Z"
    assert (await office.decide(opening)).status_code == 409
    read = await office.read(opening)
    assert (read.status_code, read.headers["Cache-Control"]) == (200, "no-store")
    assert (read.json()["reading"], read.json()["reporter"]["name"], read.json()["reporter"]["phone"]) == (
        1,
        NAME,
        PHONE,
    )
    for account, code in (("rvk2", 403), ("ofd", 403), ("p1", 403), ("dpo", 403), ("ana", 403), ("unl", 403)):
        assert (await office.read(opening, by=account)).status_code == code, account
    assert (await office.read(opening, at=OVER)).status_code == 409
    assert (await office.read(opening)).json()["reading"] == 2
    assert await office.deeds() == [
        ("vault.opening-asked", "rvk", "contact"),
        ("vault.opening-granted", "rvk2", "contact"),
        ("vault.opening-read", "rvk", "contact"),
        ("vault.opening-read", "rvk", "contact"),
    ]
    shown = (await status(office.intake.client, query_code=office.code)).json()
    assert (shown["opened"], [(o["on"], o["purpose"], o["zh"]) for o in shown["openings"]]) == (
        1,
        [("2018-06-04", "contact", "联系举报人")],
    )
    assert "rvk" not in json.dumps(shown)


async def test_many_readings_at_once_are_each_on_record(office: Office) -> None:
    opening = await office.granted()
    answers = await asyncio.gather(*(office.read(opening) for _ in range(8)))
    assert sorted(answer.json()["reading"] for answer in answers) == list(range(1, 9))
    decided = await asyncio.gather(*(office.decide(opening) for _ in range(4)))
    assert {answer.status_code for answer in decided} == {409}
    detail = (await office.vault.get(f"{VAULT}/openings/{opening}", by="dpo")).json()
    assert [(r["number"], r["reader"]) for r in detail["readings"]] == [(n, "rvk") for n in range(1, 9)]


@pytest.mark.rule("G1")
async def test_an_interview_is_for_the_two_named_officers_and_shows_them_what_they_need(office: Office) -> None:
    named: dict[str, Any] = {"purpose": "interview", "officers": ["p1", "p2"], "reason": "当面核实举报内容"}
    assert (await office.ask(**named)).status_code == 409  # nobody checks it yet
    await verifying(office)
    await office.intake.rows("insert into staff_accounts (account, staff) values ('p1', 'QT-1'), ('p2', 'QT-1')")
    alone = await office.ask(**named)
    assert (alone.status_code, alone.json()["errors"][0]["field"]) == (422, "officers"), "two accounts of one person"
    await office.intake.rows("delete from staff_accounts")
    opening = await office.granted(**named)
    for account in ("p1", "p2"):
        read = await office.read(opening, by=account)
        assert read.status_code == 200, read.text
        assert read.json()["reporter"]["phone"] == PHONE
        assert not {"id_number", "address"} & set(read.json()["reporter"])
    for account in ("p3", "p4", "tfl", "rvk", "rvk2", "unh", "dhd"):
        assert (await office.read(opening, by=account)).status_code == 403, account
    assert (await office.read(opening, by="p1", at=OVER)).status_code == 409
    mine = (await office.vault.get(f"{VAULT}/openings", by="p1")).json()["items"]
    assert [item["id"] for item in mine] == [opening]
    assert (await office.vault.get(f"{VAULT}/openings", by="p3")).json()["items"] == []
    await office.intake.rows("update leads set status = 'concluded' returning 1")
    assert (await office.read(opening, by="p1")).status_code == 409


@pytest.mark.rule("G1", "G-MEET")
async def test_the_reporter_of_a_repeat_is_met_by_those_who_check_its_master_and_they_keep_nobody(
    office: Office,
) -> None:
    named: dict[str, Any] = {"purpose": "interview", "officers": ["p1", "p2"], "reason": "当面核实举报内容"}
    await verifying(office)
    again = await report(office.intake.client, REPORT)
    assert again.status_code == 201, again.text
    await office.vault.take_in()
    master, rows = office.lead_id, office.intake.rows
    [(office.lead_id,)] = await rows("select id::text from leads where unit is null")
    assert (await office.ask(**named)).status_code == 409, "by itself it is not checked"
    await rows("update leads set merged_into = $1::uuid where unit is null", master)
    opening = await office.granted(**named)
    read = await office.read(opening, by="p1")
    assert (read.status_code, read.json()["reporter"]["phone"]) == (200, PHONE), read.text
    assert (await office.read(opening, by="unh")).status_code == 403
    await rows("update leads set status = 'concluded' where unit is not null")
    assert (await office.read(opening, by="p1")).status_code == 409
    await rows("update dual_assignments set discipline = 'ended'")
    assert (await office.ask(**named)).status_code == 409
    # no keeper of the unit that checks the master, none who handled it, none who was named for another of the matter
    keeps = "举报人信息 / keeps no reporter"
    await rows("update leads set unit = 'SB' where unit is not null")
    assert (await office.ask()).status_code == 403, keeps
    await rows("update leads set unit = 'GA' where unit is not null")
    await rows("update lead_history set actor = 'rvk' where lead_id = $1::uuid", master)
    assert (await office.ask()).status_code == 403, keeps
    await rows("update lead_history set actor = 'ofd' where lead_id = $1::uuid", master)
    assert (await office.ask()).status_code == 201
    theirs = "lead_id = $1::uuid, officers = array['rvk2', 'p2'], decided_by = 'rvk3'"
    await rows(f"update vault.openings set {theirs} where kind = 'interview'", master)
    [(waiting,)] = await rows("select id::text from vault.openings where state = 'asked'")
    assert (await office.decide(waiting)).status_code == 403, keeps
    # two matters after all
    await rows("update leads set merged_into = null where merged_into is not null")
    assert (await office.decide(waiting)).status_code == 200


@pytest.mark.rule("G5", "G10")
async def test_break_glass_takes_two_people_a_reason_and_a_time_and_tells_the_dpo(office: Office) -> None:
    assert (await office.ask(by="rvk", purpose="danger")).status_code == 403
    assert (await office.ask(by="ofd", purpose="danger", reason="急")).status_code == 422
    assert (await office.ask(by="ofd", purpose="danger", minutes=61)).status_code == 422
    opening = await office.asked(by="ofd", purpose="danger", reason="举报人受到威胁,须立即联系")
    assert (await office.read(opening, by="ofd")).status_code == 409  # alone: refused
    assert (await office.decide(opening, by="ofd")).status_code == 403
    assert (await office.decide(opening, by="ldr")).status_code == 200
    assert (await office.read(opening, by="ofd")).json()["reporter"]["name"] == NAME
    assert (await office.read(opening, by="ldr")).status_code == 403
    assert (await office.read(opening, by="ofd", at=OVER)).status_code == 409
    assert [deed[0] for deed in await office.deeds()] == [f"vault.opening-{s}" for s in ("asked", "granted", "read")]
    for account in ("rvk", "ofd", "aud", "ldr"):
        assert (await office.vault.get(f"{VAULT}/notices", by=account)).status_code == 403
    told = (await office.vault.get(f"{VAULT}/notices?unseen=true", by="dpo")).json()["items"]
    assert {n["step"] for n in told} == {"asked", "granted", "read"}
    assert {(n["asked_by"], n["decided_by"], n["reason"]) for n in told} == {
        ("ofd", "ldr", "举报人受到威胁,须立即联系")
    }
    seen = await office.vault.post(f"{VAULT}/notices/{opening}/seen", None, by="dpo")
    assert seen.json() == {"seen": 3}
    assert (await office.vault.get(f"{VAULT}/notices?unseen=true", by="dpo")).json()["items"] == []
    shown = (await status(office.intake.client, query_code=office.code)).json()
    assert [o["purpose"] for o in shown["openings"]] == ["danger"]


async def test_an_opening_is_taken_back_and_an_old_request_lapses(office: Office) -> None:
    opening = await office.granted()
    assert (await office.act(opening, "end", by="ofd", at=SOON)).status_code == 403
    assert (await office.act(opening, "end", by="dpo", at=SOON)).json()["ended_by"] == "dpo"
    assert (await office.read(opening)).status_code == 409
    old = await office.asked()
    assert (await office.decide(old, at=DAYS_LATER)).status_code == 409
    assert (await office.act(old, "end", by="rvk", at=DAYS_LATER)).status_code == 200
    refused = await office.asked()
    assert (await office.decide(refused, grant=False)).json()["state"] == "refused"
    assert (await office.read(refused)).status_code == 409
    assert (await status(office.intake.client, query_code=office.code)).json()["opened"] == 1


@pytest.mark.rule("G14")
async def test_of_a_sealed_lead_a_reporter_is_opened_to_protect_him_and_for_nothing_else(office: Office) -> None:
    granted = await office.granted()
    asked = {purpose: await office.asked(purpose=purpose) for purpose in ("own-request",)}
    await office.intake.rows("update leads set status = 'sealed' returning 1")
    refused = await office.read(granted)
    assert (refused.status_code, "已封存" in refused.text) == (409, True)
    assert (await office.act(asked["own-request"], "decision", {"grant": True}, by="rvk2")).status_code == 200
    assert (await office.read(asked["own-request"])).json()["reporter"]["name"] == NAME
    assert (await office.ask(purpose="protection")).status_code == 201
    for purpose in ("contact", "feedback", "reward", "originals"):
        again = await office.ask(purpose=purpose)
        assert (again.status_code, "已封存" in again.text) == (409, True), purpose


@pytest.mark.rule("G1", "G23")
async def test_no_door_gives_more_than_one_reporter_and_none_but_the_reading_gives_any(office: Office) -> None:
    opening = await office.granted()
    await office.read(opening)
    document = office.vault.app.openapi()
    showing = [path for path, found in document["paths"].items() if "ReporterView" in json.dumps(found)]
    assert showing == [f"{VAULT}/openings/{{opening_id}}/reading"]
    for route in api_routes(office.vault.app):
        path = (route.path or "").replace("{opening_id}", opening)
        for method in route.methods or ():
            if method == "GET":
                for account in ("rvk", "dpo", "ofd", "p1"):
                    answer = await office.vault.get(path, by=account)
                    assert answer.status_code in (200, 403), (path, answer.text)
                    assert NAME not in answer.text, path
                    assert PHONE not in answer.text, path
    kept = await office.vault.rows("select answer::text from idempotency_keys where answer::text like '%openings%'")
    assert NAME not in str(kept)


MISTAKES: list[tuple[dict[str, Any], int, str | None]] = [
    ({"purpose": "curiosity"}, 422, "purpose"),
    ({"reason": "看看"}, 422, "reason"),
    ({"reason": "【机密】核实事项"}, 422, "reason"),
    ({"minutes": 0}, 422, "minutes"),
    ({"minutes": 61}, 422, "minutes"),
    ({"minutes": "30"}, 422, "minutes"),
    ({"officers": ["p1", "p2"]}, 422, "officers"),
    ({"lead_id": str(uuid4())}, 404, None),
    ({"lead_id": "x"}, 422, "lead_id"),
    ({"who": "x"}, 422, "who"),
]


async def test_a_mistake_is_told_by_field(office: Office) -> None:
    for change, code, field in MISTAKES:
        answer = await office.ask(**change)
        assert (answer.status_code, answer.headers["content-type"]) == (code, "application/problem+json"), change
        assert [error["field"] for error in answer.json()["errors"]] == ([field] if field else []), change


BLOCKED = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


async def beside(api: Api, other: Awaitable[Any]) -> asyncio.Future[Any]:
    """`other`, when it has come as far as it can."""
    coming = asyncio.ensure_future(other)
    while not coming.done() and not await api.rows(BLOCKED):  # noqa: ASYNC110 - the database tells, not an event
        await asyncio.sleep(0.02)
    return coming


@pytest.mark.rule("G1", "G24")
@pytest.mark.parametrize("how", ["expunged", "shredded"])
async def test_a_reporter_is_read_before_the_data_are_destroyed_or_not_at_all(office: Office, how: str) -> None:
    opening = await office.granted(purpose="own-request")
    at, dpo = datetime.fromisoformat(SOON), person("dpo", "dpo")
    intake, vault = office.intake, office.vault
    await intake.rows("update leads set status = 'sealed' returning 1")
    lead_id = UUID(office.lead_id)
    async with vault.app.state.database.transaction() as tx:
        order = await order_shredding(tx, lead_id, Ground.RETENTION, "保存期限已满", by=dpo, at=at)

    async def destroy(tx: Transaction) -> None:
        if how == "expunged":
            decision = Decision(
                id=uuid4(), lead_id=lead_id, kind=Kind.EXPUNGE, reason="x", proposed_by="dpo", proposed_at=at
            )
            await expunge(tx, decision, person("aud", "aud"), at)
        else:
            await decide_shredding(tx, order.id, carry_out=True, vault=vault.vault, by=person("rvk2", "rvk"), at=at)

    async def destroyed() -> None:
        async with (intake if how == "expunged" else vault).app.state.database.transaction() as tx:
            await destroy(tx)

    # who reads is not done yet: it waits
    async with vault.app.state.database.transaction() as tx:
        _, _, told = await read_reporter(tx, UUID(opening), vault=vault.vault, by=person("rvk", "rvk"), at=at)
        going = await beside(intake, destroyed())
        assert (told["name"], going.done()) == (NAME, False)
        going.cancel()
    await asyncio.wait([going])
    # it is not done yet: who reads waits, and is told that nothing is left
    async with (intake if how == "expunged" else vault).app.state.database.transaction() as tx:
        if how == "expunged":
            await destroy(tx)
        else:  # its last step, which cannot be undone, is left out until who reads has come
            assert not await retention.is_held(tx, lead_id)
        reading = await beside(intake, office.read(opening))
        if how == "shredded":
            await destroy(tx)
    refused = await reading
    assert (refused.status_code, "reporter" in refused.json()) == (409, False), refused.text
    assert (await office.read(opening)).status_code == 409
    assert await intake.rows("select count(*) from vault.readings") == [(1,)]
