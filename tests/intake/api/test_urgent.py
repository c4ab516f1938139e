"""紧急 (D02): whoever registers says it at each door, as at POST /leads; the four hours run from there on, whatever way a lead came."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import NewApi
from tests.intake.api.test_counter_reports import read_back
from tests.intake.api.test_gateway_messages import SMS, do, hand, of
from tests.intake.api.test_leads import register
from tests.intake.api.test_police_calls import CALL, CALLS
from tests.support.api import Api
from tests.support.reporting import COUNTER, REPORT

V1 = "/intake/v1"
LATER = {"X-Local-Clock": "2018-06-10T10:00:00+08:00"}
LETTER = {"letter_no": "公移字1号", "sent_on": "2018-06-01", "reason": "属扫黑办职责", "summary": "有人强收摊位费"}


async def counter(api: Api, said: dict[str, Any]) -> None:
    body = REPORT | {"channel": "phone"} | said
    back = (await read_back(api, body)).json()
    assert ("紧急" in back["text"]) is bool(said), "what is registered was read aloud"
    body |= {"confirmation": back["confirmation"]}
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
            found = await api.rows("select lead_id, urgent, limit_id from leads join deadlines on lead_id = id")
            [(_, urgent, limit)] = set(found) - known
            assert (urgent, limit) == ((True, "D02u") if said else (False, "D02")), way.__name__
            known |= set(found)
