"""A person looked at a suggestion and says: not the same matter. Suggestion and decision are both kept (G20)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import repeats
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotFound


async def dismiss_candidate(tx: Transaction, lead_id: UUID, candidate_id: UUID, *, by: Principal, at: datetime) -> None:
    """Keep the decision. Raises `NotFound` when the two were not suggested."""
    if not await repeats.decide(tx, lead_id, candidate_id, "dismissed", by=by.sub, at=at):
        raise NotFound("没有该疑似重复 / these two were not suggested")
    await audit.record(tx, by, "lead.dismiss-candidate", lead_id, at=at, detail={"candidate": str(candidate_id)})
