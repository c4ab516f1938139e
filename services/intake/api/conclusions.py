"""What a conclusion asks for that is no end by itself (§2.4): when to look again (C4), the transfer to another organ (C5)."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.api.directory import UnitCode
from services.intake.api.leads import LeadView
from services.intake.api.life import Director, Number, OfficeReader, ReasonOrder
from services.intake.db import handovers
from services.intake.domain.handover import Handover
from services.intake.usecases.hand_over import hand_over, receive_handover
from services.intake.usecases.look_again import set_review, take_up
from services.intake.usecases.note_reading import note_reading
from shared.http import Day, Now, Order, Reason, Tx

router = APIRouter(tags=["线索办理 life"])


class ReviewOrder(Order):
    """When it is looked at again, and what is missing until then. 暂存复查"""

    review_on: Day
    missing: Reason


class HandoverOrder(Order):
    """The organ that it belongs to, of the directory, and the letter. 移交"""

    organ: UnitCode
    letter_no: Number


class HandoverReceiptOrder(Order):
    """The organ's receipt. 接收单位回执"""

    receipt_no: Number
    receipt_on: Day


class HandoverView(BaseModel):
    """To which organ it went and what came of it. 移交记录"""

    lead_id: UUID
    number: int
    organ: str
    letter_no: str
    sent_at: datetime
    receipt_no: str | None
    receipt_on: date | None
    undone_at: datetime | None

    @classmethod
    def of(cls, handover: Handover) -> Self:
        return cls.model_validate(handover, from_attributes=True)


@router.post("/leads/{lead_id}/review-date")
async def post_review_date(lead_id: UUID, order: ReviewOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """When what could not be verified (C4) is looked at again, six months on at the latest. 定暂存复查日期"""
    return LeadView.of(await set_review(tx, lead_id, order.review_on, order.missing, by=by, at=at))


@router.post("/leads/{lead_id}/take-up")
async def post_take_up(lead_id: UUID, order: ReasonOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """What could not be verified (C4) is taken up again before its day: it is assigned anew. 暂存线索再行核查"""
    return LeadView.of(await take_up(tx, lead_id, order.reason, by=by, at=at))


@router.post("/leads/{lead_id}/transfer")
async def post_transfer(lead_id: UUID, order: HandoverOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """What belongs to another organ (C5) goes there with a letter; without a receipt it is back after D05. 移交"""
    return LeadView.of(await hand_over(tx, lead_id, order.organ, order.letter_no, by=by, at=at))


@router.post("/leads/{lead_id}/transfer/receipt")
async def post_transfer_receipt(lead_id: UUID, order: HandoverReceiptOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """The organ has taken it: the reporter can be told. 登记接收单位回执"""
    return LeadView.of(await receive_handover(tx, lead_id, order.receipt_no, order.receipt_on, by=by, at=at))


@router.get("/leads/{lead_id}/transfers")
async def get_transfers(lead_id: UUID, by: OfficeReader, tx: Tx, at: Now) -> list[HandoverView]:
    """To which organs it went and what came of it; the reading is put on record. 移交记录(查阅留痕)"""
    await note_reading(tx, by, "transfers", lead_id, at=at)
    return [HandoverView.of(each) for each in await handovers.of_lead(tx, lead_id)]
