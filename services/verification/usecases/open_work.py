"""A lead was assigned: open the work on it."""

from uuid import uuid4

from services.verification.db import works
from services.verification.domain.work import Status, Work
from shared import audit, outbox
from shared.contracts.intake import LeadAssigned
from shared.db import Transaction
from shared.inbox import Received


async def open_work(tx: Transaction, assigned: LeadAssigned, received: Received) -> None:
    """Open the work and tell the others that it arrived; after a restore it may stand there already, from our own word (relearn_work)."""
    sign_by, due_on = assigned.sign_by, assigned.due_on
    said = await works.standing_of(tx, assigned.lead_id)
    if said and said["moved_at"] and said["moved_at"] > assigned.effective_at:
        # a limit was moved since, and that was heard first
        sign_by, due_on = said["sign_by"] or sign_by, said["due_on"] or due_on
    if await works.complete(tx, assigned, sign_by=sign_by, due_on=due_on):
        return
    work = Work(
        id=uuid4(),
        lead_id=assigned.lead_id,
        assignment_no=assigned.assignment_no,
        unit=assigned.unit,
        level=assigned.level,
        sign_by=sign_by,
        due_on=due_on,
        provisional=assigned.provisional,
        status=Status.OPENED,
        version=1,
        opened_at=assigned.effective_at,
        urgent=assigned.urgent,
        dispute_by=assigned.dispute_by,
    )
    await works.add(tx, work, region=received.region, actor="system:verification", at=received.at)
    await outbox.put(tx, work.opened, at=received.at)
    await audit.record(tx, None, "work.open", work.id, at=received.at)
