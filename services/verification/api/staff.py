"""Who may verify, and what those who left still had in hand. 核查人员"""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.verification.db import staff
from shared.auth import Principal
from shared.deadlines import china_date
from shared.http import Now, Page, Paging, Tx, require

router = APIRouter(tags=["核查人员 staff"])
Leader = Annotated[Principal, require("unl")]
_FIRST = ("", str(UUID(int=0)))


class ColleagueView(BaseModel):
    """A member of staff who may verify today: in office, not on leave, pledge on file. 可承担核查的人员"""

    staff: str
    pledged_on: date


class HandoverView(BaseModel):
    """A work that goes on though its verifier has left. 待移交任务"""

    work_id: UUID
    lead_id: UUID
    staff: str
    left_on: date


@router.get("/verifiers")
async def list_verifiers(_: Leader, tx: Tx, at: Now, paging: Paging) -> Page[ColleagueView]:
    """Who may be named as a verifier today, by number. 可承担核查的人员"""
    [after] = paging.after(str) or ("",)
    rows = await staff.fit(tx, on=china_date(at), after=after, limit=paging.limit + 1)
    views = [ColleagueView.model_validate(row, from_attributes=True) for row in rows]
    return paging.page(views, key=lambda one: (one.staff,))


@router.get("/handovers")
async def list_handovers(by: Leader, tx: Tx, at: Now, paging: Paging) -> Page[HandoverView]:
    """Open works of the caller's unit of which a verifier has left. 离任人员待移交任务"""
    found = paging.after(str, UUID)
    after = (found[0], str(found[1])) if found else _FIRST
    rows = await staff.left_open(tx, unit=by.unit, on=china_date(at), after=after, limit=paging.limit + 1)
    return paging.page([HandoverView.model_validate(row) for row in rows], key=lambda one: (one.staff, one.work_id))
