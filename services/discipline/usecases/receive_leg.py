"""The case-supervision clerk signs for a leg."""

from datetime import datetime
from uuid import UUID

from services.discipline.db import legs
from services.discipline.domain.leg import Leg
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction


async def receive_leg(tx: Transaction, leg_id: UUID, *, by: Principal, at: datetime) -> Leg:
    """Sign for the leg. Raises `NotFound`, `NotAllowed`."""
    leg, received = (await legs.get(tx, leg_id, lock=True)).receive(at=at)
    await legs.save(tx, leg, actor=by.sub, effective_at=at, at=at)
    await outbox.put(tx, received, at=at)
    await audit.record(tx, by, "leg.receive", leg.id, at=at)
    return leg
