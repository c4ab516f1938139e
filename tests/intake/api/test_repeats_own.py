"""What each reporter of a matter has for himself: told the result, his time to object, met within his own limit (D06, D11, D12)."""

from uuid import UUID

import pytest

from services.intake.usecases.start_missing import start_missing
from shared.contracts import verification as said
from tests.conftest import NewApi
from tests.intake.api.test_ends import NAMED, close, fed_back, log, merge
from tests.intake.api.test_ends_of_repeats import FED_BACK, decline, may_object_until, steps
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, REFUSAL, WHY, do, hear, limits, on
from tests.intake.api.test_merges import undo
from tests.intake.api.test_objections import PLAIN, SIGNED, door, filed, object_, read, refuse, tell
from tests.support.api import Api
from tests.support.builders import NOON
from tests.support.reporting import status as asked


async def test_what_is_declined_and_accepted_on_the_day_of_the_merge_stays_in_the_repeats_steps(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    _, master = await filed(api)
    code, repeat = await filed(api)
    await merge(api, repeat, master, "2018-06-04")
    declined = ("decline", REFUSAL, "ana"), ("decline", REFUSAL, "ofd2")
    for hour, (deed, order, by) in enumerate((*declined, ("acceptance", WHY, "ofd")), start=11):
        clock = {"X-Local-Clock": f"2018-06-04T{hour}:00:00+08:00"}
        done = await api.post(f"/intake/v1/leads/{master}/{deed}", order, by=by, key=f"day-of-merge-{hour}", **clock)
        assert done.status_code == 200, done.text
    shown = ("与其他举报一并核查", "不属于受理范围,可提出异议", "已重新启动")
    assert (await steps(api, code))[-3:] == [(each, "2018-06-04") for each in shown]


@pytest.mark.rule("D12", "G-FEED")
async def test_a_master_is_closed_when_no_reporter_of_the_matter_who_was_told_may_still_object(new_api: NewApi) -> None:
    api = await door(new_api)
    master = await register(api, **NAMED)
    (code, repeat), (silent, untold) = await filed(api), await filed(api)
    named, content, nobody = [await register(api, **who, summary="同一件事再次反映") for who in (NAMED, NAMED, PUBLIC)]
    for each in (repeat, untold, named, content, nobody):
        await merge(api, each, master, "2018-06-02")
    await fed_back(api, master)
    await api.rows("update feedbacks set accepted = true")
    for day in ("2018-06-20", "2018-06-21", "2018-06-22"):
        assert (await tell(api, untold, day=day)).status_code == 201
    assert (await tell(api, repeat, day="2018-06-25")).status_code == 201
    # what is said for the holder of a code is nobody's to say, by word of mouth it counts
    says = {"satisfied": True, "understood": True, "next_step": "none"}
    for each, day in ((repeat, "2018-06-28"), (content, "2018-06-25")):
        assert (await log(api, each, day, **says)).status_code == 204
    await read(api, "2018-06-28", query_code=code)
    assert (await log(api, named, "2018-06-25")).status_code == 204
    numbers = dict(await api.rows("select id, lead_no from leads"))
    waits = {
        f"并入的{numbers[each]}:举报人可在{until}(含)前提出异议"
        for each, until in ((named, "2018-07-25"), (repeat, "2018-07-30"))
    }
    for day, those in (("2018-07-25", waits), ("2018-07-30", {one for one in waits if "07-30" in one})):
        early = await close(api, master, day)
        assert (early.status_code, early.json()["detail"].split(" / ")[0] in those) == (409, True), early.text
    assert await may_object_until(api, code) == ["2018-07-30"]
    # one objects: that is decided first, whatever the day
    assert (await log(api, named, "2018-07-25", next_step="objection")).status_code == 204
    early = await close(api, master, "2018-09-03")
    assert (early.status_code, f"{numbers[named]}的举报人提出的异议尚未决定" in early.text) == (409, True)
    assert (await refuse(api, named, day="2018-07-31")).status_code == 200
    assert (await close(api, master, "2018-07-31")).status_code == 409, "he waits for word of it"
    assert (await log(api, named, "2018-08-01", text="已告知异议不成立的理由")).status_code == 204
    assert (await close(api, master, "2018-08-01")).json()["status"] == "closed"
    # who could not be told before hears of it now, and has his time
    await read(api, "2018-08-02", query_code=silent)
    assert await may_object_until(api, silent) == ["2018-09-03"]
    assert (await steps(api, silent))[-2:] == [("已办结", "2018-08-01"), (FED_BACK, "2018-08-02")]
    assert (await steps(api, code))[-2:] == [(FED_BACK, "2018-06-28"), ("已办结", "2018-08-01")], "each his own day"
    assert (await object_(api, silent, day="2018-09-03")).status_code == 201
    assert (await log(api, content, "2018-07-25", next_step="objection")).status_code == 204, "he thought better of it"


async def meet(api: Api, lead: UUID, day: str) -> tuple[str, str | None]:
    """Until when its reporter is to be met, and on which day that ended."""
    limit = (await limits(api, lead, day))["meet"]
    assert limit["limit_id"] == "D06"
    return limit["due_on"], limit["stopped_at"] and limit["stopped_at"][:10]


ASKED_TO_MEET = {"channel": "phone", "reached": True, "about": "meeting", "text": None}


@pytest.mark.rule("D06", "G-MEET")
async def test_every_named_reporter_is_to_be_met_from_the_receipt_on_whatever_his_report_is_merged_into(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    master = await register(api, **NAMED)
    told, met, parted, nameless = [
        await register(api, **who, summary="同一件事再次反映") for who in (NAMED, NAMED, NAMED, PUBLIC)
    ]
    code, by_code = await filed(api, PLAIN)
    # nobody has classified them, and the time to be met runs
    for each in (master, told, met, parted, by_code):
        assert await meet(api, each, "2018-06-02") == ("2018-06-08", None)
    assert "meet" not in await limits(api, nameless, "2018-06-02")
    merged = {each: await merge(api, each, master, "2018-06-02") for each in (told, met, parted, nameless, by_code)}
    for each in (told, met, parted, by_code):
        assert await meet(api, each, "2018-06-04") == ("2018-06-08", None)
        assert (await limits(api, each, "2018-06-04"))["classify"]["stopped_at"] is not None
    shown = (await asked(api.client, query_code=code)).json()["limits"]
    assert [(one["zh"], one["by"], one["latest"]) for one in shown] == [
        ("应在该日(含)前与您联系见面", "2018-06-08", "2018-07-02")
    ]
    listed = (await api.get("/intake/v1/deadlines?kind=meet", by="sup", **on("2018-06-04"))).json()["items"]
    assert {str(each) for each in (master, told, met, parted, by_code)} <= {one["lead_id"] for one in listed}
    # undoing the merge leaves it as it runs
    assert (await undo(api, merged.pop(parted))).status_code == 200
    assert await meet(api, parted, "2018-06-05") == ("2018-06-08", None)
    assert (await log(api, met, "2018-06-05", **ASKED_TO_MEET)).status_code == 204
    assert (await meet(api, met, "2018-06-05"))[1] == "2018-06-05"
    assert (await meet(api, told, "2018-06-05"))[1] is None, "each for himself"
    # told the result of the matter, nobody is to be met any more
    await fed_back(api, master)
    assert (await meet(api, master, "2018-06-21"))[1] == "2018-06-21"
    assert (await meet(api, told, "2018-06-21"))[1] is None
    assert (await log(api, told, "2018-06-21")).status_code == 204
    assert (await tell(api, by_code, day="2018-06-21")).status_code == 201
    assert (await meet(api, by_code, "2018-06-21"))[1] is None
    await read(api, "2018-06-22", query_code=code)
    for each, day in ((told, "2018-06-21"), (by_code, "2018-06-21")):
        assert (await meet(api, each, "2018-06-22"))[1] == day, "the day in China begins in UTC the evening before"
    # two matters after all: who was not met is to be met again, who was is not
    for each, ended in ((told, None), (met, "2018-06-05")):
        assert (await undo(api, merged[each])).status_code == 200
        assert (await meet(api, each, "2018-06-22"))[1] == ended
        assert (await limits(api, each, "2018-06-22"))["classify"]["stopped_at"] is None


@pytest.mark.rule("D06")
async def test_nobody_is_to_be_met_for_what_is_not_accepted_until_it_is_after_all(new_api: NewApi) -> None:
    api = await door(new_api)
    master = await register(api, **NAMED)
    before, met, after = [await register(api, **NAMED, summary="同一件事再次反映") for _ in range(3)]
    for each in (before, met):
        await merge(api, each, master, "2018-06-02")
    assert (await log(api, met, "2018-06-03", **ASKED_TO_MEET)).status_code == 204
    assert (await decline(api, master, "2018-06-04")).status_code == 200
    parted = await merge(api, after, master, "2018-06-05")
    for each, day in ((master, "2018-06-04"), (before, "2018-06-04"), (met, "2018-06-03"), (after, "2018-06-05")):
        assert (await meet(api, each, "2018-06-05"))[1] == day
    assert (await undo(api, parted)).status_code == 200
    assert (await meet(api, after, "2018-06-06"))[1] is None
    assert (await do(api, master, "acceptance", WHY, by="ofd", day="2018-06-07")).status_code == 200
    for each, ended in ((master, None), (before, None), (met, "2018-06-03")):
        assert (await meet(api, each, "2018-06-07"))[1] == ended


@pytest.mark.rule("D11", "G-FEED")
async def test_the_reporter_of_a_repeat_sees_by_when_he_hears_and_is_told_within_the_same_limit(
    new_api: NewApi,
) -> None:
    api = await door(new_api)
    master = await register(api, **NAMED)
    code, repeat = await filed(api)
    named, nobody = [await register(api, **who, summary="同一件事再次反映") for who in (NAMED, PUBLIC)]
    for each in (repeat, named, nobody):
        await merge(api, each, master, "2018-06-02")
    await classify(api, master)
    await assign(api, master)

    async def shown() -> list[tuple[str, str]]:
        found = (await asked(api.client, query_code=code)).json()["limits"]
        return [(one["zh"].split(",")[0], one["by"]) for one in found]

    assert await shown() == [("应在该日(含)前查出结果", "2018-07-02")]
    await hear(api, master, said.WorkAccepted, **SIGNED)
    await hear(api, master, said.WorkConcluded, conclusion="C1", day="2018-06-20")
    assert await shown() == [("应在该日(含)前向您反馈结果", "2018-06-27")]
    late = await register(api, **NAMED, summary="同一件事最后一次反映")
    await merge(api, late, master, "2018-06-21")
    for each, day in ((repeat, "2018-06-27"), (named, "2018-06-27"), (late, "2018-06-28")):
        limit = (await limits(api, each, "2018-06-21"))["feedback"]
        assert (limit["limit_id"], limit["due_on"], limit["stopped_at"]) == ("D11", day, None)
    assert "feedback" not in await limits(api, nobody, "2018-06-21"), "there is nobody to tell"
    assert (await log(api, named, "2018-06-26")).status_code == 204
    assert (await tell(api, repeat, day="2018-06-26")).status_code == 201
    assert (await asked(api.client, query_code=code)).json()["now"]["status"] == "merged", "he has not read it"
    await read(api, "2018-06-26", query_code=code)
    now = (await asked(api.client, query_code=code)).json()["now"]
    assert (now["status"], now["zh"], now["since"]) == ("fed_back", FED_BACK, "2018-06-26")
    for each in (named, repeat):
        assert (await limits(api, each, "2018-06-26"))["feedback"]["in_time"] is True
    assert await may_object_until(api, code) == []
    assert (await log(api, master, "2018-06-26")).status_code == 204
    assert (await do(api, master, "feedback", {}, by="sup", day="2018-06-26")).json()["status"] == "fed_back"
    assert await may_object_until(api, code) == ["2018-07-26"]
    # another team looks: who has not been told hears of what that finds
    assert (await limits(api, late, "2018-06-26"))["feedback"]["stopped_at"] is None
    assert (await do(api, master, "objection", {"unit": "ZF", **WHY}, day="2018-06-27")).status_code == 200
    assert (await steps(api, code))[-2:] == [(FED_BACK, "2018-06-26"), ("已重新启动", "2018-06-27")]
    assert (await limits(api, late, "2018-06-27"))["feedback"]["stopped_at"] is not None


async def test_a_reporter_who_is_to_be_met_hides_no_limit_that_a_lead_has_lost(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **NAMED)
    await classify(api, lead)
    await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion="C1", day="2018-06-20")
    await api.rows("delete from deadlines where kind = 'feedback'")
    assert (await limits(api, lead, "2018-06-20"))["meet"]["stopped_at"] is None
    async with api.app.state.database.transaction() as tx:
        assert await start_missing(tx, NOON) == (1, None)
    assert (await limits(api, lead, "2018-06-20"))["feedback"]["stopped_at"] is None
