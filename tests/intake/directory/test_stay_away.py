"""Whoever is concerned in a lead comes through no door that names it and finds it in no list (G4), at intake and at the vault."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi.routing import RouteContext

from deploy.local.issuer import accounts
from services.intake.api.stay_away import OPEN, _away
from services.intake.db.conflicts import LEADS_OF
from services.intake.usecases.stay_away import OTHERS, STAY_AWAY
from shared.http.callers import api_routes
from tests.conftest import NewApi
from tests.intake.api.test_leads import classify, register
from tests.support.api import Api
from tests.support.reading_doors import caller
from tests.support.vault import VAULT, VaultApi, start_vault

ABOUT_NO_LEAD = {
    "alert_id": "who read what; nobody judges one's own reading",
    "attachment_id": "stands beside the lead or the opening that names it",
    "code": "a unit of the directory",
    "day": "a day's list, which leaves leads out",
    "kind": "a limit, beside the lead that has it",
    "ledger_id": "what came of a clerk's own file; ids alone",
    "message_id": "what a gateway brought, before there is a lead",
    "month": "a month's list, which leaves leads out",
    "part": "a part of the API page",
    "report_id": "past the office, which may not ask: no lead",
    "screening_id": "a task, before there is a lead",
    "search_id": "one's own search",
    "staff": "a person of the directory; the list of open work leaves leads out",
    "version": "a version of the code lists",
}
"""What else stands in addresses, and why nothing is asked of it."""
SHOWN_TO_ALL = {
    "/intake/v1/ledgers/{ledger_id}": "what came of a clerk's own file; ids alone",
}
"""Lists with ids of leads that leave none out, and why."""
BODIES: dict[str, dict[str, Any]] = {"download": {"purpose": "核对附件"}}
"""A door with a transaction of its own reads the body before it asks."""
MANY = {"Access-Purpose": "handle", "Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Offset": "0"}
STAFF = {account: f"T-{number}" for number, account in enumerate(accounts(), 1)}
"""The directory of these tests: every local account is somebody; the first is the intake clerk."""
SEEN_IN = [
    *("leads", "deadlines", "pauses", "extensions", "decisions", "merges", "re-examinations", "rewards", "objections"),
    *("dual-assignments", "major-leads", "daily-digests/2018-06-01/leads?part=fresh", "search", "transfers"),
    *("directory/staff/T-1/open-work", "call-backs/2018-06", "interests", "screenings"),
    *("vault/openings", "vault/notices", "vault/shreddings"),
]
"""Lists in which everybody else finds the lead."""
Fill = Callable[..., Awaitable[None]]
_PLAIN = {
    "uuid": "gen_random_uuid()",
    "text": "'x'",
    "date": "date '2018-06-01'",
    "jsonb": "'{}'",
    "bytea": "'x'",
    "timestamp with time zone": "timestamptz '2018-06-01 08:00+08'",
    "ARRAY": "'{}'",
    "boolean": "false",
    "integer": "1",
    "bigint": "1",
    "smallint": "1",
}


@pytest_asyncio.fixture
async def both(new_api: NewApi, tmp_path: Path) -> AsyncIterator[tuple[Api, VaultApi]]:
    """Intake's app and the vault's, with a directory in which every local account is somebody."""
    api = await new_api("intake")
    vault = start_vault(api, tmp_path / "keys.sqlite")
    yield api, vault
    await vault.close()


async def filled(api: Api) -> tuple[UUID, UUID, dict[str, UUID]]:
    """A lead with one of everything that belongs to it, another lead, and the ids by their names in addresses."""
    lead, other = await register(api), await register(api, upstream_no="another")
    await classify(api, lead)
    ids = {name: uuid4() for name in (*LEADS_OF, "dual_hold_id")} | {"lead_id": lead, "candidate_id": other}
    mine = {"lead_id": lead}
    asked: dict[str, Any] = {"asked_by": "ana", "state": "asked", **mine}
    connection = await asyncpg.connect(api.copy.admin_url)
    await connection.execute("set session_replication_role = replica")  # no foreign keys: one row of each is enough

    async def fill(table: str, **values: Any) -> None:
        schema, _, name = table.rpartition(".")
        needed = await connection.fetch(
            "select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2 "
            "and is_nullable = 'NO' and column_default is null and is_identity = 'NO'",
            schema or "public",
            name,
        )
        given = {row["column_name"]: _PLAIN[row["data_type"]] for row in needed}
        given |= {column: f"'{value}'" for column, value in values.items()}
        row = f"insert into {table} ({', '.join(given)}) values ({', '.join(given.values())})"
        await connection.execute(row)

    for account, staff in STAFF.items():
        await fill("directory_staff", staff=staff, account=account)
    await fill("merges", id=ids["merge_id"], master_id=other, state="proposed", **mine)
    await fill("re_examinations", merge_id=ids["merge_id"], repeat_id=other, state="open", **mine)
    await fill("decisions", id=ids["decision_id"], kind="reopen", state="proposed", **mine)
    await fill("deadline_pauses", id=ids["pause_id"], kind="classify", status="asked", **mine)
    await fill("deadline_extensions", id=ids["extension_id"], **asked)
    await fill("legal_holds", id=ids["hold_id"], **mine)
    dual = ids["dual_assignment_id"]
    await fill("dual_assignments", id=dual, crime="created", discipline="created", **mine)
    await fill("dual_holds", id=ids["dual_hold_id"], dual_assignment_id=dual, what="arrest", **asked)
    await fill(
        "dual_requests", id=ids["request_id"], dual_assignment_id=dual, from_leg="crime", need="meeting", asked_by="x"
    )
    await fill("rewards", id=ids["reward_id"], rule_version="reward-1", state="proposed", **mine)
    await fill("interests", id=ids["interest_id"], staff="X-1", ground="other", decider="ldr", status="open", **mine)
    await fill("objections", against="decline", state="open", **mine)
    await fill("transfers", evidence="[]", **mine)
    task = uuid4()
    await fill("screenings", id=task, state="open")
    await fill("screening_findings", screening_id=task, **mine)
    await fill("lead_search", **mine)
    await fill("daily_digests")
    await fill("digest_leads", part="fresh", **mine)
    draw = {"fixed_at": "2018-06-30", "list_digest": "x", "beacons": "[]", "drawn_at": "2018-06-30"}
    await fill("call_back_draws", due_on="2018-07-30", **draw)
    await fill("call_backs", token=ids["token"].hex, month="2018-06-01", place=1, **mine)
    await fill(
        "attachments", id=ids["upload_id"], door="office", state="uploading", wrapped_key="x", pieces="[]", **mine
    )
    await fill("vault.openings", id=ids["opening_id"], kind="keepers", purpose="feedback", **asked)
    await fill("vault.dpo_notices", opening_id=ids["opening_id"], step="asked")
    await fill("vault.shreddings", id=ids["shredding_id"], ground="own-request", state="ordered", **mine)
    await connection.execute("update leads set level = 'major' where id = $1", lead)
    ids["sealed"] = await register(api, upstream_no="sealed")
    await connection.execute("update leads set status = 'sealed' where id = $1", ids["sealed"])
    await fill("lead_history", lead_id=ids["sealed"], version=9, action="seal")
    await connection.close()
    return lead, other, ids


async def concern(api: Api, lead: UUID, *, version: int, subjects: str) -> None:
    """The office states whom the lead is about: every local account, or nobody."""
    await api.rows(
        "insert into lead_subjects (lead_id, version, subjects, reason, stated_by, stated_at) "
        f"select $1::uuid, $2::integer, {subjects}, 'x', 'x', now() from directory_staff",
        lead,
        version,
    )


EVERYBODY, NOBODY = "jsonb_agg(jsonb_build_object('staff', staff, 'unit', null))", "(array_agg('[]'::jsonb))[1]"


def doors(api: Api) -> list[tuple[str, RouteContext]]:
    """Method and route of whatever names a lead in its address, or what belongs to one."""
    return [
        (method, route)
        for route in api_routes(api.app)
        for method in sorted(route.methods or ())
        if set(re.findall(r"\{(\w+)\}", route.path or "")) & LEADS_OF.keys() and caller(route)
    ]


async def call(api: Api, method: str, route: RouteContext, ids: dict[str, UUID]) -> httpx.Response:
    ids = ids | {"hold_id": ids["dual_hold_id"]} if "dual-holds" in (route.path or "") else ids
    path = re.sub(r"\{(\w+)\}", lambda name: _in_path(ids, name[1]), route.path or "")
    headers = api.as_(caller(route) or "", **MANY, **{"Idempotency-Key": uuid4().hex})
    body = BODIES.get(path.rsplit("/", 1)[1], {}) if method in ("POST", "PUT") else None
    return await api.client.request(method, path, json=body, headers=headers)


def _in_path(ids: dict[str, UUID], name: str) -> str:
    return ids[name].hex if name == "token" else str(ids.get(name, "classify" if name == "kind" else uuid4()))


async def test_every_name_in_an_address_is_a_leads_or_is_reasoned_to_be_none(both: tuple[Api, VaultApi]) -> None:
    named = {
        n for api in both for r in api_routes(api.app) if caller(r) for n in re.findall(r"\{(\w+)\}", r.path or "")
    }
    assert named - LEADS_OF.keys() == named & ABOUT_NO_LEAD.keys(), named - LEADS_OF.keys() - ABOUT_NO_LEAD.keys()
    assert named >= LEADS_OF.keys()


@pytest.mark.rule("G4", "G-CONF")
async def test_no_door_that_names_a_lead_opens_for_whoever_is_concerned(both: tuple[Api, VaultApi]) -> None:
    api, _ = both
    lead, other, ids = await filled(api)

    async def kept_out() -> set[Any]:
        found = set()
        for app in both:
            for method, route in doors(app):
                answer = await call(app, method, route, ids)
                assert answer.status_code < 500, (method, route.path, answer.text)
                if answer.status_code == 403 and (method == "HEAD" or STAY_AWAY in answer.text):
                    assert answer.headers["content-type"] == "application/problem+json"
                    found.add((method, route.path))
        return found

    every = {(method, route.path) for app in both for method, route in doors(app) if route.endpoint not in OPEN}
    await concern(api, lead, version=1, subjects=EVERYBODY)
    assert await kept_out() == every
    assert len(every) > 80
    await concern(api, lead, version=2, subjects=NOBODY)
    assert await kept_out() == set(), "what is stated last holds"
    # a repeat and its master are one matter, whichever of the two it was stated of
    await concern(api, other, version=1, subjects=EVERYBODY)
    for repeat, master in ((other, lead), (lead, other)):
        await api.rows("update leads set merged_into = case when id = $1 then $2::uuid end", repeat, master)
        assert await kept_out() == every


@pytest.mark.rule("G4")
async def test_no_list_shows_a_lead_to_whoever_is_concerned(both: tuple[Api, VaultApi]) -> None:
    api, vault = both
    lead, other, ids = await filled(api)
    export = {"first": "2018-01-01", "last": "2018-12-31", "purpose": "对账"}

    async def seen() -> set[str]:
        found = set()
        for path in SEEN_IN:
            app = vault if path.startswith("vault") else api
            full = f"/intake/v1/{path.split('?')[0]}"
            [route] = [r for r in api_routes(app.app) if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", r.path or ""), full)
                       and "GET" in (r.methods or ())]  # fmt: skip
            answer = await app.get(f"/intake/v1/{path}", by="dpo" if path == "vault/openings" else caller(route) or "")
            assert answer.status_code == 200, (path, answer.text)
            if str(lead) in answer.text:
                found.add(path)
        assert (await api.post("/intake/v1/ledgers/replies", export, by="icl")).status_code == 200
        return found

    assert set(SEEN_IN) - await seen() == set()
    await concern(api, lead, version=1, subjects=EVERYBODY)
    assert await seen() == set()
    assert str(other) in (await api.get("/intake/v1/leads", by="ofd")).text
    rows = await api.rows("select detail->>'rows' from audit_log where action = 'replies.export' order by position")
    assert rows == [("3",), ("2",)], "what is exported neither"
    assert str(ids["sealed"]) in (await api.get("/intake/v1/retention/sealed", by="dpo")).text
    await concern(api, ids["sealed"], version=1, subjects=EVERYBODY)
    assert (await api.get("/intake/v1/retention/sealed", by="dpo")).json()["items"] == []
    await concern(api, lead, version=2, subjects=NOBODY)
    await api.rows("update interests set staff = $1", STAFF["ofd"])
    assert str(lead) not in (await api.get("/intake/v1/leads", by="ofd")).text
    assert str(lead) in (await api.get("/intake/v1/leads", by="ana")).text


async def test_every_list_with_leads_in_it_leaves_some_out(both: tuple[Api, VaultApi]) -> None:
    missing = []
    for api in both:
        document = api.app.openapi()
        known = document["components"]["schemas"]
        for route in api_routes(api.app):
            if (
                "GET" not in (route.methods or ())
                or not caller(route)
                or set(re.findall(r"\{(\w+)\}", route.path or "")) & LEADS_OF.keys()
            ):
                continue
            content = document["paths"][route.path]["get"]["responses"]["200"].get("content", {})
            if {"lead_id", "lead_no"} & _fields(content, known) and _away not in {
                d.call for d in route.dependant.dependencies
            }:
                missing.append(route.path)
    assert missing == list(SHOWN_TO_ALL)


def _fields(part: Any, known: dict[str, Any]) -> set[str]:
    if isinstance(part, list):
        return {name for each in part for name in _fields(each, known)}
    if not isinstance(part, dict):
        return set()
    if "$ref" in part:
        return _fields(known[part["$ref"].rsplit("/", 1)[1]], known)
    return set(part.get("properties", ())) | {name for each in part.values() for name in _fields(each, known)}


@pytest.mark.rule("G4", "G5")
async def test_nobody_is_named_for_a_lead_in_which_they_are_concerned(both: tuple[Api, VaultApi]) -> None:
    api, vault = both
    lead, other, ids = await filled(api)
    opening = {"lead_id": str(lead), "purpose": "interview", "reason": "当面核实情况", "minutes": 30}
    shredding = {"lead_id": str(lead), "ground": "own-request", "reason": "举报人请求删除"}
    contact = f"/intake/v1/dual-assignments/{ids['dual_assignment_id']}/contacts"

    async def answers() -> list[tuple[int, str]]:
        made = [
            await vault.post(f"{VAULT}/openings", opening | {"officers": ["p1", "unh"]}, by="rvk", key=uuid4().hex),
            await api.post(contact, {"leg": "crime", "account": "unh"}, by="ofd"),
            await vault.post(f"{VAULT}/shreddings", shredding, by="dpo", key=uuid4().hex),
            await api.post(f"/intake/v1/leads/{other}/merge", {"master_id": str(lead), "reason": "同一事项"}, by="ana", key=uuid4().hex),
        ]  # fmt: skip
        return [(answer.status_code, answer.json()["detail"] if answer.content else "") for answer in made]

    await api.rows("update interests set staff = $1", STAFF["unh"])
    assert (await answers())[:2] == [(422, OTHERS)] * 2
    await concern(api, lead, version=1, subjects=EVERYBODY)
    assert [answer for answer in await answers() if answer != (403, STAY_AWAY)] == []
    await concern(api, lead, version=2, subjects=NOBODY)
    await api.rows(
        "update interests set status = 'dismissed', decided_by = 'y', decided_at = now(), decision_reason = 'x'"
    )
    assert [told for _, told in await answers() if told in (OTHERS, STAY_AWAY)] == []
