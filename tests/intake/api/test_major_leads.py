"""The leading group is told of each lead that becomes 重大, and it is on record who took note when (§4.2)."""

import asyncio
from typing import Any
from uuid import UUID

from services.intake.domain.lead_states import AT_REST, WITHOUT_TIER, Status
from tests.conftest import NewApi
from tests.intake.api.test_leads import classify, register
from tests.intake.api.test_life import PUBLIC, on
from tests.support.api import Api

PATH = "/intake/v1/major-leads"


async def see(api: Api, lead: UUID, *, by: str = "ldr", day: str = "2018-06-04") -> Any:
    return await api.post(f"{PATH}/{lead}/seen", None, by=by, **on(day))


async def listed(api: Api, *, by: str = "ldr", unseen: str = "true") -> list[Any]:
    answer = await api.get(f"{PATH}?unseen={unseen}", by=by)
    assert answer.status_code == 200, answer.text
    assert "菜市场" not in answer.text, "nothing of what was reported"
    rows: list[Any] = answer.json()["items"]
    return rows


async def test_a_major_lead_is_told_until_the_member_has_taken_note_and_who_did_stays_on_record(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    lead, other = [await register(api, **PUBLIC) for _ in range(2)]
    assert (await see(api, lead)).status_code == 409, "not classified"
    for each in (lead, other):
        await classify(api, each)
    assert (await see(api, lead)).status_code == 409, "not major"
    assert await listed(api) == []
    assert (await classify(api, lead, by="ofd", level="major")).status_code == 200
    [told] = await listed(api)
    assert (told["lead"]["id"], told["lead"]["level"], told["seen"]) == (str(lead), "major", [])
    assert told["classified_at"]
    for by in ("ofd", "sup", "ana", "unl", "aud"):
        assert (await see(api, lead, by=by)).status_code == 403, by
    assert (await api.get(PATH, by="ana")).status_code == 403
    made = await asyncio.gather(*(see(api, lead) for _ in range(4)))
    assert {one.status_code for one in made} == {200}
    again = await see(api, lead, day="2018-06-08")
    assert [(one["by"], one["at"][:10]) for one in again.json()["seen"]] == [("ldr", "2018-06-04")], "the first counts"
    assert await listed(api) == []
    [known] = await listed(api, by="ofd", unseen="false")
    assert [one["by"] for one in known["seen"]] == ["ldr"]
    assert await api.rows("select count(*) from audit_log where action = 'lead.see-major'") == [(1,)]
    # another member has not been told by that
    await api.rows("update major_seen set account = 'ldr-2'")
    assert len(await listed(api)) == 1
    # in every state with a level it is told, but in none at rest and not as a repeat
    for constraint in ("classified_whole", "assigned_by_status"):
        await api.rows(f"alter table leads drop constraint ck_leads_{constraint}")
    for standing in set(Status) - {Status.MERGED, Status.SUSPENDED} - WITHOUT_TIER:
        await api.rows("update leads set status = $1 where id = $2", standing.value, lead)
        assert len(await listed(api)) == (standing not in AT_REST), standing
        assert (await see(api, lead)).status_code == (409 if standing in AT_REST else 200), standing
        await api.rows("delete from major_seen where account = 'ldr'")
    await api.rows("update leads set status = 'classified', merged_into = $1 where id = $2", other, lead)
    assert await listed(api, unseen="false") == []
    assert (await see(api, lead)).status_code == 409
