"""What is suggested for a lead's tier, level, areas and urgency, with the rules that led to it; a person decides, both are kept (G20)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.domain.codes import Level, Tier
from services.intake.domain.suggestion import shipped
from services.intake.usecases.suggest_class import suggest_class
from shared.auth import Principal
from shared.http import Now, Tx, reader

router = APIRouter(prefix="/leads", tags=["分级分类建议 suggestions"])
NOTE = "仅供参考,由人确定 / a suggestion; a person decides"


class RuleView(BaseModel):
    """A rule of the rubric, and the words that it met. 依据"""

    rule: str
    zh: str
    en: str
    words: list[str]


class KeptView(BaseModel):
    """What was suggested when a person chose, and what was chosen. 建议与决定"""

    version: int
    rubric: str
    suggested: dict[str, Any]
    because: list[RuleView]
    chosen: dict[str, Any]
    decided_by: str
    decided_at: datetime


class SuggestionView(BaseModel):
    """A suggestion. 分级分类建议"""

    note: str = NOTE
    rubric: str
    tier: Tier
    level: Level
    area_codes: list[str]
    urgent: bool
    because: list[RuleView]
    kept: list[KeptView]


@router.get("/{lead_id}/suggestion")
async def get_suggestion(
    lead_id: UUID, by: Annotated[Principal, reader("ana", "ofd")], tx: Tx, at: Now
) -> SuggestionView:
    """What the rubric suggests and why, and what was chosen before; the asking is put on record. 分级分类建议(留痕)"""
    found, kept = await suggest_class(tx, lead_id, by=by, at=at)
    return SuggestionView(
        rubric=found.version,
        tier=found.tier,
        level=found.level,
        area_codes=list(found.areas),
        urgent=found.urgent,
        because=_told(found.version, found.because),
        kept=[
            KeptView(
                version=each.version,
                rubric=each.rubric,
                suggested=dict(each.suggested),
                because=_told(each.rubric, each.because),
                chosen=dict(each.chosen),
                decided_by=each.decided_by,
                decided_at=each.decided_at,
            )
            for each in kept
        ],
    )


def _told(version: str, because: Any) -> list[RuleView]:
    """By the rules of the version that it was suggested with."""
    known = {rule.id: rule for rubric in shipped() if rubric.version == version for rule in rubric.rules}
    return [
        RuleView(rule=name, zh=known[name].zh, en=known[name].en, words=[word for word in words if word])
        for name, words in because.items()
        if name in known
    ]
