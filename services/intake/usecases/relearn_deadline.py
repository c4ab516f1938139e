"""After a restore: what was said of limits stays said, and pauses that were granted stay granted (docs/operations.md).

A notice that came and was forgotten is imported again by the operator; the dates follow then.
"""

from dataclasses import replace

from services.intake.db import deadlines, leads, notices, pauses
from services.intake.domain.deadline import Said, what_of
from services.intake.domain.lead import LOST
from services.intake.domain.pause import PauseRequest, Status
from services.intake.usecases.keep_dates import keep_dates
from shared.contracts.intake import DeadlineMoved
from shared.db import Transaction
from shared.errors import NotFound
from shared.inbox import Received


async def relearn_said(tx: Transaction, event: Said, received: Received) -> None:
    """It was said, so it is not said again."""
    key, at = (event.lead_id, event.kind, event.round), received.recorded_at
    await deadlines.remember_said(tx, key, what_of(event), due_on=event.due_on, due_at=event.effective_at, at=at)


async def relearn_moved(tx: Transaction, event: DeadlineMoved, received: Received) -> None:
    """Days that do not count are learned again; who asked and why is lost, and the register says so."""
    if event.pause_id is None or event.first is None or event.last is None:
        return
    status = Status.GRANTED if event.because == "paused" else Status.RESUMED
    try:
        known = replace(await pauses.get(tx, event.pause_id), status=status, first=event.first, last=event.last)
        if known.decided_by is None:
            known = replace(known, decided_by="lost", decided_at=event.effective_at)
        await pauses.save(tx, known)
    except NotFound:
        request = PauseRequest(
            id=event.pause_id,
            lead_id=event.lead_id,
            kind=event.kind,
            round=event.round,
            until=event.last,
            reason=LOST,
            asked_by="lost",
            asked_at=event.effective_at,
            status=status,
            decided_by="lost too",
            decided_at=event.effective_at,
            first=event.first,
            last=event.last,
        )
        await pauses.add(tx, request)
    lead = await leads.get(tx, event.lead_id, lock=True)
    deadline = await deadlines.get(tx, event.lead_id, event.kind, lock=True)
    counted, _ = deadline.count_again(await notices.calendar(tx), now=received.at)
    await deadlines.save(tx, counted)
    await keep_dates(tx, lead, "count-again", by=None, at=received.at)
