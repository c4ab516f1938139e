"""The parent of a dual assignment and its lead go on until both legs have ended, and no grounds are lost on the way (M17, M27, §4.3)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.usecases.keep_retention import propose_sealing
from shared.contracts import verification as said
from shared.contracts.discipline import LegEnded, LegReceived
from shared.contracts.intake import DualAssignmentCreated, Leg, LegStatus, LegStatusChanged
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, REFUSAL, WHY, concluded, do, hear, verifying
from tests.intake.api.test_matters import boxes
from tests.intake.api.test_merges import AGAIN, merge
from tests.intake.api.test_restored_life import learn
from tests.support.api import Api

SIGNED: dict[str, Any] = {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}
GROUNDS = {"discipline_grounds": ["umbrella"], "reason": "核查中发现"}


async def legs(api: Api, lead: UUID) -> list[tuple[str, str, bool]]:
    """The leg of verification, that of discipline, and whether the parent is over."""
    query = "select crime, discipline, completed_at is not null from dual_assignments where lead_id = $1"
    return await api.rows(query, lead)


async def discipline_says(api: Api, lead: UUID, kind: Any, day: str) -> None:
    [(dual,)] = await api.rows("select id from dual_assignments where lead_id = $1", lead)
    await hear(api, lead, kind, day=day, leg_id=UUID(int=1), dual_assignment_id=dual)


async def discipline_ends(api: Api, lead: UUID, day: str) -> None:
    await discipline_says(api, lead, LegReceived, day)
    await discipline_says(api, lead, LegEnded, day)


async def completed(api: Api) -> int:
    [(number,)] = await api.rows("select count(*) from outbox where type like '%dual-assignment.completed.v1'")
    return int(number)


@pytest.mark.rule("M17")
@pytest.mark.parametrize("parked", [False, True])
async def test_what_could_not_be_verified_keeps_the_parent_open_when_its_grounds_come_late(
    new_api: NewApi, *, parked: bool
) -> None:
    api = await new_api("intake")
    lead, master = await concluded(api, "C4"), await concluded(api, "C4")
    if parked:
        for each in (lead, master):
            await hear(api, each, said.WorkParked, day="2018-06-21")
    assert (await do(api, lead, "discipline-grounds", GROUNDS, day="2018-06-22")).status_code == 200
    repeat = await register(api, **PUBLIC, summary=AGAIN)
    assert (await do(api, repeat, "discipline-grounds", GROUNDS, day="2018-06-22")).status_code == 200
    await merge(api, repeat, master)
    for each in (lead, master):
        assert await legs(api, each) == [("accepted", "created", False)], "C4 is no end of the crime leg"
        await discipline_ends(api, each, "2018-06-25")
        assert await legs(api, each) == [("accepted", "ended", False)]
    assert await completed(api) == 0
    # looked at again, and found: now it is over
    assert (await do(api, lead, "take-up", {"reason": "有新情况"}, day="2018-06-26")).status_code == 200
    assert (await do(api, lead, "assignment", {"unit": "GA"}, day="2018-06-26")).status_code == 200
    assert await legs(api, lead) == [("created", "ended", False)]
    await hear(api, lead, said.WorkAccepted, day="2018-06-27", **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion="C1", day="2018-07-02")
    assert (await legs(api, lead), await completed(api)) == ([("ended", "ended", True)], 1)


OPEN = "双交办尚有一线未办结 / a leg of its dual assignment is open"
RESULT = {"result": "已责令整改", "result_on": "2018-06-28"}


async def answered(api: Api, lead: UUID) -> None:
    """The regulator took it and says what it did."""
    receipt = {"receipt_no": "JS-7", "receipt_on": "2018-06-25"}
    assert (await do(api, lead, "redirect/receipt", receipt, day="2018-06-25")).status_code == 200
    assert (await do(api, lead, "redirect/result", RESULT, day="2018-06-28")).status_code == 200


@pytest.mark.rule("M17", "D29")
async def test_a_regulators_result_closes_nothing_while_discipline_is_at_work_and_is_kept(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await concluded(api, "C6")
    assert (await do(api, lead, "discipline-grounds", GROUNDS, day="2018-06-21")).status_code == 200
    assert await legs(api, lead) == [("ended", "created", False)]
    assert (await do(api, lead, "redirect", {"regulator": "JS"}, day="2018-06-22")).status_code == 200
    await answered(api, lead)
    early = await do(api, lead, "redirect/closing", day="2018-06-28")
    assert (early.status_code, early.json()["detail"]) == (409, OPEN)
    await discipline_ends(api, lead, "2018-07-02")
    [kept] = (await api.get(f"/intake/v1/leads/{lead}/redirects", by="ofd")).json()
    assert kept["result"] == RESULT["result"]
    closed = await do(api, lead, "redirect/closing", day="2018-07-03")
    assert closed.json()["status"] == "closed", closed.text


async def with_grounds(api: Api, *, tier: str | None = None, late: bool = False) -> UUID:
    """A lead that nobody was charged with; its grounds come before the decision, or `late`."""
    lead = await register(api, **PUBLIC)
    if tier:
        await classify(api, lead, tier=tier)
    if not late:
        assert (await do(api, lead, "discipline-grounds", GROUNDS)).status_code == 200
    return lead


async def grounds_told(api: Api, lead: UUID) -> list[list[str]]:
    """What each box for discipline has of grounds."""
    return [box["discipline_grounds"] for box in await boxes(api, "discipline", lead)]


@pytest.mark.rule("M17", "M27")
@pytest.mark.parametrize("late", [False, True])
async def test_what_goes_to_a_regulator_goes_to_discipline_too_with_its_grounds(new_api: NewApi, *, late: bool) -> None:
    api = await new_api("intake")
    lead = await with_grounds(api, tier="disorder", late=late)
    assert await legs(api, lead) == [], "nobody has decided yet where it goes"
    assert (await do(api, lead, "redirect", {"regulator": "JS"}, day="2018-06-22")).status_code == 200
    if late:
        assert await legs(api, lead) == []
        assert (await do(api, lead, "discipline-grounds", GROUNDS, day="2018-06-23")).status_code == 200
    assert await legs(api, lead) == [("ended", "created", False)]
    assert await grounds_told(api, lead) == [["umbrella"]]
    await answered(api, lead)
    early = await do(api, lead, "redirect/closing", day="2018-06-28")
    assert (early.status_code, early.json()["detail"]) == (409, OPEN)
    await discipline_ends(api, lead, "2018-07-02")
    assert (await legs(api, lead), await completed(api)) == ([("ended", "ended", True)], 1)
    assert (await do(api, lead, "redirect/closing", day="2018-07-03")).json()["status"] == "closed"


@pytest.mark.rule("M17", "D29")
async def test_given_back_by_the_regulator_and_assigned_its_crime_leg_begins(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await with_grounds(api, tier="disorder")
    assert (await do(api, lead, "redirect", {"regulator": "JS"}, day="2018-06-04")).status_code == 200
    assert (await do(api, lead, "redirect/return", WHY, day="2018-06-05")).status_code == 200
    assert (await do(api, lead, "assignment", {"unit": "GA"}, day="2018-06-06")).status_code == 200
    assert await legs(api, lead) == [("created", "created", False)]
    assert await grounds_told(api, lead) == [["umbrella"]], "one leg, told once"


@pytest.mark.rule("M17", "M27", "G14")
@pytest.mark.parametrize("late", ["", "grounds", "repeat"])
async def test_what_is_not_accepted_goes_to_discipline_with_its_grounds_and_rests_after_that(
    new_api: NewApi, late: str
) -> None:
    api = await new_api("intake")
    lead = await with_grounds(api, late=bool(late))
    assert (await do(api, lead, "decline", REFUSAL, by="ana")).status_code == 200
    assert await legs(api, lead) == [], "nobody hears of what is only proposed"
    assert (await do(api, lead, "decline", REFUSAL)).json()["status"] == "not_accepted"
    if late == "grounds":
        assert (await do(api, lead, "discipline-grounds", GROUNDS, day="2018-06-02")).status_code == 200
    elif late == "repeat":
        await merge(api, await with_grounds(api), lead)
    assert await legs(api, lead) == [("ended", "created", False)]
    assert await grounds_told(api, lead) == [["umbrella"]]

    async def asked() -> int:
        async with api.app.state.database.transaction() as tx:
            return await propose_sealing(tx, datetime(2030, 1, 1, tzinfo=UTC))

    assert await asked() == 0, "discipline is at work"
    await discipline_ends(api, lead, "2018-07-02")
    assert (await legs(api, lead), await completed(api)) == ([("ended", "ended", True)], 1)
    assert await asked() == 1
    # grounds come between the proposal and the decision
    [(decision,)] = await api.rows("select id from decisions where kind = 'seal'")
    await api.rows("update dual_assignments set discipline = 'accepted', completed_at = null")
    path = f"/intake/v1/decisions/{decision}/confirmation"
    refused = await api.post(path, {"confirm": True}, by="dpo", **{"X-Local-Clock": "2030-01-02T10:00:00+08:00"})
    assert (refused.status_code, "双交办尚有一线未办结" in refused.json()["detail"]) == (409, True)


@pytest.mark.rule("M17")
async def test_grounds_of_what_is_taken_up_again_reach_discipline_before_a_unit_is_charged(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await concluded(api, "C4")
    assert (await do(api, lead, "take-up", {"reason": "有新情况"}, day="2018-06-21")).status_code == 200
    assert (await do(api, lead, "discipline-grounds", GROUNDS, day="2018-06-21")).status_code == 200
    assert await legs(api, lead) == [("created", "created", False)]
    assert (await do(api, lead, "assignment", {"unit": "GA"}, day="2018-06-22")).status_code == 200
    assert await legs(api, lead) == [("created", "created", False)]


@pytest.mark.rule("M17")
async def test_after_a_restore_the_crime_leg_stands_where_it_was_and_begins_again(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, dual = await verifying(api), uuid4()

    async def said_of(leg: Leg, status: LegStatus, day: str) -> None:
        await learn(api, lead, LegStatusChanged, dual_assignment_id=dual, leg=leg, status=status, day=day)

    await learn(api, lead, DualAssignmentCreated, dual_assignment_id=dual, crime=LegStatus.ENDED, day="2018-06-21")
    assert await legs(api, lead) == [("ended", "created", False)]
    for status in (LegStatus.ACCEPTED, LegStatus.ENDED):
        await said_of(Leg.DISCIPLINE, status, "2018-06-25")
    assert await legs(api, lead) == [("ended", "ended", True)]
    await said_of(Leg.CRIME, LegStatus.CREATED, "2018-06-26")
    assert await legs(api, lead) == [("created", "ended", False)]


@pytest.mark.rule("M17", "G-FEED")
async def test_a_lead_with_both_legs_is_closed_when_discipline_has_ended_its_own(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC, reporter={"name": "举报人甲"})
    await classify(api, lead)
    await assign(api, lead, "umbrella")
    assert await legs(api, lead) == [("created", "created", False)]
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    assert await legs(api, lead) == [("accepted", "created", False)]
    await hear(api, lead, said.WorkConcluded, conclusion="C1", day="2018-06-20")
    told = {"channel": "phone", "on": "2018-06-21", "reached": True, "text": "已核查完毕并告知结论"}
    assert (await do(api, lead, "feedback-tries", told, day="2018-06-21")).status_code == 204
    assert (await do(api, lead, "feedback", {}, day="2018-06-21")).json()["status"] == "fed_back"
    # nobody objects any more: what is left is the leg
    for kind, stands in ((None, "created"), (LegReceived, "accepted")):
        if kind:
            await discipline_says(api, lead, kind, "2018-07-25")
        assert await legs(api, lead) == [("ended", stands, False)]
        early = await do(api, lead, "closing", day="2018-07-25")
        assert (early.status_code, early.json()["detail"]) == (409, OPEN)
    await discipline_says(api, lead, LegEnded, "2018-07-26")
    assert (await legs(api, lead), await completed(api)) == ([("ended", "ended", True)], 1)
    assert (await do(api, lead, "closing", day="2018-07-26")).json()["status"] == "closed"
