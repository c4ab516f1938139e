"""An outcome category is put on file and the leg ends; others learn only that it ended."""

from datetime import datetime
from uuid import UUID

from services.discipline.db import legs
from services.discipline.domain.leg import Leg, Outcome
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction


async def record_outcome(tx: Transaction, leg_id: UUID, outcome: Outcome, *, by: Principal, at: datetime) -> Leg:
    """End the leg. Raises `NotFound`, `NotAllowed`."""
    leg, ended = (await legs.get(tx, leg_id, lock=True)).end(outcome, at=at)
    await legs.save(tx, leg, actor=by.sub, effective_at=at, at=at)
    await outbox.put(tx, ended, at=at)
    await audit.record(tx, by, "leg.record-outcome", leg.id, at=at)
    return leg
