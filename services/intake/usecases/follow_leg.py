"""The discipline leg moved on: the parent takes its status code, nothing else of it."""

from services.intake.db import dual_assignments
from shared import audit, outbox
from shared.contracts.discipline import LegEnded, LegReceived
from shared.contracts.intake import Leg, LegStatus
from shared.db import Transaction
from shared.errors import NotFound
from shared.inbox import Received


async def follow_received(tx: Transaction, event: LegReceived, received: Received) -> None:
    """The clerk of discipline signed."""
    await _follow(tx, event, LegStatus.ACCEPTED, received)


async def follow_ended(tx: Transaction, event: LegEnded, received: Received) -> None:
    """The discipline leg ended."""
    await _follow(tx, event, LegStatus.ENDED, received)


async def _follow(tx: Transaction, event: LegReceived | LegEnded, status: LegStatus, received: Received) -> None:
    dual = await dual_assignments.of_lead(tx, event.lead_id)
    if dual is None:
        raise NotFound("该线索没有双交办 / no dual assignment of this lead")
    if dual.discipline is status:
        return  # after a restore the leg may stand there already, from our own word (relearn_lead)
    dual, said = dual.move(Leg.DISCIPLINE, status, at=event.effective_at)
    await dual_assignments.save(tx, dual)
    for each in said:
        await outbox.put(tx, each, at=received.at)
    await audit.record(tx, None, "dual-assignment.follow", dual.id, at=received.at, detail={"status": status.value})
