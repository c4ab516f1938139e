"""An outcome category is put on file and the leg ends; others learn only that it ended."""

from datetime import datetime
from uuid import UUID

from services.discipline.db import legs
from services.discipline.domain.leg import Leg, Outcome, Recorded
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction


async def record_outcome(tx: Transaction, leg_id: UUID, outcome: Recorded, *, by: Principal, at: datetime) -> Leg:
    """End the leg, or put the outcome of an ended one on file again that a restore has lost: the others know that it ended.

    Raises `NotFound`, `NotAllowed`.
    """
    leg = await legs.get(tx, leg_id, lock=True)
    if leg.outcome is Outcome.LOST:
        leg = leg.supply(outcome)
        await legs.save(tx, leg, actor=by.sub, effective_at=at, at=at)
    else:
        leg, ended = leg.end(outcome, at=at)
        await legs.save(tx, leg, actor=by.sub, effective_at=at, at=at)
        await outbox.put(tx, ended, at=at)
    await audit.record(tx, by, "leg.record-outcome", leg.id, at=at)
    return leg
