"""The list of each working day: opened once by the clock, also after an outage; closed by a named person; its numbers are its rows."""

import json
from datetime import date, datetime
from typing import Any

import pytest

from services.intake.domain.digest import Digest, missing, soon
from services.intake.usecases.open_digests import open_digests, relearn_closed, relearn_opened
from shared.contracts.daily_digests import DailyDigestClosed, DailyDigestOpened
from shared.errors import NotAllowed
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_leads import ON, assign, classify, register
from tests.intake.api.test_merges import AGAIN, FIRST, look
from tests.support.api import Api
from tests.support.builders import DAYS, NOON

PUBLIC: dict[str, Any] = {"source": "M", "issuing_level": None, "upstream_no": None}
DIGESTS = "/intake/v1/daily-digests"


def on(day: int, hour: int = 9) -> datetime:
    return datetime.fromisoformat(f"2018-06-{day:02}T{hour:02}:00:00+08:00")


async def clock(api: Api, at: datetime) -> None:
    """The worker's timer."""
    async with api.app.state.database.transaction() as tx:
        await open_digests(tx, at)


async def days(api: Api, query: str = "") -> list[str]:
    items = (await api.get(f"{DIGESTS}{query}", by="ana")).json()["items"]
    return [item["day"] for item in items]


@pytest.mark.parametrize(
    ("last", "at", "expected"),
    [
        (None, on(4), [4]),
        (None, on(4, 7), []),
        (None, on(3), []),  # a Sunday
        (1, on(1), []),
        (1, on(4, 7), []),
        (1, on(4), [4]),
        (1, on(8), [4, 5, 6, 7, 8]),
        (14, on(20), [15, 19, 20]),  # 端午节: the 16th to the 18th are off
    ],
)
def test_each_working_day_that_passed_is_missing_until_it_is_opened(
    last: int | None, at: datetime, expected: list[int]
) -> None:
    found = missing(last and date(2018, 6, last), at.date(), DAYS, now=at)  # type: ignore[arg-type]
    assert [day.day for day in found] == expected
    assert soon(date(2018, 6, 1), DAYS) == date(2018, 6, 6)


def test_a_list_is_closed_once() -> None:
    digest, _ = Digest.open(date(2018, 6, 4), on(1), {}, now=on(4))
    closed, said = digest.close(by="ana", at=on(4, 17))
    assert (closed.closed_by, said.day) == ("ana", digest.day)
    with pytest.raises(NotAllowed):
        closed.close(by="ofd", at=on(4, 18))


@pytest.mark.rule("M01")
async def test_the_list_holds_what_waits_by_source_and_area_each_number_with_its_rows(new_api: NewApi) -> None:
    api = await new_api("intake")
    unclassified = await register(api)
    unassigned, given = await register(api, upstream_no="C2"), await register(api, upstream_no="C3")
    repeats = [await register(api, **PUBLIC, summary=text, area_codes=[]) for text in (FIRST, AGAIN)]
    await look(api)
    for lead in (unassigned, given):
        await classify(api, lead, area_codes=["market", "usury"])
    await assign(api, given)
    await clock(api, on(4))
    shown = (await api.get(f"{DIGESTS}/2018-06-04", by="ldr")).json()
    parts = {part["part"]: part for part in shown["parts"]}
    assert {name: part["leads"] for name, part in parts.items()} == shown["counts"]
    rows = {name: (await api.get(part["rows"], by="ana")).json()["items"] for name, part in parts.items()}
    assert {name: len(items) for name, items in rows.items()} == shown["counts"]
    assert {item["id"] for item in rows["unclassified"]} == {str(unclassified), *map(str, repeats)}
    assert [item["id"] for item in rows["unassigned"]] == [str(unassigned)]
    assert len(rows["fresh"]) == 5
    assert {item["id"] for item in rows["due_soon"]} >= {str(given), str(unassigned)}
    assert rows["overdue"] == []
    assert str(repeats[1]) in {item["id"] for item in rows["repeated"]}
    assert parts["unclassified"]["by_source"] == {"M": 2, "S": 1}
    assert parts["unassigned"]["by_area"] == {"market": 1, "usury": 1}
    assert parts["unclassified"]["by_area"] == {"market": 1, "none": 2}
    for cut in ("&source=M", "&area=market"):
        assert len((await api.get(f"{parts['unclassified']['rows']}{cut}", by="ana")).json()["items"]) in (1, 2)
    paged = await api.get(f"{parts['fresh']['rows']}&limit=3", by="ana")
    rest = await api.get(f"{parts['fresh']['rows']}&limit=3&after={paged.json()['next']}", by="ana")
    assert [item["id"] for item in paged.json()["items"] + rest.json()["items"]] == [i["id"] for i in rows["fresh"]]
    [(value,)] = await api.rows("select value from outbox where type = 'xiansuo.intake.daily-digest.opened.v1'")
    said = json.loads(value)
    assert {name: said[name] for name in shown["counts"]} == shown["counts"]


@pytest.mark.rule("M01")
async def test_after_an_outage_each_missing_day_is_opened_once_as_its_hour_would_have_shown_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    await clock(api, on(1))
    lead = await register(api)  # on the 1st, an hour after that day's list
    await clock(api, on(1, 23))
    assert await days(api) == ["2018-06-01"]
    await api.post(
        f"/intake/v1/leads/{lead}/classification",
        {"tier": "evil", "level": "general", "area_codes": ["market"]},
        by="ana",
        **{"X-Local-Clock": "2018-06-05T15:00:00+08:00"},
    )
    for _ in range(2):
        await clock(api, on(7))
    assert await days(api) == ["2018-06-07", "2018-06-06", "2018-06-05", "2018-06-04", "2018-06-01"]
    counts = await api.rows(
        "select day, counts->>'fresh', counts->>'unclassified', counts->>'unassigned' from daily_digests order by day"
    )
    assert [tuple(None if n is None else int(n) for n in row[1:]) for row in counts] == [
        (None, None, None),
        (1, 1, None),  # registered since the 1st, not classified yet
        (None, 1, None),
        (None, None, 1),  # classified in the afternoon of the 5th
        (None, None, 1),
    ]
    said = "select count(*), count(distinct subject) from outbox where type like '%daily-digest.opened%'"
    assert await api.rows(said) == [(5, 5)]


@pytest.mark.rule("M01")
async def test_a_list_that_nobody_closed_shows_on_the_next_and_one_person_closes_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    for day in (1, 4, 5):
        await clock(api, on(day))
    assert (await api.get(f"{DIGESTS}/2018-06-05", by="ana")).json()["unclosed_before"] == ["2018-06-01", "2018-06-04"]
    path = f"{DIGESTS}/2018-06-04/closure"
    for other in ("icl", "sup", "ldr", "unl", "aud"):
        assert (await api.post(path, None, by=other)).status_code == 403
    answers = [await api.post(path, None, by=by, **{"X-Local-Clock": ON}) for by in ("ofd", "ana")]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[0].json()["closed_by"] == "ofd"
    assert (await api.get(f"{DIGESTS}/2018-06-05", by="ana")).json()["unclosed_before"] == ["2018-06-01"]
    assert await days(api, "?state=open") == ["2018-06-05", "2018-06-01"]
    assert await days(api, "?limit=1") == ["2018-06-05"]
    for missing_day in ("2018-06-02", "1800-01-01", "x"):
        answer = await api.get(f"{DIGESTS}/{missing_day}", by="ana")
        assert answer.status_code == (404 if missing_day == "2018-06-02" else 422), answer.text
    assert (await api.get(f"{DIGESTS}/2018-06-02/leads?part=fresh", by="ana")).status_code == 404
    deeds = await api.rows("select action, actor from audit_log where subject = '2018-06-04' order by position")
    assert deeds == [("daily-digest.open", "system"), ("daily-digest.close", "ofd")]


async def test_a_restored_register_does_not_open_a_list_again(new_api: NewApi) -> None:
    api = await new_api("intake")
    counts = {"fresh": 3, "unclassified": 1, "unassigned": 0, "due_soon": 0, "overdue": 0, "repeated": 0}
    opened = DailyDigestOpened(day=date(2018, 6, 4), effective_at=on(4, 8), **counts)
    received = Received("e", "t", "intake.daily-digests", "2018-06-04", 1, "999999", NOON, NOON)  # type: ignore[arg-type]
    async with api.app.state.database.transaction() as tx:
        await relearn_closed(tx, DailyDigestClosed(day=date(2018, 6, 5), effective_at=on(5)), received)
        for _ in range(2):
            await relearn_opened(tx, opened, received)
            await relearn_closed(tx, DailyDigestClosed(day=date(2018, 6, 4), effective_at=on(4, 17)), received)
    await clock(api, on(5))
    assert await days(api) == ["2018-06-05", "2018-06-04"]
    shown = (await api.get(f"{DIGESTS}/2018-06-04", by="ana")).json()
    # a part that the word of an older release does not name had nothing in it
    assert (shown["counts"], shown["closed_by"]) == (counts | {"new_facts": 0}, "lost")


@pytest.mark.rule("M01", "G4")
async def test_whoever_is_concerned_in_a_lead_counts_without_it_and_the_official_count_is_one_for_all(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    mine, _ = await register(api), await register(api, upstream_no="C2", area_codes=["usury"])
    await clock(api, on(4))
    await api.rows(
        "with unit as (insert into directory_units (code, region_code, name, kind, from_on, version) "
        "values ('X', '999999', 'x', 'x', '2018-01-01', 1) returning code) "
        "insert into directory_staff (staff, region_code, name, account, home_unit, from_on, version) "
        "select 'T-1', '999999', 'x', 'ana', code, '2018-01-01', 1 from unit"
    )
    await api.rows(
        "insert into lead_subjects (lead_id, version, subjects, reason, stated_by, stated_at) "
        """values ($1, 1, '[{"staff": "T-1", "unit": null}]', 'x', 'x', now())""",
        mine,
    )
    for by, left in (("ofd", 2), ("ana", 1)):
        shown = (await api.get(f"{DIGESTS}/2018-06-04", by=by)).json()
        [listed] = (await api.get(DIGESTS, by=by)).json()["items"]
        for part in shown["parts"]:
            rows = (await api.get(part["rows"], by=by)).json()["items"]
            counted = {part["leads"], sum(part["by_source"].values()), shown["counts"][part["part"]], len(rows)}
            assert counted == {listed["counts"][part["part"]]}, (by, part)
        assert (shown["counts"]["fresh"], shown["official"]["fresh"], listed["official"]) == (
            left,
            2,
            shown["official"],
        )
        assert {part["part"]: part["official"] for part in shown["parts"]} == shown["official"]
    assert {area for part in shown["parts"] for area in part["by_area"]} == {"usury"}
    closed = (await api.post(f"{DIGESTS}/2018-06-04/closure", None, by="ana", **{"X-Local-Clock": ON})).json()
    assert (closed["counts"]["fresh"], closed["official"]["fresh"]) == (1, 2)
