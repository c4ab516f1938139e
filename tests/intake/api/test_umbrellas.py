"""What machines, units and superiors say of shielding officials goes to discipline alone, as at the clerk's door (M17)."""

import csv
import io
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.intake.domain.police_call import Call, Fate, KnownCall, judge
from shared.contracts.envelope import SealedBox
from shared.contracts.intake import Facts
from shared.sealing import Opener
from tests.conftest import NewApi
from tests.intake.api.test_partners import ON, assign
from tests.support.api import Api

LETTER: dict[str, Any] = {
    "letter_no": "示例市监移〔2018〕9号",
    "sent_on": "2018-06-08",
    "reason": "不属本单位管辖",
    "evidence": [],
    "reporter": {"name": "王小示"},
}
FINDING = {"summary": "有人强收费用"}
CALL: dict[str, Any] = {
    "external_no": "J-1",
    "called_at": "2018-06-01T09:30:00+08:00",
    "summary": "有人强收费用",
    "caller": {"name": "王小示"},
}
SHIELD = {"officials": [{"name": "孙某丙", "post": "所长", "act": "向王小示通风报信,电话13900000123"}]}
TOLD = "孙某丙"


async def by_letter(api: Api, **more: Any) -> str:
    answer = await api.post("/intake/v1/transfers", LETTER | FINDING | more, by="prt", key=uuid4().hex, **ON)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["lead_id"])


async def by_finding(api: Api, **more: Any) -> str:
    task = {"title": "市场排查", "scope": "农贸市场", "unit": "GA", "due_on": "2018-06-30"}
    opened = await api.post("/intake/v1/screenings", task, by="ofd", key=uuid4().hex, **ON)
    path = f"/intake/v1/screenings/{opened.json()['id']}/findings"
    answer = await api.post(path, FINDING | more, by="unl", key=uuid4().hex, **ON)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["lead_id"])


async def by_call(api: Api, **more: Any) -> str:
    answer = await api.post("/intake/v1/police-calls", [CALL | more], by="m110", **ON)
    [record] = answer.json()["records"]
    assert record["outcome"] in ("taken", "corrected"), answer.text
    return str(record["lead_id"])


async def by_ledger(api: Api, **more: Any) -> str:
    out = io.StringIO()
    told = f"{TOLD}通风报信,电话13900000123" if "umbrella" in more else "无"
    head = ("上级编号", "下发层级", "下发日期", "重点领域", "线索摘要", "保护伞情况")
    csv.writer(out).writerows([head, ("市1", "市", "2018-06-01", "欺行霸市", "有人强收费用", told)])
    headers = api.as_("icl", **{"Idempotency-Key": uuid4().hex}, **ON)
    sent = {"file": ("x.csv", out.getvalue().encode())}
    answer = await api.client.post("/intake/v1/ledgers", files=sent, headers=headers)
    assert answer.json()["taken"] == 1, answer.text
    return str(answer.json()["leads"][0]["lead_id"])


async def boxes(api: Api) -> dict[str, list[Facts]]:
    """What each receiver was told, in order."""
    rows = await api.rows("select s.key_id, s.box from outbox o join outbox_sealed s using (id) order by o.position")
    keys = {name: api.keys.box(name) for name in ("verification", "discipline")}
    opener = Opener({box["key_id"]: SecretStr(box["private_key"]) for box in keys.values()})
    found: dict[str, list[Facts]] = {name: [] for name in keys}
    for key, text in rows:
        [receiver] = [name for name, box in keys.items() if box["key_id"] == key]
        found[receiver].append(Facts.model_validate(opener.open(SealedBox(key_id=key, box=text))))
    return found


@pytest.mark.rule("M17", "G1")
async def test_who_shields_it_goes_to_discipline_alone_whoever_says_so(new_api: NewApi) -> None:
    api = await new_api("intake")
    for door in (by_letter, by_finding, by_call, by_ledger):
        lead = await door(api, umbrella=SHIELD, **({"external_no": "J-2"} if door is by_call else {}))
        [(grounds, plain)] = await api.rows("select grounds, l::text from leads l where id = $1", lead)
        assert grounds == ["umbrella"], door
        [(kept,)] = await api.rows("select told from lead_umbrellas where lead_id = $1", lead)
        assert TOLD in kept
        assert door not in (by_letter, by_call) or "王小示" not in kept, "the reporter is taken out"
        assert "13900000123" not in kept, "sealed beside it"
        elsewhere = await api.rows(
            "select c::text from police_calls c union all select t::text from transfers t union all select h::text from lead_history h"
        )
        assert TOLD not in plain + str(elsewhere), door
        before = {name: len(told) for name, told in (await boxes(api)).items()}
        await assign(api, lead)
        after = await boxes(api)
        assert {name: len(told) - before[name] for name, told in after.items()} == {"verification": 1, "discipline": 1}
        assert TOLD in str(after["discipline"][-1]), door
        assert "13900000123" in str(after["discipline"][-1]), door
        assert TOLD not in str(after["verification"]), door
    for door in (by_letter, by_finding, by_call):
        more = {"letter_no": "2"} if door is by_letter else {"external_no": "J-3"} if door is by_call else {}
        lead = await door(api, discipline_grounds=["official_involved"], **more)
        assert await api.rows("select grounds from leads where id = $1", lead) == [(["official_involved"],)], door
        assert await api.rows("select * from lead_umbrellas where lead_id = $1", lead) == [], door
    marked = LETTER | FINDING | {"letter_no": "3", "umbrella": {"description": "【机密】"}}
    refused = await api.post("/intake/v1/transfers", marked, by="prt", key=uuid4().hex, **ON)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "umbrella")


@pytest.mark.rule("M17", "M05")
async def test_a_later_version_of_a_call_adds_what_it_says_of_shielding_and_opens_the_leg(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await by_call(api)
    await assign(api, lead)
    assert (await boxes(api))["discipline"] == []
    same = await api.post("/intake/v1/police-calls", [CALL | {"umbrella": SHIELD}], by="m110", **ON)
    assert [error["field"] for error in same.json()["records"][0]["errors"]] == ["revision"]
    await by_call(api, revision=2, umbrella=SHIELD)
    [first] = (await boxes(api))["discipline"]
    assert TOLD in str(first)
    assert "13900000123" in str(first)
    assert await api.rows("select grounds from leads where id = $1", lead) == [(["umbrella"],)]
    await by_call(api, revision=3, umbrella={"description": "李某丁也知情,电话13900000456"})
    await by_call(api, revision=4)
    await by_call(api, revision=5, umbrella=SHIELD)
    told = (await boxes(api))["discipline"]
    assert len(told) == 2, "what is said again, or left out, changes nothing"
    assert all(part in str(told[-1]) for part in (TOLD, "13900000123", "李某丁", "13900000456", "补充(2018-06-10)"))
    kept = str(await api.rows("select c::text from lead_corrections c"))
    assert TOLD in kept
    assert not [number for number in ("13900000123", "13900000456", "王小示") if number in kept]
    shown = await api.get(f"/intake/v1/leads/{lead}/police-call", by="ofd", **ON)
    assert {row["field"] for row in shown.json()["corrections"]} == {"caller"}
    assert TOLD not in str((await boxes(api))["verification"])


def test_a_call_whose_caller_was_taken_out_names_the_caller_with_what_it_adds() -> None:
    at = datetime(2018, 6, 1, tzinfo=UTC)
    known = KnownCall(
        lead_id=uuid4(), lead_no="x", revision=1, called_at=at, content={"summary": "〔报警人〕称有人收费"}
    )

    def later(revision: int, caller: Any = None, umbrella: str | None = "所长向王小示通风报信") -> Fate:
        call = Call(
            external_no="J", revision=revision, called_at=at, content=known.content, caller=caller, umbrella=umbrella
        )
        return judge(known, call, "所长包庇").fate

    assert later(2) is Fate.REFUSED
    assert later(2, {"name": "王小示"}) is Fate.CORRECTED
    assert later(2, umbrella="所长包庇") is Fate.CORRECTED
    assert later(1, umbrella="所长包庇") is Fate.KNOWN
    assert later(1, {"name": "王小示"}) is Fate.REFUSED
    assert later(1, umbrella=None) is Fate.KNOWN


@pytest.mark.rule("G22")
async def test_what_staff_say_of_the_office_is_registered_by_nobody(new_api: NewApi) -> None:
    api = await new_api("intake")
    theirs = {"umbrella": {"officials": [{"name": "示例人"}, {"name": TOLD, "employer": "示例区扫黑办"}]}}
    task = {"title": "市场排查", "scope": "农贸市场", "unit": "GA", "due_on": "2018-06-30"}
    opened = await api.post("/intake/v1/screenings", task, by="ofd", key=uuid4().hex, **ON)
    for path, body, by in (
        ("/intake/v1/leads", {"source": "M", "summary": "有人强收费用"} | theirs, "icl"),
        (f"/intake/v1/screenings/{opened.json()['id']}/findings", FINDING | theirs, "unl"),
    ):
        refused = await api.post(path, body, by=by, key=uuid4().hex, **ON)
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["field"]) == (422, "umbrella.officials.1.employer"), refused.text
        assert "密封" in error["reason"]
    assert await api.rows("select count(*) from leads") == [(0,)]
