"""Reports and letters by their code, the counter, files by tus, originals, and what machines hand over."""

from uuid import UUID

import httpx

from tests.intake.api import test_gateway_messages as gateway
from tests.intake.api import test_police_calls as calls
from tests.intake.api.test_life import on
from tests.intake.api.test_objections import PLAIN, filed
from tests.load.reaching.leads import of
from tests.load.reaching.world import SOUND, Fit, Fits, World, fitting
from tests.support import mails
from tests.support.files import photo
from tests.support.reporting import REPORT, report, write
from tests.support.uploading import TUS, named

FITS: Fits = {}
_COUNTER = REPORT | {"channel": "phone"}
_MINE, _OFFICE = "reports/attachments", "uploads"


@fitting(FITS, "POST /reports/challenges", "OPTIONS /uploads", "GET /receipts/keys")
async def _bare(_: World) -> Fit:
    return Fit()


@fitting(FITS, "POST /reports")
async def _report(_: World) -> Fit:
    return Fit(body=dict(REPORT), proof=True)


@fitting(FITS, "POST /reports/status", "POST /reports/messages/reading")
async def _status(w: World) -> Fit:
    code, _ = await filed(w.api)
    return Fit(body={"query_code": code})


@fitting(FITS, "POST /reports/messages")
async def _message(w: World) -> Fit:
    code, _ = await filed(w.api)
    return Fit(body={"query_code": code, "text": "摊主每周三晚在河边交钱"}, proof=True)


async def _mine(w: World) -> tuple[str, str]:
    code, _ = await filed(w.api)
    return code, await w.uploaded(_MINE, _MINE, {"Query-Code": code})


@fitting(FITS, "POST /reports/messages/files")
async def _letter_file(w: World) -> Fit:
    code, file = await _mine(w)
    sent = await write(w.api.client, {"query_code": code, "text": "见附件", "files": [file]})
    return Fit(body={"query_code": code, "number": sent.json()["number"], "file": file})


@fitting(FITS, "GET /leads/{lead_id}/report", "GET /leads/{lead_id}/messages")
async def _read(w: World) -> Fit:
    _, lead = await filed(w.api, PLAIN)
    return Fit(by="ofd", path=of(lead))


@fitting(FITS, "POST /leads/{lead_id}/messages")
async def _office_message(w: World) -> Fit:
    _, lead = await filed(w.api)
    return Fit(by="ana", path=of(lead), body={"kind": "message", "text": "请于下周到政务中心三楼"})


@fitting(FITS, "POST /receipts/verification")
async def _receipt(w: World) -> Fit:
    return Fit(body=(await report(w.api.client, REPORT)).json()["receipt"])


@fitting(FITS, "POST /counter-reports/read-back")
async def _read_back(_: World) -> Fit:
    return Fit(by="icl", body=dict(_COUNTER))


@fitting(FITS, "POST /counter-reports")
async def _counter(w: World) -> Fit:
    told = await w.api.post("/intake/v1/counter-reports/read-back", _COUNTER, by="icl")
    return Fit(by="icl", body=_COUNTER | {"confirmation": told.json()["confirmation"], "confirmed": "by-word"})


def _creation(**more: str) -> dict[str, str]:
    return {**TUS, "Upload-Length": str(len(SOUND)), **named("x.amr"), **more}


_PIECE = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}


@fitting(FITS, "POST /reports/attachments")
async def _mine_begun(w: World) -> Fit:
    code, _ = await filed(w.api)
    return Fit(headers=_creation(**{"Query-Code": code}))


async def _mine_going(w: World) -> tuple[dict[str, str], dict[str, str]]:
    code, _ = await filed(w.api)
    own = {"Query-Code": code}
    return {"upload_id": await w.uploading(_MINE, own)}, own


@fitting(FITS, "HEAD /reports/attachments/{upload_id}", "DELETE /reports/attachments/{upload_id}")
async def _mine_asked(w: World) -> Fit:
    path, own = await _mine_going(w)
    return Fit(path=path, headers={**TUS, **own})


@fitting(FITS, "PATCH /reports/attachments/{upload_id}")
async def _mine_sent(w: World) -> Fit:
    path, own = await _mine_going(w)
    return Fit(path=path, headers={**_PIECE, **own}, content=SOUND)


@fitting(FITS, "POST /leads/{lead_id}/attachments")
async def _begun(w: World) -> Fit:
    return Fit(by="icl", path=of(await w.lead()), headers=_creation())


async def _going(w: World) -> dict[str, str]:
    where = f"leads/{await w.lead()}/attachments"
    return {"upload_id": await w.uploading(where, w.api.as_("icl"))}


@fitting(FITS, "HEAD /uploads/{upload_id}", "DELETE /uploads/{upload_id}")
async def _asked(w: World) -> Fit:
    return Fit(by="icl", path=await _going(w), headers=TUS)


@fitting(FITS, "PATCH /uploads/{upload_id}")
async def _sent(w: World) -> Fit:
    return Fit(by="icl", path=await _going(w), headers=_PIECE, content=SOUND)


@fitting(FITS, "POST /leads/{lead_id}/attachments/{attachment_id}/download")
async def _download(w: World) -> Fit:
    lead = await w.lead()
    file = await w.uploaded(f"leads/{lead}/attachments", _OFFICE, w.api.as_("ofd"), photo())
    return Fit(by="ofd", path={**of(lead), "attachment_id": file}, body={"purpose": "核对现场照片"})


_HALF = [{"page": 1, "left": 0, "top": 0.1, "right": 0.5, "bottom": 0.9, "reason": "reporter"}]


async def _shown(w: World) -> dict[str, object]:
    lead = await w.lead()
    return {
        **of(lead),
        "attachment_id": await w.uploaded(f"leads/{lead}/attachments", _OFFICE, w.api.as_("icl"), photo()),
    }


@fitting(FITS, "POST /leads/{lead_id}/attachments/{attachment_id}/redactions")
async def _redaction(w: World) -> Fit:
    return Fit(by="icl", path=await _shown(w), body={"purpose": "涂黑后交承办单位", "areas": _HALF})


@fitting(FITS, "GET /leads/{lead_id}/attachments/{attachment_id}/redactions")
async def _redactions(w: World) -> Fit:
    return Fit(by="sup", path=await _shown(w))


async def _granted(w: World, content: bytes = SOUND) -> tuple[str, str]:
    code, lead = await filed(w.api, PLAIN)
    file = await w.uploaded(_MINE, _MINE, {"Query-Code": code}, content)
    return await w.opening(lead), file


@fitting(FITS, "GET /originals/{opening_id}")
async def _originals(w: World) -> Fit:
    opening, _ = await _granted(w)
    return Fit(by="rvk", path={"opening_id": opening}, headers=on("2018-06-04"))


@fitting(FITS, "POST /originals/{opening_id}/{attachment_id}/reading")
async def _original(w: World) -> Fit:
    opening, file = await _granted(w)
    return Fit(by="rvk", path={"opening_id": opening, "attachment_id": file}, headers=on("2018-06-04"))


@fitting(FITS, "POST /originals/{opening_id}/{attachment_id}/redactions")
async def _original_redaction(w: World) -> Fit:
    opening, file = await _granted(w, photo())
    path = {"opening_id": opening, "attachment_id": file}
    return Fit(by="rvk", path=path, body={"areas": _HALF}, headers=on("2018-06-04"))


def _call(w: World) -> dict[str, object]:
    return calls.CALL | {"external_no": f"J20180601-{w.number():04}"}


@fitting(FITS, "POST /police-calls")
async def _calls(w: World) -> Fit:
    return Fit(by="m110", body=[_call(w), _call(w)], headers=calls.ON)


@fitting(FITS, "GET /leads/{lead_id}/police-call")
async def _call_read(w: World) -> Fit:
    taken: httpx.Response = await calls.send(w.api, _call(w))
    return Fit(by="ofd", path=of(UUID(taken.json()["records"][0]["lead_id"])))


@fitting(FITS, "POST /gateway-messages")
async def _batch(w: World) -> Fit:
    mail = {"external_no": f"M{w.number()}", "channel": "email", "mail": mails.sent(mails.mail("有人强收费用"))}
    return Fit(by="mgw", body=[gateway.SMS | {"external_no": f"S{w.number()}"}, mail], headers=gateway.ON)


async def _message_waits(w: World) -> dict[str, str]:
    await gateway.hand(w.api, gateway.SMS | {"external_no": f"S{w.number()}", "text": f"第{w.number()}件"})
    return {"message_id": await w.one("select id from gateway_messages where state = 'waiting' limit 1")}


@fitting(FITS, "POST /gateway-messages/{message_id}/registration")
async def _registration(w: World) -> Fit:
    body = {"facts": {"area_codes": ["usury"]}, "persons": [{"name": "某某"}]}
    return Fit(by="icl", path=await _message_waits(w), body=body, headers=gateway.ON)


@fitting(FITS, "POST /gateway-messages/{message_id}/discipline")
async def _to_discipline(w: World) -> Fit:
    return Fit(by="icl", path=await _message_waits(w), headers=gateway.ON)


async def _aside(w: World) -> dict[str, object]:
    return {"ids": [(await _message_waits(w))["message_id"]], "reason": "spam"}


@fitting(FITS, "POST /gateway-messages/set-aside")
async def _put_aside(w: World) -> Fit:
    return Fit(by="icl", body=await _aside(w), headers=gateway.ON)


@fitting(FITS, "POST /gateway-messages/{message_id}/take-back")
async def _taken_back(w: World) -> Fit:
    order = await _aside(w)
    await w.done("gateway-messages/set-aside", order, by="icl", day="2018-06-01")
    message = await w.one("select id from gateway_messages where state = 'aside' limit 1")
    return Fit(by="ofd", path={"message_id": message}, headers=gateway.ON)


@fitting(FITS, "POST /gateway-messages/refused/closure")
async def _refused_closed(w: World) -> Fit:
    await gateway.hand(w.api, gateway.SMS | {"external_no": f"S{w.number()}", "text": " "})
    refused = await w.one("select id from refused_messages where settled_on is null limit 1")
    return Fit(by="icl", body={"ids": [refused]}, headers=gateway.ON)


@fitting(FITS, "POST /passed-reports/{report_id}/files")
async def _answer_file(w: World) -> Fit:
    await report(w.api.client, REPORT | {"about_office": True, "umbrella": None}, **gateway.ON)
    there = await w.one("select id from passed_reports where expunged_on is null limit 1")
    return Fit(by="dhd", path={"report_id": there}, content="答复意见书".encode(), headers=gateway.ON)


@fitting(FITS, "POST /transfers")
async def _transfer(w: World) -> Fit:
    letter = {
        "letter_no": f"示例市监移〔2018〕{w.number()}号",
        "sent_on": "2018-06-08",
        "reason": "涉嫌犯罪,不属本单位管辖",
        "summary": "检查中发现有人强迫商户交费",
    }
    return Fit(by="prt", body=letter, headers=on("2018-06-10"))
