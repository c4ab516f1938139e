"""Time passes: each colour and measure that is due by now is said, once, however late the timer comes (colour ladder of §2.2)."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from services.intake.db import deadlines, notices
from services.intake.domain.deadline import what_of
from shared import audit, metrics, outbox
from shared.db import Transaction, after_commit

log = structlog.get_logger(__name__)

AGAIN = timedelta(hours=1)
AT_ONCE = 500
"""Limits in one run: what an outage has piled up is worked off in runs, so that no transaction is long."""
SAID = metrics.counter("deadlines_said", "Colours and measures of leads' limits that were said, by code", ["kind"])


async def say_deadlines(tx: Transaction, at: datetime, *, since: datetime | None = None, at_once: int = AT_ONCE) -> int:
    """Say them, each to the others and on record; → of how many limits. Limits that began before `since` are not chased.

    Several workers may do this side by side: each takes what no other holds. Those taken are worked off in one order, because two limits
    of one lead, held by two workers, share the numbering of its events.
    """
    days = await notices.calendar(tx)
    taken = await deadlines.take_due(tx, at, calendar_no=days.number, since=since, limit=at_once)
    told = await deadlines.said(tx, taken) if taken else {}
    for deadline in sorted(taken, key=lambda one: (one.lead_id, one.kind, one.round)):
        key = (deadline.lead_id, deadline.kind, deadline.round)
        try:
            looked_at, events = deadline.fire(told.get(key, {}), days=days, now=at)
        except ValueError as fault:
            # one that cannot be counted (its profile is not known here) must not silence the others
            log.warning("deadline.uncountable", lead=str(deadline.lead_id), error=type(fault).__name__)
            looked_at, events = replace(deadline, next_at=at + AGAIN), []
        await deadlines.save(tx, looked_at)
        said = []
        for event in events:
            what, due_at = what_of(event), event.effective_at
            if await deadlines.remember_said(tx, key, what, due_on=deadline.due.on, due_at=due_at, at=at):
                await outbox.put(tx, event, at=at)
                after_commit(tx, SAID.labels(what).inc)
                said.append(what)
        if said:
            detail = {"kind": deadline.kind.value, "round": deadline.round, "said": said}
            await audit.record(tx, None, "deadline.say", deadline.lead_id, at=at, detail=detail)
    return len(taken)
