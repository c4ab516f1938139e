"""That the reply to a superior went out (M14, §4.2): its number, its day, who has put it on record."""

import unicodedata
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.intake.db import leads, replies
from services.intake.domain.reply import Reply
from services.intake.usecases.reply_upstream import correct_reply, record_reply
from shared.auth import Principal
from shared.http import Day, Now, Once, Order, Reason, Tx, require
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


class CorrectionOrder(Order):
    """The right day of a letter, and why another is on record. 更正回复日期"""

    reply_no: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
        Field(description="已登记的文号 / the number as it is on record"),
    ]
    sent_on: Day
    reason: Reason


class CorrectionView(BaseModel):
    """A day that was corrected. 更正记录"""

    was: date
    became: date
    corrected_by: str
    corrected_at: datetime


class ReplyView(BaseModel):
    """One reply, and who has put it on record when. 回复记录"""

    reply_no: str
    sent_on: date
    recorded_by: str
    recorded_at: datetime
    corrections: list[CorrectionView] = Field(
        description="日期更正,理由见线索历史 / of the day; why stands on the lead's history"
    )

    @classmethod
    def of(cls, *versions: Reply) -> Self:
        corrections = [
            CorrectionView(
                was=before.sent_on,
                became=after.sent_on,
                corrected_by=after.recorded_by,
                corrected_at=after.recorded_at,
            )
            for before, after in pairwise(versions)
        ]
        first, standing = versions[0], versions[-1]
        return cls(
            reply_no=first.reply_no,
            sent_on=standing.sent_on,
            recorded_by=first.recorded_by,
            recorded_at=first.recorded_at,
            corrections=corrections,
        )


@router.post("/{lead_id}/upstream-replies", status_code=201, response_model=ReplyView)
async def post_reply(lead_id: UUID, order: ReplyOrder, by: Office, tx: Tx, at: Now, once: Once) -> Response:
    """The result went to the superior; without it the lead is not closed. 登记对上级的回复"""

    async def record() -> ReplyView:
        return ReplyView.of(await record_reply(tx, lead_id, order.reply_no, order.sent_on, by=by, at=at))

    return await once.reply(201, record)


@router.post("/{lead_id}/upstream-replies/corrections", status_code=201, response_model=ReplyView)
async def post_correction(lead_id: UUID, order: CorrectionOrder, by: Office, tx: Tx, at: Now, once: Once) -> Response:
    """The day of a letter was mistyped; the old one stays on record. 更正回复日期"""

    async def correct() -> ReplyView:
        return ReplyView.of(
            *await correct_reply(tx, lead_id, order.reply_no, order.sent_on, order.reason, by=by, at=at)
        )

    return await once.reply(201, correct)


@router.get("/{lead_id}/upstream-replies")
async def list_replies(lead_id: UUID, _: Office, tx: Tx) -> list[ReplyView]:
    """What went to the superior, in order. 对上级的回复"""
    await leads.get(tx, lead_id)
    return [ReplyView.of(*versions) for versions in await replies.of_lead(tx, lead_id)]
