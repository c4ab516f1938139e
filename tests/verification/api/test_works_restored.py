"""Works that a restore forgot stand again under their ids; what their assignment says comes with it when it is heard again. What was
expunged since the backup is destroyed once more."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.intake import LeadAssigned
from shared.contracts.verification import (
    WorkAccepted,
    WorkConcluded,
    WorkDisputed,
    WorkFirstReported,
    WorkOpened,
    WorkReturnedByReview,
    WorkReviewed,
)
from tests.conftest import NewApi
from tests.support.builders import DAY, NOON
from tests.support.hearing import Hearing
from tests.support.kafka import Broker
from tests.support.restored import facts_gone_again, relearn, silence
from tests.verification.api.test_follow_lead import assigned, sealed
from tests.verification.api.test_follow_lead import work as path_of


async def test_a_forgotten_work_stands_again_and_is_not_opened_twice(new_api: NewApi) -> None:
    api, lead, works = await new_api("verification"), uuid4(), [uuid4() for _ in range(4)]
    times = [NOON + timedelta(days=n) for n in range(5)]

    def once_more(number: int) -> LeadAssigned:
        return LeadAssigned(
            lead_id=lead,
            assignment_no=number,
            unit="GA",
            level="key",
            sign_by=DAY,
            due_on=DAY + timedelta(days=60),
            provisional=False,
            urgent=True,
            effective_at=times[number - 1],
        )

    for steps, work in enumerate(works, 1):
        common: dict[str, Any] = {"work_id": work, "lead_id": lead, "effective_at": times[steps - 1]}
        accepted = {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}
        said = (
            WorkOpened(unit="GA", **common),
            WorkAccepted(**accepted, **common),
            WorkFirstReported(**common),
            WorkConcluded(conclusion="C1", **common),
        )
        await relearn(api, "verification", *(said[:steps] if steps < 3 else said))
        if steps == 3:
            break
    common = {"work_id": works[3], "lead_id": lead, "effective_at": times[3]}
    await relearn(api, "verification", WorkOpened(unit="GA", **common), WorkDisputed(assignment_no=4, **common))
    before = "select id, status, plan, conclusion from works where assignment_no < 0 order by opened_at"
    lost = "原文随数据库恢复遗失"
    stand = [
        (works[0], "opened", None, None),
        (works[1], "accepted", lost, None),
        (works[2], "concluded", lost, "C1"),
        (works[3], "disputed", None, None),
    ]
    assert await api.rows(before) == stand
    await Hearing(api, "verification").tell(*map(once_more, (1, 2, 3, 4, 5)))
    found = await api.rows("select id, assignment_no, level, due_on, provisional, status from works order by opened_at")
    due = DAY + timedelta(days=60)
    assert found[:4] == [(row[0], n, "key", due, False, row[1]) for n, row in enumerate(stand, 1)]
    assert found[4][1:] == (5, "key", due, False, "opened")
    assert await api.rows("select count(*) from outbox where topic = 'verification.works'") == [(1 + 2 + 4 + 2 + 1,)]


async def test_a_review_that_a_restore_forgot_waits_or_is_decided_again(new_api: NewApi) -> None:
    api, lead, works = await new_api("verification"), uuid4(), [uuid4() for _ in range(3)]
    for number, work in enumerate(works):
        common: dict[str, Any] = {"work_id": work, "lead_id": lead, "effective_at": NOON + timedelta(days=number)}
        accepted = {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}
        drawn = WorkConcluded(conclusion="C3", review_because="random", **common)
        way: list[Any] = [WorkOpened(unit="GA", **common), WorkAccepted(**accepted, **common), drawn]
        if number == 1:
            way.append(WorkReviewed(conclusion="C3", **common))
        elif number == 2:
            way += [WorkReturnedByReview(**common), drawn]
        await relearn(api, "verification", *way)
    stand = "select id, status, conclusion from works order by opened_at"
    assert await api.rows(stand) == [
        (works[0], "in_review", "C3"),
        (works[1], "concluded", "C3"),
        (works[2], "in_review", "C3"),
    ]
    rows = await api.rows("select work_id, number, because, outcome from reviews")
    assert sorted(rows) == sorted(
        [
            (works[0], 1, "random", None),
            (works[1], 1, "random", "passed"),
            (works[2], 1, "random", "returned"),
            (works[2], 2, "random", None),
        ]
    )
    waiting = (await api.get("/verification/v1/reviews", by="qrv")).json()["items"]
    assert {item["work_id"] for item in waiting} == {str(works[0]), str(works[2])}


@pytest.mark.rule("G14", "G24")
async def test_facts_that_were_expunged_after_the_backup_are_gone_again_once_the_restored_database_hears_everything(
    new_api: NewApi, broker: Broker, tmp_path: Path
) -> None:
    api, backup = await new_api("verification"), tmp_path / "backup.dump"
    await silence(broker, "verification")
    hearing = Hearing(api, "verification")
    lead, waiting, kept = uuid4(), uuid4(), uuid4()
    opens = (assigned(lead), assigned(kept))
    await facts_gone_again(
        api, broker, backup, hearing, opens=opens, box=partial(sealed, hearing), lead=lead, waiting=waiting, kept=kept
    )
    assert await api.rows("select count(box) from work_facts where lead_id = $1", lead) == [(0,)]
    assert [(await api.get(await path_of(api, one), by="unl")).json()["facts"] is None for one in (lead, kept)] == [
        True,
        False,
    ]
