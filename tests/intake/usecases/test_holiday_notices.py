"""A holiday notice that comes late: what runs is counted again, what moved is told, by whichever way it came."""

import asyncio
import json
import os
import sys
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.intake.clock import timers
from services.intake.usecases.count_deadlines_again import count_deadlines_again
from services.intake.usecases.import_notice import import_and_count, import_notices
from shared.deadlines import Notice
from tests.conftest import NewApi
from tests.intake.api.test_leads import register
from tests.intake.usecases.test_deadlines import EIGHT, china, events, follow, say
from tests.support.api import Api, settings_of
from tests.support.builders import NOON
from tests.support.subjects import SUBJECTS

NOTICE_2018 = Notice(2018, {date(2018, 6, 5): True})
NOTICE_2051 = Notice(2051, {date(2051, 1, 2): True, date(2051, 1, 3): True, date(2051, 1, 4): True})


@pytest.mark.rule("A9")
async def test_a_late_notice_moves_provisional_dates_and_tells_which(new_api: NewApi) -> None:
    api = await new_api("intake")
    at = "2050-12-02T09:00:00+08:00"
    clock = {"X-Local-Clock": at}
    order = {"source": "M", "summary": "反映强收费用"}
    ids = []
    for _ in range(3):
        answer = await api.post("/intake/v1/leads", order, by="icl", key=str(uuid4()), **clock)
        ids.append(answer.json()["id"])
    for lead in ids[:2]:
        chosen = {"tier": "evil", "level": "general", "area_codes": ["market"]}
        await api.post(f"/intake/v1/leads/{lead}/classification", chosen, by="ana", **clock)
        assigned = await api.post(f"/intake/v1/leads/{lead}/assignment", {"unit": "GA"}, by="ofd", **clock)
        assert (assigned.json()["due_on"], assigned.json()["provisional"]) == ("2051-01-03", True)
    await follow(api, UUID(ids[1]), "accepted", china("2050-12-02T10:00"))
    now = china("2050-12-20T09:00")
    new, moved = await import_and_count(api.app.state.database, NOTICE_2051, at=now, reason="国办发明电")
    assert new
    assert [(one.kind.value, one.before, one.after) for one in moved] == [
        ("conclude", date(2051, 1, 3), date(2051, 1, 5))
    ] * 2
    told = [event for event in await events(api) if event["type"] == "moved"]
    assert {(event["because"], event["due_on"]) for event in told} == {("notice", "2051-01-05")}
    assert await api.rows("select distinct due_on, sign_by from leads where due_on is not null") == [
        (date(2051, 1, 5), date(2050, 12, 5))
    ]
    assert await api.rows("select action, version from lead_history where action = 'count-again' order by version") == [
        ("count-again", 4),
        ("count-again", 5),
    ]
    assert await api.rows("select distinct calendar_no from deadlines where stopped_at is null") == [(1,)]
    audited = await api.rows("select action from audit_log where action ~ '^(notice|deadline)' order by position")
    assert [action for (action,) in audited] == ["notice.import", *["deadline.count-again"] * 2]
    again = await import_and_count(api.app.state.database, NOTICE_2051, at=now, reason="国办发明电")
    assert again == (False, [])


async def test_a_notice_in_the_folder_comes_once_and_never_over_a_later_one(new_api: NewApi) -> None:
    api = await new_api("intake")
    database = api.app.state.database
    lead = await register(api)
    folder = [Notice(2018, {date(2018, 6, 6): True})]
    kinds = timers(b"k" * 32, SUBJECTS, notices=folder)
    for _ in range(2):
        async with database.transaction() as tx:
            await kinds["deadlines.count"].run(tx, NOON)
    assert await api.rows("select number, year from holiday_notices") == [(1, 2018)]
    assert await api.rows("select due_on from deadlines where lead_id = $1", lead) == [(date(2018, 6, 7),)]
    await import_and_count(database, Notice(2018, {}), at=NOON, reason="更正通知")
    async with database.transaction() as tx:
        await import_notices(tx, folder, at=NOON)
        await count_deadlines_again(tx, NOON)
    assert await api.rows("select due_on, calendar_no from deadlines where lead_id = $1", lead) == [
        (date(2018, 6, 6), 2)
    ]


async def test_what_is_counted_with_an_older_calendar_says_nothing_until_it_is_counted_again(new_api: NewApi) -> None:
    api = await new_api("intake")
    await register(api)
    async with api.app.state.database.transaction() as tx:
        await import_notices(tx, [Notice(2018, {date(2018, 6, day): True for day in (4, 5, 6)})], at=NOON)
    at = china("2018-06-06T09:00")
    assert await say(api, at) == 0
    async with api.app.state.database.transaction() as tx:
        [moved] = await count_deadlines_again(tx, at)
    assert (moved.before, moved.after) == (date(2018, 6, 6), date(2018, 6, 11))
    await say(api, at)
    assert [event["type"] for event in await events(api)] == ["moved"]


async def test_an_outage_and_a_notice_together_lose_no_step(new_api: NewApi) -> None:
    api = await new_api("intake")
    await register(api)
    at = china("2018-06-07T09:00")
    # it changes nothing about this lead, and comes when four things are due and not said yet
    await import_and_count(api.app.state.database, Notice(2017, {}), at=at, reason="补录通知")
    await say(api, at)
    assert [event.get("colour") or event["step"] for event in await events(api)] == EIGHT[:4]


async def operate(api: Api, tmp_path: Path, content: str, reason: str = "国办发明电") -> tuple[int, str, str]:
    """An operator brings a file; → exit code, output, error."""
    file = tmp_path / "notice.json"
    file.write_text(content, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.intake", "ops", "import-notice", str(file), "--reason", reason),
        env={**os.environ, **settings_of("intake", api.keys, api.copy)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.rule("A9")
async def test_an_operator_brings_a_notice_and_sees_which_days_moved(new_api: NewApi, tmp_path: Path) -> None:
    api = await new_api("intake")
    lead = await register(api)
    days = [{"date": f"2018-06-0{day}", "isOffDay": True} for day in (5, 6)]
    notice = json.dumps({"year": 2018, "days": days})
    code, out, _ = await operate(api, tmp_path, notice)
    [(lead_no,)] = await api.rows("select lead_no from leads where id = $1", lead)
    moved = {
        "lead_no": lead_no,
        "kind": "classify",
        "before": "2018-06-06",
        "after": "2018-06-08",
        "provisional": False,
    }
    assert (code, json.loads(out)) == (0, {"year": 2018, "new": True, "moved": [moved], "confirmed": 0})
    code, out, _ = await operate(api, tmp_path, notice)
    assert (code, json.loads(out)) == (0, {"year": 2018, "new": False, "moved": [], "confirmed": 0})
    no_day = '{"year": 2018, "days": [{"date": "2018-02-30", "isOffDay": true}]}'
    for content, reason, why in (
        ("{", "国办发明电", "文件不是JSON"),
        (no_day, "国办发明电", "day is out of range"),
        (notice, "短", "理由至少五个字"),
    ):
        code, out, err = await operate(api, tmp_path, content, reason)
        assert (code, out, len(err.splitlines()), why in err) == (1, "", 1, True)
    audited = await api.rows("select action, purpose from audit_log where action = 'notice.import'")
    assert audited == [("notice.import", "国办发明电")]


async def test_a_limit_that_cannot_be_counted_holds_up_no_other(new_api: NewApi) -> None:
    api = await new_api("intake")
    odd, sound = await register(api), await register(api, upstream_no="C2")
    await api.rows("update deadlines set profile_version = 'district-default-99' where lead_id = $1", odd)
    _, moved = await import_and_count(api.app.state.database, NOTICE_2018, at=NOON, reason="国办发明电")
    assert len(moved) == 1
    assert await say(api, china("2018-06-20T09:00")) == 2
    assert {event["lead_id"] for event in await events(api)} == {str(sound)}
    assert await say(api, china("2018-06-20T09:30")) == 0
    await api.rows("update deadlines set profile_version = 'district-default-1' where lead_id = $1", odd)
    assert await say(api, china("2018-06-20T10:30")) == 1
    assert {event["lead_id"] for event in await events(api)} == {str(odd), str(sound)}
