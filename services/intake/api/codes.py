"""The code lists that forms offer."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.domain import codes, conflict, deadline, directory_codes, dual_assignment, lead_states, pause
from shared.auth import Principal
from shared.deadlines import Colour, Step
from shared.http import require

router = APIRouter(prefix="/codes", tags=["codes 代码表"])


class CodeView(BaseModel):
    """One code with its words."""

    code: str
    zh: str
    en: str


class CodeLists(BaseModel):
    """All lists, with their version."""

    version: str
    lists: dict[str, list[CodeView]]


@router.get("")
async def get_codes(_: Annotated[Principal, require()]) -> CodeLists:
    """The code lists. 代码表"""
    words: dict[str, Mapping[Any, tuple[str, str]]] = {
        **codes.LABELS,
        "status": {status.value: (status.zh, status.en) for status in lead_states.Status},
        "dual_assignment_status": {status.value: (status.zh, status.en) for status in dual_assignment.Status},
        "leg_status": dual_assignment.LEG_STATUS_WORDS,
        "deadline_kind": deadline.KIND_WORDS,
        "deadline_colour": {colour.value: (colour.zh, colour.en) for colour in Colour},
        "deadline_step": {step.value: (step.zh, step.en) for step in Step},
        "unit_kind": {kind.value: (kind.zh, kind.en) for kind in directory_codes.UnitKind},
        "post": {post.value: (post.zh, post.en) for post in directory_codes.Post},
        "placement_kind": {kind.value: (kind.zh, kind.en) for kind in directory_codes.PlacementKind},
        "obstacle": {one.value: (one.zh, one.en) for one in conflict.Obstacle},
        "recusal_ground": {one.value: (one.zh, one.en) for one in conflict.Ground},
        "interest_status": {one.value: (one.zh, one.en) for one in conflict.InterestStatus},
        "pause_status": {status.value: (status.zh, status.en) for status in pause.Status},
    }
    lists = {
        name: [CodeView(code=code, zh=zh, en=en) for code, (zh, en) in labels.items()] for name, labels in words.items()
    }
    return CodeLists(version=codes.VERSION, lists=lists)
