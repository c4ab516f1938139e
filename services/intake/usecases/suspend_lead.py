"""A lead stands still and goes on: danger to a reporter, a court's order (§4.2). Its limits stop, and the days between do not count."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.intake.db import deadlines, leads, notices, pauses
from services.intake.domain import lead_life
from services.intake.domain.lead import Lead
from services.intake.domain.pause import SUSPENSION, PauseRequest
from services.intake.domain.pause import Status as PauseStatus
from services.intake.usecases.keep_dates import keep_dates
from services.intake.usecases.look_again import wake_resumed
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date
from shared.secrecy import refuse_marked

MEANWHILE = "线索中止期间"


async def suspend_lead(
    tx: Transaction, lead_id: UUID, reason: str, measures: str, *, by: Principal, at: datetime
) -> Lead:
    """Suspend it; the protective measures that were begun are named. Raises `NotFound`, `NotAllowed`."""
    refuse_marked("reason", [reason])
    refuse_marked("measures", [measures])
    lead = await leads.get(tx, lead_id, lock=True)
    lead, said = lead_life.suspend(lead, at=at)
    await leads.save(tx, lead, "suspend", by=by, effective_at=at, at=at, reason=f"{reason};已采取措施:{measures}")
    await deadlines.stop(tx, lead.id, *DeadlineKind, at=at)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "lead.suspend", lead.id, at=at, purpose=reason)
    return lead


async def resume_lead(tx: Transaction, lead_id: UUID, reason: str, *, by: Principal, at: datetime) -> Lead:
    """It goes on where it stood; what could not be verified (C4) is taken up if something new came meanwhile. Raises `NotFound`,
    `NotAllowed`."""
    refuse_marked("reason", [reason])
    suspended = await leads.get(tx, lead_id, lock=True)
    lead, said = lead_life.resume(suspended, at=at)
    await leads.save(tx, lead, "resume", by=by, effective_at=at, at=at, reason=reason)
    await outbox.put(tx, said, at=at)
    if suspended.suspended_at is not None:
        await _run_on(tx, lead, suspended.suspended_at, by=by, at=at)
        await wake_resumed(tx, lead_id, suspended.suspended_at, at=at)
    await audit.record(tx, by, "lead.resume", lead.id, at=at, purpose=reason)
    return lead


async def _run_on(tx: Transaction, lead: Lead, since: datetime, *, by: Principal, at: datetime) -> None:
    """What stopped then runs on; whole days in between do not count, except for what was overdue already: that stays overdue."""
    first, last = china_date(since), china_date(at) - timedelta(days=1)
    stopped = await deadlines.stopped_with(tx, lead.id, since)
    await deadlines.resume(tx, lead.id, stopped_at=since, at=at)
    days = await notices.calendar(tx)
    for limit in stopped:
        if last < first or since >= limit.due_at or limit.limit.custody:
            continue
        request = PauseRequest(
            id=uuid4(),
            lead_id=lead.id,
            kind=limit.kind,
            round=limit.round,
            until=last,
            reason=MEANWHILE,
            asked_by=SUSPENSION,
            asked_at=since,
            status=PauseStatus.GRANTED,
            decided_by=by.sub,
            decided_at=at,
            first=first,
            last=last,
        )
        await pauses.add(tx, request)
        running = replace(limit, stopped_at=None, next_at=at)
        moved, events = running.pause(
            tuple(sorted((*limit.pauses, *([request.days] if request.days else ())), key=lambda one: one.first)),
            pause_id=request.id,
            days=days,
            now=at,
        )
        await deadlines.save(tx, moved)
        for event in events:
            await outbox.put(tx, event, at=at)
    await keep_dates(tx, lead, "resume", by=by, at=at)
