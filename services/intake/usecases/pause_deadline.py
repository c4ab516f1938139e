"""A running limit is paused: asked for by one person, decided by another (§2.2, §4.2); paused days do not count."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4

from services.intake.db import deadlines, leads, pauses
from services.intake.db import notices as calendars
from services.intake.domain.deadline import LeadDeadline
from services.intake.domain.lead import Lead
from services.intake.domain.pause import PauseRequest
from services.intake.usecases.keep_dates import keep_dates
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.envelope import Event
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.secrecy import refuse_marked


async def ask_pause(
    tx: Transaction, lead_id: UUID, kind: DeadlineKind, until: date, reason: str, *, by: Principal, at: datetime
) -> PauseRequest:
    """Ask for it. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("reason", [reason])
    await leads.get(tx, lead_id, lock=True)
    deadline = await deadlines.get(tx, lead_id, kind, lock=True)
    request = PauseRequest.ask(uuid4(), deadline, until, reason, by=by.sub, at=at)
    await pauses.add(tx, request)
    await _record(tx, "deadline.ask-pause", request, by=by, at=at, reason=reason)
    return request


async def decide_pause(
    tx: Transaction, request_id: UUID, *, grant: bool, reason: str | None, by: Principal, at: datetime
) -> PauseRequest:
    """Another person grants it, and the limit ends later by so many days; or refuses it. Raises `NotFound`, `Forbidden`, `NotAllowed`, also
    beyond the last day of all."""
    refuse_marked("reason", [reason or ""])
    lead, deadline, request = await _held(tx, request_id)
    request = request.decide(deadline, grant=grant, reason=reason, by=by, at=at)
    await pauses.save(tx, request)
    if request.days:
        days = await calendars.calendar(tx)
        changed = deadline.pause((*deadline.pauses, request.days), pause_id=request.id, days=days, now=at)
        changed[0].must_end_in_time(days)
        await _move(tx, lead, *changed, action="pause", by=by, at=at)
    await _record(
        tx, "deadline.grant-pause" if grant else "deadline.refuse-pause", request, by=by, at=at, reason=reason
    )
    return request


async def resume_deadline(
    tx: Transaction, request_id: UUID, reason: str, *, by: Principal, at: datetime
) -> PauseRequest:
    """The limit runs again from today on, before the pause is over. Raises `NotFound`, `NotAllowed`."""
    refuse_marked("reason", [reason])
    lead, deadline, request = await _held(tx, request_id)
    standing, request = request.days, request.resume(deadline, at=at)
    await pauses.save(tx, request)
    if request.first and request.last:
        others = tuple(pause for pause in deadline.pauses if pause != standing)
        now = (*others, request.days) if request.days else others
        days = await calendars.calendar(tx)
        changed = deadline.resume(now, pause_id=request.id, first=request.first, last=request.last, days=days, now=at)
        await _move(tx, lead, *changed, action="resume", by=by, at=at)
    await _record(tx, "deadline.resume", request, by=by, at=at, reason=reason)
    return request


async def _held(tx: Transaction, request_id: UUID) -> tuple[Lead, LeadDeadline, PauseRequest]:
    """The request with its lead and limit, locked in the order that all keep to."""
    known = await pauses.get(tx, request_id)
    lead = await leads.get(tx, known.lead_id, lock=True)
    deadline = await deadlines.get(tx, known.lead_id, known.kind, lock=True)
    if deadline.round != known.round:
        # a later assignment has a limit of its own; the one that was asked for has ended with its assignment
        deadline = replace(deadline, stopped_at=deadline.started_at)
    return lead, deadline, await pauses.get(tx, request_id, lock=True)


async def _move(
    tx: Transaction,
    lead: Lead,
    deadline: LeadDeadline,
    events: list[Event],
    *,
    action: str,
    by: Principal,
    at: datetime,
) -> None:
    await deadlines.save(tx, deadline)
    for event in events:
        await outbox.put(tx, event, at=at)
    await keep_dates(tx, lead, action, by=by, at=at)


async def _record(
    tx: Transaction, deed: str, request: PauseRequest, *, by: Principal, at: datetime, reason: str | None
) -> None:
    detail = {"pause": str(request.id), "kind": request.kind.value, "round": request.round}
    if request.first and request.last:
        detail |= {"first": request.first.isoformat(), "last": request.last.isoformat()}
    await audit.record(tx, by, deed, request.lead_id, at=at, detail=detail, purpose=reason)
