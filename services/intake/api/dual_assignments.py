"""Dual assignments as the office and both sides see them: status codes and dates, nothing of either leg's content (M17)."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.api.stay_away import Away
from services.intake.domain.dual_assignment import DualAssignment, Status
from services.intake.usecases.exchange_between_legs import find_of_side, of_side
from shared.auth import Principal
from shared.contracts.intake import LegStatus
from shared.http import Page, Paging, Tx, require

router = APIRouter(prefix="/dual-assignments", tags=["双交办 dual assignments"])
Reader = Annotated[Principal, require("ofd", "sup", "dcm", "dhd", "dld", "unl", "unh", "p1", "p6", "tfl")]


class DualAssignmentView(BaseModel):
    """A dual assignment. 双交办"""

    id: UUID
    lead_id: UUID
    status: Status
    crime: LegStatus
    discipline: LegStatus
    created_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, dual: DualAssignment) -> Self:
        return cls.model_validate(dual, from_attributes=True)


@router.get("")
async def list_dual_assignments(
    by: Reader, tx: Tx, away: Away, paging: Paging, lead_id: UUID | None = None
) -> Page[DualAssignmentView]:
    """Dual assignments, oldest first; a unit asks by `lead_id` for that of a lead in its hand. 双交办列表(承办单位按线索查询)"""
    rows = await find_of_side(
        tx, lead_id=lead_id, by=by, away=away, after=paging.after(datetime, UUID), limit=paging.limit + 1
    )
    return paging.page([DualAssignmentView.of(dual) for dual in rows], key=lambda dual: (dual.created_at, dual.id))


@router.get("/{dual_assignment_id}")
async def get_dual_assignment(dual_assignment_id: UUID, by: Reader, tx: Tx) -> DualAssignmentView:
    """One dual assignment, for both sides and the office. 双交办详情"""
    return DualAssignmentView.of(await of_side(tx, dual_assignment_id, by))
