"""What the office keeps beside leads: its directory, code lists, ledgers, daily lists, call-backs, screenings, searches, registers."""

import io
from datetime import date, timedelta
from typing import Any

from openpyxl import Workbook

from tests.intake.api import test_codes as codes
from tests.intake.api import test_ledgers as ledgers
from tests.intake.api import test_partners as partners
from tests.intake.api.test_impact_assessments import ONE as ASSESSMENT
from tests.intake.api.test_life import on
from tests.intake.api.test_merges import FIRST
from tests.load.reaching.world import Fit, Fits, World, fitting

FITS: Fits = {}
_FAR = date(2080, 1, 1)
"""Days of code lists that no lead of a run is received on."""
_UNIT = {"name": "虚构街道办事处", "kind": "street", "from_on": "2018-03-01", "reason": "登记机构"}
_PERSON = {"name": "虚构人员", "home_unit": "GA", "from_on": "2018-03-01", "reason": "到岗"}
_PLACE = {"unit": "GA", "post": "officer", "kind": "post", "from_on": "2018-03-01", "reason": "任职"}
_TASK = {"title": "沿街商铺排查", "scope": "临江街", "unit": "GA", "due_on": "2018-06-30"}


@fitting(FITS, "PUT /circle")
async def _circle(_: World) -> Fit:
    return Fit(by="ana", body={"places": ["南湖花园"], "relatives": ["张建国"], "units": ["建设局"]})


@fitting(FITS, "POST /read-alerts/{alert_id}/review")
async def _alert(w: World) -> Fit:
    mine = {"places": [], "relatives": ["张建国"], "units": []}
    await w.api.client.put("/intake/v1/circle", json=mine, headers=w.api.as_("ana"))
    await w.api.get(f"/intake/v1/leads/{await w.lead(summary=FIRST)}", by="ana")
    alert = await w.one("select id from read_alerts where actor = 'ana' order by raised_at desc limit 1")
    return Fit(by="dpo", path={"alert_id": alert}, body={"finding": "justified", "reason": "分派给本人办理"})


@fitting(FITS, "GET /call-back-draws")
async def _draw(_: World) -> Fit:
    return Fit(query={"month": "2018-05"})


@fitting(FITS, "GET /call-backs/{month}")
async def _calls(_: World) -> Fit:
    return Fit(by="rvk", path={"month": "2018-05"})


@fitting(FITS, "POST /call-backs/{token}/answer")
async def _call(w: World) -> Fit:
    waiting = "select token from call_backs where place > 0 and outcome is null order by place limit 1"
    if not await w.api.rows(waiting):  # five are drawn
        await w.api.rows("update call_backs set outcome = null, channel = null, answered_by = null, answered_at = null")
    token = await w.one(waiting)
    return Fit(by="rvk", path={"token": token}, body={"outcome": "partly", "channel": "phone"})


@fitting(FITS, "GET /daily-digests/{day}")
async def _digest(_: World) -> Fit:
    return Fit(by="ana", path={"day": "2018-06-29"})


@fitting(FITS, "GET /daily-digests/{day}/leads")
async def _digest_leads(_: World) -> Fit:
    return Fit(by="ana", path={"day": "2018-06-29"}, query={"part": "fresh"})


@fitting(FITS, "POST /daily-digests/{day}/closure")
async def _closure(w: World) -> Fit:
    waiting = "select day from daily_digests where closed_at is null order by day limit 1"
    if not await w.api.rows(waiting):  # a month has twenty
        await w.api.rows("update daily_digests set closed_at = null, closed_by = null")
    day = await w.one(waiting)
    return Fit(by="ana", path={"day": day}, headers=on("2018-06-29"))


async def _far(w: World) -> dict[str, Any]:
    number = w.number()
    another = {"code": f"M-{number}", "zh": f"虚构来源{number}", "en": f"source {number}", "parent": "M"}
    lists = {"source_l2": [*(await codes.lists(w.api))["lists"]["source_l2"], another]}
    return await codes.order(w.api, version=f"X{number}", from_on=str(_FAR + timedelta(days=number)), lists=lists)


@fitting(FITS, "POST /codes/versions")
async def _version(w: World) -> Fit:
    return Fit(by="ofd", body=await _far(w), headers=on("2018-06-01"))


@fitting(FITS, "POST /codes/versions/{version}/review")
async def _review(w: World) -> Fit:
    version = await w.done("codes/versions", await _far(w), by="ofd", day="2018-06-01")
    return Fit(by="qrv", path={"version": version["version"]}, body={"adopt": True}, headers=on("2018-06-01"))


@fitting(FITS, "PUT /directory/units/{code}")
async def _unit(w: World) -> Fit:
    return Fit(by="dir", path={"code": f"XS{w.number()}"}, body=dict(_UNIT))


@fitting(FITS, "GET /directory/units/{code}/history")
async def _unit_history(_: World) -> Fit:
    return Fit(by="dir", path={"code": "GA"})


@fitting(FITS, "PUT /directory/staff/{staff}")
async def _staff(w: World) -> Fit:
    return Fit(by="dir", path={"staff": f"XS-{w.number()}"}, body=dict(_PERSON))


async def _someone(w: World) -> dict[str, str]:
    staff = f"XS-{w.number()}"
    path = f"/intake/v1/directory/staff/{staff}"
    (await w.api.client.put(path, json=_PERSON, headers=w.api.as_("dir"))).raise_for_status()
    return {"staff": staff}


@fitting(
    FITS, "GET /directory/staff/{staff}", "GET /directory/staff/{staff}/history",
    "GET /directory/staff/{staff}/open-work",
)  # fmt: skip
async def _staff_read(w: World) -> Fit:
    return Fit(by="dir", path=await _someone(w))


@fitting(FITS, "PUT /directory/staff/{staff}/placements")
async def _placement(w: World) -> Fit:
    return Fit(by="dir", path=await _someone(w), body=dict(_PLACE))


@fitting(FITS, "POST /directory/staff/{staff}/departure")
async def _departure(w: World) -> Fit:
    return Fit(by="dir", path=await _someone(w), body={"left_on": "2018-06-01", "reason": "退休离任"})


@fitting(FITS, "POST /directory/imports")
async def _directory(w: World) -> Fit:
    number = w.number()
    rows = f"单位代码,单位名称,机构类别,上级单位,起始日期\nXS{number},虚构局,公安机关,,2018-03-01\n"
    return Fit(by="dir", file=("名册.csv", rows.encode()), form={"reason": "登记名册"})


def _ledger_rows(w: World) -> bytes:
    return ledgers.table(
        ledgers.changed(上级编号=f"C{w.number()}"), ledgers.changed(上级编号="", 下发层级="县")
    ).encode()


@fitting(FITS, "POST /ledgers")
async def _ledger(w: World) -> Fit:
    return Fit(by="icl", file=("台账.csv", _ledger_rows(w)), headers=ledgers.ON)


@fitting(FITS, "GET /ledgers/{ledger_id}")
async def _ledger_read(w: World) -> Fit:
    taken = await ledgers.send(w.api, _ledger_rows(w))
    return Fit(by="icl", path={"ledger_id": taken.json()["ledger_id"]})


@fitting(FITS, "POST /ledgers/national")
async def _national(w: World) -> Fit:
    book, out = Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    for row in (partners.HEADERS, partners.changed(举报编号=f"QG{w.number()}")):
        sheet.append(row)
    book.save(out)
    return Fit(by="icl", file=("x.xlsx", out.getvalue()), headers=partners.ON)


@fitting(FITS, "POST /ledgers/replies")
async def _replies(_: World) -> Fit:
    return Fit(by="icl", body={"first": "2018-05-01", "last": "2018-06-30", "purpose": "按月回复上级"})


@fitting(FITS, "POST /impact-assessments")
async def _assessment(_: World) -> Fit:
    return Fit(by="dpo", body=dict(ASSESSMENT), headers=on("2018-06-04"))


@fitting(FITS, "POST /screenings")
async def _screening(_: World) -> Fit:
    return Fit(by="ofd", body=dict(_TASK), headers=on("2018-06-04"))


async def _task(w: World) -> dict[str, str]:
    return {"screening_id": (await w.done("screenings", _TASK, by="ofd"))["id"]}


@fitting(FITS, "POST /screenings/{screening_id}/findings")
async def _finding(w: World) -> Fit:
    return Fit(by="unl", path=await _task(w), body={"summary": "发现强收费用"}, headers=on("2018-06-05"))


@fitting(FITS, "POST /screenings/{screening_id}/return")
async def _returned(w: World) -> Fit:
    return Fit(by="unl", path=await _task(w), body={"note": "未发现其他情况"}, headers=on("2018-06-05"))


@fitting(FITS, "POST /searches")
async def _search(w: World) -> Fit:
    return Fit(by="ana", body={"name": f"检索{w.number()}", "filters": {"source": "M"}})


@fitting(FITS, "DELETE /searches/{search_id}")
async def _search_dropped(w: World) -> Fit:
    made = await w.done("searches", {"name": f"检索{w.number()}", "filters": {"source": "M"}}, by="ana")
    return Fit(by="ana", path={"search_id": made["id"]})
