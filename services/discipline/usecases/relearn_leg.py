"""After a restore: bring legs after what discipline itself said and then forgot (docs/operations.md).

An event tells that a leg ended, never with which outcome: that never leaves discipline. It is recorded once more from the file.
"""

from dataclasses import replace

from services.discipline.db import legs
from services.discipline.domain.leg import Leg, Outcome
from shared.contracts.discipline import LegEnded, LegOpened, LegReceived
from shared.db import Transaction
from shared.inbox import Received

ACTOR = "system:restore"


async def relearn_opened(tx: Transaction, event: LegOpened, received: Received) -> None:
    """The leg exists under its id; the dual assignment that opened it is heard again and finds it there."""
    leg, _said = Leg.open(
        event.leg_id, dual_assignment_id=event.dual_assignment_id, lead_id=event.lead_id, at=event.effective_at
    )
    await legs.add(tx, leg, region=received.region, actor=ACTOR, at=received.at)


async def relearn_step(tx: Transaction, event: LegReceived | LegEnded, received: Received) -> None:
    """The leg was signed for, or ended."""
    # whether the lead stands still now is no matter: it was not when this was done
    leg, at = replace(await legs.get(tx, event.leg_id, lock=True), suspended=False), event.effective_at
    leg, _said = leg.receive(at=at) if isinstance(event, LegReceived) else leg.end(Outcome.LOST, at=at)
    await legs.save(tx, leg, actor=ACTOR, effective_at=at, at=received.at)
