"""A lead that is with a unit and is reported again and again becomes 重大 by two people; limit, unit and leading group follow (D07)."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.domain.codes import Level
from services.intake.domain.deadline import to_conclude
from services.intake.usecases.raise_level import relearn_raised
from shared.contracts.intake import LeadLevelRaised
from shared.deadlines import Pause
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_ends import merge
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, WHY, do, limits, on
from tests.intake.api.test_major_leads import listed, see
from tests.intake.api.test_upstream_replies import SUPERIOR
from tests.support.api import Api
from tests.support.builders import DAYS, NOON, assigned

EVENTS = "select value from outbox where type = 'xiansuo.intake.lead.level-raised.v1' order by position"


async def propose(api: Api, lead: UUID, *, by: str = "ana", day: str = "2018-06-20") -> Any:
    return await do(api, lead, "decisions", {"kind": "raise-level", **WHY}, by=by, day=day)


async def decide(api: Api, proposed: Any, *, by: str = "ofd", day: str = "2018-06-21", confirm: bool = True) -> Any:
    path = f"/intake/v1/decisions/{proposed.json()['id']}/confirmation"
    return await api.post(path, {"confirm": confirm, **WHY}, by=by, **on(day))


@pytest.mark.rule("D07", "G10", "M05")
async def test_repeats_raise_the_level_of_a_lead_that_a_unit_has(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC)
    await classify(api, lead)
    assert (await propose(api, lead)).status_code == 409, "until the assignment a person classifies it anew"
    assert (await assign(api, lead)).status_code == 200
    before = (await limits(api, lead, "2018-06-20"))["conclude"]
    assert before["limit_id"] == "D07a"
    for number in range(3):
        await merge(api, await register(api, **PUBLIC, summary=f"同一件事第{number}次反映"), lead, "2018-06-20")
    found = (await api.get(f"/intake/v1/leads/{lead}/repeats", by="ana")).json()
    assert (found["suggested_level"], found["level"]) == ("major", "general")
    assert (await classify(api, lead, by="ofd", level="major")).status_code == 409
    assert await listed(api) == []
    for by in ("icl", "sup", "unl", "ldr"):
        assert (await propose(api, lead, by=by)).status_code == 403, by
    assert (await propose(api, lead, by="ofd")).status_code == 403, "who decides does not propose"
    refused = await propose(api, lead)
    assert (await propose(api, lead)).status_code == 409, "once"
    assert (await decide(api, refused, confirm=False)).json()["state"] == "refused"
    assert (await limits(api, lead, "2018-06-21"))["conclude"]["limit_id"] == "D07a"
    proposed = await propose(api, lead)
    for by in ("ana", "qrv", "ldr", "dpo"):
        assert (await decide(api, proposed, by=by)).status_code == 403, by
    assert (await decide(api, proposed)).json()["state"] == "confirmed"
    after = (await limits(api, lead, "2018-06-21"))["conclude"]
    started = date.fromisoformat(before["started_at"][:10])
    assert (after["limit_id"], after["started_at"], after["round"]) == ("D07c", before["started_at"], before["round"])
    assert date.fromisoformat(after["due_on"]) >= started + timedelta(days=90) > date.fromisoformat(before["due_on"])
    detail = (await api.get(f"/intake/v1/leads/{lead}", by="ana")).json()
    assert (detail["level"], detail["status"], detail["due_on"]) == ("major", "assigned", after["due_on"])
    [(value,)] = await api.rows(EVENTS)
    said = json.loads(value)
    assert (said["lead_id"], said["level"], said["due_on"]) == (str(lead), "major", after["due_on"])
    assert WHY["reason"] not in str(value)
    # the leading group is told, from that day on
    [told] = await listed(api)
    assert (told["lead"]["id"], told["classified_at"][:10]) == (str(lead), "2018-06-21")
    assert (await see(api, lead, day="2018-06-22")).status_code == 200
    assert (await propose(api, lead)).status_code == 409, "it is"
    line = (
        "select actor, reason from lead_history where lead_id = $1 and action = 'raise-level' order by version limit 1"
    )
    assert await api.rows(line, lead) == [("ofd", WHY["reason"])]


@pytest.mark.rule("D07")
async def test_a_superiors_date_stands_and_what_was_concluded_meanwhile_is_not_raised(new_api: NewApi) -> None:
    api = await new_api("intake")
    dated = await register(api, **SUPERIOR, upstream_no="C1", upstream_deadline="2018-06-29", summary="甲事")
    lead = await register(api, **PUBLIC, summary="乙事")
    for each in (dated, lead):
        await classify(api, each)
        assert (await assign(api, each)).status_code == 200
    assert (await decide(api, await propose(api, dated))).status_code == 200
    limit = (await limits(api, dated, "2018-06-21"))["conclude"]
    assert (limit["limit_id"], limit["due_on"]) == ("D07c", "2018-06-29")
    proposed = await propose(api, lead)
    await api.rows("update leads set status = 'concluded' where id = $1", lead)
    assert (await decide(api, proposed)).status_code == 409
    assert len(await api.rows(EVENTS)) == 1
    # a restore that has forgotten it learns it from its own word
    await api.rows("update leads set status = 'verifying' where id = $1", lead)
    at = datetime(2018, 6, 22, tzinfo=UTC)
    event = LeadLevelRaised(lead_id=lead, level="major", due_on=date(2018, 9, 3), effective_at=at)
    async with api.app.state.database.transaction() as tx:
        await relearn_raised(tx, event, Received(uuid4(), "t", "intake.leads", "s", 1, "999999", at, at))
    assert await api.rows("select level from leads where id = $1", lead) == [("major",)]
    assert (await limits(api, lead, "2018-06-22"))["conclude"]["limit_id"] == "D07c"
    # with a unit no more: there is no limit to count
    await api.rows("update leads set status = 'parked', level = 'general' where id = $1", lead)
    await api.rows("update deadlines set stopped_at = now(), next_at = null where lead_id = $1", lead)
    assert (await propose(api, lead)).status_code == 409, "it is proposed, and can be done now"
    assert (await decide(api, proposed)).status_code == 200
    assert json.loads((await api.rows(EVENTS))[-1][0])["due_on"] is None


@pytest.mark.rule("D07", "D08")
def test_a_limit_of_a_higher_level_counts_from_the_start_and_never_ends_sooner() -> None:
    general = assigned()
    running = replace(to_conclude(general, days=DAYS, at=NOON), extension=20)
    paused = replace(running, pauses=(Pause(date(2018, 6, 5), date(2018, 6, 14)),))
    for one, days in ((running, 110), (paused, 120)):
        raised = one.of_level(replace(general, level=Level.MAJOR).result_limit, calendar=DAYS, now=NOON)
        assert raised.limit_id == "D07c"
        assert (raised.started_at, raised.pauses, raised.extension) == (one.started_at, one.pauses, 20)
        assert raised.due.on >= date(2018, 6, 1) + timedelta(days=days) > one.due.on
        assert raised.of_level("D07a", calendar=DAYS, now=NOON) == raised, "never sooner"
    urgent = replace(general, urgent=True, level=Level.MAJOR)
    assert urgent.result_limit == "D07d", "danger has a limit of its own, whatever the level"
