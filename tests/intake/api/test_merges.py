"""The doors of repeat reports: candidates with reasons, merges by two people, undoing, re-examination; nothing of a reporter anywhere."""

import asyncio
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.domain.repeat_keys import secret_of
from services.intake.usecases.find_repeats import look_at_new
from services.intake.usecases.follow_work import follow_accepted, follow_concluded
from services.intake.usecases.make_searchable import make_searchable
from services.intake.usecases.start_missing import start_missing
from shared import departures
from shared.contracts.directory import StaffRecorded
from shared.contracts.envelope import SealedBox
from shared.contracts.verification import WorkAccepted, WorkConcluded
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, opener, register
from tests.support.api import Api
from tests.support.builders import NOON

FIRST = "反映城东菜市场张建国(绰号“老黑”)带人强收保护费,2018年3月以来共收5万元,电话13800138000。"
AGAIN = "舉報張建國在城東農貿市場向攤主收保護費,2018年三月開始,共拿走50000元,手機138-0013-8000"
OTHER = "反映南湖小区李德福放高利贷,2016年5月以来逼债,打伤借款人。"
PUBLIC: dict[str, Any] = {"source": "M", "issuing_level": None, "upstream_no": None}


async def look(api: Api) -> None:
    """The worker's turn."""
    async with api.app.state.database.transaction() as tx:
        await make_searchable(tx, NOON)
        await look_at_new(tx, NOON, secret=secret_of(api.app.state.digest), subjects=api.app.state.sealer.subjects)


async def three(api: Api) -> tuple[UUID, UUID, UUID]:
    leads = [await register(api, **PUBLIC, summary=text) for text in (FIRST, AGAIN, OTHER)]
    await look(api)
    return leads[0], leads[1], leads[2]


async def propose(api: Api, lead: UUID, master: UUID, by: str = "ana") -> Any:
    order = {"master_id": str(master), "reason": "同一人同一市场"}
    return await api.post(f"/intake/v1/leads/{lead}/merge", order, by=by, key=str(uuid4()))


async def merge(api: Api, lead: UUID, master: UUID) -> str:
    proposed = await propose(api, lead, master)
    assert proposed.status_code == 201, proposed.text
    identity: str = proposed.json()["id"]
    done = await api.post(f"/intake/v1/merges/{identity}/decision", {"confirm": True}, by="ofd")
    assert done.status_code == 200, done.text
    return identity


async def undo(api: Api, identity: str) -> Any:
    proposed = await api.post(f"/intake/v1/merges/{identity}/undo", {"reason": "另一回事"}, by="ofd")
    assert proposed.status_code == 200, proposed.text
    return await api.post(f"/intake/v1/merges/{identity}/undo-decision", {"confirm": True}, by="ana")


async def whole(api: Api, *leads: UUID) -> list[dict[str, Any]]:
    """The rows as they stand, without the number of the last change."""
    [(text,)] = await api.rows(
        "select json_agg(to_jsonb(l) - 'version' order by id)::text from leads l where id = any($1)", list(leads)
    )
    found: list[dict[str, Any]] = json.loads(text)
    return found


@pytest.mark.rule("G20", "M05")
async def test_a_repeat_is_suggested_with_its_reasons_and_what_is_decided_is_kept_beside_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    first, again, other = await three(api)
    assert await api.rows("select count(*) from repeat_pending") == [(0,)]
    # stored at registration by the worker, before anyone asks
    assert await api.rows("select candidate_id from repeat_suggestions where lead_id = $1", again) == [(first,)]
    [found] = (await api.get(f"/intake/v1/leads/{again}/candidates", by="ana")).json()
    assert (found["lead_id"], found["decision"]) == (str(first), None)
    assert {"same_number", "same_name", "same_place", "same_sum"} <= {each["feature"] for each in found["features"]}
    assert all(each["zh"] and each["en"] for each in found["features"])
    assert (await api.get(f"/intake/v1/leads/{other}/candidates", by="ana")).json() == []
    path = f"/intake/v1/leads/{again}/candidates/{first}/dismissal"
    assert (await api.post(path, None, by="ana")).status_code == 204
    [found] = (await api.get(f"/intake/v1/leads/{again}/candidates", by="ofd")).json()
    assert (found["decision"], found["likelihood"] > 0.35, bool(found["features"])) == ("dismissed", True, True)
    # it is decided of the two: also on the other's list, whenever that is looked at, and for good
    [there] = (await api.get(f"/intake/v1/leads/{first}/candidates", by="ofd")).json()
    assert (there["lead_id"], there["decision"], there["decided_by"]) == (str(again), "dismissed", "ana")
    for one, two in ((first, again), (again, first)):
        path = f"/intake/v1/leads/{one}/candidates/{two}/dismissal"
        assert (await api.post(path, None, by="ofd")).status_code == 204
    [there] = (await api.get(f"/intake/v1/leads/{first}/candidates", by="ofd")).json()
    assert there["decided_by"] == "ana"
    assert await api.rows("select actor from audit_log where action = 'lead.dismiss-candidate'") == [("ana",)]
    path = f"/intake/v1/leads/{again}/candidates/{other}/dismissal"
    assert (await api.post(path, None, by="ana")).status_code == 404
    deeds = await api.rows("select action from audit_log where subject = $1 order by position", str(again))
    assert [action for (action,) in deeds] == [
        "lead.register",
        "lead.read-candidates",
        "lead.dismiss-candidate",
        "lead.read-candidates",
    ]


async def test_a_lead_that_nobody_looked_at_yet_finds_those_that_are_known(new_api: NewApi) -> None:
    api = await new_api("intake")
    first = await register(api, **PUBLIC, summary=FIRST)
    await look(api)
    again = await register(api, **PUBLIC, summary=AGAIN)
    [found] = (await api.get(f"/intake/v1/leads/{again}/candidates", by="ana")).json()
    assert found["lead_id"] == str(first)


@pytest.mark.rule("G1")
async def test_nothing_of_a_reporter_is_a_mark_not_even_a_number_that_the_text_calls_the_reporters(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    one = await register(
        api,
        **PUBLIC,
        summary="南湖小区有人赌博。我叫王小明,我的电话是13911112222。",
        reporter={"name": "王小明", "phone": "13933334444"},
    )
    two = await register(
        api,
        **PUBLIC,
        summary="白塔路有人拆迁闹事,本人王小明,手机13911112222",
        reporter={"name": "王小明", "phone": "13933334444"},
    )
    await look(api)
    shared = "select count(*) from repeat_keys a join repeat_keys b on a.key = b.key and a.number < b.number"
    assert await api.rows(shared) == [(0,)]
    for lead in (one, two):
        assert (await api.get(f"/intake/v1/leads/{lead}/candidates", by="ana")).json() == []
    [(types,)] = await api.rows(
        "select string_agg(distinct data_type, ' ') from information_schema.columns where table_name = 'repeat_keys'"
    )
    assert types == "bigint", "keyed hashes alone: no name, no number, no text"


@pytest.mark.rule("G10")
async def test_one_proposes_another_confirms_and_the_event_and_the_history_say_so(new_api: NewApi) -> None:
    api = await new_api("intake")
    first, again, _ = await three(api)
    await api.get(f"/intake/v1/leads/{again}/candidates", by="ana")
    proposed = (await propose(api, again, first)).json()
    assert proposed["state"] == "proposed"
    assert proposed["likelihood"] > 0.35
    path = f"/intake/v1/merges/{proposed['id']}/decision"
    assert (await api.post(path, {"confirm": True}, by="ana")).status_code == 403
    assert (await propose(api, again, first, by="ofd")).status_code == 409
    assert (await api.post(path, {"confirm": True}, by="icl")).status_code == 403
    done = await api.post(path, {"confirm": True}, by="ofd")
    assert (done.status_code, done.json()["state"], done.json()["suggested_level"]) == (200, "standing", "general")
    assert (await api.post(path, {"confirm": True}, by="ofd")).status_code == 409
    detail = (await api.get(f"/intake/v1/leads/{again}", by="ana")).json()
    assert (detail["status"], detail["merged_into"]) == ("merged", str(first))
    assert (await classify(api, again)).status_code == 409
    listed = (await api.get("/intake/v1/leads?status=merged", by="ana")).json()["items"]
    assert [each["id"] for each in listed] == [str(again)]
    listed = (await api.get("/intake/v1/leads?status=received", by="ana")).json()["items"]
    assert str(again) not in [each["id"] for each in listed]
    [(value,)] = await api.rows("select value from outbox where type = 'xiansuo.intake.lead.merged.v1'")
    said = json.loads(value)
    assert (said["lead_id"], said["master_id"], said["repeat_count"]) == (str(again), str(first), 1)
    repeats = (await api.get(f"/intake/v1/leads/{first}/repeats", by="ana")).json()
    assert (repeats["repeat_count"], repeats["repeats"][0]["summary"]) == (
        1,
        AGAIN.replace("138-0013-8000", "〔电话〕"),
    )
    [found] = (await api.get(f"/intake/v1/leads/{again}/candidates", by="ana")).json()
    assert found["decision"] == "merged"
    deeds = await api.rows(
        "select action from audit_log where subject = $1 and action like 'merge.%' order by position", str(again)
    )
    assert [action for (action,) in deeds] == ["merge.propose", "merge.confirm"]


async def test_a_refused_merge_changes_neither_lead(new_api: NewApi) -> None:
    api = await new_api("intake")
    first, again, _ = await three(api)
    before = await whole(api, first, again)
    proposed = (await propose(api, again, first)).json()
    refused = await api.post(f"/intake/v1/merges/{proposed['id']}/decision", {"confirm": False}, by="ofd")
    assert (refused.status_code, refused.json()["state"]) == (200, "refused")
    assert await whole(api, first, again) == before
    assert (await propose(api, again, first)).status_code == 201


async def test_the_masters_clock_runs_on_and_undoing_restores_both_and_lists_the_work_done_meanwhile(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    first, again, other = await three(api)
    await classify(api, first)
    assert (await assign(api, first)).status_code == 200
    before = await whole(api, first, again, other)
    running = "select lead_id, kind, started_at, due_at from deadlines where stopped_at is null order by 1, 2"
    clocks = await api.rows(running)
    identity = await merge(api, again, first)
    # nobody is chased for what is part of another lead now; all others run on
    assert await api.rows(running) == [clock for clock in clocks if clock[0] != again]
    async with api.app.state.database.transaction() as tx:
        await start_missing(tx, datetime.now(UTC))
    assert await api.rows(running) == [clock for clock in clocks if clock[0] != again]
    assert await whole(api, first) == [each for each in before if each["id"] == str(first)]
    await api.post(
        f"/intake/v1/leads/{first}/discipline-grounds", {"discipline_grounds": ["umbrella"], "reason": "有伞"}, by="ofd"
    )
    undone = await undo(api, identity)
    assert undone.status_code == 200, undone.text
    assert [line["action"] for line in undone.json()["done_meanwhile"]] == ["add-grounds"]
    after = await whole(api, first, again, other)
    assert [row | {"grounds": []} for row in after] == before
    assert await api.rows(running) == clocks
    assert (await classify(api, again)).status_code == 200
    [(value,)] = await api.rows("select value from outbox where type = 'xiansuo.intake.lead.unmerged.v1'")
    assert json.loads(value)["repeat_count"] == 0


async def test_a_lead_with_repeats_is_not_merged_and_no_ring_is_made(new_api: NewApi) -> None:
    api = await new_api("intake")
    first, again, other = await three(api)
    # what could not be confirmed beside it is refused at once, also when both are proposed at the same moment
    both = await asyncio.gather(propose(api, again, first), propose(api, first, again))
    [there] = [answer.json() for answer in both if answer.status_code == 201]
    [crossing] = [answer.json() for answer in both if answer.status_code == 409]
    assert there["id"] in crossing["detail"]
    lead, master = UUID(there["lead_id"]), UUID(there["master_id"])
    assert (await propose(api, master, other)).status_code == 409
    assert (await propose(api, other, lead)).status_code == 409
    assert (
        await api.post(f"/intake/v1/merges/{there['id']}/decision", {"confirm": False}, by="ofd")
    ).status_code == 200
    back = (await propose(api, master, lead)).json()["id"]
    assert (await api.post(f"/intake/v1/merges/{back}/decision", {"confirm": False}, by="ofd")).status_code == 200
    there = await merge(api, again, first)
    [found] = (await api.get(f"/intake/v1/leads/{first}/candidates", by="ofd")).json()
    assert found["decision"] == "merged"
    for one, two in ((first, again), (again, first)):
        path = f"/intake/v1/leads/{one}/candidates/{two}/dismissal"
        assert (await api.post(path, None, by="ofd")).status_code == 409, "undo the merge first"
    assert (await propose(api, first, again)).status_code == 409
    assert (await propose(api, other, again)).status_code == 409
    assert (await propose(api, other, other)).status_code == 422
    assert (await propose(api, other, uuid4())).status_code == 404


async def test_three_repeats_raise_the_suggested_level_and_a_person_still_decides(new_api: NewApi) -> None:
    api = await new_api("intake")
    master = await register(api, **PUBLIC, summary=FIRST)
    for number in range(3):
        await merge(api, await register(api, **PUBLIC, summary=f"{AGAIN}第{number}次"), master)
    repeats = (await api.get(f"/intake/v1/leads/{master}/repeats", by="sup")).json()
    assert (repeats["repeat_count"], repeats["suggested_level"], repeats["level"]) == (3, "major", None)
    levels = await api.rows("select suggested_level from merges order by decided_at, proposed_at")
    assert [level for (level,) in levels] == ["general", "general", "major"]


async def test_what_was_found_unfounded_and_is_reported_again_goes_to_another_team(new_api: NewApi) -> None:
    api = await new_api("intake")
    first, again, other = await three(api)
    await classify(api, first)
    await assign(api, first)
    work = {"work_id": uuid4(), "lead_id": first, "effective_at": NOON}
    accepted = WorkAccepted(**work, unit="GA", verifier_count=2, plan_on_file=True, recusals_on_file=True)
    received = Received(uuid4(), "t", "verification.works", "s", 1, "999999", NOON, NOON)
    async with api.app.state.database.transaction() as tx:
        await follow_accepted(tx, accepted, received)
        await follow_concluded(tx, WorkConcluded(**work, conclusion="C3"), received)
    identity = await merge(api, again, first)
    second = await merge(api, other, first)
    await undo(api, second)
    await merge(api, other, first)
    [entry, _] = (await api.get("/intake/v1/re-examinations?state=open", by="ofd")).json()["items"]
    assert (entry["lead_id"], entry["repeat_id"], entry["earlier_unit"]) == (str(first), str(again), "GA")
    path = f"/intake/v1/re-examinations/{identity}/assignment"
    assert (await api.post(path, {"unit": "GA"}, by="ofd")).status_code == 422
    assert (await api.post(path, {"unit": "ZF"}, by="ana")).status_code == 403
    early = await api.post(path, {"unit": "ZF"}, by="ofd")
    assert (early.status_code, "已反馈" in early.json()["detail"]) == (409, True), "the result is told first"
    assert (await api.post(f"/intake/v1/leads/{first}/feedback", {}, by="ofd")).status_code == 200
    nowhere = await api.post(path, {"unit": "XX"}, by="ofd")
    assert nowhere.status_code == 422
    assert "JD01 临江街道" in nowhere.json()["errors"][0]["reason"]
    given = await api.post(path, {"unit": "ZF"}, by="ofd")
    assert (given.status_code, given.json()["state"], given.json()["unit"]) == (200, "given", "ZF"), given.text
    # the other team is charged, with all that was reported, and with every entry that waited
    lead = (await api.get(f"/intake/v1/leads/{first}", by="ofd")).json()
    assert (lead["status"], lead["unit"], lead["assignment_no"]) == ("assigned", "ZF", 2)
    said = await api.rows("select value from outbox where type like '%lead.assigned.v1' order by position")
    assert [json.loads(value)["unit"] for (value,) in said] == ["GA", "ZF"]
    boxes = await api.rows(
        "select s.key_id, s.box from outbox o join outbox_sealed s using (id) where topic like '%sealed-verification' order by o.position"
    )
    told = opener(api, "verification").open(SealedBox(key_id=boxes[-1][0], box=boxes[-1][1]))
    assert [text in str(told["allegations"]) for text in (AGAIN, OTHER)] == [True, True]
    assert (await api.post(path, {"unit": "JS"}, by="ofd")).status_code == 409
    listed = (await api.get("/intake/v1/re-examinations", by="sup")).json()["items"]
    assert [each["state"] for each in listed] == ["given", "withdrawn", "given"]
    # what comes while they look goes to them: nobody else has to be found
    await merge(api, await register(api, **PUBLIC, summary=f"{AGAIN}又一次"), first)
    assert len((await api.get("/intake/v1/re-examinations", by="sup")).json()["items"]) == 3


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.sampled_from(
            ["classify-master", "classify-repeat", "assign-master", "ground-master", "ground-repeat", "second"]
        ),
        max_size=5,
    ),
    merges_of_it=st.integers(1, 2),
)
async def test_whatever_happens_meanwhile_the_rows_are_those_of_a_register_without_the_merge(
    new_api: NewApi, acts: list[str], merges_of_it: int
) -> None:
    api = await new_api("intake")
    pairs = [[await register(api, **PUBLIC, summary=text) for text in (FIRST, AGAIN, OTHER)] for _ in range(2)]
    for master, repeat, third in pairs:
        merged = (master, repeat, third) == tuple(pairs[0])
        for _ in range(merges_of_it):
            identity = await merge(api, repeat, master) if merged else None
            for act in acts:
                if act == "classify-master":
                    await classify(api, master)
                elif act == "classify-repeat" and merged:
                    assert (await classify(api, repeat)).status_code == 409
                elif act == "assign-master":
                    await assign(api, master)
                elif act.startswith("ground"):
                    lead = master if act == "ground-master" else repeat
                    order = {"discipline_grounds": ["umbrella"], "reason": "有伞"}
                    await api.post(f"/intake/v1/leads/{lead}/discipline-grounds", order, by="ofd")
                elif act == "second" and merged:
                    proposed = await propose(api, third, master)
                    path = f"/intake/v1/merges/{proposed.json()['id']}/decision"
                    assert (await api.post(path, {"confirm": False}, by="ofd")).status_code == 200
            if identity:
                assert (await undo(api, identity)).status_code == 200
    own = {"id", "lead_no", "created_at"}
    with_merge, without = [
        [
            {name: value for name, value in row.items() if name not in own}
            for each in pair
            for row in await whole(api, each)
        ]
        for pair in pairs
    ]
    assert with_merge == without


@pytest.mark.rule("G10")
async def test_another_account_of_the_same_person_is_nobody_else(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departures, "EVERY", 0.0)
    api = await new_api("intake")
    first, again, _ = await three(api)
    identity = (await propose(api, again, first)).json()["id"]

    async def is_now(staff: str, account: str) -> None:
        event = StaffRecorded(
            staff=staff, home_unit="GA", account=account, from_on=date(2018, 3, 1), to_on=None, effective_at=NOON
        )
        async with api.app.state.database.transaction() as tx:
            await departures.follow(tx, event)

    async def decide() -> int:
        answer = await api.post(f"/intake/v1/merges/{identity}/decision", {"confirm": True}, by="ofd")
        return answer.status_code

    await is_now("QT-1", "ana")
    await is_now("QT-1", "ofd")  # the analyst became the director, by another account
    assert await decide() == 403
    await is_now("QT-2", "ofd")  # it belongs to another person
    assert await decide() == 200
