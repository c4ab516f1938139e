"""Legs of dual assignments, for discipline's own people only: the crime side sees nothing here (M17, separate walls)."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.discipline.db import queries
from services.discipline.domain.leg import Leg, Outcome, Recorded, Status
from services.discipline.usecases.read_leg import read_leg
from services.discipline.usecases.receive_leg import receive_leg
from services.discipline.usecases.record_outcome import record_outcome
from shared.auth import Principal
from shared.contracts.intake import Facts
from shared.http import Now, Order, Page, Paging, Tx, reader, require

router = APIRouter(prefix="/legs", tags=["纪律线 legs"])
Clerk = Annotated[Principal, require("dcm")]
Handler = Annotated[Principal, require("dhd")]
Reader = Annotated[Principal, require("dcm", "dhd", "dld")]
DetailReader = Annotated[Principal, reader("dcm", "dhd", "dld")]


class LegView(BaseModel):
    """A leg as a list entry. 纪律线"""

    id: UUID
    lead_id: UUID
    dual_assignment_id: UUID
    status: Status
    outcome: Outcome | None
    opened_at: datetime
    suspended: bool

    @classmethod
    def of(cls, leg: Leg) -> Self:
        return cls.model_validate(leg, from_attributes=True)


class LegDetail(LegView):
    """A leg with its restricted facts; null while they have not arrived or once they were destroyed. 纪律线详情"""

    facts: Facts | None


class NewOutcome(Order):
    """The outcome category. 处置结果类别"""

    outcome: Recorded


@router.get("")
async def list_legs(_: Reader, tx: Tx, paging: Paging, lead_id: UUID | None = None) -> Page[LegView]:
    """Legs by arrival. 纪律线列表"""
    rows = await queries.list_legs(tx, lead_id=lead_id, after=paging.after(datetime, UUID), limit=paging.limit + 1)
    return paging.page([LegView.of(leg) for leg in rows], key=lambda leg: (leg.opened_at, leg.id))


@router.get("/{leg_id}")
async def get_leg(leg_id: UUID, request: Request, by: DetailReader, tx: Tx, at: Now) -> LegDetail:
    """One leg with its facts; the reading is put on record. 纪律线详情(查阅留痕)"""
    leg, facts = await read_leg(tx, leg_id, opener=request.app.state.opener, by=by, at=at)
    return LegDetail(**LegView.of(leg).model_dump(), facts=facts)


@router.post("/{leg_id}/receipt")
async def post_receipt(leg_id: UUID, by: Clerk, tx: Tx, at: Now) -> LegView:
    """Sign for a leg. 签收"""
    return LegView.of(await receive_leg(tx, leg_id, by=by, at=at))


@router.post("/{leg_id}/outcome")
async def post_outcome(leg_id: UUID, order: NewOutcome, by: Handler, tx: Tx, at: Now) -> LegView:
    """Record the outcome category; the leg ends. 登记处置结果"""
    return LegView.of(await record_outcome(tx, leg_id, order.outcome, by=by, at=at))
