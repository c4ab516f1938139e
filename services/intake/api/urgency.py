"""Whether a lead that waits to be classified is urgent, and whether its reporter's claim of danger holds: a person says it. 紧急"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.intake.api.leads import LeadView
from services.intake.usecases.say_urgent import decide_urgency
from shared.auth import Principal
from shared.http import Now, Order, Reason, Tx, require

router = APIRouter(prefix="/leads", tags=["线索 leads"])
Office = Annotated[Principal, require("icl", "ana", "ofd")]


class UrgencyOrder(Order):
    """是否紧急及理由 / whether it is urgent, and why."""

    urgent: bool = Field(
        description="有人身危险或证据即将灭失 / someone is in danger, or evidence is being lost (D02: 4 hours)"
    )
    reason: Reason


@router.post("/{lead_id}/urgency")
async def post_urgency(lead_id: UUID, order: UrgencyOrder, by: Office, tx: Tx, at: Now) -> LeadView:
    """Confirm a claim of danger, or say it of a lead that is not classified yet; or that it is none. 确认是否紧急"""
    return LeadView.of(await decide_urgency(tx, lead_id, order.reason, urgent=order.urgent, by=by, at=at))
