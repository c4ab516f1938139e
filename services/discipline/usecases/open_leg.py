"""A dual assignment arrived: open the discipline leg (M17)."""

from uuid import uuid4

from services.discipline.db import legs
from services.discipline.domain.leg import Leg
from shared import audit, outbox
from shared.contracts.intake import DualAssignmentCreated
from shared.db import Transaction
from shared.inbox import Received


async def open_leg(tx: Transaction, created: DualAssignmentCreated, received: Received) -> None:
    """Open the leg and tell the others that it arrived; after a restore it may stand there already, from our own word (relearn_leg)."""
    if await legs.find(tx, created.dual_assignment_id) is not None:
        return
    leg, opened = Leg.open(
        uuid4(), dual_assignment_id=created.dual_assignment_id, lead_id=created.lead_id, at=created.effective_at
    )
    await legs.add(tx, leg, region=received.region, actor="system:discipline", at=received.at)
    await outbox.put(tx, opened, at=received.at)
    await audit.record(tx, None, "leg.open", leg.id, at=received.at)
