"""What is reported again of a lead that has a conclusion is lost nowhere: those who have the master get it, the director decides (§4.2)."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.lead_states import AT_WORK, ITS_UNITS, NEVER_ASSIGNED, Status
from shared.contracts import verification as said
from shared.contracts.envelope import SealedBox
from tests.conftest import NewApi
from tests.intake.api.test_digests import DIGESTS, clock
from tests.intake.api.test_ends import NAMED, close, fed_back, merge
from tests.intake.api.test_leads import assign, classify, opener, register
from tests.intake.api.test_life import PUBLIC, WHY, do, hear, on, status
from tests.intake.api.test_merges import undo
from tests.intake.api.test_objections import SIGNED
from tests.support.api import Api

NEW = "新材料:另有账本一册"
BOXES = (
    "select s.key_id, s.box from outbox o join outbox_sealed s using (id) where topic like '%sealed-verification' "
    "and o.subject = $1 order by o.position"
)


async def concluded(api: Api, code: str) -> UUID:
    lead = await register(api, **NAMED)
    await classify(api, lead)
    await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion=code, day="2018-06-20")
    return lead


async def again(api: Api, master: UUID, day: str = "2018-06-21") -> str:
    return await merge(api, await register(api, **PUBLIC, summary="再次反映", allegations=[NEW]), master, day)


async def entries(api: Api, state: str = "open", *, by: str = "ofd") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get(f"/intake/v1/re-examinations?state={state}", by=by)).json()["items"]
    return found


async def note(api: Api, identity: str, *, by: str = "ofd", reason: str = "账本已在案,不影响结论") -> Any:
    body = {"reason": reason}
    return await api.post(f"/intake/v1/re-examinations/{identity}/note", body, by=by, **on("2018-06-22"))


@pytest.mark.rule("G20")
async def test_in_every_state_of_a_founded_master_what_is_new_goes_to_its_unit_or_before_the_director(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    master = await concluded(api, "C1")
    for standing in set(Status) - NEVER_ASSIGNED - {Status.MERGED, Status.SUSPENDED, Status.SEALED, Status.EXPUNGED}:
        await api.rows("update leads set status = $1 where id = $2", standing.value, master)
        boxes = len(await api.rows(BOXES, str(master)))
        identity = await again(api, master)
        sent = await api.rows(BOXES, str(master))
        waits = [(one["merge_id"], one["conclusion"], one["earlier_unit"]) for one in await entries(api)]
        has_it = standing in ITS_UNITS
        assert len(sent) == boxes + has_it, standing
        code = "in-review" if standing is Status.IN_REVIEW else "C1"
        assert waits == ([] if standing in AT_WORK else [(identity, code, "GA")]), standing
        if has_it:
            told = opener(api, "verification").open(SealedBox(key_id=sent[-1][0], box=sent[-1][1]))
            assert NEW in str(told["allegations"]), standing
        assert (await undo(api, identity)).status_code == 200
        assert await entries(api) == [], standing


@pytest.mark.rule("M01", "G10")
async def test_the_director_finds_it_in_the_days_list_until_it_is_noted_or_looked_at_again(new_api: NewApi) -> None:
    api = await new_api("intake")
    founded, seen, unfounded = await concluded(api, "C1"), await register(api, **NAMED), await concluded(api, "C3")
    await fed_back(api, seen)
    await api.rows("update feedbacks set accepted = true")
    assert (await close(api, seen, "2018-06-21")).json()["status"] == "closed"
    one, two, three = [await again(api, each) for each in (founded, seen, unfounded)]

    async def listed(day: int) -> set[str]:
        await clock(api, datetime.fromisoformat(f"2018-06-{day}T09:00:00+08:00"))
        path = f"{DIGESTS}/2018-06-{day}"
        rows = (await api.get(f"{path}/leads?part=new_facts", by="ofd")).json()["items"]
        counts = (await api.get(DIGESTS, by="ofd")).json()["items"][0]["counts"]
        assert counts["new_facts"] == len(rows)
        return {row["id"] for row in rows}

    assert await listed(22) == {str(founded), str(seen), str(unfounded)}
    for by in ("ana", "sup", "unl", "icl", "ldr"):
        assert (await note(api, one, by=by)).status_code == 403, by
    assert (await note(api, one, reason="【机密】")).status_code == 422
    refused = await note(api, three)
    assert (refused.status_code, "其他力量" in refused.json()["detail"]) == (409, True)
    assert (await note(api, str(founded))).status_code == 404
    noted = await asyncio.gather(*(note(api, one) for _ in range(3)))
    assert sorted(each.status_code for each in noted) == [200, 409, 409]
    assert await api.rows("select actor, purpose from audit_log where action = 're-examination.note'") == [
        ("ofd", "账本已在案,不影响结论")
    ]
    assert [entry["merge_id"] for entry in await entries(api, "noted")] == [one]
    assert await listed(25) == {str(seen), str(unfounded)}
    # what is closed is reopened by two, and the team that is charged then has it all
    proposed = await do(api, seen, "decisions", {"kind": "reopen", **WHY}, day="2018-06-25")
    path = f"/intake/v1/decisions/{proposed.json()['id']}/confirmation"
    assert (await api.post(path, {"confirm": True, **WHY}, by="qrv", **on("2018-06-25"))).status_code == 200
    given = await api.post(f"/intake/v1/re-examinations/{two}/assignment", {"unit": "ZF"}, by="ofd", **on("2018-06-25"))
    assert (given.status_code, given.json()["state"]) == (200, "given"), given.text
    assert await status(api, seen) == "assigned"
    assert NEW in str(
        opener(api, "verification").open(
            SealedBox(**dict(zip(("key_id", "box"), (await api.rows(BOXES, str(seen)))[-1], strict=True)))
        )
    )
    assert (await note(api, two)).status_code == 409
    assert await listed(26) == {str(unfounded)}


async def test_what_could_not_be_verified_is_woken_instead(new_api: NewApi) -> None:
    api = await new_api("intake")
    master = await concluded(api, "C4")
    await again(api, master)
    assert (await status(api, master), await entries(api)) == ("reopened", [])


@pytest.mark.rule("D36")
async def test_what_comes_during_the_review_of_a_conclusion_waits_until_that_is_known(new_api: NewApi) -> None:
    api = await new_api("intake")
    master = await register(api, **NAMED)
    await classify(api, master)
    await assign(api, master)
    await hear(api, master, said.WorkAccepted, **SIGNED)
    await hear(api, master, said.WorkConcluded, conclusion="C1", review_because="random", day="2018-06-20")
    first = await again(api, master)
    [entry] = await entries(api)
    assert (entry["merge_id"], entry["conclusion"], entry["earlier_unit"]) == (first, "in-review", "GA")
    early = await note(api, first)
    assert (early.status_code, "评查" in early.json()["detail"]) == (409, True)
    # sent back, the unit looks again, with what is new; let stand, the director decides
    await hear(api, master, said.WorkReturnedByReview, day="2018-06-21")
    assert ([entry["merge_id"] for entry in await entries(api, "withdrawn")], await entries(api)) == ([first], [])
    await hear(api, master, said.WorkConcluded, conclusion="C1", review_because="random", day="2018-06-21")
    second = await again(api, master)
    await hear(api, master, said.WorkReviewed, conclusion="C1", day="2018-06-22")
    assert [(entry["merge_id"], entry["conclusion"]) for entry in await entries(api)] == [(second, "C1")]
    assert (await note(api, second)).status_code == 200
