"""The end of reporters' data: orders of the DPO, carried out by a keeper."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.intake.api.stay_away import Away
from services.intake.api.vault_openings import Keeper, Officer
from services.intake.db import shreddings
from services.intake.domain.shredding import Ground, Shredding, Step
from services.intake.usecases.shred_reporter import decide_shredding, order_shredding
from shared import audit
from shared.auth import Principal
from shared.http import Now, Once, Order, Page, Paging, Reason, Tx, reader

router = APIRouter(prefix="/shreddings", tags=["举报人信息销毁 shreddings"])


class ShreddingOrder(Order):
    """Whose data are to be destroyed, and why. 销毁指令"""

    lead_id: UUID
    ground: Ground
    reason: Reason


class ShreddingDecision(Order):
    """Whether the keeper carries it out, which cannot be undone. 执行销毁"""

    carry_out: bool


class ShreddingView(BaseModel):
    """An order and what became of it. 销毁记录"""

    id: UUID
    lead_id: UUID
    ground: Ground
    state: Step
    ordered_by: str
    ordered_at: datetime
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, order: Shredding) -> Self:
        return cls.model_validate(order, from_attributes=True)


class ListedShredding(ShreddingView):
    """An order in a list, with its reason. 销毁记录"""

    reason: str


@router.post("", status_code=201, response_model=ShreddingView)
async def post_shredding(order: ShreddingOrder, by: Officer, tx: Tx, at: Now, once: Once) -> Response:
    """Order that a reporter's data be destroyed. 下达销毁指令"""

    async def give() -> ShreddingView:
        return ShreddingView.of(await order_shredding(tx, by=by, at=at, **order.model_dump()))

    return await once.reply(201, give)


@router.post("/{shredding_id}/decision")
async def post_shredding_decision(
    shredding_id: UUID, order: ShreddingDecision, by: Keeper, request: Request, tx: Tx, at: Now
) -> ShreddingView:
    """Carry the order out, which cannot be undone, or refuse it. 执行销毁"""
    vault = request.app.state.vault
    return ShreddingView.of(
        await decide_shredding(tx, shredding_id, carry_out=order.carry_out, vault=vault, by=by, at=at)
    )


@router.get("")
async def list_shreddings(
    by: Annotated[Principal, reader("rvk", "dpo")],
    tx: Tx,
    away: Away,
    at: Now,
    paging: Paging,
    state: Step | None = None,
) -> Page[ListedShredding]:
    """Orders as they were given; `state=ordered` waits for a keeper; the reading is put on record. 销毁记录(查阅留痕)"""
    await audit.record(tx, by, "vault.read-shreddings", "shreddings", at=at, purpose=by.purpose)
    rows = await shreddings.page(tx, state=state, away=away, after=paging.after(datetime, UUID), limit=paging.limit + 1)
    return paging.page([ListedShredding.of(row) for row in rows], key=lambda row: (row.ordered_at, row.id))
