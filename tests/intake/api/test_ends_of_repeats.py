"""When a master ends otherwise than by a result that is fed back, nobody who reported a repeat of it is left without that end, or without
his objection to it (D11, D12, §4.2; docs/decisions/0103)."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.lead_states import Status
from services.intake.domain.receipt import Receipt
from services.intake.domain.report import ENDS, Step, as_repeat
from tests.conftest import NewApi
from tests.intake.api.test_ends import NAMED, NOBODY, log, merge
from tests.intake.api.test_leads import register
from tests.intake.api.test_life import PUBLIC, REFUSAL, WHY, do, limits, on, status
from tests.intake.api.test_merges import undo
from tests.intake.api.test_objections import OBJECTS, door, filed, object_, read, refuse
from tests.support.api import Api
from tests.support.reporting import status as asked

NOT_ACCEPTED = "不属于受理范围,可提出异议"
TOGETHER = "与其他举报一并核查"


async def steps(api: Api, code: str) -> list[tuple[str, str]]:
    """What the holder of the code is shown, with its day."""
    return [(step["zh"], step["since"]) for step in (await asked(api.client, query_code=code)).json()["steps"]]


async def may_object_until(api: Api, code: str) -> list[str]:
    shown = (await asked(api.client, query_code=code)).json()["limits"]
    return [one["by"] for one in shown if "异议" in one["zh"] and "您可" in one["zh"]]


async def decline(api: Api, lead: UUID, day: str, **more: Any) -> Any:
    return await do(api, lead, "decline", REFUSAL | more, by="ofd2", day=day)


async def three_of_one_matter(api: Api) -> tuple[tuple[str, UUID], tuple[str, UUID], UUID]:
    """A report, one that repeats it, and a named one by a clerk: both merged on 2018-06-02."""
    own, repeat = await filed(api), await filed(api)
    named = await register(api, **NAMED, summary="同一件事再次反映")
    for each in (repeat[1], named):
        await merge(api, each, own[1], "2018-06-02")
    return own, repeat, named


def test_a_repeat_shows_its_masters_end_in_each_state_and_nothing_of_its_way() -> None:
    own = [Step(Status.RECEIVED, date(2018, 6, 1)), Step(Status.MERGED, date(2018, 6, 5))]
    merged_on = own[-1].since
    for standing in Status:
        for reached, shown_on in ((date(2018, 6, 4), merged_on), (date(2018, 6, 8), date(2018, 6, 8))):
            master = [Step(Status.RECEIVED, date(2018, 5, 1)), Step(standing, reached)]
            ended = [Step(standing, shown_on)] if standing in ENDS else []
            assert as_repeat(own, master, merged_on) == (*own, *ended), standing
            # taken up again: together with the others once more; the end of before the merge is nobody's
            again = [*master, Step(Status.REOPENED, date(2018, 6, 20))]
            taken_up = [Step(Status.MERGED, date(2018, 6, 20))] if ended else []
            assert as_repeat(own, again, merged_on) == (*own, *ended, *taken_up), standing
    more_time = Step(Status.VERIFYING, date(2018, 6, 9), extended=True)
    ended = [Step(Status.CLOSED, date(2018, 6, 8))]
    assert as_repeat(own, [*ended, more_time], merged_on) == (*own, *ended)
    sealed = [*own, Step(Status.SEALED, date(2018, 9, 1))]
    assert as_repeat(sealed, [*ended, sealed[-1]], merged_on) == (*own, *ended, sealed[-1]), "once"


@pytest.mark.rule("D02", "D11", "D12", "G10")
async def test_all_who_reported_what_is_not_accepted_learn_it_at_once_and_each_may_object(new_api: NewApi) -> None:
    api = await door(new_api)
    (code, master), (other, repeat), named = await three_of_one_matter(api)
    marked = await decline(api, master, "2018-06-04", reason="请联系139 0000 0000")
    assert (marked.status_code, marked.json()["errors"][0]["field"]) == (422, "reason")
    assert (await decline(api, master, "2018-06-04")).status_code == 200
    for each in (code, other):
        [letter] = await read(api, "2018-06-05", query_code=each)
        assert letter["kind"] == "feedback"
        assert "属于民事纠纷,应向法院起诉(可向人民法院反映)" in letter["text"]
        assert (await steps(api, each))[-1] == (NOT_ACCEPTED, "2018-06-04")
        assert await may_object_until(api, each) == ["2018-07-04"]
    # who has no mailbox is told otherwise, within the limit
    limit = (await limits(api, named, "2018-06-05"))["feedback"]
    assert (limit["limit_id"], limit["due_on"], limit["stopped_at"]) == ("D11", "2018-06-11", None)
    assert (await log(api, named, "2018-06-05")).status_code == 204
    assert (await limits(api, named, "2018-06-05"))["feedback"]["in_time"] is True
    # he objects by word of mouth, the other by the code: the same entry, the same time, once
    assert (await log(api, named, "2018-06-06", next_step="objection")).status_code == 204
    late = await object_(api, other, day="2018-07-05")
    assert (late.status_code, "2018-07-04" in late.json()["detail"]) == (409, True)
    made = await object_(api, other, day="2018-07-04")
    assert (made.status_code, made.json()["answer_by"]) == (201, "2018-08-03")
    assert Receipt(**made.json()["receipt"]).tells({"text": OBJECTS}, other.replace("-", ""))
    assert (await object_(api, other, day="2018-07-04")).status_code == 409, "once"
    assert (await log(api, named, "2018-07-05", next_step="objection")).status_code == 409, "the time is over"
    found = (await api.get("/intake/v1/objections?state=open", by="sup")).json()["items"]
    assert [(o["lead_id"], o["against"], o["made_on"], o["answered_by"]) for o in found] == [
        (str(named), "decline", "2018-06-06", "ofd2"),
        (str(repeat), "decline", "2018-07-04", "ofd2"),
    ]
    assert await api.rows("select message from objections order by made_on") == [(None,), (2,)]
    line = "select actor, effective_at::text from lead_history where action = 'enter-objection' and lead_id = $1"
    assert await api.rows(line, repeat) == [("system:intake", "2018-07-03 16:00:00+00")], "the day, never the hour"
    # one is refused, one upheld by another than who declined: the master is received anew, its repeats follow it
    for waits in (repeat, named):
        assert (await refuse(api, waits, by="ofd2", day="2018-07-05")).status_code == 403
    assert (await refuse(api, repeat, day="2018-07-05")).status_code == 200
    assert [one["kind"] for one in await read(api, "2018-07-05", query_code=other)][-1] == "refusal"
    assert (await object_(api, other, day="2018-07-04")).status_code == 409, "once to each answer"
    assert (await do(api, master, "acceptance", WHY, by="ofd2", day="2018-07-06")).status_code == 403
    assert (await do(api, master, "acceptance", WHY, day="2018-07-06")).json()["status"] == "received"
    states = await api.rows("select lead_id, state from objections order by made_on")
    assert states == [(named, "upheld"), (repeat, "refused")]
    assert (await steps(api, other))[-2:] == [(NOT_ACCEPTED, "2018-06-04"), (TOGETHER, "2018-07-06")]
    assert await may_object_until(api, other) == []
    assert await status(api, repeat) == "merged"
    # not accepted once more: a new answer, to which each may object anew
    assert (await decline(api, master, "2018-07-09")).status_code == 200
    assert (await object_(api, other, day="2018-07-09")).status_code == 201
    assert (await limits(api, named, "2018-07-09"))["feedback"]["stopped_at"] is None
    assert (await do(api, master, "acceptance", WHY, day="2018-07-10")).status_code == 200
    assert (await limits(api, named, "2018-07-10"))["feedback"]["stopped_at"] is not None, "nothing is left to tell"


@pytest.mark.rule("D11", "D12")
async def test_what_is_merged_into_one_that_was_not_accepted_is_told_so_and_its_time_runs_from_the_merge(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    _, master = await filed(api)
    assert (await decline(api, master, "2018-06-04")).status_code == 200
    code, repeat = await filed(api)
    named, nobody = [await register(api, **who, summary="同一件事再次反映") for who in (NAMED, PUBLIC)]
    merged = await merge(api, repeat, master, "2018-07-10")
    for each in (named, nobody):
        await merge(api, each, master, "2018-07-10")
    [letter] = await read(api, "2018-07-11", query_code=code)
    assert "可向人民法院反映" in letter["text"]
    assert (await steps(api, code))[-2:] == [(TOGETHER, "2018-07-10"), (NOT_ACCEPTED, "2018-07-10")]
    assert await may_object_until(api, code) == ["2018-08-09"]
    assert (await limits(api, named, "2018-07-11"))["feedback"]["due_on"] == "2018-07-17"
    assert "feedback" not in await limits(api, nobody, "2018-07-11"), "there is nobody to tell"
    for day, channel in (("2018-07-11", "phone"), ("2018-07-12", "phone"), ("2018-07-13", "text")):
        assert (await log(api, named, day, **NOBODY, channel=channel)).status_code == 204
    assert (await limits(api, named, "2018-07-13"))["feedback"]["in_time"] is True
    # the master's own time is over, the repeat's is not
    assert (await object_(api, code, day="2018-08-09")).status_code == 201
    refused = await undo(api, merged)
    assert (refused.status_code, "异议" in refused.text) == (409, True), "it is decided first"
    assert (await refuse(api, repeat, day="2018-08-10")).status_code == 200
    again = await api.post(f"/intake/v1/merges/{merged}/undo-decision", {"confirm": True}, by="ana", **on("2018-08-10"))
    assert again.status_code == 200, again.text
    # two matters after all: it stands for itself again
    assert (await steps(api, code))[-1] == ("已收到您的举报,正在梳理", "2018-08-10")
    assert (await object_(api, code, day="2018-08-10")).status_code == 409


@pytest.mark.rule("D11")
async def test_a_named_reporter_without_a_mailbox_is_told_that_it_is_not_accepted_by_tries(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **NAMED)
    assert (await log(api, lead, "2018-06-04")).status_code == 409, "there is nothing to tell"
    assert (await decline(api, lead, "2018-06-04")).status_code == 200
    assert (await limits(api, lead, "2018-06-04"))["feedback"]["due_on"] == "2018-06-11"
    assert (await log(api, lead, "2018-06-05", next_step="objection")).status_code == 204
    assert (await limits(api, lead, "2018-06-05"))["feedback"]["in_time"] is True
    assert (await limits(api, lead, "2018-06-05"))["objection"]["due_on"] == "2018-07-05"
    assert (await do(api, lead, "feedback", {}, day="2018-06-05")).status_code == 409, "it has no result"
    assert (await do(api, lead, "acceptance", WHY, day="2018-06-06")).json()["status"] == "received"
    assert await api.rows("select state from objections") == [("upheld",)]
