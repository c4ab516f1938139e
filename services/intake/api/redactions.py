"""Blackening parts of a scan, a picture or a PDF: the copy is what others get, its original is for two keepers from then on. 涂黑"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from services.intake.api.turns import in_turn
from services.intake.domain.redaction import MOST_AREAS, MOST_PAGES, Area, Hides
from services.intake.usecases.redact_attachment import Redacted, redact_attachment, redact_original, redactions_of
from shared.auth import Principal
from shared.http import Now, Once, Order, Purpose, Tx, require

router = APIRouter(tags=["附件 attachments"])
Office = Annotated[Principal, require("icl", "ana", "ofd")]
Reader = Annotated[Principal, require("icl", "ana", "ofd", "sup")]
Keeper = Annotated[Principal, require("rvk")]


async def _turn(request: Request) -> AsyncIterator[None]:
    """One at a time in a process, waiting *before* it takes a connection: drawing pages takes a processor for seconds."""
    told = "其他文件正在涂黑,请稍后重试 / other files are being blackened, try again later"
    async with in_turn(request.app.state.redaction_turn, told):
        yield


Turn = Annotated[None, Depends(_turn, scope="function")]
Edge = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class AreaOrder(Order):
    """A rectangle of a page as it is shown upright; edges as parts of its width and height, 0 to 1 from the upper left corner. 涂黑范围"""

    page: int = Field(default=1, ge=1, le=MOST_PAGES, description="页码,从1起 / from 1")
    left: Edge = Field(examples=[0.1])
    top: Edge = Field(examples=[0.05])
    right: Edge = Field(examples=[0.45])
    bottom: Edge = Field(examples=[0.12])
    reason: Hides

    def area(self) -> Area:
        """As the rules have it."""
        return Area(**self.model_dump())


Areas = Annotated[
    list[AreaOrder],
    Field(
        min_length=1, max_length=MOST_AREAS, description="新增的范围,此前的自动保留 / what is added; what was is kept"
    ),
]


class KeeperRedactionOrder(Order):
    """What to blacken. 涂黑"""

    areas: Areas


class RedactionOrder(KeeperRedactionOrder):
    """What to blacken, and what for. 涂黑"""

    purpose: Purpose


class AreaView(BaseModel):
    """A rectangle that is black. 涂黑范围"""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    reason: Hides


class RedactionView(BaseModel):
    """A blackened copy. 涂黑记录"""

    attachment_id: UUID = Field(description="涂黑件 / the copy")
    original_id: UUID
    number: int = Field(
        description="该原件第几次涂黑;只有最新一件可下载 / of this original; the newest alone is given out"
    )
    areas: list[AreaView] = Field(description="本次新增 / what this one added")
    pages: int
    media_type: str | None
    sha256: str | None = Field(description="涂黑件的;销毁后为空 / of the copy; null once it is destroyed")
    original_sha256: str | None
    redacted_by: str
    redacted_at: datetime

    @classmethod
    def of(cls, redacted: Redacted) -> Self:
        """As it is shown."""
        done, original, copy = redacted
        return cls(
            attachment_id=copy.id,
            original_id=original.id,
            number=done.number,
            areas=[AreaView.model_validate(area, from_attributes=True) for area in done.areas],
            pages=done.pages,
            media_type=copy.media_type,
            sha256=copy.sha256,
            original_sha256=original.sha256,
            redacted_by=done.redacted_by,
            redacted_at=done.redacted_at,
        )


@router.post("/leads/{lead_id}/attachments/{attachment_id}/redactions", status_code=201, response_model=RedactionView)
async def post_redaction(
    lead_id: UUID,
    attachment_id: UUID,
    order: RedactionOrder,
    request: Request,
    by: Office,
    _: Turn,
    tx: Tx,
    at: Now,
    once: Once,
) -> Response:
    """Have parts of a picture or PDF blackened; the purpose is put on record. Of a letter's scan: by the clerk who attached it. 涂黑附件"""

    async def redact() -> RedactionView:
        areas = [each.area() for each in order.areas]
        return RedactionView.of(
            await redact_attachment(
                tx,
                request.app.state.database,
                request.app.state.attachments,
                lead_id,
                attachment_id,
                areas,
                purpose=order.purpose,
                by=by,
                at=at,
            )
        )

    return await once.reply(201, redact)


@router.get("/leads/{lead_id}/attachments/{attachment_id}/redactions")
async def list_redactions(lead_id: UUID, attachment_id: UUID, by: Reader, tx: Tx) -> list[RedactionView]:
    """Who blackened what of this original and when. 涂黑记录"""
    return [RedactionView.of(each) for each in await redactions_of(tx, lead_id, attachment_id, by=by)]


@router.post("/originals/{opening_id}/{attachment_id}/redactions", status_code=201, response_model=RedactionView)
async def post_original_redaction(
    opening_id: UUID,
    attachment_id: UUID,
    order: KeeperRedactionOrder,
    request: Request,
    by: Keeper,
    _: Turn,
    tx: Tx,
    at: Now,
    once: Once,
) -> Response:
    """Have parts of an original blackened by the keeper who may read it. 保管员涂黑原件"""

    async def redact() -> RedactionView:
        areas = [each.area() for each in order.areas]
        state = request.app.state
        done = await redact_original(
            tx, state.database, state.attachments, opening_id, attachment_id, areas, by=by, at=at
        )
        return RedactionView.of(done)

    return await once.reply(201, redact)
