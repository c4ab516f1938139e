"""Doors by which a lead comes in, and who may add files to it then: the unit that found it, the 110 feed."""

from uuid import UUID, uuid4

import pytest

from services.intake.domain.attachment import SEALED
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.files import photo
from tests.support.reporting import REPORT, report
from tests.support.uploading import attach, attach_by_code, begin

LEADS, ON = "/intake/v1/leads", {"X-Local-Clock": "2018-06-04T09:00:00+08:00"}
SOUND = b"#!AMR\n" + bytes(200)
CALL = {"external_no": "J20180601-0001", "called_at": "2018-06-01T09:30:00+08:00", "summary": "有人在菜市场强收费用"}


async def doors(api: Api, lead_id: str) -> list[tuple[str, str | None]]:
    shown = (await api.get(f"{LEADS}/{lead_id}/attachments", by="ofd")).json()
    return [(one["door"], one["name"]) for one in shown]


@pytest.mark.rule("G1", "M49")
async def test_the_feed_and_the_finding_unit_add_files_to_their_own_leads_and_read_none(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    taken = await api.post("/intake/v1/police-calls", [CALL], by="m110")
    call = taken.json()["records"][0]["lead_id"]
    assert (await attach(api, call, SOUND, "报警录音-张某.amr", by="m110")).status_code == 204
    task = {"title": "沿街商铺排查", "scope": "临江街", "unit": "GA", "due_on": "2018-06-30"}
    screening = (await api.post("/intake/v1/screenings", task, by="ofd", key=uuid4().hex, **ON)).json()["id"]
    path = f"/intake/v1/screenings/{screening}/findings"
    found = (await api.post(path, {"summary": "发现强收费用"}, by="unl", key=uuid4().hex, **ON)).json()["lead_id"]
    assert (await attach(api, found, photo(), "现场.jpg", by="unl")).status_code == 204
    assert (await doors(api, call), await doors(api, found)) == ([("call", None)], [("unit", "现场.jpg")])

    # what shows the caller is given out by this door to nobody
    [(recording,)] = await api.rows("select id from attachments where door = 'call'")
    for by in ("ana", "ofd", "sup"):
        for original in (False, True):
            order = {"purpose": "核对录音", "original": original}
            answer = await api.post(f"{LEADS}/{call}/attachments/{recording}/download", order, by=by)
            assert answer.status_code == 403
    # each adds to its own, and neither reads what others added
    other = (await report(api.client, REPORT)).json()["query_code"]
    [(lead,)] = await api.rows("select l.id::text from leads l join reports r on r.lead_id = l.id")
    for by, lead_id in (("m110", found), ("m110", lead), ("unl", call), ("unl", lead), ("m110", str(uuid4()))):
        begun = await begin(api.client, f"{LEADS}/{lead_id}/attachments", 3, "x", **api.as_(by))
        assert begun.status_code == 404, (by, lead_id)
    assert (await api.get(f"{LEADS}/{found}/attachments", by="unl")).status_code == 404
    assert (await api.get(f"{LEADS}/{call}/attachments", by="m110")).status_code == 403
    assert other


@pytest.mark.rule("D29")
async def test_a_regulators_receipt_and_result_name_their_scans(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code = (await report(api.client, REPORT | {"umbrella": None}, **ON)).json()["query_code"]
    [(lead,)] = await api.rows("select id::text from leads")
    assert (await attach_by_code(api.client, code, photo(), "x.jpg")).status_code == 204
    body = {"tier": "disorder", "level": "general", "area_codes": ["market"]}
    assert (await api.post(f"{LEADS}/{lead}/classification", body, by="ana", **ON)).status_code == 200
    sent = await api.post(f"{LEADS}/{lead}/redirect", {"regulator": "JS"}, by="ofd", **ON)
    assert sent.status_code == 200, sent.text
    for name in ("回执.jpg", "结果.jpg"):
        assert (await attach(api, lead, photo(), name, by="ofd")).status_code == 204
    [(own,)] = await api.rows("select id::text from attachments where door = 'reporter'")
    scans = [str(row[0]) for row in await api.rows("select id from attachments where door = 'office' order by id")]
    receipt = {"receipt_no": "示例建回〔2018〕1号", "receipt_on": "2018-06-04"}
    for wrong in (own, str(uuid4())):
        refused = await api.post(f"{LEADS}/{lead}/redirect/receipt", receipt | {"files": [wrong]}, by="ofd", **ON)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "files.0")
    receipt["files"] = scans[:1]  # type: ignore[assignment] # a list of ids
    assert (await api.post(f"{LEADS}/{lead}/redirect/receipt", receipt, by="ofd", **ON)).status_code == 200
    result = {"result": "已责令改正", "result_on": "2018-06-04", "files": scans[1:]}
    ended = await api.post(f"{LEADS}/{lead}/redirect/result", result, by="ofd", **ON)
    assert ended.status_code == 200, ended.text
    [shown] = (await api.get(f"{LEADS}/{lead}/redirects", by="sup")).json()
    assert (shown["receipt_files"], shown["result_files"]) == (scans[:1], scans[1:])
    assert all(UUID(each) for each in scans)


def test_what_lets_the_reporter_be_seen_or_heard_is_sealed() -> None:
    assert {door.value for door in SEALED} == {"letter", "call"}
