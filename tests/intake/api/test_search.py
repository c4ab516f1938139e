"""The search through its door: what is found by whom, within a second of filing, and never what may not be found."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from services.intake.db import leads
from services.intake.db.search import BLOCK, forget
from services.intake.domain.lead_states import Status
from services.intake.usecases.make_searchable import make_searchable
from tests.conftest import NewApi
from tests.intake.api.test_leads import ON, assign, classify, register
from tests.intake.api.test_merges import look, merge
from tests.support.api import Api
from tests.support.builders import NOON

SEARCH = "/intake/v1/search"
PUBLIC: dict[str, Any] = {"source": "M", "issuing_level": None, "upstream_no": None}
LATER = "2018-06-20T09:00:00+08:00"
FIRST = "反映城东菜市场张建国强收保护费,电话13800138000"


async def index(api: Api) -> None:
    """The worker's turn."""
    async with api.app.state.database.transaction() as tx:
        await make_searchable(tx, datetime.now(UTC))


async def found(api: Api, query: str, *, by: str = "ana", at: str = ON) -> list[str]:
    answer = await api.get(f"{SEARCH}?{query}", by=by, **{"X-Local-Clock": at})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def some(api: Api) -> dict[str, str]:
    """Leads of every kind, by name, all searchable."""
    made = {
        "market": await register(api, **PUBLIC, summary=FIRST, street="临江街", manifestation_codes=["06"]),
        "usury": await register(
            api, **PUBLIC, summary="反映南湖小区放高利贷", received_on="2018-04-02", source_l2="M-letter"
        ),
        "superior": await register(api, summary="城东菜市场欺行霸市", street="北苑街"),
        "assigned": await register(api, upstream_no="C2", summary="建筑工地强揽工程"),
        "dual": await register(api, upstream_no="C3", summary="菜市场有干部撑腰"),
    }
    await look(api)  # numbers are known by the key alone
    await classify(api, made["superior"])
    for name, grounds in (("assigned", []), ("dual", ["umbrella"])):
        await classify(api, made[name], tier="black", level="key", area_codes=["site"])
        assert (await assign(api, made[name], *grounds)).status_code == 200
    return {name: str(lead) for name, lead in made.items()}


async def test_each_condition_finds_its_leads_newest_first(new_api: NewApi) -> None:
    api = await new_api("intake")
    names = {lead: name for name, lead in (await some(api)).items()}
    # leads that one turn of the worker takes have their numbers in the order of their ids
    [(order,)] = await api.rows("select array_agg(lead_id order by number desc) from lead_search")
    every = [names[str(lead)] for lead in order]

    async def by(query: str, *expected: str, who: str = "ana", at: str = ON) -> None:
        assert [names[lead] for lead in await found(api, query, by=who, at=at)] == [
            name for name in every if name in expected
        ], query

    await by("", *every)
    await by("text=菜市场", "market", "superior", "dual")
    await by("text=菜市场 保护费", "market")
    await by("text=13800138000", "market")
    await by("text=菜市场&source=S", "superior", "dual")
    await by("status=received", "market", "usury")
    await by("status=received&status=classified", "market", "usury", "superior")
    await by("area=site", "assigned", "dual")
    await by("source_l2=M-letter", "usury")
    await by("manifestation=06", "market")
    await by("tier=black&level=key", "assigned", "dual")
    await by("street=临江街", "market")
    await by("unit=GA", "assigned", "dual")
    await by("received_from=2018-04-01&received_to=2018-05-31", "usury")
    await by("received_to=2018-05-31", "usury")
    await by("due_by=2018-06-04", "assigned", "dual", "superior")
    await by("colour=green&colour=yellow&status=received", "market", "usury")
    await by("colour=red")
    await by("colour=red&status=received", "market", "usury", at=LATER)
    await by("colour=red&text=菜市场", "market", "superior", "dual", at=LATER)
    await by("colour=green&unit=GA", "assigned", "dual")
    await by("view=todo", *every, who="sup", at=LATER)
    await by("view=started", *every, who="icl")
    await by("view=started", who="ana")
    await by("view=handled", "superior", "assigned", "dual", who="ana")
    await by("view=handled", "assigned", "dual", who="ofd")
    await by("view=todo", "market", "usury", who="ana")
    await by("view=todo", "market", "usury", "superior", who="ofd")
    await by("view=todo", "assigned", "dual", who="unl")
    # a unit its own, discipline those with a leg
    await by("", "assigned", "dual", who="unh")
    await by("text=工程", "assigned", who="unl")
    await by("text=菜市场", "dual", who="dcm")
    await by("view=todo", "dual", who="dhd")
    await by("", who="tfl")
    answer = (await api.get(SEARCH, by="dcm")).json()["items"]
    assert [sorted(item) for item in answer] == [["id", "lead_no", "received_on"]]
    assert await api.rows("select lead_id from lead_search where received_on = '2018-04-02'") == [
        (UUID(lead),) for lead, name in names.items() if name == "usury"
    ]
    # what became searchable before the index knew the days
    await api.rows("update lead_search set received_on = null")
    await by("received_from=2018-04-01&received_to=2018-04-30", "usury")
    await by("received_from=2018-04-03&received_to=2018-04-30")
    first = (await api.get(f"{SEARCH}?limit=2", by="ana")).json()
    rest = (await api.get(f"{SEARCH}?limit=200&after={first['next']}", by="ana")).json()
    assert [names[item["id"]] for item in first["items"] + rest["items"]] == every
    assert rest["next"] is None


async def test_pages_go_over_blocks_without_gap_or_repeat(new_api: NewApi) -> None:
    api = await new_api("intake")
    await some(api)
    # as if each lead were of a block of its own, with blocks of nothing between them
    await api.rows(
        f"""update lead_search set number = number * 3 << {BLOCK},
        grams = array(select (g >> 24 << 24) | (number * 3) from unnest(grams) g),
        facets = array(select (g >> 24 << 24) | (number * 3) from unnest(facets) g)"""
    )
    for query in ("text=菜市场", "source=S", ""):
        whole = await found(api, f"{query}&limit=200")
        paged, after = [], ""
        while True:
            page = (await api.get(f"{SEARCH}?{query}&limit=1{after}", by="ana")).json()
            paged += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert paged == whole
        assert len(whole) >= 3


async def test_it_is_searchable_after_the_workers_turn_and_follows_what_is_done_at_once(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC, summary=FIRST)
    assert await found(api, "text=菜市场") == []
    await index(api)
    assert await found(api, "text=菜市场&status=received") == [str(lead)]
    await classify(api, lead)
    assert await found(api, "text=菜市场&status=received") == []
    assert await found(api, "text=菜市场&status=classified&tier=evil") == [str(lead)]
    # the search for repeats had its turn or not: the queue serves both
    assert await api.rows("select searchable from repeat_pending") == [(True,)]
    await look(api)
    assert await api.rows("select count(*) from repeat_pending") == [(0,)]
    assert await found(api, "text=菜市场") == [str(lead)]


async def test_what_is_merged_or_taken_away_is_not_found_by_its_words(new_api: NewApi) -> None:
    api = await new_api("intake")
    first, again = [await register(api, **PUBLIC, summary=FIRST) for _ in range(2)]
    await index(api)
    await merge(api, again, first)
    assert await found(api, "text=菜市场") == [str(first)]
    assert await found(api, "status=merged") == [str(again)]
    later = await register(api, **PUBLIC, summary=FIRST)
    async with api.app.state.database.transaction() as tx:
        for lead in (first, later):
            await forget(tx, lead)
    await index(api)
    assert await found(api, "text=菜市场") == []
    assert await found(api, "") == [str(again)]
    [(left,)] = await api.rows("select count(*) from lead_search where words like '%菜市场%' and lead_id <> $1", again)
    assert left == 0


@pytest.mark.rule("G14")
async def test_a_suspended_lead_is_found_as_such_and_a_sealed_one_not_at_all(new_api: NewApi) -> None:
    api = await new_api("intake")
    names = await some(api)

    async def stands(name: str, **changes: Any) -> None:
        async with api.app.state.database.transaction() as tx:
            lead = await leads.get(tx, UUID(names[name]), lock=True)
            changed = replace(lead, version=lead.version + 1, **changes)
            await leads.save(tx, changed, "test", by=None, effective_at=NOON, at=NOON)

    await stands("assigned", suspended_at=NOON)
    assert await found(api, "status=suspended&text=工程") == [names["assigned"]]
    assert await found(api, "status=assigned") == [names["dual"]]
    await stands("dual", status=Status.SEALED)
    assert await found(api, "text=撑腰") == []
    assert await found(api, "status=sealed") == []
    assert await api.rows("select count(*) from lead_search where lead_id = $1", UUID(names["dual"])) == [(0,)]


@pytest.mark.rule("G11")
async def test_a_search_for_words_is_on_record_without_them(new_api: NewApi) -> None:
    api = await new_api("intake")
    await some(api)
    await found(api, "text=张建国 菜市场")
    await found(api, "source=S")
    [(detail, rest)] = await api.rows(
        "select detail::text, to_jsonb(a)::text from audit_log a where action = 'lead.search'"
    )
    assert '"found": 1' in detail
    assert "张建国" not in rest


WRONG = [
    ("text=一", "ana", 422, "text"),
    ("text=。。。", "ana", 422, "text"),
    ("text=" + "菜市 " * 9, "ana", 422, "text"),
    ("text=菜市%00场", "ana", 422, "text"),
    ("status=lost", "ana", 422, "status.0"),
    ("colour=blue", "ana", 422, "colour.0"),
    ("received_from=20180601", "ana", 422, "received_from"),
    ("received_from=2018-06-02&received_to=2018-06-01", "ana", 422, "received_from"),
    ("unit=<b>", "ana", 422, "unit"),
    ("after=x", "ana", 422, "after"),
    ("text=菜市场", "icl", 403, None),
    ("text=菜市场", "ldr", 403, None),
    ("unit=ZF", "unl", 403, None),
    ("status=assigned", "dcm", 403, None),
    ("", "edt", 403, None),
    ("", "rvk", 403, None),
]


async def test_what_is_asked_wrongly_is_refused_with_the_field(new_api: NewApi) -> None:
    api = await new_api("intake")
    for query, by, status, field in WRONG:
        answer = await api.get(f"{SEARCH}?{query}", by=by)
        assert answer.status_code == status, answer.text
        assert field is None or answer.json()["errors"][0]["field"] == field


async def test_a_span_that_ends_before_it_begins_is_refused_by_both_its_fields(new_api: NewApi) -> None:
    api = await new_api("intake")
    span = {"received_from": "2018-06-02", "received_to": "2018-06-01"}
    asked = await api.get(f"{SEARCH}?{urlencode(span)}", by="ana")
    kept = await api.post("/intake/v1/searches", {"name": "六月", "filters": span}, by="ana", key="k")
    for answer, at in ((asked, ""), (kept, "filters.")):
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [f"{at}{name}" for name in span]
    assert await found(api, "received_from=2018-06-01&received_to=2018-06-01") == []


@pytest.mark.rule("G18")
async def test_a_person_keeps_searches_of_ones_own_but_no_words(new_api: NewApi) -> None:
    api = await new_api("intake")
    order = {"name": "我的红色线索", "filters": {"colour": ["red"], "street": "临江街", "view": "todo"}}
    made = await api.post("/intake/v1/searches", order, by="ana", key="k1")
    assert made.status_code == 201, made.text
    assert (await api.post("/intake/v1/searches", order, by="ana", key="k1")).json() == made.json()
    assert (await api.post("/intake/v1/searches", order, by="ana", key="k2")).status_code == 409
    assert (await api.post("/intake/v1/searches", order, by="ofd", key="k1")).status_code == 201
    named = {"name": "盯人", "filters": {"text": "张建国"}}
    assert (await api.post("/intake/v1/searches", named, by="ana", key="k3")).status_code == 422
    [kept] = (await api.get("/intake/v1/searches", by="ana")).json()
    assert kept == made.json()
    assert (await api.get("/intake/v1/searches", by="ldr")).json() == []
    path = f"/intake/v1/searches/{kept['id']}"
    for who, status in (("ofd", 404), ("ana", 204), ("ana", 404)):
        assert (await api.client.delete(path, headers=api.as_(who))).status_code == status
