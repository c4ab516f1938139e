"""紧急 (D02): whoever registers says it at each door, as at POST /leads; the four hours run from there on, whatever way a lead came."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.intake.domain import urgency
from tests.conftest import NewApi
from tests.intake.api.test_counter_reports import read_back
from tests.intake.api.test_digests import DIGESTS, clock, on
from tests.intake.api.test_gateway_messages import SMS, do, hand, of
from tests.intake.api.test_leads import classify, register
from tests.intake.api.test_life import PUBLIC, limits
from tests.intake.api.test_life import do as act
from tests.intake.api.test_police_calls import CALL, CALLS
from tests.support.api import Api
from tests.support.reporting import COUNTER, REPORT, report

V1 = "/intake/v1"
LATER = {"X-Local-Clock": "2018-06-10T10:00:00+08:00"}
LETTER = {"letter_no": "公移字1号", "sent_on": "2018-06-01", "reason": "属扫黑办职责", "summary": "有人强收摊位费"}


async def counter(api: Api, said: dict[str, Any]) -> None:
    body = REPORT | {"channel": "phone"} | said
    back = (await read_back(api, body)).json()
    assert ("紧急" in back["text"]) is bool(said), "what is registered was read aloud"
    body |= {"confirmation": back["confirmation"], "confirmed": "by-word"}
    assert (await api.post(COUNTER, body, by="icl", key=uuid4().hex)).status_code == 201


async def police(api: Api, said: dict[str, Any]) -> None:
    answer = await api.post(CALLS, [CALL | {"external_no": f"J-{uuid4().hex[:8].upper()}"} | said], by="m110", **LATER)
    assert answer.json()["taken"] == 1, answer.text


async def partner(api: Api, said: dict[str, Any]) -> None:
    letter = LETTER | {"letter_no": uuid4().hex} | said
    answer = await api.post(f"{V1}/transfers", letter, by="prt", key=uuid4().hex, **LATER)
    assert answer.status_code == 201, answer.text


async def finding(api: Api, said: dict[str, Any]) -> None:
    task = {"title": "市场摸排", "scope": "农贸市场", "unit": "GA", "due_on": "2018-06-20"}
    one = (await api.post(f"{V1}/screenings", task, by="ofd", key=uuid4().hex, **LATER)).json()["id"]
    found = {"summary": "有人强收摊位费"} | said
    answer = await api.post(f"{V1}/screenings/{one}/findings", found, by="unh", key=uuid4().hex, **LATER)
    assert answer.status_code == 201, answer.text


async def message(api: Api, said: dict[str, Any]) -> None:
    await hand(api, SMS | {"external_no": uuid4().hex})
    answer = await do(api, await of(api, "sms"), "registration", said)
    assert answer.status_code == 201, answer.text


async def upstream(api: Api, said: dict[str, Any], door: str, *rest: str) -> None:
    row = [uuid4().hex, "2018-06-01", "欺行霸市", "有人强收摊位费", "是" if said else "", "市"]
    csv = "\n".join([",".join(rest), ",".join(row)]).encode()
    headers = api.as_("icl", **{"Idempotency-Key": uuid4().hex}, **LATER)
    answer = await api.client.post(f"{V1}/{door}", files={"file": ("x.csv", csv)}, headers=headers)
    assert answer.json()["taken"] == 1, answer.text


async def ledger(api: Api, said: dict[str, Any]) -> None:
    await upstream(api, said, "ledgers", "上级编号", "下发日期", "重点领域", "线索摘要", "紧急", "下发层级")


async def national(api: Api, said: dict[str, Any]) -> None:
    await upstream(api, said, "ledgers/national", "举报编号", "转办日期", "重点领域", "举报内容", "紧急", "下发层级")


async def typed(api: Api, said: dict[str, Any]) -> None:
    await register(api, upstream_no=uuid4().hex, **said)


@pytest.mark.rule("D02")
async def test_urgent_is_said_at_every_door_of_staff_and_machines(new_api: NewApi) -> None:
    api = await new_api("intake")
    ways: list[Callable[[Api, dict[str, Any]], Awaitable[None]]] = [
        *(typed, counter, message, police, partner, finding, ledger, national)
    ]
    known: set[Any] = set()
    for way in ways:
        for said in ({"urgent": True}, {}):
            await way(api, said)
            found = await api.rows(
                "select lead_id, urgent, limit_id from leads join deadlines on lead_id = id where kind = 'classify'"
            )
            [(_, urgent, limit)] = set(found) - known
            assert (urgent, limit) == ((True, "D02u") if said else (False, "D02")), way.__name__
            known |= set(found)


WHY = {"reason": "已电话核实"}
ON = {"X-Local-Clock": "2018-06-01T09:00:00+08:00"}


async def say(api: Api, lead: Any, *, urgent: bool, by: str = "icl") -> Any:
    return await act(api, lead, "urgency", {"urgent": urgent, **WHY}, by=by, day="2018-06-01")


async def claims(api: Api, query: str = "?claimed=true") -> list[tuple[str, bool]]:
    items = (await api.get(f"{V1}/deadlines{query}", by="icl", **ON)).json()["items"]
    return [(each["lead_id"], each["claimed"]) for each in items if each["kind"] == "classify"]


@pytest.mark.rule("D02")
async def test_a_claim_of_danger_starts_the_four_hours_and_a_person_says_whether_it_holds(new_api: NewApi) -> None:
    api = await new_api("intake")
    said = REPORT | {"facts": REPORT["facts"] | {"danger_now": True}}
    for body in (said, said, said, REPORT):
        assert (await report(api.client, body, **ON)).status_code == 201
    held, none, left, calm = [row[0] for row in await api.rows("select id from leads order by lead_no")]
    three = [(str(each), True) for each in (held, none, left)]
    assert sorted(await claims(api)) == sorted(three)
    assert sorted(await claims(api, "")) == sorted([*three, (str(calm), False)]), "few of them stand among all others"
    assert (await api.rows("select bool_or(urgent) from leads")) == [(False,)], "nobody has said so"
    [summary] = [row[0] for row in await api.rows("select summary from leads where id = $1", held)]
    assert "现在有人身危险 是" in summary
    # whoever classifies it answers the claim
    silent = await classify(api, left)
    assert (silent.status_code, silent.json()["errors"][0]["field"]) == (422, "urgent")
    assert (await classify(api, left, urgent=True)).json()["urgent"] is True
    assert (await classify(api, calm)).json()["urgent"] is False
    for by in ("sup", "ldr", "unl", "dcm"):
        assert (await say(api, held, urgent=True, by=by)).status_code == 403
    assert (await act(api, held, "urgency", {"urgent": True}, by="icl")).status_code == 422
    for _ in range(2):  # the second time it changes nothing
        confirmed = await say(api, held, urgent=True)
        assert (confirmed.status_code, confirmed.json()["urgent"], confirmed.json()["version"]) == (200, True, 2)
        refuted = (await say(api, none, urgent=False, by="ana")).json()
        assert (refuted["urgent"], refuted["version"]) == (False, 2)
    assert await claims(api) == []
    assert (await limits(api, held, "2018-06-01"))["classify"]["limit_id"] == "D02u"
    found = (await api.get(f"{V1}/leads/{none}/deadlines", by="ana", **ON)).json()
    assert [(each["limit_id"], each["stopped_at"] is None) for each in found if each["kind"] == "classify"] == [
        ("D02u", False),
        ("D02", True),
    ]
    assert (await say(api, left, urgent=False)).status_code == 409, "the classification says it"
    deeds = await api.rows("select actor, detail->>'urgent', purpose from audit_log where action = 'lead.say-urgent'")
    assert sorted(deeds) == [("ana", "false", WHY["reason"]), ("icl", "true", WHY["reason"])]


@pytest.mark.rule("D02")
async def test_a_flood_of_claims_hides_nothing_of_the_offices_lists(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    danger = REPORT | {"facts": {"summary": "有人持刀", "danger_now": True}}
    for number in range(urgency.CLAIMS_SHOWN + 3):
        body = danger | {"channel": "phone", "received_on": "2018-06-01"}
        back = (await read_back(api, body)).json()
        at = {"X-Local-Clock": f"2018-06-01T09:{number + 1:02}:00+08:00"}
        whole = body | {"confirmation": back["confirmation"], "confirmed": "by-word"}
        assert (await api.post(COUNTER, whole, by="icl", key=uuid4().hex, **at)).status_code == 201
    oldest = [
        str(row[0]) for row in await api.rows("select lead_id from deadlines where kind = 'classify' order by due_at")
    ]
    said, calm = [str(await register(api, **PUBLIC, urgent=urgent)) for urgent in (True, False)]
    few = [each for each, claimed in await claims(api, "?limit=200") if claimed]
    assert few == oldest[: urgency.CLAIMS_SHOWN]
    assert [each for each, _ in await claims(api, "?limit=200")][:: len(few) + 1] == [said, calm]
    assert [each for each, _ in await claims(api, "?limit=200&claimed=true")] == oldest
    await clock(api, on(4))
    shown = (await api.get(f"{DIGESTS}/2018-06-04", by="icl", **LATER)).json()
    told = [shown[name] for name in ("urgent_waiting", "danger_claimed", "danger_claimed_overdue")]
    assert told == [1, len(oldest), len(oldest)]
    assert shown["counts"]["overdue"] == 1, "what runs by a claim has a list of its own"
    rows = []
    after = ""
    while True:  # page by page, without gap or repeat
        page = (await api.get(f"{DIGESTS}/2018-06-04/leads?part=unclassified&limit=9{after}", by="ana")).json()
        rows += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert rows[0] == said
    assert set(rows[1 : urgency.CLAIMS_SHOWN + 1]) == set(few)
    assert sorted(rows) == sorted([said, calm, *oldest])


@pytest.mark.rule("D02")
async def test_a_call_that_is_corrected_to_urgent_is_urgent_from_then_on(new_api: NewApi) -> None:
    api = await new_api("intake")
    for revision, more in enumerate(({}, {"urgent": True}, {}), start=1):
        answer = await api.post(CALLS, [CALL | {"revision": revision} | more], by="m110", **LATER)
        assert answer.json()["refused"] == 0, answer.text
    # left out again it is corrected, but a person says that there is no danger
    assert await api.rows("select urgent from leads") == [(True,)]
    assert await api.rows("select limit_id from deadlines where kind = 'classify' order by round") == [
        ("D02",),
        ("D02u",),
    ]
    deeds = await api.rows("select action, actor from lead_history where action = 'say-urgent'")
    assert [deed for deed, _ in deeds] == ["say-urgent"]
