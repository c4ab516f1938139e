"""The doors of limits: what runs and what is overdue, page by page; a pause asked for by one person and decided by another."""

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.usecases.say_deadlines import say_deadlines
from shared.deadlines import profile
from tests.conftest import NewApi
from tests.intake.api.test_leads import ON, SUPERIOR, assign, classify, register
from tests.support.api import Api

LIST = "/intake/v1/deadlines"
REASON = "等待司法鉴定意见"
MORNING = {"X-Local-Clock": ON}


def clock(day: str, hour: int = 9) -> dict[str, str]:
    return {"X-Local-Clock": f"{day}T{hour:02}:00:00+08:00"}


async def lead_at_work(api: Api, **changes: Any) -> UUID:
    lead = await register(api, **changes)
    await classify(api, lead)
    assert (await assign(api, lead)).status_code == 200
    return lead


async def ask(
    api: Api, lead: UUID, until: str = "2018-06-15", *, by: str = "ana", kind: str = "conclude", **more: Any
) -> Any:
    order = {"until": until, "reason": more.pop("reason", REASON)}
    path = f"/intake/v1/leads/{lead}/deadlines/{kind}/pauses"
    return await api.post(path, order, by=by, key=more.pop("key", str(uuid4())), **more.pop("at", clock("2018-06-04")))


async def decide(api: Api, pause: str, *, by: str, grant: bool = True, day: str = "2018-06-04") -> Any:
    return await api.post(f"/intake/v1/pauses/{pause}/decision", {"grant": grant}, by=by, **clock(day))


async def due_on(api: Api, lead: UUID) -> str:
    return str((await api.get(f"/intake/v1/leads/{lead}", by="ofd")).json()["due_on"])


async def test_the_limits_of_a_lead_are_shown_with_their_colour_and_what_was_said(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await lead_at_work(api)
    path = f"/intake/v1/leads/{lead}/deadlines"
    shown = (await api.get(path, by="icl", **clock("2018-06-20"))).json()
    assert [(one["kind"], one["colour"], one["in_time"], one["due_on"]) for one in shown] == [
        ("assign", "green", True, "2018-06-04"),
        ("sign", "red", None, "2018-06-04"),
        ("classify", "green", True, "2018-06-06"),
        ("conclude", "yellow", None, "2018-07-02"),
    ]
    async with api.app.state.database.transaction() as tx:
        await say_deadlines(tx, datetime.fromisoformat("2018-06-05T09:00:00+08:00"))
    shown = {one["kind"]: one for one in (await api.get(path, by="ldr", **clock("2018-06-05"))).json()}
    assert [step["what"] for step in shown["sign"]["steps"]] == ["orange", "reminder", "red", "urge"]
    assert shown["conclude"]["steps"] == []
    assert (await api.get(f"/intake/v1/leads/{uuid4()}/deadlines", by="ofd")).status_code == 404


async def test_what_is_overdue_is_listed_by_colour_unit_and_day(new_api: NewApi) -> None:
    api = await new_api("intake")
    working = await lead_at_work(api)
    fresh = await register(api, upstream_no="C2")

    async def listed(query: str, day: str = "2018-06-05") -> list[tuple[str, str]]:
        answer = await api.get(f"{LIST}?{query}", by="sup", **clock(day))
        assert answer.status_code == 200, answer.text
        return [(one["lead_id"], one["kind"]) for one in answer.json()["items"]]

    sign, conclude, new = (str(working), "sign"), (str(working), "conclude"), (str(fresh), "classify")
    assert await listed("") == [sign, new, conclude]
    assert await listed("colour=red") == [sign]
    assert await listed("colour=orange") == [new]
    assert await listed("colour=green") == [conclude]
    assert await listed("colour=yellow") == []
    assert await listed("colour=yellow", "2018-06-20") == [conclude]
    assert await listed("unit=GA") == [sign, conclude]
    unknown = await api.get(f"{LIST}?unit=XX", by="sup")
    assert unknown.status_code == 422
    assert "GA 公安分局" in unknown.json()["errors"][0]["reason"]
    assert await listed("kind=classify") == [new]
    assert await listed("due_by=2018-06-06") == [sign, new]
    entry = (await api.get(LIST, by="sup", **clock("2018-06-05"))).json()["items"][0]
    assert (entry["lead_no"][:16], entry["level"], entry["unit"]) == ("999999-S20180601", "general", "GA")
    assert (await api.get(f"{LIST}?color=red", by="sup")).status_code == 422
    assert (await api.get(LIST, by="unl")).status_code == 403


async def test_the_list_goes_page_by_page_without_gap_or_repeat(new_api: NewApi) -> None:
    api = await new_api("intake")
    for number in range(7):
        await lead_at_work(api, upstream_no=f"C{number}")
    seen: list[tuple[str, str]] = []
    after = ""
    while True:
        answer = (await api.get(f"{LIST}?limit=3{after}", by="ofd", **MORNING)).json()
        seen += [(one["lead_id"], one["kind"]) for one in answer["items"]]
        if answer["next"] is None:
            break
        after = f"&after={answer['next']}"
    assert (len(seen), len(set(seen))) == (14, 14)
    assert [kind for _, kind in seen] == ["sign"] * 7 + ["conclude"] * 7
    bad = await api.get(f"{LIST}?after=xx", by="ofd")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "after")


@pytest.mark.rule("D07")
async def test_a_pause_takes_two_people_and_moves_the_end_by_its_days(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await lead_at_work(api)
    asked = await ask(api, lead, by="ofd")
    assert (asked.status_code, asked.json()["status"]) == (201, "asked")
    pause = asked.json()["id"]
    assert (await decide(api, pause, by="ofd")).status_code == 403
    assert await due_on(api, lead) == "2018-07-02"
    granted = await decide(api, pause, by="ldr")
    assert [granted.json()[name] for name in ("status", "first", "last", "decided_by")] == [
        "granted",
        "2018-06-04",
        "2018-06-15",
        "ldr",
    ]
    assert await due_on(api, lead) == "2018-07-13", "twelve days later"
    shown = {
        one["kind"]: one
        for one in (await api.get(f"/intake/v1/leads/{lead}/deadlines", by="ofd", **clock("2018-06-10"))).json()
    }
    assert (shown["conclude"]["paused"], shown["conclude"]["due_on"], shown["sign"]["paused"]) == (
        True,
        "2018-07-13",
        False,
    )
    assert (await decide(api, pause, by="ldr")).status_code == 409
    assert (await ask(api, lead)).status_code == 409, "it is paused already"
    told = "select convert_from(value, 'UTF8')::json ->> 'because' from outbox where topic = 'intake.deadlines'"
    assert await api.rows(told) == [("paused",)]
    deeds = "select action, actor, purpose from audit_log where action like 'deadline.%' order by position"
    assert await api.rows(deeds) == [
        ("deadline.ask-pause", "ofd", REASON),
        ("deadline.grant-pause", "ldr", None),
    ]
    assert [line["action"] for line in (await api.get(f"/intake/v1/leads/{lead}/history", by="ofd")).json()][
        -1
    ] == "pause"


@pytest.mark.rule("D04")
async def test_no_pause_goes_beyond_the_last_day_of_all(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await lead_at_work(api)
    # to sign takes a working day, five at the latest: from Friday the 1st until Friday the 8th
    for until, status in (("2018-06-08", 409), ("2018-06-07", 200)):
        asked = (await ask(api, lead, until, kind="sign")).json()["id"]
        decided = await decide(api, asked, by="ofd")
        assert decided.status_code == status, decided.text
        if status == 409:
            assert "2018-06-08" in decided.json()["detail"]
            assert (await decide(api, asked, by="ofd", grant=False)).status_code == 200
    shown = {one["kind"]: one for one in (await api.get(f"/intake/v1/leads/{lead}/deadlines", by="ofd")).json()}
    assert shown["sign"]["due_on"] == "2018-06-08"
    # the days in which the whole lead stood still move that day, too
    why = {"reason": "举报人受到威胁", "measures": "已保护"}
    assert (
        await api.post(f"/intake/v1/leads/{lead}/suspension", why, by="ofd", **clock("2018-06-08"))
    ).status_code == 200
    resumed = await api.post(
        f"/intake/v1/leads/{lead}/resumption", {"reason": "威胁已消除"}, by="ofd", **clock("2018-06-12")
    )
    assert resumed.status_code == 200, resumed.text
    shown = {one["kind"]: one for one in (await api.get(f"/intake/v1/leads/{lead}/deadlines", by="ofd")).json()}
    assert shown["sign"]["due_on"] == "2018-06-12"
    longer = (await ask(api, lead, "2018-06-13", kind="sign", at=clock("2018-06-12"))).json()["id"]
    assert (await decide(api, longer, by="ofd", day="2018-06-12")).status_code == 409


async def test_a_pause_that_is_ended_early_gives_the_days_back(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await lead_at_work(api)
    pause = (await ask(api, lead)).json()["id"]
    await decide(api, pause, by="ofd")
    path = f"/intake/v1/pauses/{pause}/resumption"
    ended = await api.post(path, {"reason": "鉴定意见已到"}, by="ofd", **clock("2018-06-08"))
    assert (ended.json()["status"], ended.json()["last"]) == ("resumed", "2018-06-07")
    assert await due_on(api, lead) == "2018-07-05"
    assert (await api.post(path, {"reason": "鉴定意见已到"}, by="ofd", **clock("2018-06-08"))).status_code == 409
    again = (await ask(api, lead, "2018-06-20", at=clock("2018-06-11"))).json()["id"]
    await decide(api, again, by="ofd", day="2018-06-11")
    await api.post(f"/intake/v1/pauses/{again}/resumption", {"reason": "当天恢复办理"}, by="ofd", **clock("2018-06-11"))
    assert await due_on(api, lead) == "2018-07-05", "nothing is left of it"


async def test_the_superiors_date_is_moved_by_no_pause(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await lead_at_work(api, upstream_deadline="2018-06-25")
    await decide(api, (await ask(api, lead)).json()["id"], by="ofd")
    assert await due_on(api, lead) == "2018-06-25"


async def test_one_request_is_open_at_a_time_and_a_repeated_one_is_answered_again(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await lead_at_work(api)
    first, same, other = [await ask(api, lead, key=key) for key in ("k1", "k1", "k2")]
    assert (first.status_code, same.status_code, first.content == same.content) == (201, 201, True)
    assert (other.status_code, other.json()["code"]) == (409, "not-allowed")
    waiting = (await api.get("/intake/v1/pauses?status=asked", by="ldr")).json()["items"]
    assert [one["id"] for one in waiting] == [first.json()["id"]]
    refused = await decide(api, first.json()["id"], by="ofd", grant=False)
    assert refused.json()["status"] == "refused"
    assert await due_on(api, lead) == "2018-07-02"
    assert (await ask(api, lead, at=clock("2018-06-05"))).status_code == 201
    statuses = [one["status"] for one in (await api.get(f"/intake/v1/leads/{lead}/pauses", by="ana")).json()]
    assert statuses == ["refused", "asked"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"by": "icl"}, 403),
        ({"kind": "classify"}, 409),
        ({"kind": "other"}, 422),
        ({"until": "2018-12-31"}, 422),
        ({"until": "2018-06-03"}, 422),
        ({"reason": "短"}, 422),
        ({"reason": "【绝密】鉴定中"}, 422),
        ({"until": "2018-08-20", "at": clock("2018-07-03")}, 409),
    ],
)
async def test_a_request_that_does_not_fit_is_refused(new_api: NewApi, changes: dict[str, Any], status: int) -> None:
    api = await new_api("intake")
    answer = await ask(api, await lead_at_work(api), **changes)
    assert answer.status_code == status, answer.text
    assert await api.rows("select count(*) from deadline_pauses") == [(0,)]


async def test_a_lead_without_such_a_limit_and_a_pause_nobody_knows_are_not_found(new_api: NewApi) -> None:
    api = await new_api("intake")
    assert (await ask(api, await register(api))).status_code == 404
    assert (await decide(api, str(uuid4()), by="ofd")).status_code == 404


SHORTER = """
[[version]]
number = 2
from = 2018-06-05
[version.limits]
D02 = { number = 2, unit = "WD", basis = "new" }
D03 = { number = 4, unit = "WD", basis = "new" }
D04 = { number = 2, unit = "WD", basis = "new" }
D04h = { number = 2, unit = "WD", basis = "new" }
D07a = { number = 10, unit = "ND", basis = "new" }
"""


@pytest.fixture
def two_profiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The shipped version, and another from 2018-06-05 on."""
    versions = profile.profiles_of(files(profile.__package__).joinpath(f"{profile.NAME}.toml").read_text() + SHORTER)
    monkeypatch.setattr(profile, "_shipped", lambda: versions)
    profile._shipped_in_force.cache_clear()
    yield
    profile._shipped_in_force.cache_clear()


@pytest.mark.rule("D02", "D03", "D04", "D07")
@pytest.mark.usefixtures("two_profiles")
async def test_a_lead_keeps_the_profile_that_was_in_force_when_it_came(new_api: NewApi) -> None:
    api = await new_api("intake")
    day = clock("2018-06-05")
    old = await register(api)
    order = SUPERIOR | {"upstream_no": "C2", "received_on": "2018-06-05"}
    new = UUID((await api.post("/intake/v1/leads", order, by="icl", key="new", **day)).json()["id"])
    chosen = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    for lead, number, last in (
        (old, 1, {"classify": "2018-06-06", "assign": "2018-06-06", "sign": "2018-06-06", "conclude": "2018-07-05"}),
        (new, 2, {"classify": "2018-06-07", "assign": "2018-06-11", "sign": "2018-06-07", "conclude": "2018-06-15"}),
    ):
        path, version = f"/intake/v1/leads/{lead}", f"district-default-{number}"
        assert (await api.post(f"{path}/classification", chosen, by="ana", **day)).status_code == 200
        assert (await api.post(f"{path}/assignment", {"unit": "GA"}, by="ofd", **day)).status_code == 200
        shown = (await api.get(f"{path}/deadlines", by="ofd", **day)).json()
        assert {one["profile_version"] for one in shown} == {version}
        assert {one["kind"]: one["due_on"] for one in shown} == last
        assert await api.rows("select profile_version, sign_by::text, due_on::text from leads where id = $1", lead) == [
            (version, last["sign"], last["conclude"])
        ]
        # the last day of all, beyond which no pause goes, is that of its version, too (D04h)
        asked = (await ask(api, lead, "2018-06-06", kind="sign", at=day)).json()
        granted = await decide(api, asked["id"], by="ofd", day="2018-06-05")
        assert granted.status_code == (200 if lead == old else 409), granted.text
