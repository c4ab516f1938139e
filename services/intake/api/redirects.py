"""A matter of 乱 at its regulator (§4.2, D29): sent, taken, answered, closed with the answer, or given back."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.intake.api.directory import UnitCode
from services.intake.api.leads import LeadView
from services.intake.api.life import Director, Note, Number, OfficeReader, ReasonOrder
from services.intake.db import life
from services.intake.domain.mailbox import FILES_AT_MOST
from services.intake.domain.redirect import Redirect
from services.intake.usecases.note_reading import note_reading
from services.intake.usecases.redirect_lead import (
    Result,
    answer_redirect,
    end_redirect,
    receive_redirect,
    redirect_lead,
    return_redirect,
)
from shared.http import Day, Now, Order, Tx

router = APIRouter(tags=["线索办理 life"])
Scans = Annotated[
    tuple[UUID, ...],
    Field(
        max_length=FILES_AT_MOST,
        description="扫描件:本办已上传的附件编号 / scans: attachments of the lead, by the office",
    ),
]


class RedirectOrder(Order):
    """The regulator, a department of the directory. 转主管部门"""

    regulator: UnitCode


class ReceiptOrder(Order):
    """The regulator's receipt. 主管部门回执"""

    receipt_no: Number
    receipt_on: Day
    files: Scans = ()


class ResultOrder(Order):
    """What the regulator did. 主管部门办理结果"""

    result: Note
    result_on: Day
    files: Scans = ()


class RedirectView(BaseModel):
    """Where a matter of 乱 went and what came of it. 转交记录"""

    lead_id: UUID
    number: int
    regulator: str
    sent_at: datetime
    receipt_no: str | None
    receipt_on: date | None
    result: str | None
    result_on: date | None
    told_on: date | None = Field(description="按联系记录和信件得出 / as tries and letters have it")
    returned_at: datetime | None
    return_reason: str | None
    receipt_files: list[UUID] = Field(description="回执扫描件 / scans of the receipt")
    result_files: list[UUID] = Field(description="结果扫描件 / scans of the result")

    @classmethod
    def of(cls, redirect: Redirect) -> Self:
        return cls.model_validate(redirect, from_attributes=True)


@router.post("/leads/{lead_id}/redirect")
async def post_redirect(
    lead_id: UUID, order: RedirectOrder, request: Request, by: Director, tx: Tx, at: Now
) -> LeadView:
    """A matter of 乱 goes to its regulator; one with grounds to discipline, too. 转主管部门"""
    region, sealer = request.app.state.region, request.app.state.sealer
    lead = await redirect_lead(tx, lead_id, order.regulator, region=region, sealer=sealer, by=by, at=at)
    return LeadView.of(lead)


@router.get("/leads/{lead_id}/redirects")
async def get_redirects(lead_id: UUID, by: OfficeReader, tx: Tx, at: Now) -> list[RedirectView]:
    """Where it went and what came of it; the reading is put on record. 转交记录(查阅留痕)"""
    await note_reading(tx, by, "redirects", lead_id, at=at)
    return [RedirectView.of(each) for each in await life.redirects_of(tx, lead_id)]


@router.post("/leads/{lead_id}/redirect/receipt")
async def post_redirect_receipt(lead_id: UUID, order: ReceiptOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """The regulator's receipt is on file. 登记主管部门回执"""
    return LeadView.of(
        await receive_redirect(tx, lead_id, order.receipt_no, order.receipt_on, files=order.files, by=by, at=at)
    )


@router.post("/leads/{lead_id}/redirect/result")
async def post_redirect_result(lead_id: UUID, order: ResultOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """The regulator's result is on file; the reporter is told within D11. 登记主管部门结果"""
    result = Result(text=order.result, on=order.result_on, files=order.files)
    return LeadView.of(await answer_redirect(tx, lead_id, result, by=by, at=at))


@router.post("/leads/{lead_id}/redirect/closing")
async def post_redirect_closing(lead_id: UUID, by: Director, tx: Tx, at: Now) -> LeadView:
    """The regulator's result closes it, once the reporter was told, or tried to be (G-FEED). 以主管部门结果办结"""
    return LeadView.of(await end_redirect(tx, lead_id, by=by, at=at))


@router.post("/leads/{lead_id}/redirect/return")
async def post_redirect_return(lead_id: UUID, order: ReasonOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """The regulator gives it back, once. 主管部门退回"""
    return LeadView.of(await return_redirect(tx, lead_id, order.reason, by=by, at=at))
