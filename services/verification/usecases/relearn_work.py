"""After a restore: bring works after what verification itself said and then forgot (docs/operations.md).

An event holds codes and dates. Plan and verifiers of a work that the backup did not know are gone; the register says so in their place.
What the assignment said of it comes again with the assignment itself, which is heard anew (open_work).
"""

from services.verification.db import works
from services.verification.domain.work import Work
from shared.contracts.verification import WorkAccepted, WorkConcluded, WorkDisputed, WorkFirstReported, WorkOpened
from shared.db import Transaction
from shared.inbox import Received

ACTOR = "system:restore"


async def relearn_opened(tx: Transaction, event: WorkOpened, received: Received) -> None:
    """The work exists under its id and waits for its assignment."""
    work = Work.relearned(event, before=await works.waiting_for_assignment(tx, event.lead_id))
    await works.add(tx, work, region=received.region, actor=ACTOR, at=received.at)


async def relearn_step(
    tx: Transaction, event: WorkAccepted | WorkDisputed | WorkFirstReported | WorkConcluded, received: Received
) -> None:
    """The work was accepted, disputed, reported on or concluded as the event says."""
    work = (await works.get(tx, event.work_id, lock=True)).after(event)
    await works.save(tx, work, actor=ACTOR, effective_at=event.effective_at, at=received.at)
