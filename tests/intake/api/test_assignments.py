"""Around an assignment: urgent lane, dispute and ruling, the sheet and the unit's signed receipt, more time that the reporter learns of."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.domain.codes import Level
from services.intake.domain.deadline import to_conclude
from services.intake.domain.extension import Extension, State
from services.intake.domain.lead_states import Status
from services.intake.domain.sheet import is_genuine
from shared.contracts import verification as said
from shared.errors import Forbidden, Invalid, NotAllowed
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, do, events, hear, limits, on, status
from tests.support.api import Api
from tests.support.builders import DAYS, NOON, assigned, person
from tests.support.reporting import REPORT, report
from tests.support.reporting import status as how_it_stands

WHY = {"reason": "按属地管辖由该单位办理"}
SIGNED: dict[str, Any] = {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}


@pytest.mark.rule("D02", "D04", "D07")
async def test_an_urgent_lead_has_the_short_limits(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC, urgent=True)
    assert (await limits(api, lead, "2018-06-01"))["classify"]["limit_id"] == "D02u"
    calm = await register(api, **PUBLIC)
    assert (await limits(api, calm, "2018-06-01"))["classify"]["limit_id"] == "D02"
    assert (await classify(api, lead)).json()["urgent"] is True, "left out: as it was"
    assert (await classify(api, calm, urgent=True)).json()["urgent"] is True
    for one in (lead, calm):
        done = (await assign(api, one)).json()
        assert (done["sign_by"], done["due_on"]) == ("2018-06-01", "2018-06-19"), "four hours; 15 days end on a holiday"
        found = await limits(api, one, "2018-06-01")
        assert {kind: found[kind]["limit_id"] for kind in ("sign", "conclude", "first-report")} == {
            "sign": "D04u",
            "conclude": "D07d",
            "first-report": "D07f",
        }
        # and its sheet tells the unit
        sheet = (await printed(api, one)).text
        assert "首次报告" in sheet
        assert "24小时内" in sheet
    await classify(api, other := await register(api, **PUBLIC))
    await assign(api, other)
    assert "首次报告" not in (await printed(api, other)).text
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkFirstReported)
    assert (await limits(api, lead, "2018-06-04"))["first-report"]["stopped_at"]


@pytest.mark.rule("D05")
async def test_a_dispute_is_ruled_and_the_second_refusal_by_the_leading_group_for_good(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    await classify(api, lead)
    await assign(api, lead)
    assert (await do(api, lead, "ruling", {"unit": "JS", **WHY})).status_code == 409
    await hear(api, lead, said.WorkDisputed, assignment_no=1)
    found = await limits(api, lead, "2018-06-04")
    assert (found["rule"]["due_on"], found["sign"]["stopped_at"] is None) == ("2018-06-06", False)
    assert (await do(api, lead, "ruling", {"unit": "JS", **WHY}, by="ana")).status_code == 403
    ruled = (await do(api, lead, "ruling", {"unit": "JS", **WHY}, day="2018-06-05")).json()
    assert (ruled["status"], ruled["unit"], ruled["assignment_no"]) == ("assigned", "JS", 2)
    await hear(api, lead, said.WorkDisputed, assignment_no=2, day="2018-06-06")
    assert (await do(api, lead, "ruling", {"unit": "GA", **WHY}, day="2018-06-07")).status_code == 403
    bound = (await do(api, lead, "ruling", {"unit": "GA", **WHY}, by="ldr", day="2018-06-07")).json()
    # GA was charged on the first: no time is gained
    assert (bound["assignment_no"], bound["due_on"]) == (3, "2018-07-02")
    assert (await events(api, lead))[-4:] == ["lead.ruled", "lead.assigned", "lead.ruled", "lead.assigned"]
    boxes = await api.rows("select count(*) from outbox where topic = 'intake.sealed-verification'")
    assert boxes == [(3,)]


async def printed(api: Api, lead: UUID, *, by: str = "ofd", day: str = "2018-06-01") -> Any:
    headers = {"Access-Purpose": "handle", **on(day)}
    return await api.post(f"/intake/v1/leads/{lead}/sheet", None, by=by, **headers)


@pytest.mark.rule("M13", "G13", "G1")
async def test_the_sheet_is_printed_from_data_with_a_number_and_the_unit_signs_for_exactly_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, summary="反映<b>有人</b>强收费用", reporter={"name": "王小明", "phone": "13911112222"})
    await classify(api, lead, level="key")
    await classify(api, lead, by="ofd", level="major")
    assert (await printed(api, lead)).status_code == 409
    await assign(api, lead)
    assert (await printed(api, lead, by="ana")).status_code == 403
    assert "批准签发:ofd " in (await printed(api, lead, day="2018-06-04")).text, "nobody has entered who that is"
    await api.rows(
        "insert into directory_staff (staff, region_code, name, account, home_unit, from_on, version) "
        "select 'SB-1', region_code, '虚构人员甲', 'ofd', code, '2018-01-01', 1 from directory_units limit 1"
    )
    for number in (2, 3):
        sheet = await printed(api, lead, day="2018-06-04")
        assert sheet.headers["content-type"].startswith("text/html")
        assert f"打印编号 {number} · ofd · 2018-06-04" in sheet.text
        assert "批准签发:虚构人员甲(ofd) " in sheet.text
    for part in (
        "交办单号",
        "-J1",
        "公安分局",
        "每15日一次",
        "2018-08-30",
        "保密",
        "回避",
        "管辖异议",
        "制发",
        "承办组",
        "2018-06-05",
    ):
        assert part in sheet.text, part
    assert "&lt;b&gt;" in sheet.text
    assert "王小明" not in sheet.text
    assert "13911112222" not in sheet.text
    prints = await api.rows("select count(*) from audit_log where action = 'lead.read-sheet' and purpose = 'handle'")
    assert prints == [(3,)]
    path = f"/intake/v1/leads/{lead}/unit-receipt"
    assert (await api.get(path, by="ofd")).status_code == 409, "not signed yet"
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    receipt = (await api.get(path, by="ofd")).json()
    keys = (await api.client.get("/intake/v1/receipts/keys")).json()["keys"]
    assert (receipt["unit"], receipt["accepted_at"][:10], is_genuine(receipt, keys)) == ("GA", "2018-06-04", True)
    for name in ("unit", "accepted_at", "digest", "number"):
        assert not is_genuine(receipt | {name: receipt[name] + "1"}, keys), name
    assert not is_genuine(receipt | {"key_id": "other"}, keys)


async def verifying(api: Api, lead: UUID, **how: Any) -> None:
    await classify(api, lead, **how)
    await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, **SIGNED)


async def extend(api: Api, lead: UUID, days: int, *, by: str = "unl", day: str = "2018-06-20") -> Any:
    order = {"days": days, "reason": "需要等待鉴定意见"}
    path = f"/intake/v1/leads/{lead}/extensions"
    return await api.post(path, order, by=by, key=str(uuid4()), **on(day))


async def decide(api: Api, asked: Any, *, by: str, grant: bool = True, day: str = "2018-06-21") -> Any:
    return await api.post(f"/intake/v1/extensions/{asked.json()['id']}/decision", {"grant": grant}, by=by, **on(day))


@pytest.mark.rule("D08", "G10")
async def test_more_time_once_by_two_people_and_the_reporter_is_told(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="1")
    filed = await report(api.client, REPORT, **on("2018-06-01"))
    slip = filed.json()
    [(lead,)] = await api.rows("select id from leads")
    await verifying(api, lead)
    before = (await api.get(f"/intake/v1/leads/{lead}", by="sup")).json()["due_on"]
    assert (await extend(api, lead, 31)).status_code == 422
    assert (await extend(api, lead, 28)).json()["errors"][0]["field"] == "days", "27 for a general lead"
    assert (await extend(api, lead, 20, by="unh")).status_code == 403
    asked = await extend(api, lead, 20)
    assert asked.status_code == 201, asked.text
    assert (await extend(api, lead, 20)).status_code == 409, "open already"
    assert (await decide(api, asked, by="ldr")).status_code == 403, "general: the office"
    assert (await decide(api, asked, by="ofd")).json()["state"] == "granted"
    assert (await decide(api, asked, by="ofd")).status_code == 409
    assert (await extend(api, lead, 5)).status_code == 409, "once"
    after = (await api.get(f"/intake/v1/leads/{lead}", by="sup")).json()["due_on"]
    assert after > before
    told = await api.rows("select convert_from(value, 'utf8') from outbox where type like '%deadline.moved.v1'")
    assert '"because":"extended"' in str(told)
    progress = await how_it_stands(api.client, query_code=slip["query_code"])
    assert "延长" in progress.text
    mine = await register(api, **PUBLIC)
    await classify(api, mine)
    await api.post(f"/intake/v1/leads/{mine}/assignment", {"unit": "JS"}, by="ofd", **on("2018-06-01"))
    await hear(api, mine, said.WorkAccepted, **(SIGNED | {"unit": "JS"}))
    assert (await extend(api, mine, 5)).status_code == 403, "another unit's leader"
    assert await status(api, mine) == "verifying"


@pytest.mark.rule("D08")
def test_who_decides_and_what_is_refused_by_state_level_and_time() -> None:
    lead = replace(assigned(), status=Status.VERIFYING)
    limit = to_conclude(lead, days=DAYS, at=NOON)

    def ask(of: Any = lead, days: int = 20, at: Any = NOON, running: Any = limit) -> Extension:
        return Extension.ask(uuid4(), of, running, days, "理由充分", by="unl", calendar=DAYS, at=at)

    for status_ in Status:
        may = (Status.VERIFYING, Status.TASKFORCE, Status.REDIRECTED)
        if status_ not in (*may, Status.MERGED, Status.SUSPENDED):
            with pytest.raises(NotAllowed):
                ask(replace(lead, status=status_))
    with pytest.raises(NotAllowed):
        ask(at=limit.due_at)
    with pytest.raises(NotAllowed):
        ask(running=replace(limit, stopped_at=NOON))
    with pytest.raises(NotAllowed):
        ask(running=replace(limit, extension=3))
    major = replace(lead, level=Level.MAJOR)
    assert ask(major, days=30).days == 30
    with pytest.raises(Invalid):
        ask(days=28)

    def decision(of: Any, by: str, roles: str, running: Any = limit) -> Any:
        return ask(of, running=running).decide(
            of, running, grant=True, reason=None, by=person(by, roles), calendar=DAYS, at=NOON
        )

    for of, roles in ((lead, "ldr"), (major, "ofd"), (lead, "sup")):
        with pytest.raises(Forbidden):
            decision(of, "x", roles)
    with pytest.raises(Forbidden, match="申请人"):
        decision(lead, "unl", "ofd")
    assert decision(major, "ldr-1", "ldr")[0].state is State.GRANTED
    superior = replace(limit, superior=limit.due.on)
    with pytest.raises(NotAllowed, match="上级"):
        decision(lead, "ofd-1", "ofd", superior)
