"""Leads: registered, read, classified, assigned; what becomes of them until they are closed, reopened or kept."""

from uuid import UUID

from services.intake.domain.minors import CHILDREN
from shared.contracts import verification as said
from tests.intake.api import test_assignments as assignments
from tests.intake.api import test_life as life
from tests.intake.api import test_objections as objections
from tests.intake.api.test_dual_exchange import dual
from tests.intake.api.test_leads import classify
from tests.intake.api.test_life import REFUSAL, WHY, do, hear, on
from tests.load.reaching.world import Fit, Fits, World, fitting

FITS: Fits = {}
_CLASS = {"tier": "evil", "level": "general", "area_codes": ["market"]}
_RECEIPT = {"receipt_no": "JS-7", "receipt_on": "2018-06-07"}
_RESULT = {"result": "已责令整改", "result_on": "2018-06-20"}
_ANSWERED = _RESULT | {"result_on": "2018-06-07"}
_SUSPENSION = {"reason": "举报人受到威胁", "measures": "已通知辖区派出所保护"}
_TOLD = {"channel": "phone", "on": "2018-06-21", "reached": True, "text": "已核查完毕并告知结论"}


def of(lead: UUID | str) -> dict[str, str]:
    """The path's parameter."""
    return {"lead_id": str(lead)}


@fitting(FITS, "POST /leads")
async def _new(w: World) -> Fit:
    order = {"source": "M", "summary": f"反映有人强收摊位费,第{w.number()}处", "area_codes": ["market"]}
    return Fit(by="icl", body=order)


@fitting(
    FITS,
    "GET /leads/{lead_id}",
    "GET /leads/{lead_id}/history",
    "GET /leads/{lead_id}/attachments",
    "GET /leads/{lead_id}/candidates",
    "GET /leads/{lead_id}/deadlines",
    "GET /leads/{lead_id}/feedback-tries",
    "GET /leads/{lead_id}/holds",
    "GET /leads/{lead_id}/invitations",
    "GET /leads/{lead_id}/neutrality",
    "GET /leads/{lead_id}/pauses",
    "GET /leads/{lead_id}/redirects",
    "GET /leads/{lead_id}/repeats",
    "GET /leads/{lead_id}/suggestion",
    "GET /leads/{lead_id}/transfers",
    "GET /leads/{lead_id}/upstream-replies",
)
async def _read(w: World) -> Fit:
    return Fit(by="ofd", path=of(await w.assigned()))


@fitting(FITS, "POST /leads/{lead_id}/classification")
async def _classification(w: World) -> Fit:
    return Fit(by="ana", path=of(await w.lead()), body=_CLASS, headers=on("2018-06-04"))


@fitting(FITS, "POST /leads/{lead_id}/children")
async def _children(w: World) -> Fit:
    lead = await w.lead()
    await w.api.rows("update leads set allegations = $1 where id = $2", [CHILDREN], lead)
    return Fit(by="ofd", path=of(lead), body=dict(WHY), headers=on("2018-06-01"))


@fitting(FITS, "POST /leads/{lead_id}/urgency")
async def _urgency(w: World) -> Fit:
    return Fit(by="icl", path=of(await w.lead()), body={"urgent": True, **WHY}, headers=on("2018-06-01"))


@fitting(FITS, "POST /leads/{lead_id}/assignment")
async def _assignment(w: World) -> Fit:
    lead = await w.lead()
    await classify(w.api, lead)
    return Fit(by="ofd", path=of(lead), body={"unit": "GA"}, headers=on("2018-06-04"))


@fitting(FITS, "POST /leads/{lead_id}/discipline-grounds")
async def _grounds(w: World) -> Fit:
    order = {"discipline_grounds": ["umbrella"], "reason": "核查中发现"}
    return Fit(by="ofd", path=of(await w.assigned()), body=order, headers=on("2018-06-04"))


@fitting(FITS, "POST /leads/{lead_id}/ruling")
async def _ruling(w: World) -> Fit:
    lead = await w.assigned()
    await hear(w.api, lead, said.WorkDisputed, assignment_no=1)
    order = {"unit": "JS", "reason": "按属地管辖由该单位办理"}
    return Fit(by="ofd", path=of(lead), body=order, headers=on("2018-06-05"))


@fitting(FITS, "POST /leads/{lead_id}/sheet")
async def _sheet(w: World) -> Fit:
    return Fit(by="ofd", path=of(await w.assigned()), headers=on("2018-06-04"))


async def verifying(w: World) -> UUID:
    """A lead that its unit has signed for."""
    lead = await w.assigned()
    await hear(w.api, lead, said.WorkAccepted, **assignments.SIGNED)
    return lead


@fitting(FITS, "GET /leads/{lead_id}/unit-receipt")
async def _unit_receipt(w: World) -> Fit:
    return Fit(by="ofd", path=of(await verifying(w)))


@fitting(FITS, "POST /leads/{lead_id}/extensions")
async def _extension(w: World) -> Fit:
    order = {"days": 20, "reason": "需要等待鉴定意见"}
    return Fit(by="unl", path=of(await verifying(w)), body=order, headers=on("2018-06-20"))


@fitting(FITS, "POST /extensions/{extension_id}/decision")
async def _extension_decision(w: World) -> Fit:
    asked = await assignments.extend(w.api, await verifying(w), 20)
    return Fit(by="ofd", path={"extension_id": asked.json()["id"]}, body={"grant": True}, headers=on("2018-06-21"))


async def _paused(w: World) -> str:
    order = {"until": "2018-06-15", "reason": "等待司法鉴定意见"}
    lead = await w.assigned()
    return str((await w.done(f"leads/{lead}/deadlines/conclude/pauses", order, by="ana"))["id"])


@fitting(FITS, "POST /leads/{lead_id}/deadlines/{kind}/pauses")
async def _pause(w: World) -> Fit:
    order = {"until": "2018-06-15", "reason": "等待司法鉴定意见"}
    path = {**of(await w.assigned()), "kind": "conclude"}
    return Fit(by="ana", path=path, body=order, headers=on("2018-06-04"))


@fitting(FITS, "POST /pauses/{pause_id}/decision")
async def _pause_decision(w: World) -> Fit:
    return Fit(by="ofd", path={"pause_id": await _paused(w)}, body={"grant": True}, headers=on("2018-06-04"))


@fitting(FITS, "POST /pauses/{pause_id}/resumption")
async def _pause_resumption(w: World) -> Fit:
    pause = await _paused(w)
    await w.done(f"pauses/{pause}/decision", {"grant": True}, by="ofd")
    return Fit(by="ofd", path={"pause_id": pause}, body={"reason": "鉴定意见已到"}, headers=on("2018-06-05"))


@fitting(FITS, "POST /leads/{lead_id}/decline")
async def _decline(w: World) -> Fit:
    lead = await w.lead()
    await do(w.api, lead, "decline", REFUSAL, by="ana")
    return Fit(by="ofd", path=of(lead), body=dict(REFUSAL), headers=on("2018-06-01"))


@fitting(FITS, "POST /leads/{lead_id}/acceptance")
async def _acceptance(w: World) -> Fit:
    lead = await w.lead()
    await do(w.api, lead, "decline", REFUSAL, by="ofd2")
    return Fit(by="ofd", path=of(lead), body=dict(WHY), headers=on("2018-06-04"))


async def _disorder(w: World, *steps: tuple[str, dict[str, str]]) -> dict[str, str]:
    lead = await w.lead()
    await classify(w.api, lead, tier="disorder")
    for door, order in steps:
        await w.done(f"leads/{lead}/{door}", order, by="ofd", day="2018-06-07")
    return of(lead)


_LETTER = {"organ": "JS", "letter_no": "示例移〔2018〕3号"}


async def _found(w: World, code: str) -> UUID:
    lead = await w.assigned()
    await hear(w.api, lead, said.WorkAccepted, unit="GA", verifier_count=2, plan_on_file=True, recusals_on_file=True)
    await hear(w.api, lead, said.WorkConcluded, conclusion=code, day="2018-06-20")
    return lead


_SENT = ("redirect", {"regulator": "JS"})


@fitting(FITS, "POST /leads/{lead_id}/redirect")
async def _redirect(w: World) -> Fit:
    return Fit(by="ofd", path=await _disorder(w), body={"regulator": "JS"}, headers=on("2018-06-04"))


@fitting(FITS, "POST /leads/{lead_id}/redirect/receipt")
async def _redirect_receipt(w: World) -> Fit:
    return Fit(by="ofd", path=await _disorder(w, _SENT), body=dict(_RECEIPT), headers=on("2018-06-08"))


@fitting(FITS, "POST /leads/{lead_id}/redirect/result")
async def _redirect_result(w: World) -> Fit:
    path = await _disorder(w, _SENT, ("redirect/receipt", _RECEIPT))
    return Fit(by="ofd", path=path, body=dict(_RESULT), headers=on("2018-06-20"))


@fitting(FITS, "POST /leads/{lead_id}/redirect/closing")
async def _redirect_closing(w: World) -> Fit:
    path = await _disorder(w, _SENT, ("redirect/receipt", _RECEIPT), ("redirect/result", _ANSWERED))
    return Fit(by="ofd", path=path, headers=on("2018-06-20"))


@fitting(FITS, "POST /leads/{lead_id}/redirect/return")
async def _redirect_return(w: World) -> Fit:
    return Fit(by="ofd", path=await _disorder(w, _SENT), body=dict(WHY), headers=on("2018-06-08"))


@fitting(FITS, "POST /leads/{lead_id}/review-date")
async def _review_date(w: World) -> Fit:
    body = {"review_on": "2018-09-03", "missing": "关键证人在外地"}
    return Fit(by="ofd", path=of(await _found(w, "C4")), body=body, headers=on("2018-06-21"))


@fitting(FITS, "POST /leads/{lead_id}/take-up")
async def _take_up(w: World) -> Fit:
    return Fit(by="ofd", path=of(await _found(w, "C4")), body=dict(WHY), headers=on("2018-06-21"))


@fitting(FITS, "POST /leads/{lead_id}/transfer")
async def _transfer(w: World) -> Fit:
    return Fit(by="ofd", path=of(await _found(w, "C5")), body=dict(_LETTER), headers=on("2018-06-21"))


@fitting(FITS, "POST /leads/{lead_id}/transfer/receipt")
async def _transfer_receipt(w: World) -> Fit:
    lead = await _found(w, "C5")
    await w.done(f"leads/{lead}/transfer", _LETTER, by="ofd", day="2018-06-21")
    body = {"receipt_no": "示例收9号", "receipt_on": "2018-06-21"}
    return Fit(by="ofd", path=of(lead), body=body, headers=on("2018-06-21"))


@fitting(FITS, "POST /leads/{lead_id}/suspension")
async def _suspension(w: World) -> Fit:
    return Fit(by="ofd", path=of(await w.assigned()), body=dict(_SUSPENSION), headers=on("2018-06-05"))


@fitting(FITS, "POST /leads/{lead_id}/resumption")
async def _resumption(w: World) -> Fit:
    lead = await w.assigned()
    await w.done(f"leads/{lead}/suspension", _SUSPENSION, by="ofd")
    return Fit(by="ofd", path=of(lead), body=dict(WHY), headers=on("2018-06-15"))


@fitting(FITS, "POST /leads/{lead_id}/feedback-tries")
async def _try(w: World) -> Fit:
    lead = await life.concluded(w.api, reporter={"name": "举报人丁"})
    return Fit(by="ofd", path=of(lead), body=dict(_TOLD), headers=on("2018-06-21"))


@fitting(FITS, "POST /leads/{lead_id}/feedback-letters")
async def _feedback_letter(w: World) -> Fit:
    _, lead = await objections.concluded(w.api)
    order = {"text": "您反映的问题已查清,未发现强收费用", "names_nobody": True}
    return Fit(by="ana", path=of(lead), body=order, headers=on("2018-06-21"))


@fitting(FITS, "POST /leads/{lead_id}/feedback")
async def _feedback(w: World) -> Fit:
    return Fit(by="ana", path=of(await life.concluded(w.api)), body={"accepted": False}, headers=on("2018-06-21"))


async def _fed_back(w: World) -> UUID:
    lead = await life.concluded(w.api)
    await w.done(f"leads/{lead}/feedback", {}, by="ana", day="2018-06-21")
    return lead


@fitting(FITS, "POST /leads/{lead_id}/objection")
async def _objection(w: World) -> Fit:
    order = {"unit": "ZF", "reason": "举报人补充了录音"}
    return Fit(by="ofd", path=of(await _fed_back(w)), body=order, headers=on("2018-06-25"))


@fitting(FITS, "POST /leads/{lead_id}/closing")
async def _closing(w: World) -> Fit:
    return Fit(by="ofd", path=of(await _fed_back(w)), headers=on("2018-07-30"))


async def _closed(w: World) -> UUID:
    lead = await _fed_back(w)
    await w.done(f"leads/{lead}/closing", by="ofd", day="2018-07-30")
    return lead


@fitting(FITS, "POST /leads/{lead_id}/decisions")
async def _proposal(w: World) -> Fit:
    return Fit(by="ofd", path=of(await _closed(w)), body={"kind": "reopen", **WHY}, headers=on("2018-08-01"))


@fitting(FITS, "POST /decisions/{decision_id}/confirmation")
async def _confirmation(w: World) -> Fit:
    proposed = await w.done(
        f"leads/{await _closed(w)}/decisions", {"kind": "reopen", **WHY}, by="ofd", day="2018-08-01"
    )
    return Fit(by="qrv", path={"decision_id": proposed["id"]}, body={"confirm": True}, headers=on("2018-08-02"))


_HOLD = {"basis_no": "示例函〔2018〕1号", "reason": "法院调取材料"}


@fitting(FITS, "POST /leads/{lead_id}/holds")
async def _hold(w: World) -> Fit:
    return Fit(by="ofd", path=of(await w.assigned()), body=dict(_HOLD), headers=on("2018-06-04"))


@fitting(FITS, "POST /holds/{hold_id}/release")
async def _release(w: World) -> Fit:
    hold = await w.done(f"leads/{await w.assigned()}/holds", _HOLD, by="ofd")
    return Fit(by="dpo", path={"hold_id": hold["id"]}, body={"reason": "法院已审结"}, headers=on("2018-06-05"))


@fitting(FITS, "POST /leads/{lead_id}/upstream-replies")
async def _upstream_reply(w: World) -> Fit:
    number = w.number()
    handed_down = {"source": "S", "issuing_level": "city", "upstream_no": f"XJ{number}"}
    lead = await life.concluded(w.api, **handed_down)
    order = {"reply_no": f"示例函〔2018〕{number}号", "sent_on": "2018-06-21"}
    return Fit(by="sup", path=of(lead), body=order, headers=on("2018-06-22"))


@fitting(FITS, "POST /leads/{lead_id}/upstream-replies/corrections")
async def _corrected_reply(w: World) -> Fit:
    replied = await _upstream_reply(w)
    path = f"leads/{replied.path['lead_id']}/upstream-replies"
    kept = await w.done(path, replied.body, by="sup", day="2018-06-22")
    order = {"reply_no": kept["reply_no"], "sent_on": "2018-06-20", "reason": "登记时日期录入错误"}
    return Fit(by="icl", path=replied.path, body=order, headers=on("2018-06-25"))


@fitting(FITS, "POST /major-leads/{lead_id}/seen")
async def _seen(w: World) -> Fit:
    lead = await w.lead()
    await classify(w.api, lead)
    await classify(w.api, lead, by="ofd", level="major")
    return Fit(by="ldr", path=of(lead), headers=on("2018-06-04"))


async def _between(w: World) -> str:
    return (await dual(w.api)).rsplit("/", 1)[-1]


@fitting(
    FITS, "GET /dual-assignments/{dual_assignment_id}", "GET /dual-assignments/{dual_assignment_id}/holds",
    "GET /dual-assignments/{dual_assignment_id}/requests",
)  # fmt: skip
async def _dual(w: World) -> Fit:
    return Fit(by="ofd", path={"dual_assignment_id": await _between(w)})


_WAIT = {"what": "arrest", "until": "2018-06-20"}


@fitting(FITS, "POST /dual-assignments/{dual_assignment_id}/holds")
async def _dual_hold(w: World) -> Fit:
    path = {"dual_assignment_id": await _between(w)}
    return Fit(by="dld", path=path, body=dict(_WAIT), headers=on("2018-06-05"))


async def _asked(w: World) -> str:
    return str((await w.done(f"dual-assignments/{await _between(w)}/holds", _WAIT, by="dld"))["id"])


@fitting(FITS, "POST /dual-holds/{hold_id}/decision")
async def _dual_hold_decision(w: World) -> Fit:
    return Fit(by="unl", path={"hold_id": await _asked(w)}, body={"grant": True}, headers=on("2018-06-05"))


@fitting(FITS, "POST /dual-holds/{hold_id}/release")
async def _dual_hold_release(w: World) -> Fit:
    hold = await _asked(w)
    await w.done(f"dual-holds/{hold}/decision", {"grant": True}, by="unl")
    return Fit(by="dld", path={"hold_id": hold}, headers=on("2018-06-06"))


@fitting(FITS, "POST /dual-assignments/{dual_assignment_id}/contacts")
async def _contact(w: World) -> Fit:
    return Fit(by="ofd", path={"dual_assignment_id": await _between(w)}, body={"leg": "crime", "account": "unh"})


async def _in_contact(w: World) -> str:
    between = await _between(w)
    for leg, account, by in (("crime", "unh", "ofd"), ("discipline", "dhd", "dcm")):
        await w.done(f"dual-assignments/{between}/contacts", {"leg": leg, "account": account}, by=by)
    return between


@fitting(FITS, "POST /dual-assignments/{dual_assignment_id}/requests")
async def _need(w: World) -> Fit:
    return Fit(by="unh", path={"dual_assignment_id": await _in_contact(w)}, body={"need": "documents"})


@fitting(FITS, "POST /dual-requests/{request_id}/answer")
async def _answer(w: World) -> Fit:
    need = await w.done(f"dual-assignments/{await _in_contact(w)}/requests", {"need": "documents"}, by="unh")
    return Fit(by="dhd", path={"request_id": need["id"]}, body={"answer": "yes"})
