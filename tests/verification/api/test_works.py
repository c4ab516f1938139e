"""The door of verification: each unit sees its own works, begins them in order, and concludes them."""

from datetime import date
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest

from deploy.local import issuer
from shared.contracts.intake import After, Facts, LeadAssigned, VerificationFactsSealed
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.builders import DAY, NOON
from tests.support.hearing import Hearing

WORKS = "/verification/v1/works"
ON = {"X-Local-Clock": "2018-06-01T10:00:00+08:00"}
FACTS = Facts(lead_no="999999-S20180601-0000010", summary="反映有人在菜市场强收费用", street="临江街")
PLAN = "走访摊主,调取市场监控"


def assigned(lead: UUID, unit: str = "GA") -> LeadAssigned:
    return LeadAssigned(
        lead_id=lead,
        assignment_no=1,
        unit=unit,
        level="general",
        sign_by=DAY,
        due_on=date(2018, 9, 3),
        provisional=False,
        effective_at=NOON,
    )


def sealed(hearing: Hearing, lead: UUID) -> VerificationFactsSealed:
    after = After(topic=LeadAssigned.TOPIC, subject=str(lead), sequence=1)
    return VerificationFactsSealed(lead_id=lead, after=after, sealed=hearing.seal(FACTS), effective_at=NOON)


async def opened(api: Api, unit: str = "GA") -> str:
    """The address of a fresh work of this unit."""
    lead = uuid4()
    await Hearing(api, "verification").tell(assigned(lead, unit))
    [(work,)] = await api.rows("select id::text from works where lead_id = $1", lead)
    return f"{WORKS}/{work}"


def order(*staff: str, statement: str = "2018-06-01", plan: str = PLAN) -> dict[str, Any]:
    return {"verifiers": [{"staff": name, "recusal_statement_on": statement} for name in staff], "plan": plan}


async def said(api: Api) -> list[str]:
    rows = await api.rows("select type from outbox where topic = 'verification.works' order by sequence")
    return [row[0].split(".")[-2] for row in rows]


async def test_a_unit_lists_its_own_works_page_by_page(new_api: NewApi) -> None:
    api = await new_api("verification")
    assert (await api.get(WORKS, by="unl")).json()["items"] == []
    leads = [uuid4() for _ in range(5)]
    hearing = Hearing(api, "verification")
    await hearing.tell(*(assigned(lead) for lead in leads), assigned(uuid4(), unit="JS"))
    first = (await api.get(f"{WORKS}?limit=3", by="unh")).json()
    second = (await api.get(f"{WORKS}?limit=3&after={first['next']}", by="unh")).json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 2, None)
    assert {item["lead_id"] for item in first["items"] + second["items"]} == {str(lead) for lead in leads}
    one = (await api.get(f"{WORKS}?lead_id={leads[3]}", by="unh")).json()
    assert [item["lead_id"] for item in one["items"]] == [str(leads[3])]


async def test_facts_open_for_the_unit_alone_and_each_reading_is_on_record(new_api: NewApi) -> None:
    api = await new_api("verification")
    hearing, lead = Hearing(api, "verification"), uuid4()
    early = hearing.number(sealed(hearing, lead))
    await hearing.take(early)
    assert await api.rows("select count(*) from held") == [(1,)]
    await hearing.tell(assigned(lead))
    [(work,)] = await api.rows("select id::text from works where lead_id = $1", lead)
    read = (await api.get(f"{WORKS}/{work}", by="unl")).json()
    assert (read["facts"]["summary"], read["facts"]["street"]) == (FACTS.summary, FACTS.street)
    reading = "select actor from audit_log where action = 'work.read' and subject = $1"
    assert await api.rows(reading, work) == [("unl",)]
    assert FACTS.summary not in (await api.get(WORKS, by="unl")).text


async def test_another_unit_discipline_and_strangers_are_refused(new_api: NewApi) -> None:
    api = await new_api("verification")
    theirs = await opened(api, unit="JS")
    refused = await api.get(theirs, by="unl")
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    for account in ("dcm", "dhd", "edt", "ldr", "icl", "adm"):
        assert (await api.get(theirs, by=account)).status_code == 403
        assert (await api.get(WORKS, by=account)).status_code == 403
    assert (await api.client.get(theirs)).status_code == 401
    for action, body in (("acceptance", order("P001", "P002")), ("conclusion", {"conclusion": "C1"})):
        assert (await api.post(f"{theirs}/{action}", body, by="unh", **ON)).status_code == 403
    assert (await api.post(f"{theirs}/acceptance", order("P001", "P002"), by="unl", **ON)).status_code == 403
    assert await said(api) == ["opened"]


async def test_what_is_not_there_is_not_found_and_a_bad_address_named(new_api: NewApi) -> None:
    api = await new_api("verification")
    for action in ("", "/acceptance", "/conclusion"):
        path = f"{WORKS}/{uuid4()}{action}"
        body = {"conclusion": "C1"} if action == "/conclusion" else order("P001", "P002")
        answer = await (api.post(path, body, by="unl", **ON) if action else api.get(path, by="unl"))
        assert answer.status_code == 404, action
    answer = await api.get(f"{WORKS}/没有", by="unl")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "work_id")


@pytest.mark.rule("N07")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (order("P001"), "verifiers"),
        (order("P001", "P001"), "verifiers"),
        (order("P001", "P002", statement="2018-06-02"), "verifiers"),
        (order("P001", "P002", statement=""), "verifiers.0.recusal_statement_on"),
        (order("P001", "P002", plan="  "), "plan"),
        (order("P001", "P002", plan="【秘密】核查方案"), "plan"),
        ({"verifiers": [{"staff": "P001"}] * 2, "plan": PLAN}, "verifiers.0.recusal_statement_on"),
        ({"plan": PLAN}, "verifiers"),
    ],
)
async def test_a_start_out_of_order_is_refused_with_the_reason(
    new_api: NewApi, body: dict[str, Any], field: str
) -> None:
    api = await new_api("verification")
    work = await opened(api)
    answer = await api.post(f"{work}/acceptance", body, by="unl", **ON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert (await api.get(work, by="unl")).json()["status"] == "opened"
    assert await said(api) == ["opened"]


@pytest.mark.rule("N07")
async def test_a_work_is_accepted_once_then_concluded_once(new_api: NewApi) -> None:
    api = await new_api("verification")
    work = await opened(api)
    assert (await api.post(f"{work}/conclusion", {"conclusion": "C1"}, by="unl", **ON)).status_code == 409
    done = await api.post(f"{work}/acceptance", order("P001", "P002"), by="unl", **ON)
    assert (done.status_code, done.json()["status"]) == (200, "accepted")
    assert (await api.post(f"{work}/acceptance", order("P003", "P004"), by="unl", **ON)).status_code == 409
    read = (await api.get(work, by="unh")).json()
    assert ([v["staff"] for v in read["verifiers"]], read["plan"], read["facts"]) == (["P001", "P002"], PLAN, None)
    unknown = await api.post(f"{work}/conclusion", {"conclusion": "C7"}, by="unl", **ON)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "conclusion")
    ended = await api.post(f"{work}/conclusion", {"conclusion": "C3"}, by="unl", **ON)
    assert (ended.json()["status"], ended.json()["conclusion"]) == ("in_review", "C3"), "no draw is there"
    assert (await api.post(f"{work}/conclusion", {"conclusion": "C1"}, by="unl", **ON)).status_code == 409
    assert await said(api) == ["opened", "accepted", "concluded"]
    told = str(await api.rows("select convert_from(value, 'UTF8') from outbox"))
    assert "P001" not in told
    assert PLAN not in told


@pytest.mark.rule("M17")
async def test_another_unit_gets_the_same_refusal_whatever_the_state_and_the_action(new_api: NewApi) -> None:
    api = await new_api("verification")
    work = await opened(api)
    known = issuer.accounts()
    moved = known | {"unl": known["unl"] | {"unit": "ZF"}}
    told = set()
    for step in (None, ("acceptance", order("P001", "P002")), ("conclusion", {"conclusion": "C1"})):
        if step:
            assert (await api.post(f"{work}/{step[0]}", step[1], by="unl", **ON)).status_code == 200
        with patch.object(issuer, "accounts", lambda: moved):
            told.add((await api.get(work, by="unl")).text)
            for action, body in (("acceptance", order("P003", "P004")), ("conclusion", {"conclusion": "C2"})):
                told.add((await api.post(f"{work}/{action}", body, by="unl", **ON)).text)
    assert len(told) == 1
    assert "403" in told.pop()


@pytest.mark.rule("N07")
@pytest.mark.parametrize(
    "body",
    [
        order("A1", "a1"),
        order("张三", "P002"),
        order("P001", "P-"),
        order("P001", "P002", statement="2018-05-31"),
        order("P001", "P002", statement="1000-01-01"),
        order("P001", "P002") | {"note": "x"},
    ],
)
async def test_one_person_in_two_spellings_and_a_statement_of_before_are_refused(
    new_api: NewApi, body: dict[str, Any]
) -> None:
    api = await new_api("verification")
    work = await opened(api)
    answer = await api.post(f"{work}/acceptance", body, by="unl", **ON)
    assert answer.status_code == 422
    assert "张三" not in answer.text
    assert await said(api) == ["opened"]
    fine = await api.post(f"{work}/acceptance", order("ga-101", "P002"), by="unl", **ON)
    assert [verifier["staff"] for verifier in fine.json()["verifiers"]] == ["GA-101", "P002"]
