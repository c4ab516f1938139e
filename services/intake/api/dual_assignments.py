"""Dual assignments as the office sees them: list entries with status codes, nothing of either leg's content (M17)."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.api.stay_away import Away
from services.intake.db import dual_assignments
from services.intake.domain.dual_assignment import DualAssignment, Status
from shared.auth import Principal
from shared.contracts.intake import LegStatus
from shared.http import Page, Paging, Tx, require

router = APIRouter(prefix="/dual-assignments", tags=["双交办 dual assignments"])
Reader = Annotated[Principal, require("ofd", "sup")]


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
    _: Reader, tx: Tx, away: Away, paging: Paging, lead_id: UUID | None = None
) -> Page[DualAssignmentView]:
    """All dual assignments, oldest first. 双交办列表"""
    rows = await dual_assignments.page(
        tx, lead_id=lead_id, away=away, after=paging.after(datetime, UUID), limit=paging.limit + 1
    )
    return paging.page([DualAssignmentView.of(dual) for dual in rows], key=lambda dual: (dual.created_at, dual.id))


@router.get("/{dual_assignment_id}")
async def get_dual_assignment(dual_assignment_id: UUID, _: Reader, tx: Tx) -> DualAssignmentView:
    """One dual assignment. 双交办详情"""
    return DualAssignmentView.of(await dual_assignments.get(tx, dual_assignment_id))
