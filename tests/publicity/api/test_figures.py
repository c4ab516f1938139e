"""The door of publicity: figures that are counted from facts, with the rows that make them, and no way to type one in."""

import random
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.envelope import Event
from shared.contracts.intake import DualAssignmentCreated, LeadAssigned, LeadReceived
from shared.contracts.verification import WorkAccepted
from tests.conftest import NewApi
from tests.support.builders import DAY, NOON
from tests.support.hearing import Hearing

FIGURES, FACTS = "/publicity/v1/figures", "/publicity/v1/facts"
MORNING = datetime.fromisoformat("2018-06-01T00:00:00+08:00")


def journey(number: int, *, verifiers: int = 2, accepted_on: int = 0, source: str = "S") -> list[Event]:
    """What is told of one lead, from its receipt to its acceptance so many days after."""
    lead: dict[str, Any] = {"lead_id": UUID(int=number)}
    received: dict[str, Any] = {"source": source, "issuing_level": "city" if source == "S" else None}
    return [
        LeadReceived(
            **lead, lead_no=f"999999-{source}20180601-{number:06}0", named=False, effective_at=MORNING, **received
        ),
        LeadAssigned(
            **lead,
            assignment_no=1,
            unit="GA",
            level="general",
            sign_by=DAY,
            due_on=date(2018, 9, 3),
            provisional=False,
            effective_at=NOON,
        ),
        WorkAccepted(
            **lead,
            work_id=uuid4(),
            unit="GA",
            verifier_count=verifiers,
            plan_on_file=True,
            recusals_on_file=True,
            effective_at=NOON + timedelta(days=accepted_on),
        ),
    ]


def both_legs(lead: UUID) -> DualAssignmentCreated:
    return DualAssignmentCreated(lead_id=lead, dual_assignment_id=uuid4(), effective_at=NOON)


async def n07(api: Any, **asked: str) -> tuple[int, int, str]:
    answer = await api.client.get(FIGURES, params=asked, headers=api.as_("ldr"))
    assert answer.status_code == 200, answer.text
    [figure] = [figure for figure in answer.json()["figures"] if figure["code"] == "N07"]
    return figure["value"], figure["of"], figure["rows"]


async def test_before_anything_happened_all_figures_are_0(new_api: NewApi) -> None:
    api = await new_api("publicity")
    assert (await n07(api))[:2] == (0, 0)
    for code in ("N07", "dual_assignments"):
        assert (await api.get(f"{FIGURES}/{code}/rows", by="ldr")).json() == {"items": [], "next": None}


@pytest.mark.rule("N07", "A2")
async def test_topics_in_any_order_make_the_same_figures_and_the_rows_make_the_value(new_api: NewApi) -> None:
    leads = [journey(1), journey(2), journey(3, verifiers=1), journey(4, accepted_on=1), journey(5, source="M")]
    seen = []
    for seed in range(3):
        api = await new_api("publicity")
        hearing = Hearing(api, "publicity")
        records = hearing.number(*(event for lead in leads for event in lead))
        random.Random(seed).shuffle(records)
        await hearing.take([*records, records[0]])
        value, of, rows = await n07(api)
        counted = (await api.get(rows, by="ldr")).json()["items"]
        others = (await api.get(f"{FIGURES}/N07/rows?counted=false", by="ldr")).json()["items"]
        assert (value, len(counted), of - value, len(others)) == (2, 2, 2, 2)
        assert [(row["in_time"], row["in_order"]) for row in others] == [(True, False), (False, True)]
        seen.append([row["lead_no"] for row in counted])
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.rule("A4")
async def test_an_earlier_day_counts_only_what_had_happened_by_then(new_api: NewApi) -> None:
    api = await new_api("publicity")
    await Hearing(api, "publicity").tell(*journey(1))
    assert (await n07(api, as_of="2018-05-31"))[:2] == (0, 0)
    assert (await n07(api, as_of="2018-06-01T11:59:59+08:00"))[:2] == (0, 1)
    assert (await n07(api, as_of="2018-06-01T12:00:00+08:00"))[:2] == (1, 1)
    assert (await n07(api, as_of="2018-06-01"))[:2] == (1, 1)


async def test_a_wrong_question_is_answered_with_the_field_or_the_choice(new_api: NewApi) -> None:
    api = await new_api("publicity")
    shapes = ("昨天", "20180918", "2018-W38-2", "2018-09-18T12:00:00", "2018-09-18 12:00", "2018-09-18T12Z", "")
    days = (
        "2018-13-01",
        "2018-02-30",
        "99999-01-01",
        "0001-01-01T00:00:00+14:00",
        "2999-01-01",
        "2999-01-01T00:00:00Z",
    )
    for as_of in shapes + days:
        answer = await api.client.get(FIGURES, params={"as_of": as_of}, headers=api.as_("ldr"))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "as_of"), as_of
    today = {"as_of": "2018-06-01"}
    clock = api.as_("ldr", **{"X-Local-Clock": "2018-06-01T09:00:00+08:00"})
    answer = await api.client.get(FIGURES, params=today, headers=clock)
    # the day is not over: it stands for now, and the answer says so
    assert (answer.status_code, answer.json()["as_of"]) == (200, "2018-06-01T01:00:00Z")
    answer = await api.get(f"{FIGURES}/N99/rows", by="ldr")
    assert answer.status_code == 404
    assert "N07" in answer.json()["detail"]


async def test_rows_and_facts_come_page_by_page(new_api: NewApi) -> None:
    api = await new_api("publicity")
    hearing = Hearing(api, "publicity")
    await hearing.tell(*(event for number in range(1, 6) for event in journey(number)))
    await hearing.tell(*(both_legs(UUID(int=number)) for number in range(1, 6)))
    for path in (f"{FIGURES}/N07/rows", f"{FIGURES}/dual_assignments/rows", f"{FACTS}?type={WorkAccepted.TYPE}"):
        joint = "&" if "?" in path else "?"
        first = (await api.get(f"{path}{joint}limit=3", by="ldr")).json()
        second = (await api.get(f"{path}{joint}limit=3&after={first['next']}", by="ldr")).json()
        assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 2, None)
        assert len({row["lead_id"] for row in first["items"] + second["items"]}) == 5
    facts = (await api.get(f"{FACTS}?lead_id={UUID(int=3)}", by="edt")).json()["items"]
    assert facts[0]["type"] == LeadReceived.TYPE
    assert len(facts) == 4


@pytest.mark.rule("M17")
async def test_what_discipline_alone_has_is_no_dual_assignment_before_a_unit_is_charged(new_api: NewApi) -> None:
    api = await new_api("publicity")
    hearing = Hearing(api, "publicity")
    received, *charged = journey(1)
    await hearing.tell(received, both_legs(UUID(int=1)))

    async def counted() -> tuple[int, int, int]:
        found = (await api.get(FIGURES, by="ldr")).json()["figures"]
        [value] = [figure["value"] for figure in found if figure["code"] == "dual_assignments"]
        rows = [
            len((await api.get(f"{FIGURES}/dual_assignments/rows?counted={each}", by="ldr")).json()["items"])
            for each in ("true", "false")
        ]
        return (value, *rows)

    assert await counted() == (0, 0, 1)
    await hearing.tell(*charged)
    assert await counted() == (1, 1, 0)


@pytest.mark.rule("A5")
async def test_who_may_look_and_that_nobody_can_type_a_figure_in(new_api: NewApi) -> None:
    api = await new_api("publicity")
    for account in ("edt", "pr1", "pr2", "pr3", "ldr", "ofd", "sup"):
        assert (await api.get(FIGURES, by=account)).status_code == 200, account
    for account in ("icl", "unl", "dcm", "adm", "reg"):
        assert (await api.get(FIGURES, by=account)).status_code == 403, account
        assert (await api.get(FACTS, by=account)).status_code == 403, account
    assert (await api.client.get(FIGURES)).status_code == 401
    for path in (FIGURES, f"{FIGURES}/N07", f"{FIGURES}/N07/rows", FACTS):
        assert (await api.post(path, {"value": 68}, by="ldr")).status_code in (404, 405), path
