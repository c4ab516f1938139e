"""What intake decides of a lead reaches the work on it: suspended, disputed and ruled, other dates, urgent, sealed, destroyed."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.verification.usecases.follow_lead import destroy_late
from shared.contracts.intake import (
    After,
    DeadlineKind,
    DeadlineMoved,
    DualHoldReleased,
    DualHoldSet,
    LeadAssigned,
    LeadExpunged,
    LeadLevelRaised,
    LeadMerged,
    LeadRecalled,
    LeadResumed,
    LeadRuled,
    LeadSealed,
    LeadSuspended,
    LeadUnmerged,
    LeadUrgencySaid,
    VerificationFactsSealed,
)
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.builders import DAY, NOON
from tests.support.hearing import Hearing
from tests.verification.api.test_works import FACTS, ON, WORKS, order, said


def assigned(lead: UUID, number: int = 1, unit: str = "GA", **more: Any) -> LeadAssigned:
    values: dict[str, Any] = {
        "level": "general",
        "sign_by": DAY,
        "due_on": date(2018, 7, 2),
        "provisional": False,
        **more,
    }
    return LeadAssigned(lead_id=lead, assignment_no=number, unit=unit, effective_at=NOON, **values)


def sealed(hearing: Hearing, lead: UUID) -> VerificationFactsSealed:
    after = After(topic=LeadAssigned.TOPIC, subject=str(lead), sequence=1)
    return VerificationFactsSealed(lead_id=lead, after=after, sealed=hearing.seal(FACTS), effective_at=NOON)


async def work(api: Api, lead: UUID, number: int = 1) -> str:
    rows = await api.rows("select id::text from works where lead_id = $1 and assignment_no = $2", lead, number)
    return f"{WORKS}/{rows[0][0]}"


async def test_nothing_is_done_with_a_work_while_its_lead_stands_still(new_api: NewApi) -> None:
    api, lead = await new_api("verification"), uuid4()
    hearing = Hearing(api, "verification")
    # heard before the work is there: it counts all the same
    await hearing.tell(LeadSuspended(lead_id=lead, effective_at=NOON), assigned(lead, dispute_by=DAY))
    path = await work(api, lead)
    assert (await api.get(path, by="unl")).json()["suspended"] is True
    for door, body in (("acceptance", order("GA-101", "P002")), ("dispute", {"reason": "不属于本单位管辖"})):
        answer = await api.post(f"{path}/{door}", body, by="unl", **ON)
        assert (answer.status_code, "中止" in answer.json()["detail"]) == (409, True)
    await hearing.tell(LeadResumed(lead_id=lead, effective_at=NOON))
    assert (await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)).status_code == 200


@pytest.mark.rule("M17")
async def test_the_unit_sees_until_when_an_arrest_or_a_publication_waits(new_api: NewApi) -> None:
    api, lead, dual = await new_api("verification"), uuid4(), uuid4()
    hearing = Hearing(api, "verification")

    def hold(what: str, day: int) -> tuple[DualHoldSet, DualHoldReleased]:
        same: Any = {
            "dual_assignment_id": dual,
            "lead_id": lead,
            "hold_id": uuid4(),
            "what": what,
            "effective_at": NOON,
        }
        return DualHoldSet(**same, until=date(2018, 6, day)), DualHoldReleased(**same)

    async def waits() -> tuple[str | None, str | None]:
        seen = (await api.get(await work(api, lead), by="unl")).json()
        assert seen in [{**seen, **one} for one in (await api.get(WORKS, by="unl")).json()["items"]]
        return seen["arrest_held_until"], seen["publication_held_until"]

    (first, first_over), (longer, longer_over), (other, other_over) = (
        hold("arrest", 20),
        hold("arrest", 28),
        hold("publication", 10),
    )
    # heard before the work is there: it counts all the same
    await hearing.tell(first, other, assigned(lead))
    assert await waits() == ("2018-06-20", "2018-06-10")
    # as intake says it when a longer one takes the place
    await hearing.tell(first_over, longer)
    assert await waits() == ("2018-06-28", "2018-06-10")
    await hearing.tell(other_over)
    assert await waits() == ("2018-06-28", None)
    await hearing.tell(longer_over)
    assert await waits() == (None, None)


@pytest.mark.rule("D05")
async def test_a_unit_disputes_once_in_time_and_a_ruling_ends_that_work(new_api: NewApi) -> None:
    api, lead = await new_api("verification"), uuid4()
    hearing = Hearing(api, "verification")
    await hearing.tell(assigned(lead, dispute_by=date(2018, 6, 5)))
    path, why = await work(api, lead), {"reason": "不属于本单位管辖"}
    assert (await api.post(f"{path}/dispute", why, by="unh", **ON)).status_code == 403
    late = {"X-Local-Clock": "2018-06-06T10:00:00+08:00"}
    assert (await api.post(f"{path}/dispute", why, by="unl", **late)).status_code == 409
    assert (await api.post(f"{path}/dispute", why, by="unl", **ON)).json()["status"] == "disputed"
    assert (await api.post(f"{path}/dispute", why, by="unl", **ON)).status_code == 409
    assert (await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)).status_code == 409
    assert await said(api) == ["opened", "disputed"]
    ruled = LeadRuled(lead_id=lead, disputed_no=1, unit="GA", binding=True, effective_at=NOON)
    await hearing.tell(ruled, assigned(lead, 2))
    assert (await api.get(path, by="unl")).json()["status"] == "withdrawn"
    bound = await work(api, lead, 2)
    assert (await api.post(f"{bound}/dispute", why, by="unl", **ON)).status_code == 409, "binding"
    assert (await api.post(f"{bound}/acceptance", order("GA-101", "P002"), by="unl", **ON)).status_code == 200


@pytest.mark.rule("G-CONF", "G2")
async def test_what_is_taken_back_shows_its_unit_nothing_and_ends_also_when_it_was_concluded_in_the_same_second(
    new_api: NewApi,
) -> None:
    api = await new_api("verification")
    hearing, ends = Hearing(api, "verification"), ("opened", "accepted", "in_review", "concluded")
    for end in ends:
        lead = uuid4()
        await hearing.tell(assigned(lead), sealed(hearing, lead))
        path = await work(api, lead)
        if end != "opened":
            begun = await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)
            assert begun.status_code == 200, begun.text
        if end in ("in_review", "concluded"):
            found = {"conclusion": "C3" if end == "in_review" else "C1"}
            assert (await api.post(f"{path}/conclusion", found, by="unl", **ON)).status_code == 200
        before = (await api.get(path, by="unl")).json()
        assert (before["status"], before["facts"] is None) == (end, False)
        taken = LeadRecalled(lead_id=lead, recalled_no=1, effective_at=NOON)
        await hearing.tell(taken, assigned(lead, 2, "JS"), sealed(hearing, lead), taken)
        found = (await api.get(path, by="unl")).json()
        assert {name: found[name] for name in ("status", "facts", "plan", "first_report", "conclusion")} == {
            "status": "withdrawn", "facts": None, "plan": None, "first_report": None, "conclusion": None,
        }, end  # fmt: skip
        for door, body in (
            ("conclusion", {"conclusion": "C3"}),
            ("dispute", {"reason": "不属于本单位管辖"}),
            ("acceptance", order("GA-101", "P002")),
        ):
            assert (await api.post(f"{path}/{door}", body, by="unl", **ON)).status_code == 409, (end, door)
        rows = await api.rows("select unit, status from works where lead_id = $1 order by assignment_no", lead)
        assert rows == [("GA", "withdrawn"), ("JS", "opened")]
    assert (await api.get("/verification/v1/reviews", by="qrv")).json()["items"] == [], "nor does a review of it wait"
    # whatever its order: before the word is heard nothing of the sort is known here
    await hearing.tell(LeadRecalled(lead_id=uuid4(), recalled_no=1, effective_at=NOON))


@pytest.mark.rule("G2")
async def test_a_unit_reads_no_box_of_a_later_assignment_of_another_unit(new_api: NewApi) -> None:
    api, lead = await new_api("verification"), uuid4()
    hearing = Hearing(api, "verification")
    await hearing.tell(assigned(lead), sealed(hearing, lead))
    path = await work(api, lead)
    await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)
    await api.post(f"{path}/conclusion", {"conclusion": "C1"}, by="unl", **ON)
    assert (await api.get(path, by="unl")).json()["facts"] is not None
    # the reporter objected: another team looks
    await hearing.tell(assigned(lead, 2, "JS"), sealed(hearing, lead))
    found = (await api.get(path, by="unl")).json()
    assert (found["status"], found["facts"], found["conclusion"]) == ("concluded", None, "C1")


@pytest.mark.rule("D08")
async def test_a_work_has_the_dates_that_its_limits_have_whichever_word_comes_first(new_api: NewApi) -> None:
    api = await new_api("verification")
    hearing = Hearing(api, "verification")

    def moved(lead: UUID, kind: DeadlineKind, to: date) -> DeadlineMoved:
        return DeadlineMoved(
            lead_id=lead,
            kind=kind,
            round=1,
            limit_id="D07a",
            due_on=to,
            provisional=False,
            because="extended",
            days=20,
            effective_at=NOON.replace(day=20),
        )

    for first in ("assigned", "moved"):
        lead = uuid4()
        events = [assigned(lead), moved(lead, DeadlineKind.CONCLUDE, date(2018, 7, 23))]
        await hearing.tell(*(events if first == "assigned" else reversed(events)))
        await hearing.tell(moved(lead, DeadlineKind.CLASSIFY, date(2018, 9, 1)))
        found = (await api.get(await work(api, lead), by="unl")).json()
        assert (found["due_on"], found["sign_by"]) == ("2018-07-23", "2018-06-01"), first


@pytest.mark.rule("D07")
async def test_the_first_report_of_an_urgent_lead_is_told_without_its_text(new_api: NewApi) -> None:
    api, lead, other = await new_api("verification"), uuid4(), uuid4()
    await Hearing(api, "verification").tell(assigned(lead, urgent=True), assigned(other))
    text = {"text": "已赶赴现场固定证据"}
    for one, wanted in ((lead, 200), (other, 409)):
        path = await work(api, one)
        assert (await api.post(f"{path}/first-report", text, by="unl", **ON)).status_code == 409, "not signed for yet"
        await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)
        assert (await api.post(f"{path}/first-report", text, by="unl", **ON)).status_code == wanted
        assert (await api.post(f"{path}/first-report", text, by="unl", **ON)).status_code == 409
    values = await api.rows("select convert_from(value, 'utf8') from outbox")
    assert "first-reported" in str(await api.rows("select type from outbox"))
    assert "现场" not in str(values)


@pytest.mark.rule("G14")
async def test_facts_are_hidden_when_sealed_and_destroyed_when_expunged_even_those_that_come_later(
    new_api: NewApi,
) -> None:
    api, lead = await new_api("verification"), uuid4()
    hearing = Hearing(api, "verification")
    await hearing.tell(assigned(lead), sealed(hearing, lead))
    path = await work(api, lead)
    await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)
    assert (await api.get(path, by="unl")).json()["facts"]["summary"] == FACTS.summary
    await hearing.tell(LeadSealed(lead_id=lead, effective_at=NOON))
    assert (await api.get(path, by="unl")).json()["facts"] is None
    assert await api.rows("select count(*) from work_facts where box is not null") == [(1,)]
    await hearing.tell(LeadExpunged(lead_id=lead, effective_at=NOON), sealed(hearing, lead))
    assert await api.rows("select count(*), count(box) from work_facts") == [(2, 0)]
    assert await api.rows("select plan, conclusion from works") == [("已销毁", None)]
    assert await api.rows("select count(*) from audit_log where action = 'work.destroy-facts'") == [(1,)]
    # the row stays, so that counts do
    assert len((await api.get(WORKS, by="unl")).json()["items"]) == 1


async def waiting_boxes(api: Api) -> list[tuple[Any, ...]]:
    """Subject and sequence of what waits in the inbox with a box."""
    query = "select subject, sequence from {} where position('\"box\"' in convert_from(value, 'utf8')) > 0"
    return sorted(await api.rows(f"{query.format('held')} union all {query.format('parked')}"))


@pytest.mark.rule("G14")
async def test_what_waits_in_the_inbox_loses_its_box_with_the_lead_and_keeps_its_place(new_api: NewApi) -> None:
    api, lead, broken = await new_api("verification"), uuid4(), uuid4()
    hearing = Hearing(api, "verification")
    first, second, third, torn, fifth = hearing.number(*(sealed(hearing, lead) for _ in range(5)))
    [bad] = hearing.number(sealed(hearing, broken))
    # held for a work that is not there; held for a gap; parked with data that do not fit; parked and not readable at all
    bad = replace(bad, value=bad.value.replace(b'"effective_at"', b'"effective_ad"'))
    torn = replace(torn, value=torn.value.replace(b'"specversion":"1.0"', b'"specversion":"x"'))
    for one in (first, third, bad, torn):
        await hearing.take([one])
    mine = [(str(lead), 1), (str(lead), 3)]
    theirs, unread = (str(broken), 1), (f"0:{torn.offset}", 0)
    assert await waiting_boxes(api) == sorted([*mine, theirs, unread]), "control: they are there before"
    await hearing.tell(LeadExpunged(lead_id=lead, effective_at=NOON))
    assert await waiting_boxes(api) == [theirs], "another lead's waits on"
    assert await api.rows("select detail ->> 'boxes' from audit_log where action = 'work.destroy-facts'") == [("3",)]
    await hearing.tell(LeadExpunged(lead_id=broken, effective_at=NOON))
    assert await waiting_boxes(api) == []
    # the places are kept: what waited is applied in its order, without its box
    await hearing.take([second])
    await hearing.tell(assigned(lead))
    assert await api.rows("select count(*), count(box) from work_facts where lead_id = $1", lead) == [(3, 0)]
    # what comes to wait afterwards, or was applied in the moment of the deed, goes at the next look
    await hearing.take([fifth])
    await api.rows("update work_facts set key_id = 'k', box = 'QQ==' where sequence = 3 returning 1")
    assert await waiting_boxes(api) == [(str(lead), 5)]
    for _ in range(2):
        async with api.app.state.database.transaction() as tx:
            await destroy_late(tx, NOON)
    assert await waiting_boxes(api) == await api.rows("select 1 from work_facts where box is not null") == []
    rows = "select count(*) from audit_log where action = 'work.destroy-facts' and subject = $1"
    assert await api.rows(rows, str(lead)) == [(2,)], "once more, not each time"


async def test_a_repeat_is_known_as_one_until_it_is_unmerged(new_api: NewApi) -> None:
    api, lead, master = await new_api("verification"), uuid4(), uuid4()
    hearing = Hearing(api, "verification")
    merge: dict[str, Any] = {"lead_id": lead, "merge_id": uuid4(), "master_id": master, "effective_at": NOON}
    await hearing.tell(LeadMerged(**merge, repeat_count=1))
    assert await api.rows("select merged_into from lead_standings") == [(master,)]
    await hearing.tell(LeadUnmerged(**merge, repeat_count=0))
    assert await api.rows("select merged_into from lead_standings") == [(None,)]


@pytest.mark.rule("D07")
async def test_what_two_have_raised_is_a_work_of_that_level_with_its_date_whatever_older_word_comes_late(
    new_api: NewApi,
) -> None:
    api, lead, parked = await new_api("verification"), uuid4(), uuid4()
    hearing = Hearing(api, "verification")
    at = NOON.replace(day=20)
    raised = LeadLevelRaised(lead_id=lead, level="major", due_on=date(2018, 8, 30), effective_at=at)
    older = DeadlineMoved(
        lead_id=lead,
        kind=DeadlineKind.CONCLUDE,
        round=1,
        limit_id="D07a",
        due_on=date(2018, 7, 23),
        provisional=False,
        because="extended",
        days=20,
        effective_at=at.replace(day=19),
    )
    await hearing.tell(assigned(lead), assigned(parked))
    await hearing.tell(raised, older, LeadLevelRaised(lead_id=parked, level="major", effective_at=at))
    found = [(await api.get(await work(api, each), by="unl")).json() for each in (lead, parked)]
    assert (found[0]["level"], found[0]["due_on"]) == ("major", "2018-08-30")
    assert (found[1]["level"], found[1]["due_on"]) == ("major", assigned(parked).due_on.isoformat())
    await hearing.tell(older.model_copy(update={"due_on": date(2018, 9, 10), "effective_at": at.replace(day=21)}))
    assert (await api.get(await work(api, lead), by="unl")).json()["due_on"] == "2018-09-10"
    # of a lead without a work here nothing but the date is kept
    await hearing.tell(LeadLevelRaised(lead_id=uuid4(), level="major", due_on=date(2018, 8, 30), effective_at=at))


@pytest.mark.rule("D02")
async def test_a_repeats_claim_of_danger_is_seen_and_makes_nothing_urgent_until_a_person_has_said_so(
    new_api: NewApi,
) -> None:
    api, lead = await new_api("verification"), uuid4()
    hearing = Hearing(api, "verification")

    async def shown() -> tuple[bool, bool]:
        found = (await api.get(path, by="unl")).json()
        return found["danger_claimed"], found["urgent"]

    def word(*, urgent: bool, claimed: bool = False, by: str | None = None) -> LeadUrgencySaid:
        return LeadUrgencySaid(lead_id=lead, urgent=urgent, claimed=claimed, said_by=by, effective_at=NOON)

    # a claim that waited when the unit was charged may be heard first
    await hearing.tell(word(urgent=False, claimed=True), assigned(lead))
    path = await work(api, lead)
    assert await shown() == (True, False)
    await hearing.tell(word(urgent=False))
    assert await shown() == (False, False), "the merge was undone"
    assert (await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)).status_code == 200
    report = {"text": "已到现场核实情况"}
    assert (await api.post(f"{path}/first-report", report, by="unl", **ON)).status_code == 409
    await hearing.tell(word(urgent=False, claimed=True), word(urgent=True, by="icl"))
    assert await shown() == (False, True)
    assert (await api.post(f"{path}/first-report", report, by="unl", **ON)).status_code == 200
    await hearing.tell(word(urgent=False, by="icl"))
    assert await shown() == (False, True), "what the unit works on as urgent stays so"
