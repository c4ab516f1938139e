"""Two persons of discipline open the reporter of a report past the office; he is told by the code, the office learns nothing (G22)."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from services.discipline.domain.leg import Outcome
from services.discipline.usecases.decide_report import end_report
from shared import departures
from shared.auth import Principal
from tests.conftest import NewApi
from tests.intake.api.test_passed_reports import OFFICE, ON, PASSED, REPORTS
from tests.support.passed import Between
from tests.support.reporting import report, status
from tests.support.searching import everything

LATER = {"X-Local-Clock": "2018-06-01T12:00:00+08:00"}
WHY = {"purpose": "contact", "reason": "补充了解受理情况", "minutes": 30}
OPENINGS = "/discipline/v1/openings"


@pytest.mark.rule("G1", "G10", "G22")
async def test_one_asks_a_leader_grants_and_the_reporter_sees_it_by_the_code(new_api: NewApi) -> None:
    intake, discipline = await new_api("intake", CHALLENGE_BITS="2"), await new_api("discipline")
    both = Between(intake, discipline)
    code = (await report(intake.client, PASSED, **ON)).json()["query_code"]
    nameless = PASSED | {"naming": "anonymous", "reporter": None}
    await report(intake.client, nameless, **ON)
    await both.bring()
    items = (await discipline.get(REPORTS, by="dcm")).json()["items"]
    asked = [
        await discipline.post(f"{REPORTS}/{one['id']}/openings", WHY, by="dhd2", key=uuid4().hex, **ON) for one in items
    ]
    assert sorted(one.status_code for one in asked) == [201, 409], "one of them said nothing of himself"
    opening = next(one.json() for one in asked if one.status_code == 201)
    path, door = f"{REPORTS}/{opening['report_id']}", f"{OPENINGS}/{opening['id']}"
    again = await discipline.post(f"{path}/openings", WHY, by="dhd2", key=uuid4().hex, **ON)
    assert again.status_code == 409, "one waits already"
    for account in (*OFFICE, "dcm", "unl", "ldr", "aud", "adm"):
        for refused in (
            await discipline.post(f"{path}/openings", WHY, by=account, key=uuid4().hex),
            await discipline.post(f"{door}/decision", {"grant": True}, by=account),
            await discipline.post(f"{door}/reading", None, by=account),
            await discipline.get(OPENINGS, by=account),
        ):
            assert refused.status_code == 403, account
    assert (await discipline.post(f"{door}/reading", None, by="dhd2", **ON)).status_code == 409
    assert (await discipline.post(f"{door}/decision", {"grant": True}, by="dhd", **ON)).status_code == 403
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(departures, "EVERY", 0.0)
        await discipline.rows("insert into staff_accounts (account, staff) values ('dhd2', 'JW-1'), ('dld', 'JW-1')")
        one_person = await discipline.post(f"{door}/decision", {"grant": True}, by="dld", **ON)
        assert one_person.status_code == 403, "who asked became the leader, by another account"
        await discipline.rows("delete from staff_accounts")
        assert (await discipline.get(OPENINGS, by="dld")).status_code == 200
    granted = await discipline.post(f"{door}/decision", {"grant": True}, by="dld", **ON)
    assert (granted.status_code, granted.json()["state"]) == (200, "granted")
    assert (await discipline.post(f"{door}/reading", None, by="dld", **ON)).status_code == 403
    read = await discipline.post(f"{door}/reading", None, by="dhd2", **ON)
    assert (read.json()["reading"], read.json()["reporter"]["phone"]) == (1, "17755550001")
    assert read.headers["Cache-Control"] == "no-store"
    assert (await discipline.post(f"{door}/reading", None, by="dhd2", **LATER)).status_code == 409
    [listed] = (await discipline.get(f"{OPENINGS}?report_id={opening['report_id']}", by="dld")).json()["items"]
    assert (listed["read"], listed["reason"]) == (1, WHY["reason"])
    actions = "select action, purpose from audit_log where action like 'report.opening%' order by position"
    assert await discipline.rows(actions) == [
        ("report.opening-asked", "contact"),
        ("report.opening-granted", "contact"),
        ("report.opening-read", "contact"),
    ]
    assert b"17755550001" not in await everything(discipline.copy.admin_url)
    # the reporter sees it; intake holds a box more and no word of it
    audited = await intake.rows("select count(*) from audit_log")
    await both.bring()
    told = (await status(intake.client, query_code=code)).json()
    assert (told["opened"], told["unread_messages"]) == (1, 0)
    assert (told["openings"][0]["on"], told["openings"][0]["purpose"]) == ("2018-06-01", "contact")
    assert await intake.rows("select count(*) from audit_log") == audited
    [(box, theirs)] = await intake.rows("select box, theirs from passed_letters")
    assert (len(box) > 600, theirs) == (True, 1)
    columns = await intake.rows("select column_name from information_schema.columns where table_name='passed_letters'")
    assert {"purpose", "kind"}.isdisjoint({name for (name,) in columns})
    # who accepts it afterwards has handled it, and reads no more
    assert (await discipline.post(f"{path}/acceptance", None, by="dcm", **ON)).status_code == 200
    ended = await discipline.post(f"{door}/end", None, by="dld", **ON)
    assert ended.json()["state"] == "ended"
    assert (await discipline.post(f"{door}/reading", None, by="dhd2", **ON)).status_code == 409
    assert (await discipline.post(f"{OPENINGS}/{uuid4()}/end", None, by="dld", **ON)).status_code == 404


@pytest.mark.rule("G-MEET", "G1", "G10", "G11", "G22")
async def test_two_named_officers_interview_the_reporter_and_he_sees_it(new_api: NewApi) -> None:
    intake, discipline = await new_api("intake", CHALLENGE_BITS="2"), await new_api("discipline")
    both = Between(intake, discipline)
    known = PASSED["reporter"] | {"id_number": "110101199003070898", "address": "示例区临江街1号"}
    code = (await report(intake.client, PASSED | {"reporter": known}, **ON)).json()["query_code"]
    await both.bring()
    [one] = (await discipline.get(REPORTS, by="dcm")).json()["items"]
    path = f"{REPORTS}/{one['id']}"
    await discipline.post(f"{path}/acceptance", None, by="dcm", **ON)
    order = {"purpose": "interview", "reason": "当面核实压件情况", "minutes": 240, "officers": ["dhd", "dhd2"]}

    async def ask(**other: object) -> httpx.Response:
        return await discipline.post(f"{path}/openings", order | other, by="dhd2", key=uuid4().hex, **ON)

    for field, other in (
        ("officers", {"officers": ["dhd2"]}), ("officers", {"officers": ["dhd2", "dhd2"]}),
        ("officers", {"officers": ["dcm", "dhd2"]}), ("officers", {"purpose": "contact", "minutes": 60}),
        ("minutes", {"minutes": 481}), ("minutes", {"purpose": "contact", "officers": [], "minutes": 61}),
    ):  # fmt: skip
        refused = await ask(**other)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), other
    await discipline.rows("insert into staff_accounts (account, staff) values ('dhd', 'JW-1'), ('dhd2', 'JW-1')")
    assert (await ask()).status_code == 422, "one person with two accounts"
    await discipline.rows("delete from staff_accounts")
    asked = (await ask()).json()
    assert asked["officers"] == ["dhd", "dhd2"]
    door = f"{OPENINGS}/{asked['id']}"
    assert (await discipline.post(f"{door}/reading", None, by="dhd", **ON)).status_code == 409, "not granted"
    assert (await discipline.post(f"{door}/decision", {"grant": True}, by="dld", **ON)).status_code == 200
    for reading, by in enumerate(("dhd", "dhd2", "dhd"), 1):
        read = (await discipline.post(f"{door}/reading", None, by=by, **ON)).json()
        assert (read["reading"], read["reporter"]["phone"]) == (reading, known["phone"])
        assert {"id_number", "address"}.isdisjoint(read["reporter"]), "not needed to meet somebody"
    for by in ("dld", "dcm", *OFFICE):
        assert (await discipline.post(f"{door}/reading", None, by=by, **ON)).status_code == 403, by
    assert (await discipline.post(f"{door}/files/1", None, by="dhd", **ON)).status_code == 409
    late = {"X-Local-Clock": "2018-06-01T14:00:00+08:00"}
    assert (await discipline.post(f"{door}/reading", None, by="dhd", **late)).status_code == 409
    readers = await discipline.rows(
        "select actor from audit_log where action = 'report.opening-read' order by position"
    )
    assert readers == [("dhd",), ("dhd2",), ("dhd",)]
    assert (await discipline.post(f"{path}/outcome", {"outcome": "unfounded"}, by="dhd", **ON)).status_code == 403
    await both.bring()
    told = (await status(intake.client, query_code=code)).json()
    assert (told["opened"], told["openings"][0]["purpose"]) == (1, "interview")
    for statement in ("'{}' where true", "'{dhd}' where true", "'{dhd,dld}' where true"):
        with pytest.raises(Exception, match=r"two_officers|apart"):
            await discipline.rows(f"update report_openings set officers = {statement}")


@pytest.mark.rule("G1", "G10", "G22")
async def test_who_ends_the_report_at_this_moment_does_not_read_its_reporter(new_api: NewApi) -> None:
    """Both at once: the reading waits for the end that was not there when it came."""
    intake, discipline = await new_api("intake", CHALLENGE_BITS="2"), await new_api("discipline")
    both = Between(intake, discipline)
    await report(intake.client, PASSED, **ON)
    await both.bring()
    [one] = (await discipline.get(REPORTS, by="dcm")).json()["items"]
    path = f"{REPORTS}/{one['id']}"
    await discipline.post(f"{path}/acceptance", None, by="dcm", **ON)
    asked = await discipline.post(f"{path}/openings", WHY, by="dhd2", key=uuid4().hex, **ON)
    door = f"{OPENINGS}/{asked.json()['id']}"
    await discipline.post(f"{door}/decision", {"grant": True}, by="dld", **ON)
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    who = Principal(sub="dhd2", roles=frozenset({"dhd"}), unit="JW")
    async with discipline.app.state.database.transaction() as tx:
        at = datetime(2018, 6, 1, 1, tzinfo=UTC)
        await end_report(tx, UUID(one["id"]), Outcome.UNFOUNDED, by=who, at=at)
        reading = asyncio.create_task(discipline.post(f"{door}/reading", None, by="dhd2", **ON))
        while not reading.done() and await discipline.rows(waiting) == [(0,)]:
            await asyncio.wait({reading}, timeout=0.01)
    assert (await reading).status_code == 403
    assert await discipline.rows("select * from report_readings") == []
