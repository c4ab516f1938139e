"""Between the legs of a dual assignment: holds that both leaders agree to, requests between two named contacts, and nothing else (§4.3)."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.domain.dual_assignment import DualAssignment
from services.intake.domain.dual_exchange import Answer, Delayed, Hold, HoldState, Need, Request
from services.intake.usecases.exchange_between_legs import release_over
from shared.contracts.intake import Leg
from shared.contracts.verification import WorkAccepted
from shared.errors import Forbidden, Invalid, NotAllowed
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, hear, on
from tests.support.api import Api
from tests.support.builders import DAY, NOON, person

DUALS = "/intake/v1/dual-assignments"


async def dual(api: Api) -> str:
    """The address of an open dual assignment; its grounds were found after the lead was assigned."""
    lead = await register(api, **PUBLIC)
    await classify(api, lead)
    await assign(api, lead)
    path = f"/intake/v1/leads/{lead}/discipline-grounds"
    order = {"discipline_grounds": ["umbrella"], "reason": "核查中发现"}
    assert (await api.post(path, order, by="ofd", **on("2018-06-04"))).status_code == 200
    [(identity,)] = await api.rows("select id::text from dual_assignments where lead_id = $1", lead)
    return f"{DUALS}/{identity}"


async def said(api: Api) -> list[str]:
    rows = await api.rows("select type from outbox where topic = 'intake.dual-assignments' order by position")
    return [kind.split(".")[-2] for (kind,) in rows]


@pytest.mark.rule("M17", "G10")
async def test_a_hold_takes_both_leaders_has_an_end_and_ends_by_itself(new_api: NewApi) -> None:
    api = await new_api("intake")
    path, order = await dual(api), {"what": "arrest", "until": "2018-06-20"}
    assert await said(api) == ["created"], "found later: the leg opens at once"
    for account in ("unl", "ofd", "dcm"):
        assert (await api.post(f"{path}/holds", order, by=account, key="h")).status_code == 403, account
    late = await api.post(f"{path}/holds", order | {"until": "2018-09-20"}, by="dld", key="h1", **on("2018-06-05"))
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "until")
    ids = []
    for key in ("h2", "h3"):
        asked = await api.post(f"{path}/holds", order, by="dld", key=key, **on("2018-06-05"))
        assert asked.status_code == 201, asked.text
        ids.append(asked.json()["id"])
    decide = f"/intake/v1/dual-holds/{ids[0]}/decision"
    assert (await api.post(decide, {"grant": True}, by="dld")).status_code == 403
    assert (await api.post(decide, {"grant": True}, by="unl", **on("2018-06-05"))).json()["state"] == "standing"
    assert (await api.post(decide, {"grant": True}, by="unl", **on("2018-06-05"))).status_code == 409
    refused = await api.post(f"/intake/v1/dual-holds/{ids[1]}/decision", {"grant": False}, by="p6", **on("2018-06-05"))
    assert refused.json()["state"] == "refused"

    async def clock(day: str) -> int:
        async with api.app.state.database.transaction() as tx:
            return await release_over(tx, datetime.fromisoformat(f"{day}T02:00:00").replace(tzinfo=UTC))

    assert await clock("2018-06-20") == 0, "its last day counts"
    assert await clock("2018-06-21") == 1
    assert await clock("2018-06-21") == 0
    assert (await api.post(f"/intake/v1/dual-holds/{ids[0]}/release", None, by="dld")).status_code == 409
    assert await said(api) == ["created", "hold-set", "hold-released"]
    views = (await api.get(f"{path}/holds", by="sup")).json()
    assert {view["id"]: view["state"] for view in views} == {ids[0]: "released", ids[1]: "refused"}
    await api.rows("update leads set unit = 'JS'")
    third = await api.post(f"{path}/holds", order, by="dld", key="h4", **on("2018-06-05"))
    other = f"/intake/v1/dual-holds/{third.json()['id']}/decision"
    assert (await api.post(other, {"grant": True}, by="unl", **on("2018-06-05"))).status_code == 403, "not its unit"


@pytest.mark.rule("M17", "G10")
async def test_a_longer_hold_takes_the_place_of_the_one_that_stands_and_a_shorter_one_does_not(new_api: NewApi) -> None:
    api = await new_api("intake")
    path, day = await dual(api), on("2018-06-05")

    async def ask(what: str, until: str) -> Any:
        return await api.post(f"{path}/holds", {"what": what, "until": until}, by="dld", key=str(uuid4()), **day)

    async def agree(asked: Any) -> Any:
        return await api.post(f"/intake/v1/dual-holds/{asked.json()['id']}/decision", {"grant": True}, by="unl", **day)

    first, shorter, other, longer = [
        await ask(*one)
        for one in (
            ("arrest", "2018-06-20"),
            ("arrest", "2018-06-15"),
            ("publication", "2018-06-10"),
            ("arrest", "2018-07-10"),
        )
    ]
    for one in (first, other):
        assert (await agree(one)).json()["state"] == "standing"
    # what was asked before would wipe the longer one out; what is asked now is told so at once
    assert (await agree(shorter)).status_code == 409
    again = await ask("arrest", "2018-06-20")
    assert (again.status_code, "2018-06-20" in again.json()["detail"]) == (409, True)
    assert (await agree(longer)).json()["state"] == "standing"
    states = {view["id"]: view["state"] for view in (await api.get(f"{path}/holds", by="sup")).json()}
    wanted = ((first, "released"), (shorter, "asked"), (other, "standing"), (longer, "standing"))
    assert states == {one.json()["id"]: state for one, state in wanted}
    # heard in this order the arrest waits until the later day
    rows = await api.rows(
        "select value from outbox where topic = 'intake.dual-assignments' order by sequence desc limit 2"
    )
    ended, begun = [json.loads(value) for (value,) in reversed(rows)]
    assert (ended["hold_id"], begun["hold_id"], begun["until"]) == (
        first.json()["id"],
        longer.json()["id"],
        "2018-07-10",
    )
    release = f"/intake/v1/dual-holds/{longer.json()['id']}/release"
    assert (await api.post(release, None, by="dld", **day)).json()["state"] == "released"
    assert (await ask("arrest", "2018-06-08")).status_code == 201, "a shorter one, once that is released"


@pytest.mark.rule("M17")
async def test_we_need_x_goes_through_the_two_named_contacts_alone(new_api: NewApi) -> None:
    api = await new_api("intake")
    path = await dual(api)

    async def need(by: str) -> Any:
        return await api.post(f"{path}/requests", {"need": "documents"}, by=by, key=str(uuid4()))

    crime, discipline = {"leg": "crime", "account": "unh"}, {"leg": "discipline", "account": "dhd"}
    assert (await api.post(f"{path}/contacts", discipline, by="ofd")).status_code == 403, "each side its own"
    assert (await api.post(f"{path}/contacts", crime, by="ofd")).status_code == 204
    assert (await need("unh")).status_code == 409, "the other side has named none"
    assert (await api.post(f"{path}/contacts", discipline, by="dcm")).status_code == 204
    assert (await need("unl")).status_code == 403
    asked = await need("unh")
    assert asked.status_code == 201, asked.text
    answer = f"/intake/v1/dual-requests/{asked.json()['id']}/answer"
    assert (await api.post(answer, {"answer": "yes"}, by="unh")).status_code == 403
    assert (await api.post(answer, {"answer": "later"}, by="dhd")).json()["answer"] == "later"
    assert (await api.post(answer, {"answer": "yes"}, by="dhd")).json()["answer"] == "yes"
    assert (await api.post(answer, {"answer": "no"}, by="dhd")).status_code == 409
    assert (await api.get(f"{path}/requests", by="unl")).status_code == 403
    for account in ("unh", "dhd", "ofd"):
        assert len((await api.get(f"{path}/requests", by=account)).json()) == 1
    assert (await api.post(f"{path}/requests", {"need": "他家住址"}, by="unh", key="t")).status_code == 422, "no text"


@pytest.mark.rule("M17", "G-CONF")
async def test_a_unit_that_is_not_charged_any_more_finds_nothing_and_the_next_one_names_its_own_contact(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    path = await dual(api)
    crime, discipline = {"leg": "crime", "account": "unh"}, {"leg": "discipline", "account": "dhd"}
    assert (await api.post(f"{path}/contacts", discipline, by="unl")).status_code == 403, "each side its own"
    assert (await api.post(f"{path}/contacts", crime, by="unl")).status_code == 204, "the unit names its own"
    assert (await api.post(f"{path}/contacts", discipline, by="dcm")).status_code == 204
    asked = await api.post(f"{path}/requests", {"need": "documents"}, by="dhd", key="r")
    assert asked.status_code == 201, asked.text
    answer = f"/intake/v1/dual-requests/{asked.json()['id']}/answer"

    async def answers() -> list[int]:
        """What the unit of these accounts gets at every door."""
        found = [
            await api.get(f"{path}/holds", by="unl"),
            await api.get(f"{path}/holds", by="p6"),
            await api.post(f"{path}/contacts", crime, by="unl"),
            await api.get(f"{path}/requests", by="unh"),
            await api.post(f"{path}/requests", {"need": "meeting"}, by="unh", key=str(uuid4())),
            await api.post(answer, {"answer": "later"}, by="unh"),
        ]
        return [each.status_code for each in found]

    theirs, nothing = [200, 200, 204, 200, 201, 200], [404] * 6
    assert await answers() == theirs
    await api.rows("update leads set unit = 'ZF'")
    assert await answers() == nothing
    assert (await api.post(f"{path}/contacts", crime | {"account": "tfl"}, by="ofd")).status_code == 204
    assert [each["answer"] for each in (await api.get(f"{path}/requests", by="tfl")).json()] == ["later", None]
    assert (await api.post(answer, {"answer": "yes"}, by="tfl")).json()["answer"] == "yes"
    # reopened for another team: nobody is charged until the next assignment
    await api.rows("update leads set unit = 'GA', status = 'reopened'")
    assert await answers() == nothing
    for account, doors in (("dld", ["holds"]), ("dhd", ["requests"]), ("ofd", ["holds", "requests"])):
        for door in doors:
            assert (await api.get(f"{path}/{door}", by=account)).status_code == 200, (account, door)


@pytest.mark.rule("M17")
async def test_both_sides_read_how_the_legs_stand_and_the_unit_comes_from_its_work_to_a_hold(new_api: NewApi) -> None:
    api = await new_api("intake")
    path = await dual(api)
    [(lead,)] = await api.rows("select id from leads")
    await hear(api, lead, WorkAccepted, unit="GA", verifier_count=2, plan_on_file=True, recusals_on_file=True)
    order = {"what": "arrest", "until": "2018-06-20"}
    assert (await api.post(f"{path}/holds", order, by="dld", key="h", **on("2018-06-05"))).status_code == 201

    async def find(by: str, of: object = lead) -> list[Any]:
        found = await api.get(f"{DUALS}?lead_id={of}", by=by)
        assert found.status_code == 200, found.text
        return list(found.json()["items"])

    # a status of each and two dates: nothing else of either leg
    wanted = {
        "lead_id": str(lead),
        "status": "open",
        "crime": "accepted",
        "discipline": "created",
        "completed_at": None,
    }
    for account in ("unl", "unh", "p1", "p6", "dcm", "dhd", "dld", "ofd", "sup"):
        [seen] = await find(account)
        assert {name: seen[name] for name in seen if name not in ("id", "created_at")} == wanted, account
        assert (await api.get(f"{DUALS}/{seen['id']}", by=account)).json() == seen
    # what the unit's leader needs, from the lead that the unit's work names
    [seen] = await find("unl")
    [hold] = (await api.get(f"{DUALS}/{seen['id']}/holds", by="unl")).json()
    agreed = await api.post(
        f"/intake/v1/dual-holds/{hold['id']}/decision", {"grant": True}, by="unl", **on("2018-06-05")
    )
    assert agreed.json()["state"] == "standing"
    # another unit learns not even that there is one; nor does a unit look through all
    assert (await find("tfl"), await find("unl", uuid4())) == ([], [])
    assert (await api.get(path, by="tfl")).status_code == 404
    refused = await api.get(DUALS, by="unl")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "lead_id")
    assert len((await api.get(DUALS, by="dcm")).json()["items"]) == 1
    await api.rows("update leads set unit = 'ZF'")
    assert (await find("unl"), (await api.get(path, by="unl")).status_code) == ([], 404)
    assert (await find("tfl"))[0]["crime"] == "accepted"
    for account in ("icl", "ldr", "prt", "qrv"):
        assert (await api.get(path, by=account)).status_code == 403, account


@pytest.mark.rule("M17")
def test_every_state_of_a_hold_and_what_is_done_with_it() -> None:
    parent = DualAssignment(id=uuid4(), lead_id=uuid4(), created_at=NOON)

    def hold(state: HoldState) -> Hold:
        asked = Hold.ask(uuid4(), parent, Delayed.ARREST, DAY, by="dld", today=DAY, at=NOON)
        return replace(asked, state=state)

    for state in HoldState:
        if state is HoldState.ASKED:
            assert hold(state).decide(grant=True, by=person("unl"), today=DAY, at=NOON)[0].state is HoldState.STANDING
        else:
            with pytest.raises(NotAllowed):
                hold(state).decide(grant=True, by=person("unl"), today=DAY, at=NOON)
        if state is HoldState.STANDING:
            assert hold(state).release(by="dld", at=NOON)[0].state is HoldState.RELEASED
        else:
            with pytest.raises(NotAllowed):
                hold(state).release(by="dld", at=NOON)
    with pytest.raises(Forbidden):
        hold(HoldState.ASKED).decide(grant=True, by=person("dld"), today=DAY, at=NOON)
    with pytest.raises(NotAllowed):
        hold(HoldState.ASKED).decide(grant=True, by=person("unl"), today=date(2018, 6, 2), at=NOON)
    with pytest.raises(Invalid):
        Hold.ask(uuid4(), parent, Delayed.ARREST, date(2018, 5, 31), by="dld", today=DAY, at=NOON)
    done = replace(parent, completed_at=NOON)
    with pytest.raises(NotAllowed):
        Hold.ask(uuid4(), done, Delayed.ARREST, DAY, by="dld", today=DAY, at=NOON)
    contacts = {Leg.CRIME: "a", Leg.DISCIPLINE: "b"}
    with pytest.raises(NotAllowed):
        Request.ask(uuid4(), done, Need.EXPERT, contacts=contacts, by="a", at=NOON)
    request = Request.ask(uuid4(), parent, Need.EXPERT, contacts=contacts, by="a", at=NOON)
    for answer in Answer:
        assert request.reply(answer, contacts=contacts, by=person("b"), at=NOON).answer is answer
    for one in (person("a"), person("b", others=("a",)), person("c")):
        with pytest.raises(Forbidden):
            request.reply(Answer.YES, contacts=contacts, by=one, at=NOON)
    assert isinstance(request.id, UUID)
