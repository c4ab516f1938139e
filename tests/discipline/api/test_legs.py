"""The door of discipline: its own people alone see a leg, the clerk receives it, the handler records what came of it."""

from uuid import UUID, uuid4

import pytest

from shared.contracts.intake import After, DisciplineFactsSealed, DualAssignmentCreated, Facts
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.builders import NOON
from tests.support.hearing import Hearing

LEGS = "/discipline/v1/legs"
ON = {"X-Local-Clock": "2018-06-02T10:00:00+08:00"}
FACTS = Facts(
    lead_no="999999-S20180601-0000010", summary="反映村干部为其撑腰", discipline_grounds=("umbrella_allegation",)
)


def created(lead: UUID, dual: UUID) -> DualAssignmentCreated:
    return DualAssignmentCreated(lead_id=lead, dual_assignment_id=dual, effective_at=NOON)


async def opened(api: Api) -> str:
    """The address of a fresh leg."""
    lead = uuid4()
    await Hearing(api, "discipline").tell(created(lead, uuid4()))
    [(leg,)] = await api.rows("select id::text from legs where lead_id = $1", lead)
    return f"{LEGS}/{leg}"


async def said(api: Api) -> list[str]:
    rows = await api.rows("select type from outbox where topic = 'discipline.legs' order by sequence")
    return [row[0].split(".")[-2] for row in rows]


async def test_legs_are_listed_page_by_page_and_by_lead(new_api: NewApi) -> None:
    api = await new_api("discipline")
    assert (await api.get(LEGS, by="dcm")).json()["items"] == []
    leads = [uuid4() for _ in range(5)]
    await Hearing(api, "discipline").tell(*(created(lead, uuid4()) for lead in leads))
    first = (await api.get(f"{LEGS}?limit=3", by="dld")).json()
    second = (await api.get(f"{LEGS}?limit=3&after={first['next']}", by="dld")).json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 2, None)
    assert {item["lead_id"] for item in first["items"] + second["items"]} == {str(lead) for lead in leads}
    one = (await api.get(f"{LEGS}?lead_id={leads[2]}", by="dhd")).json()
    assert [item["lead_id"] for item in one["items"]] == [str(leads[2])]


async def test_facts_that_came_before_their_leg_are_kept_and_each_reading_is_on_record(new_api: NewApi) -> None:
    api = await new_api("discipline")
    hearing, lead, dual = Hearing(api, "discipline"), uuid4(), uuid4()
    after = After(topic=DualAssignmentCreated.TOPIC, subject=str(dual), sequence=1)
    box = DisciplineFactsSealed(
        lead_id=lead, dual_assignment_id=dual, after=after, sealed=hearing.seal(FACTS), effective_at=NOON
    )
    await hearing.tell(box)
    assert await api.rows("select count(*) from held") == [(1,)]
    await hearing.tell(created(lead, dual))
    [(leg,)] = await api.rows("select id::text from legs where lead_id = $1", lead)
    read = (await api.get(f"{LEGS}/{leg}", by="dhd")).json()
    assert (read["facts"]["summary"], read["facts"]["discipline_grounds"]) == (FACTS.summary, ["umbrella_allegation"])
    reading = "select actor from audit_log where action = 'leg.read' and subject = $1"
    assert await api.rows(reading, leg) == [("dhd",)]
    assert FACTS.summary not in (await api.get(LEGS, by="dcm")).text


@pytest.mark.rule("G9")
async def test_the_crime_side_and_strangers_are_refused(new_api: NewApi) -> None:
    api = await new_api("discipline")
    leg = await opened(api)
    for account in ("unl", "unh", "p1", "p6", "tfl", "icl", "ofd", "edt", "ldr", "adm"):
        for path in (LEGS, leg):
            assert (await api.get(path, by=account)).status_code == 403, account
        assert (await api.post(f"{leg}/receipt", None, by=account, **ON)).status_code == 403, account
        answer = await api.post(f"{leg}/outcome", {"outcome": "unfounded"}, by=account, **ON)
        assert answer.status_code == 403, account
    assert (await api.client.get(leg)).status_code == 401
    assert await said(api) == ["opened"]


async def test_what_is_not_there_is_not_found(new_api: NewApi) -> None:
    api = await new_api("discipline")
    assert (await api.get(f"{LEGS}/{uuid4()}", by="dcm")).status_code == 404
    assert (await api.post(f"{LEGS}/{uuid4()}/receipt", None, by="dcm", **ON)).status_code == 404
    answer = await api.get(f"{LEGS}/x", by="dcm")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "leg_id")


async def test_the_clerk_receives_then_the_handler_ends_it_each_once(new_api: NewApi) -> None:
    api = await new_api("discipline")
    leg = await opened(api)
    outcome = {"outcome": "to_procuratorate"}
    assert (await api.post(f"{leg}/outcome", outcome, by="dhd", **ON)).status_code == 409
    assert (await api.post(f"{leg}/receipt", None, by="dhd", **ON)).status_code == 403
    assert (await api.post(f"{leg}/receipt", None, by="dcm", **ON)).json()["status"] == "received"
    assert (await api.post(f"{leg}/receipt", None, by="dcm", **ON)).status_code == 409
    assert (await api.post(f"{leg}/outcome", outcome, by="dcm", **ON)).status_code == 403
    unknown = await api.post(f"{leg}/outcome", {"outcome": "查实"}, by="dhd", **ON)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "outcome")
    ended = await api.post(f"{leg}/outcome", outcome, by="dhd", **ON)
    assert (ended.json()["status"], ended.json()["outcome"]) == ("ended", "to_procuratorate")
    assert (await api.post(f"{leg}/outcome", outcome, by="dhd", **ON)).status_code == 409
    assert await said(api) == ["opened", "received", "ended"]
    assert "to_procuratorate" not in str(await api.rows("select convert_from(value, 'UTF8') from outbox"))
