"""The lead doors of intake: who may, what is refused and why, what is stored, said and sealed."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from shared.contracts.envelope import SealedBox
from shared.sealing import Opener, SealedRecord
from tests.conftest import NewApi
from tests.support.api import Api

SUPERIOR: dict[str, Any] = {
    "source": "S",
    "issuing_level": "city",
    "upstream_no": "C20180601001",
    "received_on": "2018-06-01",
    "summary": "反映有人在菜市场强收费用",
    "area_codes": ["market"],
}
ON = "2018-06-01T09:00:00+08:00"


async def register(api: Api, **changes: Any) -> UUID:
    order = {key: value for key, value in (SUPERIOR | changes).items() if value is not None}
    answer = await api.post("/intake/v1/leads", order, by="icl", key=str(uuid4()), **{"X-Local-Clock": ON})
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


async def classify(api: Api, lead: UUID, *, by: str = "ana", **changes: Any) -> Any:
    order = {"tier": "evil", "level": "general", "area_codes": ["market"]} | changes
    return await api.post(f"/intake/v1/leads/{lead}/classification", order, by=by, **{"X-Local-Clock": ON})


async def assign(api: Api, lead: UUID, *grounds: str, by: str = "ofd") -> Any:
    order = {"unit": "GA", "discipline_grounds": list(grounds)}
    return await api.post(f"/intake/v1/leads/{lead}/assignment", order, by=by, **{"X-Local-Clock": ON})


def opener(api: Api, receiver: str) -> Opener:
    box = api.keys.box(receiver)
    return Opener({box["key_id"]: SecretStr(box["private_key"])})


@pytest.mark.rule("M05")
async def test_each_source_enters_with_its_own_fields(new_api: NewApi) -> None:
    api = await new_api("intake")
    for source in ("A", "M", "O"):
        lead = await register(api, source=source, issuing_level=None, upstream_no=None)
        [(number,)] = await api.rows("select lead_no from leads where id = $1", lead)
        assert number.startswith(f"999999-{source}20180601-000001")
    order = {"source": "S", "summary": "缺少编号"}
    answer = await api.post("/intake/v1/leads", order, by="icl", key="k1")
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"issuing_level", "upstream_no"}
    answer = await api.post("/intake/v1/leads", {"source": "X", "summary": "?"}, by="icl", key="k2")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "source")


async def test_a_superiors_number_is_registered_once_also_when_two_come_at_once(new_api: NewApi) -> None:
    api = await new_api("intake")
    answers = await asyncio.gather(
        *(api.post("/intake/v1/leads", SUPERIOR, by="icl", key=str(uuid4())) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"registered"}
    assert await api.rows("select count(*), max(last) from leads, lead_numbers") == [(1, 1)]


async def test_numbers_of_a_day_have_no_gap_whatever_fails_meanwhile(new_api: NewApi) -> None:
    api = await new_api("intake")
    orders = [SUPERIOR | {"upstream_no": f"C{number // 2}"} for number in range(60)]
    answers = await asyncio.gather(
        *(api.post("/intake/v1/leads", order, by="icl", key=str(uuid4())) for order in orders)
    )
    assert {answer.status_code for answer in answers} == {201, 409}
    numbers = [answer.json()["lead_no"] for answer in answers if answer.status_code == 201]
    assert sorted(int(number.split("-")[2][:6]) for number in numbers) == list(range(1, 31))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"received_on": "2099-01-01"}, "received_on"),
        ({"upstream_deadline": "2018-05-31"}, "upstream_deadline"),
        ({"summary": "【机密】某人"}, "summary"),
        ({"allegations": ["绝密★一年"]}, "allegations"),
        ({"summary": ""}, "summary"),
        ({"summary": "a\u0000b"}, "summary"),
        ({"area_codes": ["moon"]}, "area_codes.0"),
        ({"street": "<script>"}, "street"),
        ({"manifestation_codes": ["12"]}, "manifestation_codes.0"),
        ({"religion": "x"}, "religion"),
        ({"received_on": "2018-02-30"}, "received_on"),
    ],
)
async def test_what_is_wrong_is_told_by_field_and_nothing_is_kept(
    new_api: NewApi, change: dict[str, Any], field: str
) -> None:
    api = await new_api("intake")
    answer = await api.post("/intake/v1/leads", SUPERIOR | change, by="icl", key="k")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field
    kept = (
        "select (select count(*) from leads) + (select count(*) from outbox) + (select count(*) from idempotency_keys)"
    )
    assert await api.rows(kept) == [(0,)]


@pytest.mark.rule("G1")
async def test_a_reporter_lies_in_the_vault_alone_and_intake_cannot_look(new_api: NewApi) -> None:
    api = await new_api("intake")
    reporter = {
        "name": "举报人甲某",
        "phone": "10012345678",
        "id_number": "999999198001010011",
        "address": "示例区某处",
    }
    order = {"source": "M", "summary": "反映有人强收费用", "reporter": reporter}
    answer = await api.post("/intake/v1/leads", order, by="icl", key="k")
    assert answer.status_code == 201
    detail = await api.get(f"/intake/v1/leads/{answer.json()['id']}", by="ofd")
    again = await api.post("/intake/v1/leads", order, by="icl", key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    shown = answer.text + detail.text + again.text
    # every text of every table, the vault's included
    tables = await api.rows(
        "select schemaname, tablename from pg_tables where schemaname in ('public', 'vault') order by 1, 2"
    )
    for schema, table in tables:
        shown += str(await api.rows(f"select t::text from {schema}.{table} t"))
    shown += str(await api.rows("select convert_from(value, 'UTF8') from outbox"))
    assert not [text for text in reporter.values() if text in shown]
    # and yet it is there, for the vault's key alone
    [(key_id, wrapped, ciphertext)] = await api.rows("select key_id, wrapped_key, ciphertext from vault.reporters")
    assert opener(api, "vault").open_record(SealedRecord(key_id, wrapped, ciphertext)) == reporter
    connection = await asyncpg.connect(api.copy.url)
    for statement in (
        "select * from vault.reporters",
        "update vault.reporters set key_id = 'x'",
        "delete from vault.reporters",
        "update leads set summary = 'x'",
        "update leads set reporter_ref = null",
        "delete from lead_history",
        "delete from audit_log",
        "update outbox set value = ''",
        "create table x (y int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


@pytest.mark.rule("M13", "M17")
async def test_an_assignment_with_grounds_opens_both_legs_in_one_transaction(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    assert (await classify(api, lead)).status_code == 200
    answer = await assign(api, lead, "umbrella")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["unit"], answer.json()["sign_by"], answer.json()["due_on"]) == (
        "GA",
        "2018-06-04",
        "2018-07-02",
    )
    said = await api.rows(
        "select type, xid::text from outbox where sequence > 2 or topic <> 'intake.leads' order by position"
    )
    assert [kind.removeprefix("xiansuo.intake.") for kind, _ in said] == [
        "lead.assigned.v1",
        "lead.verification-facts-sealed.v1",
        "dual-assignment.created.v1",
        "lead.discipline-facts-sealed.v1",
    ]
    assert len({xid for _, xid in said}) == 1
    # each box opens for its receiver alone, and only discipline's holds the grounds
    boxes = await api.rows(
        "select topic, x.key_id, x.box from outbox join outbox_sealed x using (id) order by position"
    )
    for (topic, key_id, box), receiver in zip(boxes, ("verification", "discipline"), strict=True):
        assert topic == f"intake.sealed-{receiver}"
        facts = opener(api, receiver).open(SealedBox(key_id=key_id, box=box))
        assert facts["discipline_grounds"] == (["umbrella"] if receiver == "discipline" else [])
    [(values,)] = await api.rows("select string_agg(convert_from(value, 'UTF8'), '') from outbox")
    assert "umbrella" not in values
    assert SUPERIOR["summary"] not in values


async def test_grounds_found_later_open_the_leg_then(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    await classify(api, lead)
    await assign(api, lead)
    path = f"/intake/v1/leads/{lead}/discipline-grounds"
    order = {"discipline_grounds": ["official_involved"], "reason": "核查中发现"}
    assert (await api.post(path, order, by="ana")).status_code == 403
    marked = await api.post(path, order | {"reason": "机密★ 摘自文件"}, by="ofd")
    assert (marked.status_code, marked.json()["errors"][0]["field"]) == (422, "reason")
    assert (await api.post(path, order, by="ofd")).status_code == 200
    assert await api.rows("select lead_id, crime, discipline from dual_assignments") == [(lead, "created", "created")]
    # the same once more (five at a time, even) changes nothing
    again = await asyncio.gather(*(api.post(path, order, by="ofd") for _ in range(5)))
    assert {(answer.status_code, answer.json()["code"]) for answer in again} == {(409, "registered")}
    assert await api.rows("select count(*) from lead_history where action = 'add-grounds'") == [(1,)]
    # more grounds: the same leg, a new box
    assert (await api.post(path, order | {"discipline_grounds": ["umbrella"]}, by="ofd")).status_code == 200
    assert await api.rows("select count(*) from dual_assignments") == [(1,)]
    assert await api.rows("select count(*) from outbox where topic = 'intake.sealed-discipline'") == [(2,)]


async def test_of_two_assignments_at_once_one_counts(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    await classify(api, lead)
    answers = await asyncio.gather(*(assign(api, lead, "umbrella") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert await api.rows("select count(*) from outbox where type like '%assigned%'") == [(1,)]
    assert await api.rows("select count(*) from dual_assignments") == [(1,)]


ROLES = ("icl", "ana", "ofd", "sup", "ldr", "unl", "dcm", "edt", "p1", "rvk")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/intake/v1/leads", {"icl"}),
        ("GET", "/intake/v1/leads", {"icl", "ana", "ofd", "sup", "ldr"}),
        ("GET", "/intake/v1/leads/{id}", {"ana", "ofd", "sup"}),
        ("GET", "/intake/v1/leads/{id}/history", {"icl", "ana", "ofd", "sup", "ldr"}),
        ("POST", "/intake/v1/leads/{id}/classification", {"ana", "ofd"}),
        ("POST", "/intake/v1/leads/{id}/assignment", {"ofd"}),
        ("POST", "/intake/v1/leads/{id}/discipline-grounds", {"ofd"}),
        ("POST", "/intake/v1/ledgers", {"icl"}),
    ],
)
async def test_each_door_opens_for_its_roles_only(new_api: NewApi, method: str, path: str, allowed: set[str]) -> None:
    api = await new_api("intake")
    path = path.format(id=uuid4())
    body: dict[str, str] | None = {} if method == "POST" else None
    for role in ROLES:
        answer = await api.client.request(method, path, headers=api.as_(role), json=body)
        assert (answer.status_code != 403) == (role in allowed), f"{role}: {answer.status_code}"
        assert answer.status_code < 500
    assert (await api.client.request(method, path, json=body)).status_code == 401


async def test_pages_follow_each_other_while_leads_are_added(new_api: NewApi) -> None:
    api = await new_api("intake")
    first = {await register(api, upstream_no=f"A{number}") for number in range(7)}
    seen: list[str] = []
    after = ""
    while True:
        page = (await api.get(f"/intake/v1/leads?limit=3{after}", by="ana")).json()
        seen += [lead["id"] for lead in page["items"]]
        await register(api, upstream_no=f"B{len(seen)}", received_on="2018-05-01")
        if not page["next"]:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen))
    assert first <= {UUID(lead) for lead in seen}
    for wrong in ("x", "W10", "WyIyMDE4LTA2LTAxIiwgIngiXQ", "é", "%00"):
        answer = await api.get(f"/intake/v1/leads?after={wrong}", by="ana")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after")


async def test_history_says_who_did_what(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    await classify(api, lead)
    await assign(api, lead)
    lines = (await api.get(f"/intake/v1/leads/{lead}/history", by="sup")).json()
    assert [(line["action"], line["actor"], line["status"]) for line in lines] == [
        ("register", "icl", "received"),
        ("classify", "ana", "classified"),
        ("assign", "ofd", "assigned"),
    ]
    assert lines[2]["effective_at"].startswith("2018-06-01T01:00:00")
    assert (await api.get(f"/intake/v1/leads/{lead}", by="sup")).json()["summary"] == SUPERIOR["summary"]
    audited = await api.rows("select actor, action, subject, detail from audit_log order by position")
    assert [(row[0], row[1]) for row in audited] == [
        ("icl", "lead.register"),
        ("ana", "lead.classify"),
        ("ofd", "lead.assign"),
        ("sup", "lead.read-history"),
        ("sup", "lead.read"),
    ]
    assert str(SUPERIOR["summary"]) not in json.dumps([row[3] for row in audited])


async def test_the_same_classification_sent_again_says_nothing_new_and_another_does(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    for level in ("general", "general", "key", "key"):
        assert (await classify(api, lead, level=level)).json()["level"] == level
    told = "select convert_from(value, 'UTF8')::json ->> 'level' from outbox where type like '%classified%' order by sequence"
    assert await api.rows(told) == [("general",), ("key",)]
    await assign(api, lead)
    assert (await classify(api, lead, level="key")).status_code == 409


async def test_an_unknown_lead_and_an_unknown_address_are_not_found(new_api: NewApi) -> None:
    api = await new_api("intake")
    for path in (f"/intake/v1/leads/{uuid4()}", "/intake/v1/nothing", "/"):
        answer = await api.get(path, by="ofd")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await api.get("/intake/v1/leads/not-a-uuid", by="ofd")).status_code == 422
    answer = await api.client.delete("/intake/v1/leads", headers=api.as_("ofd"))
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
