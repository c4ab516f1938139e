"""Reading restricted data through the doors: what for, what of one's own circle, and who is told."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.intake.clock import look_at_retention
from tests.conftest import NewApi
from tests.intake.api.test_leads import ON, register
from tests.support.api import Api

PUBLIC: dict[str, Any] = {"source": "M", "issuing_level": None, "upstream_no": None}
NIGHT = "2018-06-01T23:30:00+08:00"


async def read(api: Api, lead: UUID, *, by: str = "ana", at: str = ON, **headers: str) -> Any:
    return await api.get(f"/intake/v1/leads/{lead}", by=by, **{"X-Local-Clock": at, **headers})


async def kinds(api: Api) -> list[str]:
    rows = (await api.get("/intake/v1/read-alerts", by="dpo")).json()["items"]
    return [row["kind"] for row in rows]


@pytest.mark.rule("G11")
async def test_every_door_to_restricted_data_asks_what_for_and_keeps_the_answer(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC)
    here = f"/intake/v1/leads/{lead}"
    doors = ("", "/history", "/candidates", "/repeats", "/pauses")
    for path in [here + door for door in doors] + ["/intake/v1/pauses", "/intake/v1/search?text=菜市场"]:
        for wrong in ({}, {"Access-Purpose": "curiosity"}):
            refused = await api.client.get(path, headers=api.as_("ana", **wrong))
            assert refused.status_code == 400, path
            [error] = refused.json()["errors"]
            assert error["field"] == "Access-Purpose"
            assert "handle 办理" in error["reason"]
            assert "curiosity" not in refused.text
        answer = await api.get(path, by="ana", **{"Access-Purpose": "compare", "X-Local-Clock": ON})
        assert answer.status_code == 200, answer.text
    kept = await api.rows("select action, purpose from audit_log where actor = 'ana' order by position")
    assert kept == [
        ("lead.read", "compare"),
        ("lead.read-history", "compare"),
        ("lead.read-candidates", "compare"),
        ("lead.read-repeats", "compare"),
        ("lead.read-pauses", "compare"),
        ("pauses.read", "compare"),
        ("lead.search", "compare"),
    ]
    # those who see no reasons read nothing restricted; a stranger is turned away before being asked
    assert (await api.client.get(f"{here}/history", headers=api.as_("icl"))).status_code == 200
    assert (await api.client.get(here, headers=api.as_("edt"))).status_code == 403
    assert (await api.client.get(here)).status_code == 401
    assert await kinds(api) == []


@pytest.mark.rule("G12")
async def test_reading_about_ones_own_circle_is_noticed_and_nobody_is_shown_the_circle(new_api: NewApi) -> None:
    api = await new_api("intake")
    leads = [
        await register(api, **PUBLIC, summary=text)
        for text in ("南湖花园小区有人放贷", "张建国强收保护费", "建设局有人说情", "扫黑办有人通风报信", "别处的事")
    ]
    mine = {"places": ["南湖花园"], "relatives": ["張建國"], "units": ["建设局"]}
    declared = await api.client.put("/intake/v1/circle", json=mine, headers=api.as_("ana"))
    assert declared.status_code == 204, declared.text
    for lead in leads:
        assert (await read(api, lead)).status_code == 200
        assert (await read(api, lead, by="sup")).status_code == 200
    rows = (await api.get("/intake/v1/read-alerts", by="aud")).json()["items"]
    assert sorted((row["kind"], row["actor"]) for row in rows) == [
        ("colleague", "ana"),
        ("colleague", "ana"),
        ("colleague", "sup"),
        ("neighbour", "ana"),
        ("relative", "ana"),
    ]
    [(kept,)] = await api.rows(
        "select string_agg(c::text, ' ') || (select string_agg(a::text, ' ') from audit_log a) from circle_marks c"
    )
    assert not [word for word in ("南湖花园", "张建国", "張建國", "建设局") if word in kept]
    # it goes with the account of who declared it, and not before
    await api.rows(
        "insert into staff_accounts values ('ana', 'SB-009', '2030-01-02') on conflict (account) "
        "do update set ends_at = excluded.ends_at"
    )
    declared_marks = await api.rows("select count(*) from circle_marks")
    for day, left in ((datetime(2030, 1, 1, tzinfo=UTC), declared_marks), (datetime(2030, 1, 3, tzinfo=UTC), [(0,)])):
        async with api.app.state.database.transaction() as tx:
            await look_at_retention(tx, day)
        assert await api.rows("select count(*) from circle_marks") == left
    assert (await api.client.put("/intake/v1/circle", json={}, headers=api.as_("ana"))).status_code == 204
    assert await api.rows("select count(*) from circle_marks") == [(0,)]
    for wrong in ({"places": ["一"]}, {"religion": ["x"]}, {"relatives": ["王某"] * 31}):
        assert (await api.client.put("/intake/v1/circle", json=wrong, headers=api.as_("ana"))).status_code == 422


@pytest.mark.rule("G12")
async def test_an_alert_reaches_auditor_and_data_officer_alone_and_one_of_them_asks(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC)
    await read(api, lead, at=NIGHT)
    [alert] = (await api.get("/intake/v1/read-alerts?state=open", by="aud")).json()["items"]
    assert (alert["kind"], alert["subject"], alert["purpose"]) == ("out-of-hours", str(lead), "handle")
    path = f"/intake/v1/read-alerts/{alert['id']}/review"
    order = {"finding": "justified", "reason": "值班期间办理急件"}
    for other in ("ana", "ofd", "ldr", "adm"):
        assert (await api.get("/intake/v1/read-alerts", by=other)).status_code == 403
        assert (await api.post(path, order, by=other)).status_code == 403
    assert (await api.post(path, {"finding": "guilty", "reason": "x"}, by="dpo")).status_code == 422
    done = await api.post(path, order, by="dpo")
    assert (done.status_code, done.json()["reviewed_by"]) == (200, "dpo")
    assert (await api.post(path, order, by="aud")).status_code == 409
    assert (await api.get("/intake/v1/read-alerts?state=open", by="aud")).json()["items"] == []
