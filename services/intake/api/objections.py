"""Objections of reporters: made by the code without signing in, decided by another director, answered in the mailbox (D12)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.intake.api.door import TOO_MANY, PublicRoute, Sending
from services.intake.api.messages import MessageOrder, Text, holder_of
from services.intake.api.slip import ReceiptView
from services.intake.api.stay_away import Away
from services.intake.db import merges, objections
from services.intake.domain.objection import Against, Objection, State
from services.intake.domain.query_code import read_code
from services.intake.usecases.decide_objection import refuse_objection
from services.intake.usecases.file_objection import Objections, Said
from shared.auth import Principal
from shared.http import Now, Order, Page, Paging, Tx, answered, require

router = APIRouter(tags=["信箱 mailbox"])
open_doors = APIRouter(prefix="/reports", route_class=PublicRoute, responses=TOO_MANY)
Director = Annotated[Principal, require("ofd")]
Watcher = Annotated[Principal, require("ana", "ofd", "sup")]


class ObjectedView(BaseModel):
    """已提出异议 / the objection is made."""

    made_on: date
    answer_by: date = Field(description="最迟答复之日 / by this day it is decided")
    receipt: ReceiptView


class RefusalOrder(Order):
    """异议不成立的答复,举报人凭查询码查阅 / why it is refused, for the reporter."""

    text: Text


class ObjectionView(BaseModel):
    """一项异议,内容在信箱 / an objection; what it says lies in the mailbox."""

    lead_id: UUID
    master_id: UUID | None = Field(
        description="并入的主线索:不成立在本线索答复,成立在主线索办理 / merged into: refused here, upheld there; null: not merged"
    )
    deed: int = Field(
        description="所针对的答复(线索版本);并入的为登记异议的版本 / the answer, as a version of the lead; of a repeat, that entered it"
    )
    against: Against
    made_on: date
    message: int | None = Field(
        description="信件编号;空:口头提出,见联系记录 / number of the letter; null: by word of mouth, see the tries"
    )
    state: State
    answered_by: str | None = Field(description="原答复人,不得审查 / who answered and does not judge it")
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, objection: Objection, masters: Mapping[UUID, UUID]) -> Self:
        plain = {name: getattr(objection, name) for name in cls.model_fields if name != "master_id"}
        return cls(**plain, master_id=masters.get(objection.lead_id))


@open_doors.post("/objections", status_code=201, response_model=ObjectedView)
async def post_objection(order: MessageOrder, request: Request, sending: Sending) -> Response:
    """Object to what was answered, by the code, once to each answer and within its time. 举报人提出异议"""
    desk: Objections = request.app.state.objections
    holder = await holder_of(request, order)
    code = read_code(order.query_code) if order.query_code is not None else order.own_code or ""
    answer, again = await desk.file(
        holder, Said(text=order.text, code=code, files=order.files), sending.claim, sending.solved, at=sending.at
    )
    return answered(answer, again=again)


@router.get("/objections")
async def list_objections(
    _: Watcher, tx: Tx, away: Away, paging: Paging, state: State | None = None, lead_id: UUID | None = None
) -> Page[ObjectionView]:
    """Objections, the oldest first; `state=open` waits to be decided. 异议列表"""
    rows = await objections.page(
        tx, state=state, lead_id=lead_id, away=away, after=paging.after(date, UUID, int), limit=paging.limit + 1
    )
    masters = await merges.masters_of(tx, [row.lead_id for row in rows])
    return paging.page(
        [ObjectionView.of(row, masters) for row in rows], key=lambda row: (row.made_on, row.lead_id, row.deed)
    )


@router.post("/leads/{lead_id}/objection/refusal")
async def post_refusal(
    lead_id: UUID, order: RefusalOrder, request: Request, by: Director, tx: Tx, at: Now
) -> ObjectionView:
    """It is refused, by another person than the one who answered; the reporter reads why in the mailbox. 异议不成立"""
    refused = await refuse_objection(tx, request.app.state.letters, lead_id, order.text, by=by, at=at)
    return ObjectionView.of(refused, await merges.masters_of(tx, [lead_id]))


router.include_router(open_doors)
