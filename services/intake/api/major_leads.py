"""What the leading group is told without asking: leads of level 重大, each until the member has taken note (§4.2). 重大线索知悉"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.intake.api.leads import LeadView
from services.intake.api.stay_away import Away
from services.intake.db import major_leads
from services.intake.domain.lead import Lead
from services.intake.usecases.see_major_lead import see_major_lead
from shared.auth import Principal
from shared.db import Transaction
from shared.http import Now, Page, Paging, Tx, require

router = APIRouter(prefix="/major-leads", tags=["重大线索 major leads"])
Reader = Annotated[Principal, require("ldr", "ofd", "sup")]
Member = Annotated[Principal, require("ldr")]


class SeenView(BaseModel):
    """Who of the leading group has taken note, and when. 知悉"""

    by: str
    at: datetime


class MajorLeadView(BaseModel):
    """A lead of level 重大 as a list entry, and who knows of it; nothing of what was reported. 重大线索"""

    lead: LeadView
    classified_at: datetime | None = Field(description="最近一次分类的时间 / when it was last classified")
    seen: list[SeenView]


@router.get("")
async def list_major_leads(
    by: Reader, tx: Tx, away: Away, paging: Paging, *, unseen: bool = False
) -> Page[MajorLeadView]:
    """Major leads by day of receipt; `unseen`: those only that the caller has not taken note of. 重大线索列表"""
    rows = await major_leads.page(
        tx, unseen_by=by.accounts if unseen else None, away=away, after=paging.after(date, UUID), limit=paging.limit + 1
    )
    return paging.page(await _views(tx, rows), key=lambda row: (row.lead.received_on, row.lead.id))


@router.post("/{lead_id}/seen")
async def post_seen(lead_id: UUID, by: Member, tx: Tx, at: Now) -> MajorLeadView:
    """The caller has taken note; the first time is kept. 知悉"""
    [view] = await _views(tx, [await see_major_lead(tx, lead_id, by=by, at=at)])
    return view


async def _views(tx: Transaction, rows: Sequence[Lead]) -> list[MajorLeadView]:
    ids = [lead.id for lead in rows]
    seen, since = await major_leads.seen(tx, ids), await major_leads.classified_at(tx, ids)
    return [
        MajorLeadView(
            lead=LeadView.of(lead),
            classified_at=since.get(lead.id),
            seen=[SeenView(by=account, at=at) for account, at in seen.get(lead.id, [])],
        )
        for lead in rows
    ]
