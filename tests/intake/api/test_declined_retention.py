"""What is not accepted ended with that decision: by the table the clock takes it, its repeats and what is kept of their people (G24)."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.intake.usecases.keep_retention import propose_sealing, retire_reporters
from services.intake.usecases.keep_subjects import retire_subjects
from tests.conftest import NewApi
from tests.intake.api.test_ends import NAMED, log, merge
from tests.intake.api.test_ends_of_repeats import decline
from tests.intake.api.test_leads import register
from tests.intake.api.test_life import WHY, do, on, status
from tests.intake.api.test_objections import PLAIN, door, filed, object_, refuse
from tests.intake.api.test_upstream_replies import SUPERIOR, reply

OVER = {"reason": "保存期限已满,按规定办理"}


def morning(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T02:00:00").replace(tzinfo=UTC)


@pytest.mark.rule("G14", "G24", "G10")
async def test_what_is_not_accepted_is_sealed_with_its_repeats_after_its_time_and_destroyed_by_two(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    code, lead = await filed(api)
    named = await register(api, **NAMED, summary="同一件事再次反映")
    await merge(api, named, lead, "2018-06-02")
    superior = await register(api, **SUPERIOR, upstream_no="C1")
    for each in (lead, superior):
        assert (await decline(api, each, "2018-06-04")).status_code == 200

    async def clock(day: str) -> int:
        async with api.app.state.database.transaction() as tx:
            return await propose_sealing(tx, morning(day))

    async def seal(day: str) -> tuple[int, str]:
        [one] = (await api.get("/intake/v1/decisions?kind=seal&state=proposed", by="dpo")).json()["items"]
        order = {"confirm": True, **OVER}
        answer = await api.post(f"/intake/v1/decisions/{one['id']}/confirmation", order, by="dpo", **on(day))
        return answer.status_code, one["lead_id"]

    assert await clock("2018-08-04") == 0, "a reporter of a repeat was not told, and a superior not answered"
    assert (await log(api, named, "2018-06-05")).status_code == 204
    assert (await reply(api, superior)).status_code == 201
    assert (await object_(api, code, day="2018-06-20")).status_code == 201
    assert await clock("2018-08-03") == 0, "sixty days are not over"
    assert await clock("2018-08-04") == 1, "of the other an objection is undecided"
    assert await seal("2018-08-04") == (200, str(superior))
    assert (await refuse(api, lead, day="2018-06-25")).status_code == 200
    assert await clock("2018-08-04") == 1
    assert await clock("2018-08-04") == 0, "once"
    # merged meanwhile: its reporter hears of it and may object first
    late = await register(api, **NAMED, summary="同一件事又一次反映")
    merged = await merge(api, late, lead, "2018-08-05")
    assert (await log(api, late, "2018-08-06")).status_code == 204
    assert await seal("2018-08-06") == (409, str(lead))
    undone = await api.post(f"/intake/v1/merges/{merged}/undo", {"reason": "另一回事"}, by="ofd", **on("2018-08-06"))
    assert undone.status_code == 200
    path = f"/intake/v1/merges/{merged}/undo-decision"
    assert (await api.post(path, {"confirm": True}, by="ana", **on("2018-08-06"))).status_code == 200
    assert await seal("2018-08-06") == (200, str(lead))
    states = "select status from leads where id = any($1) order by created_at, lead_no"
    assert await api.rows(states, [lead, named]) == [("sealed",)] * 2
    assert await status(api, late) == "received"
    assert (await do(api, lead, "acceptance", WHY, day="2018-08-07")).status_code == 409
    early = await api.post(
        f"/intake/v1/leads/{lead}/decisions", {"kind": "expunge", **OVER}, by="dpo", key=uuid4().hex, **on("2020-08-06")
    )
    assert early.status_code == 409, "two years are not over"
    asked = await do(api, lead, "decisions", {"kind": "expunge", **OVER}, by="dpo", day="2020-08-07")
    path = f"/intake/v1/decisions/{asked.json()['id']}/confirmation"
    assert (await api.post(path, {"confirm": True, **OVER}, by="aud", **on("2020-08-07"))).status_code == 200
    assert await api.rows(states, [lead, named]) == [("expunged",)] * 2


@pytest.mark.rule("G24")
async def test_who_reported_it_and_numbers_of_the_reported_are_given_up_two_years_after_it_was_not_accepted(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    person = {"name": "王五", "phone": "13800138000"}
    _, lead = await filed(api, PLAIN | {"persons": [person]})
    named = await register(api, **NAMED, summary="同一件事再次反映")
    await merge(api, named, lead, "2018-06-02")
    assert (await decline(api, lead, "2018-06-04")).status_code == 200
    numbers = "select length(subjects) > 0 from reports"
    assert await api.rows(numbers) == [(True,)]

    async def clock(day: str) -> tuple[int, int]:
        async with api.app.state.database.transaction() as tx:
            return await retire_reporters(tx, morning(day)), await retire_subjects(tx, morning(day))

    assert await clock("2020-06-04") == (0, 0)
    await api.rows("update leads set status = 'received' where id = $1", lead)
    assert await clock("2020-06-05") == (0, 0), "accepted after all"
    await api.rows("update leads set status = 'not_accepted' where id = $1", lead)
    assert await clock("2020-06-05") == (2, 1)
    assert await clock("2020-06-06") == (0, 0)
    assert await api.rows(numbers) == [(False,)]
    assert await api.rows("select count(*) from vault.reporters where wrapped_key is not null") == [(0,)]
