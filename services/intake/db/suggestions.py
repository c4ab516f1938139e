"""The store of what was suggested for a classification and what a person chose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from services.intake.db.life_tables import class_suggestions as table
from services.intake.domain.lead import Lead
from services.intake.domain.suggestion import Suggestion
from shared.db import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A suggestion as it stood, and the choice."""

    version: int
    rubric: str
    suggested: Mapping[str, Any]
    because: Mapping[str, list[str]]
    chosen: Mapping[str, Any]
    decided_by: str
    decided_at: datetime


async def keep(tx: Transaction, suggestion: Suggestion, chosen: Lead, *, by: str, at: datetime) -> None:
    """Keep both."""
    row = {
        "lead_id": chosen.id,
        "version": chosen.version,
        "rubric": suggestion.version,
        "suggested": _codes(suggestion),
        "because": {rule: list(words) for rule, words in suggestion.because.items()},
        "chosen": _codes(chosen),
        "decided_by": by,
        "decided_at": at,
    }
    await tx.execute(insert(table), row)


async def of_lead(tx: Transaction, lead_id: UUID) -> list[Kept]:
    """All of a lead, in order."""
    rows = (await tx.execute(select(table).where(table.c.lead_id == lead_id).order_by(table.c.version))).mappings()
    return [Kept(**{name: row[name] for name in Kept.__dataclass_fields__}) for row in rows]


def _codes(one: Suggestion | Lead) -> dict[str, Any]:
    return {"tier": one.tier, "level": one.level, "areas": list(one.areas), "urgent": one.urgent}
