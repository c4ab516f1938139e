"""Limits on a real PostgreSQL: what runs in each state, each thing said once by two timers and after an outage, pauses, late notices."""

import asyncio
import json
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.intake.clock import timers
from services.intake.consumer import OWN
from services.intake.domain.codes import Source
from services.intake.usecases import start_missing
from services.intake.usecases.follow_work import follow_accepted, follow_concluded
from services.intake.usecases.register_lead import NewLead, admit
from services.intake.usecases.relearn_deadline import relearn_moved, relearn_said
from services.intake.usecases.say_deadlines import say_deadlines
from shared.auth import Principal
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.intake import DeadlineColoured, DeadlineEscalated, DeadlineMoved
from shared.contracts.verification import WorkAccepted, WorkConcluded
from shared.db import Database, Transaction
from shared.deadlines import start_of
from shared.idempotency import Claim
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.support.api import Api
from tests.support.builders import BOOK, NOON
from tests.support.subjects import SUBJECTS

NINE = ["yellow", "orange", "reminder", "red", "urge", "supervision", "report", "talk", "circular"]
EIGHT = NINE[1:]
SAID = """select lead_id, kind, what from deadline_steps order by lead_id, kind, due_at, what"""
EVENTS = "select type, value from outbox where topic = 'intake.deadlines' order by position"


def china(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


async def say(api: Api, at: datetime, **more: Any) -> int:
    async with api.app.state.database.transaction() as tx:
        return await say_deadlines(tx, at, **more)


async def events(api: Api) -> list[dict[str, Any]]:
    return [{"type": kind.split(".")[3], **json.loads(value)} for kind, value in await api.rows(EVENTS)]


def heard(event: Any, sequence: int = 1) -> Received:
    return Received(uuid4(), event.TYPE, event.TOPIC, event.subject, sequence, "999999", NOON, NOON)


async def follow(api: Api, lead: UUID, kind: str, at: datetime) -> None:
    common = {"work_id": uuid4(), "lead_id": lead, "effective_at": at}
    async with api.app.state.database.transaction() as tx:
        if kind == "accepted":
            accepted = WorkAccepted(**common, unit="GA", verifier_count=2, plan_on_file=True, recusals_on_file=True)
            await follow_accepted(tx, accepted, heard(accepted))
        else:
            concluded = WorkConcluded(**common, conclusion="C3")
            await follow_concluded(tx, concluded, heard(concluded))


async def running(api: Api) -> list[str]:
    return [kind for (kind,) in await api.rows("select kind from deadlines where stopped_at is null order by kind")]


async def many(api: Api, number: int) -> None:
    """So many leads, registered at once."""
    state = api.app.state
    clerk = Principal(sub="icl-1", roles=frozenset({"icl"}), unit="SB")
    orders = [
        admit(NewLead(source=Source.PUBLIC, summary="反映强收费用"), book=BOOK, sealer=state.sealer, by=clerk, at=NOON)
        for _ in range(number)
    ]
    await asyncio.gather(*(state.submit_lead(order, Claim("icl-1", str(uuid4()), b"m", NOON)) for order in orders))


@pytest.mark.rule("D02", "D03", "D04", "D07", "D11")
async def test_a_lead_is_never_without_a_running_limit_until_its_reporter_is_told(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    assert await running(api) == ["classify"]
    await classify(api, lead)
    await classify(api, lead, level="key")
    assert await running(api) == ["assign"]
    await assign(api, lead)
    assert await running(api) == ["conclude", "sign"]
    await follow(api, lead, "accepted", china("2018-06-02T10:00"))
    assert await running(api) == ["conclude"]
    await follow(api, lead, "concluded", china("2018-07-02T10:00"))
    assert await running(api) == ["feedback"]
    assert await api.rows(
        "select kind, round, limit_id, due_on, stopped_at from deadlines order by due_at, kind desc"
    ) == [
        ("sign", 1, "D04", date(2018, 6, 4), china("2018-06-02T10:00")),
        ("assign", 1, "D03", date(2018, 6, 4), china("2018-06-01T09:00")),
        ("classify", 1, "D02", date(2018, 6, 6), china("2018-06-01T09:00")),
        ("feedback", 1, "D11", date(2018, 7, 9), None),
        ("conclude", 1, "D07b", date(2018, 7, 31), china("2018-07-02T10:00")),
    ]
    assert await say(api, china("2018-12-01T09:00")) == 1
    assert await api.rows("select distinct kind from deadline_steps") == [("feedback",)], (
        "what has stopped says nothing"
    )


@pytest.mark.rule("LADDER")
async def test_each_thing_is_said_once_in_its_time(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    for day in range(60):
        await say(api, china("2018-06-01T09:00") + timedelta(days=day))
    said = await events(api)
    assert [event.get("colour") or event["step"] for event in said] == EIGHT
    assert {(event["lead_id"], event["kind"], event["limit_id"], event["due_on"]) for event in said} == {
        (str(lead), "classify", "D02", "2018-06-06")
    }
    assert said[2]["effective_at"] == "2018-06-06T16:00:00Z"
    assert await api.rows("select what from deadline_steps order by due_at, said_at, what") == [
        (what,) for what in ("orange", "reminder", "red", "urge", "supervision", "report", "talk", "circular")
    ]
    audited = await api.rows(
        "select action, actor, detail from audit_log where action like 'deadline%' order by position"
    )
    assert [(action, actor) for action, actor, _ in audited] == [("deadline.say", "system")] * 6
    assert [what for _, _, detail in audited for what in json.loads(detail)["said"]] == EIGHT


@pytest.mark.rule("LADDER")
async def test_after_an_outage_all_that_was_missed_is_said_once_and_in_order(new_api: NewApi) -> None:
    api = await new_api("intake")
    await register(api)
    await say(api, china("2018-06-04T09:00"))
    assert await events(api) == []
    # down for all of Tuesday and Wednesday, in which it became orange and then red
    await say(api, china("2018-06-07T00:00"))
    said = await events(api)
    assert [event.get("colour") or event["step"] for event in said] == ["orange", "reminder", "red", "urge"]
    assert [event["effective_at"] for event in said] == ["2018-06-04T16:00:00Z"] * 2 + ["2018-06-06T16:00:00Z"] * 2
    await say(api, china("2018-06-07T00:00"))
    await say(api, china("2018-07-07T00:00"))
    assert [event.get("colour") or event["step"] for event in await events(api)] == EIGHT


@pytest.mark.rule("LADDER")
async def test_two_timers_side_by_side_say_each_thing_once(new_api: NewApi) -> None:
    api = await new_api("intake")
    await many(api, 120)
    workers = [Database(api.copy.url, pool=2) for _ in range(2)]
    taken: list[int] = []

    async def work(database: Database, at: datetime) -> None:
        while True:
            async with database.transaction() as tx:
                number = await say_deadlines(tx, at, at_once=7)
            taken.append(number)
            if not number:
                return

    for at in (china("2018-06-05T09:00"), china("2018-06-09T09:00"), china("2018-07-09T09:00")):
        await asyncio.gather(*(work(database, at) for database in workers))
        # a row that the other held when both were done is taken the next time
        await work(workers[0], at)
    for database in workers:
        await database.close()
    said = Counter((lead, what) for lead, _, what in await api.rows(SAID))
    assert (len(said), set(said.values())) == (120 * len(EIGHT), {1})
    assert Counter(e.get("colour") or e["step"] for e in await events(api)) == dict.fromkeys(EIGHT, 120)
    counted = await api.rows(
        "select count(*), max(sequence), count(distinct subject) from outbox where topic = 'intake.deadlines'"
    )
    assert counted == [(120 * len(EIGHT), len(EIGHT), 120)]
    assert sum(taken) == 360


async def test_what_one_timer_holds_the_other_leaves_and_says_nothing_if_it_fails(new_api: NewApi) -> None:
    api = await new_api("intake")
    await many(api, 5)
    at = china("2018-06-05T09:00")

    class Killed(Exception):
        pass

    async def dies(tx: Transaction) -> None:
        assert await say_deadlines(tx, at, at_once=3) == 3
        assert await say(api, at) == 2
        raise Killed

    with pytest.raises(Killed):
        async with api.app.state.database.transaction() as tx:
            await dies(tx)
    assert len(await events(api)) == 4
    assert await say(api, at) == 3
    assert len(await events(api)) == 10


async def test_limits_of_years_past_are_shown_and_not_chased(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    since = start_of(date(2019, 1, 1))
    assert await say(api, china("2026-06-05T09:00"), since=since) == 0
    shown = (await api.get(f"/intake/v1/leads/{lead}/deadlines", by="sup")).json()
    assert [(one["kind"], one["colour"], one["steps"]) for one in shown] == [("classify", "red", [])]
    assert await say(api, china("2026-06-05T09:00"), since=start_of(date(2018, 1, 1))) == 1


async def test_after_a_restore_what_was_said_is_not_said_again_and_a_pause_still_counts(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    await classify(api, lead)
    await assign(api, lead)
    common = {"lead_id": lead, "round": 1, "limit_id": "D07a", "due_on": date(2018, 7, 2), "provisional": False}
    said: list[Any] = [
        DeadlineColoured(**common, kind="conclude", colour="yellow", effective_at=china("2018-06-17T00:00")),
        DeadlineEscalated(**common, kind="conclude", step="reminder", effective_at=china("2018-06-27T00:00")),
    ]
    pause_id, granted = uuid4(), china("2018-06-28T09:00")
    days = {"pause_id": pause_id, "first": date(2018, 6, 28)}
    paused = DeadlineMoved(
        **common, **days, kind="conclude", because="paused", last=date(2018, 7, 10), effective_at=granted
    )
    resumed = DeadlineMoved(
        **common, **days, kind="conclude", because="resumed", last=date(2018, 6, 30), effective_at=granted
    )
    async with api.app.state.database.transaction() as tx:
        for event in said:
            await relearn_said(tx, event, heard(event))
        await relearn_moved(tx, paused, heard(paused))
    assert await api.rows("select due_on from leads") == [(date(2018, 7, 16),)]
    async with api.app.state.database.transaction() as tx:
        await relearn_moved(tx, resumed, heard(resumed))
    assert await api.rows("select due_on from leads") == [(date(2018, 7, 4),)]
    assert await api.rows("select status, asked_by, first, last from deadline_pauses") == [
        ("resumed", "lost", date(2018, 6, 28), date(2018, 6, 30))
    ]
    assert {what for _, kind, what in await api.rows(SAID) if kind == "conclude"} == {"yellow", "reminder"}


async def test_the_services_role_cannot_rewrite_what_was_said_or_when_a_limit_began(new_api: NewApi) -> None:
    api = await new_api("intake")
    await register(api)
    connection = await asyncpg.connect(api.copy.url)
    try:
        for statement in (
            "update deadlines set started_at = now()",
            "update deadlines set limit_id = 'D07c'",
            "delete from deadlines",
            "delete from deadline_steps",
            "update deadline_steps set said_at = now()",
            "update deadline_pauses set asked_by = 'x'",
            "delete from deadline_pauses",
            "update holiday_notices set days = '{}'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(("looked_at", "at_once"), [(4_000, 500), (2, 500), (4_000, 2), (1, 1)])
async def test_leads_from_before_limits_were_kept_get_theirs(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch, looked_at: int, at_once: int
) -> None:
    """However many are looked through and begun in one transaction."""
    monkeypatch.setattr(start_missing, "LOOKED_AT", looked_at)
    monkeypatch.setattr(start_missing, "AT_ONCE", at_once)
    api = await new_api("intake")
    leads = [await register(api, upstream_no=f"C{number}") for number in range(5)]
    for lead in leads[1:]:
        await classify(api, lead)
    for lead in leads[2:]:
        await assign(api, lead)
    for lead in leads[3:]:
        await follow(api, lead, "accepted", NOON)
    await follow(api, leads[4], "concluded", NOON)
    as_kept = (
        "select lead_id, kind, started_at, due_on, due_at from deadlines where stopped_at is null and kind <> 'feedback' "
        "order by 1, 2"
    )
    before = await api.rows(as_kept)
    assert len(before) == 5
    await api.rows("delete from deadlines")
    start = timers(b"k" * 32, SUBJECTS)["deadlines.start-missing"].run
    for _ in range(6):
        async with api.app.state.database.transaction() as tx:
            await start(tx, china("2018-06-04T09:00"))
    assert await api.rows(as_kept) == before
    # an hour later it begins at the first again
    await api.rows("delete from deadlines")
    for minute in range(6):
        async with api.app.state.database.transaction() as tx:
            await start(tx, china(f"2018-06-04T10:0{minute}"))
    assert await api.rows(as_kept) == before
    audited = await api.rows("select count(*) from audit_log where action = 'deadline.start-missing'")
    assert audited == [(10,)], "the one that is concluded is to be told"


@pytest.mark.parametrize("superior", [None, "2018-06-20"])
async def test_a_lead_that_is_learned_again_after_a_restore_has_its_limits_again(
    new_api: NewApi, superior: str | None
) -> None:
    api, restored = await new_api("intake"), await new_api("intake")
    lead = await register(api, upstream_deadline=superior)
    await classify(api, lead)
    await classify(api, lead, level="key")
    await assign(api, lead)
    said = await api.rows("select type, value, recorded_at from outbox where topic = 'intake.leads' order by sequence")
    async with restored.app.state.database.transaction() as tx:
        for number, (kind, value, recorded_at) in enumerate(said, 1):
            event = BY_TYPE[kind].model_validate_json(value)
            received = Received(uuid4(), kind, event.TOPIC, event.subject, number, "999999", recorded_at, NOON)
            await OWN[type(event)](tx, event, received)
    limits = "select kind, round, limit_id, due_on, stopped_at is null from deadlines order by kind"
    assert await restored.rows(limits) == await api.rows(limits)
    assert await restored.rows("select sign_by, due_on from leads") == await api.rows(
        "select sign_by, due_on from leads"
    )
