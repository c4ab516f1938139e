"""Alerts about readings of restricted data, for those who watch over them: the auditor and the officer for personal data (G12)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from shared import reads
from shared.auth import Principal
from shared.http.callers import require
from shared.http.edge import Now, Tx
from shared.http.fields import Order, Reason
from shared.http.paging import Page, Paging
from shared.reads import Finding, Kind

router = APIRouter(prefix="/read-alerts", tags=["查阅提醒 read alerts"])
Watcher = Annotated[Principal, require("aud", "dpo")]


class AlertView(BaseModel):
    """Who read what and why somebody should ask; and what came of it. 查阅提醒"""

    id: UUID
    kind: Kind
    actor: str
    unit: str
    action: str
    subject: str
    purpose: str
    raised_at: datetime
    finding: Finding | None
    reason: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None


class ReviewOrder(Order):
    """What came of asking. 核实结果"""

    finding: Finding
    reason: Reason


@router.get("")
async def list_alerts(_: Watcher, tx: Tx, paging: Paging, state: Literal["open"] | None = None) -> Page[AlertView]:
    """Alerts by time; `state=open`: those that nobody asked about yet. 查阅提醒列表"""
    rows = await reads.alerts(
        tx, open_only=state is not None, after=paging.after(datetime, UUID), limit=paging.limit + 1
    )
    return paging.page([AlertView.model_validate(row) for row in rows], key=lambda row: (row.raised_at, row.id))


@router.post("/{alert_id}/review")
async def post_review(alert_id: UUID, order: ReviewOrder, by: Watcher, tx: Tx, at: Now) -> AlertView:
    """Keep what came of asking; nobody judges one's own reading. 核实查阅提醒"""
    return AlertView.model_validate(await reads.review(tx, alert_id, order.finding, order.reason, by=by, at=at))
