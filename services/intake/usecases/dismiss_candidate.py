"""A person looked at a suggestion and says: not the same matter. Suggestion and decision are both kept (G20)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import merges, repeats
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound


async def dismiss_candidate(tx: Transaction, lead_id: UUID, candidate_id: UUID, *, by: Principal, at: datetime) -> None:
    """Keep the decision, which holds on the lists of both; said again it stays the first one's. Raises `NotFound` when the two were not
    suggested, `NotAllowed` when one is merged into the other."""
    await merges.lock_both(tx, lead_id, candidate_id)
    found = await repeats.suggestion(tx, lead_id, candidate_id)
    if found is None:
        raise NotFound("没有该疑似重复 / these two were not suggested")
    if found.decision == "merged":
        raise NotAllowed("两条线索已并案,请先撤销并案 / one is merged into the other: undo the merge first")
    if found.decision is None:
        await repeats.decide(tx, lead_id, candidate_id, "dismissed", by=by.sub, at=at)
        await audit.record(tx, by, "lead.dismiss-candidate", lead_id, at=at, detail={"candidate": str(candidate_id)})
