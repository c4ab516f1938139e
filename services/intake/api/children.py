"""What the director does about children under 14 who are reported (G19), before a unit is charged. 涉及儿童的线索"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request

from services.intake.api.leads import LeadView
from services.intake.usecases.leave_children_out import leave_children_out
from shared.auth import Principal
from shared.http import Now, Order, Reason, Tx, require

router = APIRouter(prefix="/leads", tags=["线索 leads"])


class ChildrenOrder(Order):
    """对不满14周岁儿童依法处理的情况 / what was done as the law provides: guardians, school, protection."""

    reason: Reason


@router.post("/{lead_id}/children")
async def post_children(
    lead_id: UUID, order: ChildrenOrder, request: Request, by: Annotated[Principal, require("ofd")], tx: Tx, at: Now
) -> LeadView:
    """Put down what is done about children under 14; the lead goes on without them as subjects. 登记儿童依法处理情况"""
    sealer = request.app.state.sealer
    return LeadView.of(await leave_children_out(tx, lead_id, order.reason, sealer=sealer, by=by, at=at))
