"""收回改交: a conflict of interest that is found after the assignment ends it, in one act with the next one; never without one."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.contracts import verification as said
from tests.conftest import NewApi
from tests.intake.api.test_life import do, events, hear, limits, on, status
from tests.intake.api.test_matters import boxes
from tests.intake.api.test_merges import merge, propose
from tests.intake.directory import test_conflict_api as conflicts
from tests.intake.directory.test_conflict_api import NUMBERS, with_directory
from tests.support.api import Api
from tests.support.reporting import REPORT, report
from tests.support.reporting import status as how_it_stands

LEADS = "/intake/v1/leads"
SIGNED: dict[str, Any] = {"unit": "ZF", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}


async def ready(api: Api, **changes: Any) -> UUID:
    return UUID(await conflicts.ready(api, **changes))


async def state(api: Api, lead: UUID, *subjects: dict[str, str], by: str = "ofd") -> Any:
    return await conflicts.state(api, str(lead), *subjects, by=by)


async def recall(api: Api, lead: UUID, unit: str = "JS", *, by: str = "ofd", day: str = "2018-06-06") -> Any:
    return await do(api, lead, "recall", {"unit": unit, "reason": "承办单位人员被反映,改交其他单位"}, by=by, day=day)


async def verifying(api: Api, **changes: Any) -> UUID:
    lead = await ready(api, **changes)
    assert (await conflicts.assign(api, str(lead), "ZF")).status_code == 200
    await hear(api, lead, said.WorkAccepted, **SIGNED, assignment_no=1)
    return lead


async def on_the_list(api: Api, *, by: str = "ofd", day: str = "2018-06-05") -> dict[UUID, list[str]]:
    """The leads whose unit must not have them, as the day's list counts them and as their door shows them."""
    await api.rows(
        "insert into daily_digests (day, since, at, opened_at, counts) values ($1::text::date, now(), now(), now(), '{}') "
        "on conflict do nothing",
        day,
    )
    listed = await api.get("/intake/v1/standing-conflicts?limit=50", by=by, **on(day))
    rows = {UUID(one["lead"]["id"]): one["obstacles"] for one in listed.json()["items"]}
    digest = (await api.client.get(f"/intake/v1/daily-digests/{day}", headers=api.as_(by, **on(day)))).json()
    assert digest["units_in_conflict"] == len(rows)
    return rows


async def a_matter(api: Api) -> tuple[UUID, UUID, str]:
    """A report whose unit has signed and got more time, with a repeat and a leg for discipline; → lead, repeat, the reporter's code."""
    slip = (await report(api.client, REPORT | {"naming": "confidential"}, **on("2018-06-01"))).json()
    [(found,)] = await api.rows("select id from leads")
    lead = UUID(str(found))
    order = {"tier": "evil", "level": "general", "area_codes": ["market"], "manifestation_codes": ["06"]}
    await do(api, lead, "classification", order, by="ana")
    body = {"unit": "ZF", "discipline_grounds": ["umbrella"]}
    assert (await do(api, lead, "assignment", body)).status_code == 200
    repeat = await ready(api, source="M", issuing_level=None, upstream_no=None, summary="停车场也有人强收费用")
    await merge(api, repeat, lead)
    await hear(api, lead, said.WorkAccepted, **SIGNED, assignment_no=1)
    asked = await do(api, lead, "extensions", {"days": 20, "reason": "等待鉴定意见"}, by="ana", day="2018-06-05")
    path = f"/intake/v1/extensions/{asked.json()['id']}/decision"
    assert (await api.post(path, {"grant": True}, by="ofd", **on("2018-06-05"))).status_code == 200
    return lead, repeat, slip["query_code"]


async def refused_to_others(api: Api, lead: UUID) -> None:
    """Who may not, where to it does not go, and words that are not kept."""
    for role in ("ana", "sup", "unl", "icl", "dcm"):
        assert (await recall(api, lead, by=role)).status_code == 403, role
        assert (await api.get("/intake/v1/standing-conflicts", by=role)).status_code == 403, role
    for unit in ("ZF", "NONE"):
        assert (await recall(api, lead, unit)).status_code == 422, unit
    marked = await do(api, lead, "recall", {"unit": "JS", "reason": "【机密】事项"})
    assert marked.status_code == 422


@pytest.mark.rule("G-CONF", "G2", "G4", "D07", "D04", "M17")
async def test_it_is_taken_back_with_all_that_is_known_and_its_time_runs_on(new_api: NewApi, tmp_path: Path) -> None:
    api = await with_directory(new_api, tmp_path, CHALLENGE_BITS="1")
    lead, repeat, code = await a_matter(api)
    before = await limits(api, lead, "2018-06-05")
    leg = "select crime, discipline from dual_assignments"
    assert await api.rows(leg) == [("accepted", "created")]

    # nothing stands between them: it is not taken back, by nobody; nor by whoever has no say in it
    refused = await recall(api, lead)
    assert (refused.status_code, "没有利害关系" in refused.json()["detail"]) == (409, True)
    assert await on_the_list(api) == {}
    # the repeat turns out to be about the unit, which hears nothing of it
    assert (await state(api, repeat, {"unit": "ZF"})).status_code == 200
    assert await on_the_list(api) == {lead: ["own"]} == await on_the_list(api, by="ldr")
    await refused_to_others(api, lead)
    done = await recall(api, lead)
    assert done.status_code == 200, done.text
    found = done.json()
    assert (found["status"], found["unit"], found["assignment_no"]) == ("assigned", "JS", 2)
    after = await limits(api, lead, "2018-06-06")
    same = ("due_on", "round", "limit_id", "stopped_at")
    assert {name: after["conclude"][name] for name in same} == {name: before["conclude"][name] for name in same}
    assert found["due_on"] == after["conclude"]["due_on"], "with what was granted, and no day more"
    assert (after["sign"]["round"], after["sign"]["due_on"], after["sign"]["stopped_at"]) == (2, "2018-06-07", None)
    assert (await events(api, lead))[-2:] == ["lead.recalled", "lead.assigned"]
    *_, box = await boxes(api, "verification", lead)
    assert "停车场" in str(box)
    assert "菜市场强收费用" in str(box)
    assert await api.rows(leg) == [("created", "created")], "discipline's leg goes on as it was"
    line = "select actor, reason, status from lead_history where lead_id = $1 and action = 'recall'"
    assert await api.rows(line, lead) == [("ofd", "承办单位人员被反映,改交其他单位", "assigned")]
    noted = "select actor, purpose is not null, detail ->> 'from', detail ->> 'obstacles' from audit_log where action = 'lead.recall'"
    assert await api.rows(noted) == [("ofd", True, "ZF", '["own"]')]
    assert await on_the_list(api) == {}
    assert (await recall(api, lead, "SGA")).status_code == 409, "it is not pushed to and fro"

    # what the unit said before it heard of it counts no more; what the next one says does
    await hear(api, lead, said.WorkConcluded, conclusion="C3", assignment_no=1, day="2018-06-06")
    await hear(api, lead, said.WorkReturnedByReview, assignment_no=1, day="2018-06-06")
    assert (await status(api, lead), await api.rows("select code from conclusions")) == ("assigned", [])
    await hear(api, lead, said.WorkAccepted, **SIGNED | {"unit": "JS"}, assignment_no=2, day="2018-06-07")
    assert (await limits(api, lead, "2018-06-07"))["sign"]["stopped_at"]
    await hear(api, lead, said.WorkConcluded, conclusion="C1", assignment_no=2, day="2018-06-20")
    assert await api.rows("select code, unit from conclusions") == [("C1", "JS")]
    told = (await how_it_stands(api.client, query_code=code)).text
    assert not any(word in told for word in ("收回", "改交", "回避", "利害", "recall", "conflict", "ZF", "JS")), told


@pytest.mark.rule("G-CONF", "G4", "G10")
async def test_who_takes_it_back_and_from_where(new_api: NewApi, tmp_path: Path) -> None:
    api = await with_directory(new_api, tmp_path)
    lead = await verifying(api)
    await state(api, lead, {"unit": "ZF"}, {"staff": NUMBERS["ofd"]}, by="ana")
    assert (await recall(api, lead)).status_code == 403, "who is a subject decides nothing of it"
    assert await on_the_list(api) == {}, "nor sees it on a list"
    assert list(await on_the_list(api, by="ldr")) == [lead]
    refused = await recall(api, lead, "SB", by="ldr")
    assert refused.status_code in (409, 422), "the unit that follows is checked like any other"
    assert (await recall(api, lead, by="ldr")).status_code == 200

    # a conclusion that waits for its review is none yet; its time runs on
    drawn = await verifying(api, upstream_no="C4")
    was = (await limits(api, drawn, "2018-06-06"))["conclude"]
    how = {"conclusion": "C3", "review_because": "random", "assignment_no": 1}
    await hear(api, drawn, said.WorkConcluded, **how, day="2018-06-05")
    await state(api, drawn, {"unit": "ZF"})
    assert list(await on_the_list(api)) == [drawn]
    assert (await recall(api, drawn)).json()["due_on"] == was["due_on"]
    running = "select kind from deadlines where lead_id = $1 and stopped_at is null order by kind"
    assert await api.rows(running, drawn) == [("conclude",), ("sign",)]
    await hear(api, drawn, said.WorkReviewed, conclusion="C3", assignment_no=1, day="2018-06-06")
    assert await status(api, drawn) == "assigned"

    # 重大 is the leading group's to take back
    major = await verifying(api, upstream_no="C2")
    await api.rows("update leads set level = 'major' where id = $1", major)
    await state(api, major, {"unit": "ZF"})
    by_office = await recall(api, major)
    assert (by_office.status_code, "领导小组" in by_office.json()["detail"]) == (403, True)
    assert (await recall(api, major, by="ldr")).status_code == 200

    # what is disputed is ruled, where the same is checked; what is merged is taken back with its master
    disputed = await ready(api, upstream_no="C3")
    await conflicts.assign(api, str(disputed), "ZF")
    await hear(api, disputed, said.WorkDisputed, assignment_no=1)
    await state(api, disputed, {"unit": "ZF"})
    assert list(await on_the_list(api)) == [disputed]
    assert (await recall(api, disputed)).status_code == 409
    ruling = {"unit": "ZF", "reason": "按属地管辖由该单位办理"}
    assert (await do(api, disputed, "ruling", ruling)).status_code == 409
    assert (await do(api, disputed, "ruling", ruling | {"unit": "JS"})).status_code == 200
    assert await on_the_list(api) == {}


@pytest.mark.rule("G-CONF")
async def test_one_of_two_wins_whoever_comes_in_the_same_second(new_api: NewApi, tmp_path: Path) -> None:
    api = await with_directory(new_api, tmp_path)
    for number in range(2):
        lead = await verifying(api, upstream_no=f"A{number}")
        await state(api, lead, {"unit": "ZF"})
        both = await asyncio.gather(recall(api, lead), recall(api, lead, "SGA"))
        assert sorted(each.status_code for each in both) == [200, 409], [each.text for each in both]

        # the unit concludes
        lead = await verifying(api, upstream_no=f"B{number}")
        await state(api, lead, {"unit": "ZF"})
        ended = hear(api, lead, said.WorkConcluded, conclusion="C3", assignment_no=1, day="2018-06-06")
        taken, _ = await asyncio.gather(recall(api, lead), ended)
        found = await api.rows("select code from conclusions where lead_id = $1", lead)
        assert (taken.status_code, await status(api, lead), found) in (
            (200, "assigned", []),
            (409, "concluded", [("C3",)]),
        )

        # the unit that it would go to turns out to be a subject
        lead = await verifying(api, upstream_no=f"C{number}")
        await state(api, lead, {"unit": "ZF"})
        taken, stated = await asyncio.gather(
            recall(api, lead, "SGA"), state(api, lead, {"unit": "ZF"}, {"unit": "SGA"}, by="ana")
        )
        assert stated.status_code == 200
        assert taken.status_code in (200, 409), taken.text
        standing = {key: value for key, value in (await on_the_list(api)).items() if key == lead}
        assert standing == {lead: ["own"]}, "it stands until it is taken back, from whichever of the two"
        assert (await recall(api, lead)).status_code == 200

        # something is merged into it
        lead = await verifying(api, upstream_no=f"D{number}", summary="反映有人强占泊位")
        other = await ready(api, source="M", issuing_level=None, upstream_no=None, summary=f"泊位{number}")
        await state(api, other, {"unit": "JS"})
        identity = (await propose(api, other, lead)).json()["id"]
        await state(api, lead, {"unit": "ZF"})
        decision = api.post(f"/intake/v1/merges/{identity}/decision", {"confirm": True}, by="ofd", **on("2018-06-06"))
        taken, merged = await asyncio.gather(recall(api, lead), decision)
        assert (taken.status_code, merged.status_code) == (200, 409), "a merge that would touch the unit is refused"


@pytest.mark.rule("G-CONF", "G2", "D29")
async def test_a_regulator_that_is_near_gives_way_to_another_and_the_time_runs_on(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await with_directory(new_api, tmp_path)
    lead = await ready(api, source="M", issuing_level=None, upstream_no=None)
    await api.rows("update leads set tier = 'disorder' where id = $1", lead)
    assert (await do(api, lead, "redirect", {"regulator": "JS"})).status_code == 200
    receipt = {"receipt_no": "建收1号", "receipt_on": "2018-06-04"}
    assert (await do(api, lead, "redirect/receipt", receipt, day="2018-06-04")).status_code == 200
    due = (await limits(api, lead, "2018-06-04"))["redirect"]["due_on"]
    assert (await recall(api, lead, "CSGL")).status_code == 409, "nothing stands between"
    await state(api, lead, {"unit": "JS"})
    assert await on_the_list(api) == {lead: ["own"]}
    for unit, code in (("JS", 409), ("GA", 422)):
        refused = await recall(api, lead, unit)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (code, "unit")
    assert (await recall(api, lead, "CSGL")).json()["status"] == "redirected"
    assert await on_the_list(api) == {}
    assert (await recall(api, lead, "JS")).status_code == 409
    sent = "select number, regulator, receipt_no, returned_at from redirects where lead_id = $1 order by number"
    assert await api.rows(sent, lead) == [(1, "JS", "建收1号", None), (2, "CSGL", None, None)]
    assert (await events(api, lead))[-2:] == ["lead.redirected", "lead.redirected"]
    late = {"receipt_no": "城管收1号", "receipt_on": "2018-06-07"}
    assert (await do(api, lead, "redirect/receipt", late, day="2018-06-07")).status_code == 200
    assert (await limits(api, lead, "2018-06-07"))["redirect"]["due_on"] == due, "from the first sending on"
    # it may come back once all the same
    back = await do(api, lead, "redirect/return", {"reason": "不属于本部门职责"}, day="2018-06-08")
    assert back.json()["status"] == "classified", back.text
    # a result that is on file is not taken back
    assert (await do(api, lead, "redirect", {"regulator": "CSGL"}, day="2018-06-08")).status_code == 200
    await api.rows(
        "update redirects set receipt_no = 'R', receipt_on = '2018-06-08', result = '已处理', result_on = '2018-06-08' "
        "where lead_id = $1 and number = 3",
        lead,
    )
    await state(api, lead, {"unit": "CSGL"})
    assert await on_the_list(api) == {}
    assert (await recall(api, lead, "JS")).status_code == 409
