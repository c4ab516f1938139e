"""Where an end was not whole: whoever reported what was merged into a closed lead hears how it ended, what is objected by word of mouth is
decided before the end, and what is kept of repeats ends with their master (D11, D12, §2.3 E, G24)."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.feedback import OPEN_STEPS, NextStep
from services.intake.domain.lead_states import Status
from services.intake.usecases.give_re_examination import OBJECTED
from services.intake.usecases.keep_retention import retire_reporters
from shared.contracts import verification as said
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, REFUSAL, WHY, do, hear, limits, on, status
from tests.intake.api.test_merges import undo
from tests.intake.api.test_objections import ANONYMOUS, SIGNED, at_an_end, door, filed, object_, read, refuse, tell
from tests.intake.api.test_retention import closed
from tests.support.api import Api

NAMED: dict[str, Any] = {**PUBLIC, "reporter": {"name": "举报人甲"}}
TOLD = {"channel": "phone", "reached": True, "text": "已告知核查结论"}
NOBODY = {"reached": False, "why_not": "no-answer", "text": None}


async def merge(api: Api, lead: UUID, master: UUID, day: str) -> str:
    order = {"master_id": str(master), "reason": "同一人同一市场"}
    proposed = await do(api, lead, "merge", order, by="ana", day=day)
    assert proposed.status_code == 201, proposed.text
    path = f"/intake/v1/merges/{proposed.json()['id']}/decision"
    assert (await api.post(path, {"confirm": True}, by="ofd", **on(day))).status_code == 200
    return str(proposed.json()["id"])


async def log(api: Api, lead: UUID, day: str, **more: Any) -> Any:
    return await do(api, lead, "feedback-tries", {**TOLD, "on": day, **more}, by="ana", day=day)


async def fed_back(api: Api, lead: UUID, *, code: str = "C1", **said_then: Any) -> None:
    """Concluded on 2018-06-20, told on the 21st, fed back by `sup`."""
    await classify(api, lead)
    await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion=code, day="2018-06-20")
    assert (await log(api, lead, "2018-06-21", **said_then)).status_code == 204
    answer = await do(api, lead, "feedback", {}, by="sup", day="2018-06-21")
    assert answer.json()["status"] == "fed_back", answer.text


async def close(api: Api, lead: UUID, day: str) -> Any:
    return await do(api, lead, "closing", day=day)


@pytest.mark.rule("D11", "G-FEED")
async def test_who_reported_what_is_merged_into_a_closed_lead_is_told_within_the_limit(new_api: NewApi) -> None:
    api = await door(new_api)
    master = await register(api, **NAMED)
    await fed_back(api, master)
    assert (await close(api, master, "2018-07-24")).json()["status"] == "closed"
    named, untold, parted = [await register(api, **NAMED, summary="同一件事再次反映") for _ in range(3)]
    nobody = await register(api, **PUBLIC, summary="同一件事又一次反映")
    code, anonymous = await filed(api, ANONYMOUS)
    merged = {each: await merge(api, each, master, "2018-07-25") for each in (named, untold, parted, nobody, anonymous)}
    for each in (named, untold, parted, anonymous):
        limit = (await limits(api, each, "2018-07-25"))["feedback"]
        assert (limit["limit_id"], limit["due_on"], limit["stopped_at"]) == ("D11", "2018-08-01", None)
    assert "feedback" not in await limits(api, nobody, "2018-07-25"), "there is nobody to tell"
    # told, found by three tries, read in the mailbox: each is an end of it
    assert (await log(api, named, "2018-07-26")).status_code == 204
    for day, channel in (("2018-07-26", "phone"), ("2018-07-27", "phone"), ("2018-07-30", "text")):
        assert (await limits(api, untold, day))["feedback"]["stopped_at"] is None
        assert (await log(api, untold, day, **NOBODY, channel=channel)).status_code == 204
    assert (await tell(api, anonymous, day="2018-07-26")).status_code == 201
    assert (await limits(api, anonymous, "2018-07-26"))["feedback"]["stopped_at"] is None, "nobody has read it"
    await read(api, "2018-07-27", query_code=code)
    assert (await object_(api, code, day="2018-07-27")).status_code == 201, "he was told it then"
    for each in (named, untold, anonymous):
        assert (await limits(api, each, "2018-07-30"))["feedback"]["in_time"] is True
    # two matters after all: its own limits run on, and there is no result of its own to tell
    assert (await undo(api, merged[parted])).status_code == 200
    own = await limits(api, parted, "2018-07-30")
    assert own["feedback"]["stopped_at"] is not None
    assert own["classify"]["stopped_at"] is None
    # taken up again, the master has no result, and what was objected to that is upheld: whoever is left is told the next one
    last = await register(api, **NAMED, summary="同一件事最后一次反映")
    await merge(api, last, master, "2018-07-30")
    proposed = await do(api, master, "decisions", {"kind": "reopen", **WHY}, day="2018-07-31")
    path = f"/intake/v1/decisions/{proposed.json()['id']}/confirmation"
    assert (await api.post(path, {"confirm": True, **WHY}, by="qrv", **on("2018-07-31"))).status_code == 200
    assert await api.rows("select lead_id, state, decided_by from objections") == [(anonymous, "upheld", "qrv")]
    assert (await limits(api, last, "2018-07-31"))["feedback"]["stopped_at"] is not None
    assert (await log(api, last, "2018-07-31")).status_code == 409


@pytest.mark.rule("G-FEED")
async def test_who_reported_a_repeat_of_what_is_not_accepted_can_be_told_so(new_api: NewApi) -> None:
    api = await door(new_api)
    master = await register(api, **PUBLIC)
    named = await register(api, **NAMED, summary="同一件事再次反映")
    code, anonymous = await filed(api, ANONYMOUS)
    for each in (named, anonymous):
        await merge(api, each, master, "2018-06-02")
        assert (await log(api, each, "2018-06-04")).status_code == 409, "nothing is known yet"
    assert (await do(api, master, "decline", REFUSAL, day="2018-06-04")).status_code == 200
    assert (await log(api, named, "2018-06-05")).status_code == 204
    assert (await tell(api, anonymous, day="2018-06-05")).status_code == 201
    told = await read(api, "2018-06-06", query_code=code)
    assert [letter["kind"] for letter in told] == ["feedback", "feedback"], "why, and what the office adds"


@pytest.mark.rule("D11", "G-FEED")
async def test_what_another_team_is_to_look_at_is_told_when_that_has_looked(new_api: NewApi) -> None:
    api = await new_api("intake")
    master = await register(api, **NAMED)
    await fed_back(api, master, code="C3")
    await close(api, master, "2018-07-24")
    repeat = await register(api, **NAMED, summary="同一件事再次反映")
    await merge(api, repeat, master, "2018-07-25")
    assert "feedback" not in await limits(api, repeat, "2018-07-25")
    assert len((await api.get("/intake/v1/re-examinations?state=open", by="ofd")).json()["items"]) == 1


@pytest.mark.rule("D12", "G10")
@pytest.mark.parametrize("step", sorted(OPEN_STEPS))
async def test_what_the_reporter_objects_when_told_is_decided_by_another_before_the_end(
    new_api: NewApi, step: NextStep
) -> None:
    api = await new_api("intake")
    lead = await register(api, **NAMED)
    await fed_back(api, lead, next_step=step.value, satisfied=False)
    [made] = (await api.get("/intake/v1/objections?state=open", by="sup")).json()["items"]
    assert (made["lead_id"], made["against"], made["made_on"]) == (str(lead), "feedback", "2018-06-21")
    assert (made["answered_by"], made["message"]) == ("sup", None)
    assert (await limits(api, lead, "2018-06-25"))["objection"]["due_on"] == "2018-07-23"
    early = await close(api, lead, "2018-09-03")
    assert (early.status_code, "异议尚未决定" in early.text) == (409, True), "no time runs it out"
    # whoever answered does not judge
    await api.rows("update objections set answered_by = 'ofd'")
    assert (await refuse(api, lead)).status_code == 403
    await api.rows("update objections set answered_by = 'sup'")
    assert (await log(api, lead, "2018-06-24")).status_code == 409, "nothing to tell before it is decided"
    both = await asyncio.gather(*(refuse(api, lead) for _ in range(2)))
    assert sorted(each.status_code for each in both) == [200, 404], "decided once"
    assert (await limits(api, lead, "2018-06-25"))["objection"]["in_time"] is True
    untold = await close(api, lead, "2018-06-26")
    assert (untold.status_code, "尚未得知异议不成立" in untold.text) == (409, True)
    again = await log(api, lead, "2018-06-26", next_step="objection")
    assert (again.status_code, "已提出过异议" in again.text) == (409, True), "once to each answer"
    assert (await log(api, lead, "2018-06-26", text="已告知异议不成立的理由")).status_code == 204
    assert (await close(api, lead, "2018-06-26")).json()["status"] == "closed"


@pytest.mark.rule("D12")
async def test_an_objection_by_word_of_mouth_is_entered_in_time_also_later_and_for_a_repeat(new_api: NewApi) -> None:
    api = await door(new_api)
    code, lead = await filed(api, ANONYMOUS)
    repeat, other = [await register(api, **NAMED, summary="同一件事再次反映") for _ in range(2)]
    merged = await merge(api, repeat, lead, "2018-06-02")
    undone = await api.post(f"/intake/v1/merges/{merged}/undo", {"reason": "另一回事"}, by="ofd")
    assert undone.status_code == 200
    await merge(api, other, lead, "2018-06-02")
    await at_an_end(api, lead)
    # of the repeat it is said before the lead itself is fed back
    assert (await log(api, repeat, "2018-06-21", next_step="new-evidence")).status_code == 204
    assert (await log(api, other, "2018-06-21")).status_code == 204
    await tell(api, lead)
    await read(api, "2018-06-21", query_code=code)
    assert await status(api, lead) == "fed_back"
    assert (await log(api, lead, "2018-07-24", next_step="objection")).status_code == 409, "the time is over"
    assert (await log(api, lead, "2018-06-22", next_step="objection")).status_code == 204
    assert (await log(api, lead, "2018-06-25", next_step="objection")).status_code == 204, "the same one"
    # who objected by telephone has a letter and a receipt for it, too, once
    assert (await object_(api, code, day="2018-06-25")).json()["answer_by"] == "2018-07-23"
    assert (await object_(api, code, day="2018-06-25")).status_code == 409
    refused = await api.post(f"/intake/v1/merges/{merged}/undo-decision", {"confirm": True}, by="ana")
    assert (refused.status_code, refused.json()["detail"]) == (409, OBJECTED), "it is decided first"
    found = (await api.get("/intake/v1/objections?state=open", by="ofd")).json()["items"]
    assert [(one["lead_id"], one["made_on"], one["message"]) for one in found] == [
        (str(repeat), "2018-06-21", None),
        (str(lead), "2018-06-22", 2),
    ]
    assert (await refuse(api, lead, day="2018-06-26")).status_code == 200
    left = await close(api, lead, "2018-06-27")
    [(number,)] = await api.rows("select lead_no from leads where id = $1", repeat)
    assert (left.status_code, number in left.json()["detail"]) == (409, True)
    assert (await refuse(api, repeat, day="2018-06-26")).status_code == 200
    assert (await close(api, lead, "2018-06-27")).status_code == 409, "the repeat's reporter does not know"
    assert (await log(api, repeat, "2018-06-27", text="已告知异议不成立的理由")).status_code == 204
    # of another repeat: upheld for all, a new team, and the next answer may be objected to anew
    assert (await log(api, other, "2018-06-27", next_step="objection")).status_code == 204
    order = {"unit": "ZF", "reason": "举报人提供了录音"}
    assert (await do(api, lead, "objection", order, day="2018-06-28")).json()["status"] == "assigned"
    states = await api.rows("select lead_id, state from objections order by made_on, state")
    assert states == [(repeat, "refused"), (lead, "refused"), (other, "upheld")]
    await hear(api, lead, said.WorkAccepted, **SIGNED | {"unit": "ZF"}, day="2018-06-29")
    await hear(api, lead, said.WorkConcluded, conclusion="C1", day="2018-07-02")
    assert (await log(api, repeat, "2018-07-03", next_step="objection")).status_code == 204
    await tell(api, lead, day="2018-07-03")
    await read(api, "2018-07-03", query_code=code)
    found = (await api.get("/intake/v1/objections?state=open", by="ofd")).json()["items"]
    assert [(one["lead_id"], one["made_on"]) for one in found] == [(str(repeat), "2018-07-03")]


@pytest.mark.rule("D12", "G-FEED")
async def test_in_every_state_the_reporter_is_told_or_objects_or_neither(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **NAMED)
    await fed_back(api, lead)
    for constraint in ("classified_whole", "assigned_by_status"):
        await api.rows(f"alter table leads drop constraint ck_leads_{constraint}")
    answered = "'REG', 'ofd', now(), 'R1', '2018-06-20', '已依法处理', '2018-06-21'"
    columns = "lead_id, number, regulator, sent_by, sent_at, receipt_no, receipt_on, result, result_on"
    await api.rows(f"insert into redirects ({columns}) values ($1, 1, {answered})", lead)
    taken: dict[str, set[str]] = {"none": set(), "objection": set()}
    for standing in Status:
        if standing in (Status.SUSPENDED, Status.MERGED):
            continue
        await api.rows("update leads set status = $1 where id = $2", standing.value, lead)
        for step, where in taken.items():
            answer = await log(api, lead, "2018-06-22", next_step=step)
            assert answer.status_code in (204, 409), (standing, answer.text)
            if answer.status_code == 204:
                where.add(standing.value)
                await api.rows("delete from objections")
    assert taken == {
        "none": {"concluded", "redirected", "not_accepted"},
        "objection": {"concluded", "redirected", "fed_back"},
    }, "not accepted by nobody, it has no answer here to object to; what was handed over has no receipt here"


@pytest.mark.rule("G24")
async def test_a_reporters_identity_is_given_up_two_years_after_the_close(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, repeat = await closed(api)
    # merged later, it ended later
    late = await register(api, **PUBLIC, summary="又一次反映", reporter={"name": "举报人丙"})
    await merge(api, late, lead, "2018-07-25")
    await api.rows("update merges set decided_at = '2018-06-02' where lead_id = $1", repeat)

    async def look_at(day: str) -> int:
        async with api.app.state.database.transaction() as tx:
            return await retire_reporters(tx, datetime.fromisoformat(f"{day}T02:00:00").replace(tzinfo=UTC))

    # two years end on a holiday (端午节 2020-06-25 to 27) and move to the next working day, the 28th
    assert await look_at("2020-06-28") == 0
    await api.rows("update leads set status = 'reopened' where id = $1", lead)
    assert await look_at("2020-06-29") == 0, "taken up again, with its repeats"
    await api.rows("update leads set status = 'closed' where id = $1", lead)
    hold = f"/intake/v1/leads/{lead}/holds"
    order = {"basis_no": "2018刑初1号", "reason": "法院调取"}
    held = (await api.post(hold, order, by="ofd", key="h", **on("2020-06-29"))).json()["id"]
    assert await look_at("2020-06-29") == 0, "an order to keep is one for its repeats"
    await api.post(f"/intake/v1/holds/{held}/release", {"reason": "法院已审结"}, by="dpo", **on("2020-06-29"))
    assert await look_at("2020-06-29") == 2
    assert await look_at("2020-06-30") == 0
    shredded = """select lead_id from vault.reporters r join leads l using (reporter_ref) join vault.shreddings s on s.lead_id = l.id
        where shredded_on is not null and wrapped_key is null"""
    assert {row[0] for row in await api.rows(shredded)} == {lead, repeat}, "a repeat ends with its master"
    assert await look_at("2020-07-28") == 1
    assert {row[0] for row in await api.rows(shredded)} == {lead, repeat, late}
    assert [await status(api, each) for each in (lead, late)] == ["closed", "merged"]
