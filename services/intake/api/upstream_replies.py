"""That the reply to a superior went out (M14, §4.2): its number, its day, who has put it on record."""

import unicodedata
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic_core import PydanticCustomError

from services.intake.db import leads, replies
from services.intake.domain.reply import Reply
from services.intake.usecases.reply_upstream import record_reply
from shared.auth import Principal
from shared.http import Day, Now, Once, Order, Tx, require
from shared.http.words import TOLD

router = APIRouter(prefix="/leads", tags=["线索办理 life"])
Office = Annotated[Principal, require("icl", "ofd", "sup")]


def _on_one_line(value: str) -> str:
    """It goes into the reply ledger as it is, for good: what no sheet can hold is refused here."""
    if any(unicodedata.category(sign)[0] == "C" or sign in "\u2028\u2029" for sign in value):
        raise PydanticCustomError(TOLD, "含有不可见字符 / holds characters that cannot be seen")
    return value


class ReplyOrder(Order):
    """The number and the day of the letter to the superior. 回复上级"""

    reply_no: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00]*$"),
        AfterValidator(_on_one_line),
    ]
    sent_on: Day


class ReplyView(BaseModel):
    """One reply, and who has put it on record when. 回复记录"""

    reply_no: str
    sent_on: date
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, reply: Reply) -> Self:
        return cls.model_validate(reply, from_attributes=True)


@router.post("/{lead_id}/upstream-replies", status_code=201, response_model=ReplyView)
async def post_reply(lead_id: UUID, order: ReplyOrder, by: Office, tx: Tx, at: Now, once: Once) -> Response:
    """The result went to the superior; without it the lead is not closed. 登记对上级的回复"""

    async def record() -> ReplyView:
        return ReplyView.of(await record_reply(tx, lead_id, order.reply_no, order.sent_on, by=by, at=at))

    return await once.reply(201, record)


@router.get("/{lead_id}/upstream-replies")
async def list_replies(lead_id: UUID, _: Office, tx: Tx) -> list[ReplyView]:
    """What went to the superior, in order. 对上级的回复"""
    await leads.get(tx, lead_id)
    return [ReplyView.of(reply) for reply in await replies.of_lead(tx, lead_id)]
