"""Doors of the vault, of verification and of publicity."""

from uuid import uuid4

from tests.intake.api.test_life import on
from tests.intake.api.test_objections import PLAIN, filed
from tests.load.reaching.world import Fit, Fits, World, fitting
from tests.support.api import Api
from tests.support.builders import DAY
from tests.support.hearing import Hearing
from tests.support.vault import VAULT
from tests.verification.api import test_works as works

OF: dict[str, Fits] = {"vault": {}, "verification": {}, "publicity": {}}
_DAY = on("2018-06-04")


async def _order(w: World, **more: str | int) -> dict[str, str | int]:
    """About a lead whose reporter lies in the vault."""
    _, lead = await filed(w.api, PLAIN)
    while await w.vault.take_in():
        pass
    return {"lead_id": str(lead), "reason": "联系举报人补充情况", **more}


@fitting(OF["vault"], "POST /vault/openings")
async def _opening(w: World) -> Fit:
    return Fit(by="rvk", body=await _order(w, purpose="contact", minutes=30), headers=_DAY)


@fitting(OF["vault"], "POST /vault/break-glass")
async def _break_glass(w: World) -> Fit:
    return Fit(by="ofd", body=await _order(w, purpose="danger", minutes=30), headers=_DAY)


@fitting(OF["vault"], "POST /vault/openings/{opening_id}/decision")
async def _decision(w: World) -> Fit:
    _, lead = await filed(w.api, PLAIN)
    return Fit(by="rvk2", path={"opening_id": await w.asked(lead)}, body={"grant": True}, headers=_DAY)


@fitting(OF["vault"], "POST /vault/openings/{opening_id}/reading", "POST /vault/openings/{opening_id}/end")
async def _reading(w: World) -> Fit:
    _, lead = await filed(w.api, PLAIN)
    return Fit(by="rvk", path={"opening_id": await w.opening(lead, "contact")}, headers=_DAY)


@fitting(OF["vault"], "POST /vault/shreddings")
async def _shredding(w: World) -> Fit:
    return Fit(by="dpo", body=await _order(w, ground="retention"), headers=_DAY)


@fitting(OF["vault"], "POST /vault/shreddings/{shredding_id}/decision")
async def _shredding_decision(w: World) -> Fit:
    order = await _order(w, ground="retention")
    ordered = await w.vault.post(f"{VAULT}/shreddings", order, by="dpo", key=uuid4().hex, **_DAY)
    return Fit(by="rvk", path={"shredding_id": ordered.json()["id"]}, body={"carry_out": True}, headers=_DAY)


async def _work(api: Api, *, urgent: bool = False) -> dict[str, str]:
    lead = uuid4()
    changes = {"urgent": urgent, "dispute_by": DAY}
    await Hearing(api, "verification").tell(works.assigned(lead).model_copy(update=changes))
    [(work,)] = await api.rows("select id::text from works where lead_id = $1", lead)
    return {"work_id": work}


async def _accepted(api: Api, *, urgent: bool = False) -> dict[str, str]:
    path = await _work(api, urgent=urgent)
    signed = works.order("P001", "P002")
    await api.post(f"{works.WORKS}/{path['work_id']}/acceptance", signed, by="unl", **works.ON)
    return path


@fitting(OF["verification"], "POST /verification/v1/works/{work_id}/acceptance")
async def _acceptance(api: Api) -> Fit:
    return Fit(by="unl", path=await _work(api), body=works.order("P001", "P002"), headers=works.ON)


@fitting(OF["verification"], "POST /verification/v1/works/{work_id}/dispute")
async def _dispute(api: Api) -> Fit:
    return Fit(by="unl", path=await _work(api), body={"reason": "不属本单位管辖"}, headers=works.ON)


@fitting(OF["verification"], "POST /verification/v1/works/{work_id}/conclusion")
async def _conclusion(api: Api) -> Fit:
    return Fit(by="unl", path=await _accepted(api), body={"conclusion": "C1"}, headers=works.ON)


@fitting(OF["verification"], "POST /verification/v1/works/{work_id}/first-report")
async def _first_report(api: Api) -> Fit:
    path = await _accepted(api, urgent=True)
    return Fit(by="unl", path=path, body={"text": "已到现场,摊主在场"}, headers=works.ON)


@fitting(
    OF["verification"],
    "GET /verification/v1/reviews/{work_id}",
    "POST /verification/v1/reviews/{work_id}/decision",
)
async def _review(api: Api) -> Fit:
    path = await _accepted(api)
    # no draw is there, so that what is refuted waits
    await api.post(f"{works.WORKS}/{path['work_id']}/conclusion", {"conclusion": "C3"}, by="unl", **works.ON)
    return Fit(by="qrv", path=path, body={"passed": True}, headers=works.ON)


@fitting(OF["publicity"], "GET /publicity/v1/figures/{code}/rows")
async def _rows(api: Api) -> Fit:
    figures = (await api.get("/publicity/v1/figures?as_of=2018-09-18", by="ldr")).json()["figures"]
    return Fit(by="ldr", path={"code": figures[0]["code"]}, query={"as_of": "2018-09-18"})
