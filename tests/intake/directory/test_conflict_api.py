"""The conflict check through the doors: who states subjects, what assignment refuses and what it says, and recusal."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.demo.directory import Row, sheets
from services.intake.domain.directory_file import Sheet
from tests.conftest import NewApi
from tests.intake.api.test_leads import classify, register
from tests.support.api import Api
from tests.support.reporting import REPORT, report

LEADS, BASE = "/intake/v1/leads", "/intake/v1/directory"
ALL = sheets()
NUMBERS = {row[2]: str(row[0]) for row in ALL["staff"] if row[2]}
ON = {"X-Local-Clock": "2018-06-01T12:00:00+08:00"}


async def with_directory(new_api: NewApi, tmp_path: Path, **settings: str) -> Api:
    from deploy.local.demo.directory import write_directory

    units = [row for row in ALL["units"] if row[2] not in ("社区", "街道") and str(row[0]) not in ("GA", "ZF", "JS")]
    wanted = {NUMBERS[account] for account in ("p1", "p6", "unl", "unh", "ofd", "ana", "pro", "ldr", "icl")} | {
        "GA-100"
    }
    rows: dict[Sheet, list[Row]] = {
        "units": [*(row for row in ALL["units"] if row[0] in ("GA", "ZF", "JS")), *units[:36]],
        "staff": [row for row in ALL["staff"] if row[0] in wanted],
        "placements": [row for row in ALL["placements"] if row[0] in wanted and row[1] != "LD"],
    }
    write_directory(tmp_path / "d.xlsx", rows)
    api = await new_api("intake", **settings)
    headers = api.as_("dir", **{"Idempotency-Key": "d"}, **ON)
    files = {"file": ("d.xlsx", (tmp_path / "d.xlsx").read_bytes())}
    done = await api.client.post(f"{BASE}/imports", files=files, data={"reason": "名册"}, headers=headers)
    assert done.json()["refused"] == [], done.text
    return api


async def assign(api: Api, lead: str, unit: str, by: str = "ofd") -> httpx.Response:
    return await api.post(f"{LEADS}/{lead}/assignment", {"unit": unit}, by=by, **ON)


async def state(api: Api, lead: str, *subjects: dict[str, str], by: str = "ofd") -> httpx.Response:
    body = {"subjects": list(subjects), "reason": "据线索登记"}
    return await api.client.put(f"{LEADS}/{lead}/subjects", json=body, headers=api.as_(by, **ON))


async def ready(api: Api, **changes: Any) -> str:
    lead = await register(api, **changes)
    await classify(api, lead)
    return str(lead)


@pytest.mark.rule("G-CONF", "G2", "G3", "G4")
async def test_the_check_at_assignment(new_api: NewApi, tmp_path: Path) -> None:
    api = await with_directory(new_api, tmp_path)
    lead = await ready(api)
    for role in ("icl", "sup", "unl", "ldr", "dir", "dcm"):
        assert (await state(api, lead, by=role)).status_code == 403, role
        assert (await api.get(f"{LEADS}/{lead}/neutrality", by=role)).status_code == 403, role
    for wrong, field in (
        ({}, "subjects.0"),
        ({"unit": "NONE"}, "subjects.0.unit"),
        ({"staff": "XX-1"}, "subjects.0.staff"),
    ):
        answer = await state(api, lead, wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)

    # about a station: neither the station nor the bureau; the statement is replaced, never lost
    assert (await state(api, lead, {"unit": "PCS01"}, by="ana")).status_code == 200
    shown = (await api.get(f"{LEADS}/{lead}/neutrality", by="ofd")).json()
    assert {one["unit"]: one["obstacles"] for one in shown["units"] if one["unit"] in ("PCS01", "GA", "ZF")} == {
        "PCS01": ["own"],
        "GA": ["above"],
        "ZF": [],
    }
    for unit, words in (("PCS01", "本单位或其人员被反映"), ("GA", "系被反映单位的上级单位")):
        refused = await assign(api, lead, unit)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict-of-interest")
        assert words in refused.json()["detail"]
        assert "尚可交办:" in refused.json()["detail"]
        assert "JS 区建设局" in refused.json()["detail"], "what remains is named"
        assert refused.json()["errors"][0]["field"] == "unit"

    # about the chief: nothing local remains
    await state(api, lead, {"staff": NUMBERS["p6"]})
    refused = await assign(api, lead, "ZF")
    assert "应报上级机关或移送异地" in refused.json()["detail"]
    assert "SGA" in refused.json()["detail"]
    assert (await api.get(f"{LEADS}/{lead}", by="ofd")).json()["status"] == "classified"
    assert (await assign(api, lead, "SGA")).status_code == 200
    assert await api.rows("select count(*) from lead_subjects") == [(2,)]

    # who is the subject does not assign; a relative is a warning
    second = await ready(api, upstream_no="C2")
    await state(api, second, {"staff": NUMBERS["ofd"]}, by="ana")
    assert (await assign(api, second, "GA")).status_code == 403
    person = {
        "name": "虚构",
        "home_unit": "GA",
        "from_on": "2018-03-01",
        "relatives": [NUMBERS["pro"]],
        "reason": "申报",
    }
    headers = api.as_("dir", **ON)
    assert (await api.client.put(f"{BASE}/staff/GA-100", json=person, headers=headers)).status_code == 200
    await state(api, second, {"staff": NUMBERS["pro"]}, by="ana")
    told = (await assign(api, second, "GA")).json()
    assert (told["status"], len(told["warnings"])) == ("assigned", 1)
    assert "GA-100" in told["warnings"][0]


@pytest.mark.rule("G4")
async def test_recusal_stands_until_the_next_level_dismisses_it(new_api: NewApi, tmp_path: Path) -> None:
    api = await with_directory(new_api, tmp_path)
    lead = await ready(api)
    own = {"ground": "relative", "reason": "与被反映人系亲属"}
    path = f"{LEADS}/{lead}/interests"
    assert (await api.post(path, own, by="edt", key=uuid4().hex, **ON)).json()["errors"][0]["field"] == "staff", (
        "not in the directory"
    )
    both = await asyncio.gather(*(api.post(path, own, by="unl", key=uuid4().hex, **ON) for _ in range(2)))
    assert sorted(answer.status_code for answer in both) == [201, 409]
    made = next(answer.json() for answer in both if answer.status_code == 201)
    assert (made["declared"], made["decider"], made["status"]) == (True, "ofd", "open")
    refused = await assign(api, lead, "GA")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict-of-interest")
    chief = await api.post(path, {**own, "staff": NUMBERS["p6"]}, by="ana", key=uuid4().hex, **ON)
    assert (chief.json()["declared"], chief.json()["decider"]) == (False, "pro")
    decisions = {role: [one["staff"] for one in (await api.get("/intake/v1/interests?status=open", by=role)).json()["items"]]
                 for role in ("ofd", "ldr", "pro")}  # fmt: skip
    assert decisions == {"ofd": [NUMBERS["unl"]], "ldr": [], "pro": [NUMBERS["p6"]]}
    no = {"upheld": False, "reason": "关系不影响公正"}
    for one, role, status in (
        *((made, "unl", 403), (made, "ldr", 403), (chief.json(), "ofd", 403)),
        *((made, "ofd", 200), (made, "ofd", 409), (chief.json(), "pro", 200)),
    ):
        answer = await api.post(f"/intake/v1/interests/{one['id']}/decision", no, by=role, **ON)
        assert answer.status_code == status, (role, answer.text)
    assert (await assign(api, lead, "GA")).status_code == 200
    deeds = await api.rows("select action from audit_log where action like 'interest.%' order by position")
    assert [deed for (deed,) in deeds] == ["interest.declare", "interest.challenge", *["interest.decide"] * 2]


@pytest.mark.rule("G4", "G-CONF")
async def test_whoever_a_lead_is_about_neither_reads_nor_decides_on_it_and_is_not_told_why(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await with_directory(new_api, tmp_path)
    lead, other = await ready(api), await ready(api, upstream_no="another")
    why = {"reason": "有必要如此办理"}
    blackened = f"/attachments/{uuid4()}/redactions"
    whole_page = {"left": 0, "top": 0, "right": 1, "bottom": 1, "reason": "reporter"}
    doors: tuple[tuple[str, dict[str, Any] | None], ...] = (
        ("classification", {"tier": "evil", "level": "general", "area_codes": ["market"]}),
        ("decline", why | {"go_to": "court", "concerns_office": False}),
        ("acceptance", why),
        ("suspension", why | {"measures": "已保护"}),
        ("redirect/result", {"result": "已整改", "result_on": "2018-06-01"}),
        ("redirect/closing", None),
        ("closing", None),
        ("decisions", why | {"kind": "reopen"}),
        ("merge", why | {"master_id": str(other)}),
        (blackened.removeprefix("/"), {"purpose": "涂黑", "areas": [whole_page]}),
    )
    readings = (
        "",
        "/messages",
        "/repeats",
        "/candidates",
        "/feedback-tries",
        "/invitations",
        "/attachments",
        blackened,
    )

    async def refused(by: str) -> list[str]:
        """Where this person is kept away; elsewhere the lead's state refuses."""
        kept = [
            name
            for name, body in doors
            if (answer := await api.post(f"{LEADS}/{lead}/{name}", body, by=by, key=uuid4().hex, **ON)).status_code
            == 403
            and "由他人查阅" in answer.text
        ]
        read = [name for name in readings if (await api.get(f"{LEADS}/{lead}{name}", by=by)).status_code == 403]
        return [*kept, *read]

    everywhere = [*(name for name, _ in doors), *readings]
    assert await refused("ofd") == []
    await api.rows("update leads set status = 'classified', suspended_at = null")
    await state(api, lead, {"staff": NUMBERS["ofd"]}, by="ana")
    assert await refused("ofd") == everywhere
    told = await api.get(f"{LEADS}/{lead}", by="ofd")
    assert not [word for word in ("被反映", "回避", "subject", "interest") if word in told.text], "no tip"
    assert (await api.get(f"{LEADS}/{lead}", by="ofd2")).status_code == 200, "another handles it"
    await state(api, lead, by="ofd2")
    own = {"ground": "relative", "reason": "与被反映人系亲属"}
    made = await api.post(f"{LEADS}/{lead}/interests", own, by="ofd", key=uuid4().hex, **ON)
    assert (await refused("ofd"), made.json()["status"]) == (everywhere, "open")
    no = {"upheld": False, "reason": "关系不影响公正"}
    assert (await api.post(f"/intake/v1/interests/{made.json()['id']}/decision", no, by="ldr", **ON)).status_code == 200
    assert (await api.get(f"{LEADS}/{lead}", by="ofd")).status_code == 200


@pytest.mark.rule("G2")
async def test_a_report_that_names_an_officer_by_name_goes_not_to_them_unless_another_is_meant(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await with_directory(new_api, tmp_path)
    body = {**REPORT, "persons": [{"name": f"虚构人员{NUMBERS[one]}"} for one in ("p1", "ofd")]}
    body.pop("umbrella", None)
    answer = await report(api.client, body)
    assert answer.status_code == 201, answer.text
    [(lead,)] = await api.rows("select id::text from leads")
    await classify(api, lead)
    assert "经办人应当回避" in (await assign(api, lead, "PCS01")).json()["detail"]
    refused = await assign(api, lead, "PCS01", by="ofd2")
    assert (refused.status_code, "同名" in refused.json()["detail"]) == (409, True)
    assert (await api.get(f"{LEADS}/{lead}/neutrality", by="ofd")).json()["stated"] is False
    assert (await state(api, lead)).status_code == 200
    assert (await assign(api, lead, "PCS01")).status_code == 200


@pytest.mark.rule("G22")
async def test_an_official_of_unknown_unit_whose_name_the_directory_knows_in_the_office_makes_it_a_report_past_it(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await with_directory(new_api, tmp_path)
    body = {name: value for name, value in REPORT.items() if name != "umbrella"}
    theirs, others = f" 虚构 人员{NUMBERS['ofd']}", f"虚构人员{NUMBERS['p1']}"

    async def taken(officials: list[dict[str, str]], **more: Any) -> bool:
        before = await api.rows("select count(*) from leads")
        answer = await report(api.client, body | {"umbrella": {"officials": officials}} | more, **ON)
        assert answer.status_code == 201, answer.text
        return await api.rows("select count(*) from leads") != before

    assert not await taken([{"name": others}, {"name": theirs}])
    assert not await taken([{"name": f"虛構人員{NUMBERS['ofd']}"}]), "in traditional characters, too"
    # of another unit, of the same name but said not to be meant, or nobody of the office
    assert await taken([{"name": theirs, "employer": "临江派出所"}])
    assert await taken([{"name": theirs}], about_office=False)
    assert await taken([{"name": others}])
