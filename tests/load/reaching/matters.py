"""Repeats and merges, interests and subjects, meetings, objections and rewards, as the office sees them."""

from typing import Any
from uuid import UUID

from tests.intake.api import test_life as life
from tests.intake.api import test_objections as objections
from tests.intake.api import test_rewards as rewards
from tests.intake.api import test_rewards_counter as counter
from tests.intake.api.test_leads import classify
from tests.intake.api.test_life import on
from tests.intake.api.test_merges import AGAIN, FIRST, OTHER, look, merge, propose
from tests.intake.directory.test_invitations import ORDER as INVITATION
from tests.load.reaching.leads import of
from tests.load.reaching.world import Fit, Fits, World, fitting

FITS: Fits = {}
REWARD_DAY = on(rewards.DAY)
_APART = {"reason": "核实后系另一回事"}


async def _two(w: World) -> tuple[UUID, UUID]:
    return await w.lead(summary=FIRST), await w.lead(summary=OTHER)


@fitting(FITS, "POST /leads/{lead_id}/candidates/{candidate_id}/dismissal")
async def _dismissal(w: World) -> Fit:
    await w.lead(summary=FIRST)
    again = await w.lead(summary=AGAIN)
    while await w.one("select count(*) from repeat_pending") != "0":
        await look(w.api)
    found = (await w.api.get(f"/intake/v1/leads/{again}/candidates", by="ana")).json()
    return Fit(by="ana", path={**of(again), "candidate_id": found[0]["lead_id"]})


@fitting(FITS, "POST /leads/{lead_id}/merge")
async def _merge(w: World) -> Fit:
    master, again = await _two(w)
    return Fit(by="ana", path=of(again), body={"master_id": str(master), "reason": "同一人同一市场"})


@fitting(FITS, "POST /merges/{merge_id}/decision")
async def _merge_decision(w: World) -> Fit:
    master, again = await _two(w)
    proposed = (await propose(w.api, again, master)).json()
    return Fit(by="ofd", path={"merge_id": proposed["id"]}, body={"confirm": True})


async def _merged(w: World) -> str:
    master, again = await _two(w)
    return await merge(w.api, again, master)


@fitting(FITS, "GET /merges/{merge_id}")
async def _merge_read(w: World) -> Fit:
    return Fit(by="sup", path={"merge_id": await _merged(w)})


@fitting(FITS, "POST /merges/{merge_id}/undo")
async def _undo(w: World) -> Fit:
    return Fit(by="ofd", path={"merge_id": await _merged(w)}, body=dict(_APART))


@fitting(FITS, "POST /merges/{merge_id}/undo-decision")
async def _undo_decision(w: World) -> Fit:
    identity = await _merged(w)
    await w.done(f"merges/{identity}/undo", _APART, by="ofd")
    return Fit(by="ana", path={"merge_id": identity}, body={"confirm": True})


@fitting(FITS, "POST /re-examinations/{merge_id}/assignment")
async def _re_examination(w: World) -> Fit:
    lead = await life.concluded(w.api, summary=FIRST)
    identity = await merge(w.api, await w.lead(summary=AGAIN), lead)
    await w.done(f"leads/{lead}/feedback", {}, by="ofd", day="2018-06-21")
    return Fit(by="ofd", path={"merge_id": identity}, body={"unit": "ZF"})


@fitting(FITS, "POST /re-examinations/{merge_id}/note")
async def _noted(w: World) -> Fit:
    lead = await life.concluded(w.api, "C1", summary=FIRST)
    identity = await merge(w.api, await w.lead(summary=AGAIN), lead)
    return Fit(by="ofd", path={"merge_id": identity}, body={"reason": "已在案,不影响结论"})


@fitting(FITS, "PUT /leads/{lead_id}/subjects")
async def _subjects(w: World) -> Fit:
    order = {"subjects": [{"unit": "JS"}], "reason": "反映建设局科室收受好处"}
    return Fit(by="ofd", path=of(await w.lead()), body=order, headers=on("2018-06-04"))


_INTEREST = {"staff": "QT-9", "ground": "relative", "reason": "与其系亲属"}


@fitting(FITS, "POST /leads/{lead_id}/interests")
async def _interest(w: World) -> Fit:
    return Fit(by="ofd2", path=of(await w.lead()), body=dict(_INTEREST), headers=on("2018-06-04"))


@fitting(FITS, "POST /interests/{interest_id}/decision")
async def _interest_decision(w: World) -> Fit:
    made = await w.done(f"leads/{await w.lead()}/interests", _INTEREST, by="ofd2")
    order = {"upheld": False, "reason": "已核对关系"}
    return Fit(by="ofd", path={"interest_id": made["id"]}, body=order, headers=on("2018-06-04"))


async def to_meet(w: World) -> tuple[str, UUID]:
    """A named report whose lead is classified; → its code and its lead."""
    code, lead = await objections.filed(w.api, objections.PLAIN)
    await classify(w.api, lead)
    return code, lead


@fitting(FITS, "POST /leads/{lead_id}/invitations")
async def _invitation(w: World) -> Fit:
    _, lead = await to_meet(w)
    return Fit(by="ana", path=of(lead), body=dict(INVITATION), headers=on("2018-06-01"))


@fitting(FITS, "POST /reports/invitations/answer")
async def _invited(w: World) -> Fit:
    code, lead = await to_meet(w)
    await w.done(f"leads/{lead}/invitations", INVITATION, by="ana", day="2018-06-01")
    return Fit(body={"query_code": code, "reply": "declined"}, proof=True, headers=on("2018-06-01"))


@fitting(FITS, "POST /reports/objections")
async def _objection(w: World) -> Fit:
    code, _ = await objections.told(w.api)
    return Fit(body={"query_code": code, "text": objections.OBJECTS}, proof=True, headers=on("2018-06-22"))


@fitting(FITS, "POST /leads/{lead_id}/objection/refusal")
async def _refusal(w: World) -> Fit:
    code, lead = await objections.told(w.api)
    await objections.object_(w.api, code)
    return Fit(by="ofd", path=of(lead), body={"text": objections.NO}, headers=on("2018-06-25"))


@fitting(FITS, "POST /leads/{lead_id}/rewards")
async def _reward(w: World) -> Fit:
    _, lead = await rewards.filed(w.api)
    await rewards.verified(w.api, lead)
    return Fit(by="ofd", path=of(lead), body=dict(rewards.ORDER), headers=REWARD_DAY)


async def _proposed(w: World) -> str:
    _, lead = await rewards.filed(w.api)
    await rewards.verified(w.api, lead)
    return str((await rewards.propose(w.api, lead)).json()["id"])


@fitting(FITS, "GET /rewards/{reward_id}")
async def _reward_read(w: World) -> Fit:
    return Fit(by="ldr", path={"reward_id": await _proposed(w)})


@fitting(FITS, "POST /rewards/{reward_id}/decision")
async def _reward_decision(w: World) -> Fit:
    return Fit(by="qrv", path={"reward_id": await _proposed(w)}, body={"approve": True}, headers=REWARD_DAY)


@fitting(FITS, "POST /rewards/{reward_id}/notice")
async def _notice(w: World) -> Fit:
    reward = await _proposed(w)
    for by in ("qrv", "ldr"):
        await rewards.decide(w.api, reward, by=by)
    return Fit(by="ana", path={"reward_id": reward}, headers=REWARD_DAY)


@fitting(FITS, "POST /reports/reward")
async def _reward_asked(w: World) -> Fit:
    code, _ = await rewards.ready(w.api)
    return Fit(body={"query_code": code}, headers=rewards.clock(rewards.LAST))


@fitting(FITS, "POST /reports/reward/claim")
async def _claim(w: World) -> Fit:
    code, _ = await rewards.ready(w.api)
    return Fit(body={"query_code": code}, proof=True, headers=rewards.clock(rewards.LAST))


async def _claimed(w: World) -> tuple[str, Any]:
    code, _ = await rewards.ready(w.api)
    return code, (await rewards.claim(w.api, query_code=code)).json()["voucher"]


@fitting(FITS, "POST /reports/reward/voucher")
async def _renewed(w: World) -> Fit:
    code, _ = await _claimed(w)
    return Fit(body={"query_code": code}, proof=True, headers=rewards.clock(rewards.LAST))


@fitting(FITS, "POST /reward-vouchers/verification")
async def _verification(w: World) -> Fit:
    _, voucher = await _claimed(w)
    return Fit(by="pay", body={"voucher": voucher})


@fitting(FITS, "POST /reward-vouchers/payment")
async def _payment(w: World) -> Fit:
    _, voucher = await _claimed(w)
    order = {"voucher": voucher, "receipt_no": f"MZ-2018-{w.number()}"}
    return Fit(by="pay", body=order, headers=rewards.clock(rewards.LAST))


async def _opened(w: World) -> str:
    lead, reward = await counter.approved(w.api)
    await counter.opened(w.api, lead)
    return reward


@fitting(FITS, "POST /rewards/{reward_id}/told")
async def _told(w: World) -> Fit:
    return Fit(by="rvk", path={"reward_id": await _opened(w)}, body=dict(counter.TOLD), headers=REWARD_DAY)


async def _heard(w: World) -> str:
    reward = await _opened(w)
    await w.done(f"rewards/{reward}/told", counter.TOLD, by="rvk", day=rewards.DAY)
    return reward


@fitting(FITS, "POST /rewards/{reward_id}/identity")
async def _identity(w: World) -> Fit:
    return Fit(by="rvk", path={"reward_id": await _heard(w)}, body={"matches": True}, headers=REWARD_DAY)


@fitting(FITS, "POST /rewards/{reward_id}/handing")
async def _handing(w: World) -> Fit:
    reward = await _heard(w)
    await w.done(f"rewards/{reward}/identity", {"matches": True}, by="rvk", day=rewards.DAY)
    return Fit(by="rvk2", path={"reward_id": reward}, headers=REWARD_DAY)


@fitting(FITS, "POST /leads/{lead_id}/recall")
async def _recall(w: World) -> Fit:
    lead = await w.assigned()
    subjects = {"subjects": [{"unit": "GA"}], "reason": "反映该单位人员"}
    headers = w.api.as_("ofd", **on("2018-06-04"))
    await w.api.client.put(f"/intake/v1/leads/{lead}/subjects", json=subjects, headers=headers)
    order = {"unit": "JS", "reason": "承办单位被反映,改交其他单位"}
    return Fit(by="ofd", path=of(lead), body=order, headers=on("2018-06-04"))
