"""No lead of a superior ends before its superior has an answer with the result (§4.2 "replies sent upstream", M14, N07)."""

import asyncio
import io
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from openpyxl import load_workbook

from services.intake.domain.lead_states import Status
from services.intake.domain.reply import ANSWERABLE, Reply, corrected
from shared.contracts import verification as said
from shared.errors import Invalid
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import REFUSAL, WHY, concluded, do, hear, limits
from tests.intake.api.test_merges import AGAIN, FIRST, look, merge
from tests.support.api import Api

SIGNED: dict[str, Any] = {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}
SUPERIOR = {"source": "S", "issuing_level": "city"}
BELL, LINE = {"number": "7\x07号"}, {"number": "7\u2028号"}
"""No sheet can hold the first; the record is for good."""
LEDGER = {"first": "2018-06-01", "last": "2018-06-01", "purpose": "按月回复上级"}


async def reply(
    api: Api, lead: UUID, number: str = "示例扫黑办函〔2018〕7号", sent_on: str = "2018-06-21", **more: Any
) -> Any:
    order = {"reply_no": number, "sent_on": sent_on}
    return await do(api, lead, "upstream-replies", order, **({"day": "2018-06-22", "by": "sup"} | more))


async def ledger(api: Api, **more: Any) -> list[tuple[Any, ...]]:
    answer = await api.post("/intake/v1/ledgers/replies", LEDGER | more, by="icl")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet
    rows = list(sheet.iter_rows())
    assert "f" not in {cell.data_type for row in rows for cell in row}, "whoever opens it runs no formula"
    return [tuple(cell.value for cell in row) for row in rows]


@pytest.mark.rule("M14", "N07")
async def test_a_superiors_lead_closes_only_with_its_reply_on_record_and_a_merged_one_with_its_own(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    lead = await concluded(api, **SUPERIOR, upstream_no="C1")
    assert (await do(api, lead, "feedback", {}, day="2018-06-21")).json()["status"] == "fed_back"
    early = await do(api, lead, "closing", day="2018-06-21")
    assert (early.status_code, "尚未登记对上级的回复" in early.json()["detail"]) == (409, True)
    for by in ("ana", "unl", "ldr", "aud"):
        assert (await reply(api, lead, by=by)).status_code == 403
    for wrong in (
        {"sent_on": "2018-06-19"},
        {"sent_on": "2018-06-23"},
        {"number": " "},
        {"number": "【机密】1号"},
        BELL,
        LINE,
    ):
        assert (await reply(api, lead, **wrong)).status_code == 422, wrong
    assert (await reply(api, uuid4())).status_code == 404
    assert (await reply(api, lead)).status_code == 201
    assert (await reply(api, lead)).status_code == 409, "a number once"
    # the conclusion is taken back: what was replied with was another one
    await api.rows("update leads set status = 'verifying' where id = $1", lead)
    assert (await reply(api, lead, "8号", day="2018-06-23")).status_code == 409, "no result now"
    assert [row[6:9] for row in await ledger(api, open_only=True)][1:] == [("核查中", None, None)], "none to tell"
    await hear(api, lead, said.WorkConcluded, conclusion="C2", day="2018-06-25")
    assert (await reply(api, lead, "8号", day="2018-06-25")).status_code == 422, "sent before that"
    await api.rows("delete from feedbacks where lead_id = $1", lead)
    await do(api, lead, "feedback", {}, day="2018-06-25")
    assert (await do(api, lead, "closing", day="2018-06-25")).status_code == 409
    assert (await reply(api, lead, "8号", "2018-06-25", day="2018-06-25")).status_code == 201
    assert (await do(api, lead, "closing", day="2018-06-25")).json()["status"] == "closed"
    kept = (await api.get(f"/intake/v1/leads/{lead}/upstream-replies", by="ofd")).json()
    assert [(one["reply_no"], one["sent_on"], one["recorded_by"]) for one in kept] == [
        ("示例扫黑办函〔2018〕7号", "2018-06-21", "sup"),
        ("8号", "2018-06-25", "sup"),
    ]
    # a public report that a superior's lead repeats: nobody to answer for itself, the superior of the repeat is
    master = await register(api, source="M", issuing_level=None, upstream_no=None, summary=FIRST)
    repeat = await register(api, **SUPERIOR, upstream_no="C2", summary=AGAIN)
    await look(api)
    await merge(api, repeat, master)
    await classify(api, master)
    await assign(api, master)
    assert (await reply(api, repeat)).status_code == 409, "its master has no result yet"
    await hear(api, master, said.WorkAccepted, **SIGNED)
    await hear(api, master, said.WorkConcluded, conclusion="C3", day="2018-06-20")
    await do(api, master, "feedback", {}, day="2018-06-21")
    assert (await reply(api, master)).status_code == 422, "no superior handed it down"
    closing = await do(api, master, "closing", day="2018-06-22")
    assert (closing.status_code, "由上级转办" in closing.json()["detail"]) == (409, True)
    assert (await reply(api, repeat)).status_code == 201, "the same letter may answer two leads"
    assert (await reply(api, repeat, "=1+1", "2018-06-22")).status_code == 201
    assert (await do(api, master, "closing", day="2018-06-22")).json()["status"] == "closed"
    told = {str(row[0]): [str(cell)[:10] for cell in row[-2:]] for row in await ledger(api)}
    assert told == {
        "上级编号": ["回复文号", "回复发出日期"],
        "C1": ["8号", "2018-06-25"],
        "C2": ["=1+1", "2018-06-22"],
    }


@pytest.mark.rule("M14", "N07")
async def test_what_was_not_accepted_is_answered_like_any_other_end_and_the_repeat_of_it_too(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, repeat = [await register(api, **SUPERIOR, upstream_no=number, summary=FIRST) for number in ("C1", "C2")]
    assert (await reply(api, lead)).status_code == 409, "nothing is decided yet"
    await merge(api, repeat, lead)
    await do(api, lead, "decline", REFUSAL, day="2018-06-20")
    assert (await reply(api, lead, sent_on="2018-06-19")).status_code == 422, "before it was decided"
    listed = {row[0]: (str(row[4])[:10], *row[6:10]) for row in (await ledger(api, open_only=True))[1:]}
    assert listed == {
        "C1": ("2018-07-20", "不予受理", None, None, None),
        "C2": ("2018-07-20", "已并入", None, None, None),
    }
    for each in (lead, repeat):
        assert (await limits(api, each, "2018-06-20"))["conclude"]["stopped_at"] is None, "it is chased"
    for each in (lead, repeat):
        assert (await reply(api, each)).status_code == 201
        assert (await limits(api, each, "2018-06-22"))["conclude"]["in_time"] is True
    assert (await ledger(api, open_only=True))[1:] == [], "their superior knows"
    # accepted after all, another answer is needed
    await api.rows("update lead_history set actor = 'ofd-2' where action = 'decline'")
    assert (await do(api, lead, "acceptance", WHY, day="2018-06-21")).json()["status"] == "received"
    assert (await reply(api, lead, "8号")).status_code == 409


@pytest.mark.rule("M14", "N07")
async def test_a_mistyped_day_is_corrected_the_old_one_and_why_stay_on_record(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await concluded(api, **SUPERIOR, upstream_no="C1")
    assert (await reply(api, lead, "7号", "2018-06-22")).status_code == 201

    async def correct(sent_on: str, *, by: str = "icl", day: str = "2018-06-25", **more: Any) -> Any:
        order = {"reply_no": " 7号", "sent_on": sent_on, "reason": "登记时日期录入错误"} | more
        return await do(api, lead, "upstream-replies/corrections", order, by=by, day=day)

    for by in ("ana", "unl", "aud"):
        assert (await correct("2018-06-21", by=by)).status_code == 403
    for wrong, field in (
        ({"sent_on": "2018-06-22"}, "sent_on"),
        ({"sent_on": "2018-06-19"}, "sent_on"),
        ({"sent_on": "2018-06-23"}, "sent_on"),
        ({"reason": "错"}, "reason"),
        ({"reason": "【机密】录入错误"}, "reason"),
    ):
        refused = await correct(**{"sent_on": "2018-06-21", **wrong})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), wrong
    assert (await correct("2018-06-21", reply_no="8号")).status_code == 404
    both = await asyncio.gather(*(correct("2018-06-21") for _ in range(2)))
    assert sorted(each.status_code for each in both) == [201, 422], "it is that day already"
    await do(api, lead, "feedback", {}, day="2018-06-25")
    assert (await do(api, lead, "closing", day="2018-06-25")).json()["status"] == "closed"
    assert (await correct("2018-06-20", by="sup", day="2018-07-02")).status_code == 201, "an end is no end of that"
    [kept] = (await api.get(f"/intake/v1/leads/{lead}/upstream-replies", by="ofd")).json()
    assert (kept["sent_on"], kept["recorded_by"]) == ("2018-06-20", "sup")
    assert [(one["was"], one["became"], one["corrected_by"]) for one in kept["corrections"]] == [
        ("2018-06-22", "2018-06-21", "icl"),
        ("2018-06-21", "2018-06-20", "sup"),
    ]
    assert [row[-1].isoformat()[:10] for row in (await ledger(api))[1:]] == ["2018-06-20"]
    why = "select actor, reason from lead_history where action = 'correct-reply' order by version"
    assert await api.rows(why) == [("icl", "登记时日期录入错误"), ("sup", "登记时日期录入错误")]
    assert await api.rows("select count(*) from audit_log where action = 'lead.correct-reply'") == [(2,)]
    connection = await asyncpg.connect(api.copy.url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("update superior_replies set sent_on = '2018-06-22'")
    await connection.close()


def test_a_letter_that_told_an_earlier_result_never_becomes_one_of_the_result_that_stands() -> None:
    at = datetime(2018, 6, 22, 2, tzinfo=UTC)
    first = Reply(lead_id=uuid4(), reply_no="7号", sent_on=date(2018, 6, 21), recorded_by="icl", recorded_at=at)
    late = datetime(2018, 7, 2, 2, tzinfo=UTC)
    with pytest.raises(Invalid):
        corrected([first], date(2018, 6, 25), since=date(2018, 6, 1), by="icl", at=late)
    second = corrected([first], date(2018, 6, 12), since=date(2018, 6, 1), by="sup", at=late)
    assert (second.version, second.recorded_by, second.reply_no) == (2, "sup", "7号")
    # the day it was put on record stays the last one, however often it is corrected
    with pytest.raises(Invalid):
        corrected([first, second], date(2018, 6, 23), since=date(2018, 6, 1), by="icl", at=late)


@pytest.mark.parametrize("standing", list(Status))
def test_there_is_a_result_to_reply_with_in_these_states_alone(standing: Status) -> None:
    given = standing in ANSWERABLE
    assert given == (standing.value in ("not_accepted", "concluded", "transferred", "redirected", "fed_back", "closed"))
