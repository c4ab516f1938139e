"""A holiday notice came: what runs is counted again with it (§2.12), a part at a time, and what moved is told."""

from dataclasses import dataclass, replace
from datetime import date, datetime

import structlog

from services.intake.db import deadlines, leads, notices
from services.intake.usecases.keep_dates import keep_dates
from shared import audit, outbox
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction

log = structlog.get_logger(__name__)

AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A limit that ends on another day than before, or on the same and not provisional any more."""

    lead_no: str
    kind: DeadlineKind
    before: date
    after: date
    provisional: bool


async def count_deadlines_again(tx: Transaction, at: datetime, *, at_once: int = AT_ONCE) -> list[Moved]:
    """Some of what was counted with an older calendar; → what changed. Another worker's leads are left to it."""
    days = await notices.calendar(tx)
    taken = await deadlines.take_counted_before(tx, days.number, limit=at_once)
    moved, register = [], {}
    for deadline in taken:
        try:
            counted, events = deadline.count_again(days, now=at)
        except ValueError as fault:
            # one that cannot be counted (its profile is not known here) must not hold up the others
            log.warning("deadline.uncountable", lead=str(deadline.lead_id), error=type(fault).__name__)
            counted, events = replace(deadline, calendar_no=days.number), []
        await deadlines.save(tx, counted)
        if counted.due == deadline.due:
            continue
        if deadline.lead_id not in register:
            register[deadline.lead_id] = await leads.get(tx, deadline.lead_id, lock=True)
        for event in events:
            await outbox.put(tx, event, at=at)
        moved.append(
            Moved(
                lead_no=register[deadline.lead_id].lead_no,
                kind=deadline.kind,
                before=deadline.due.on,
                after=counted.due.on,
                provisional=counted.due.provisional,
            )
        )
        detail = {
            "kind": deadline.kind.value,
            "round": deadline.round,
            "before": deadline.due.on.isoformat(),
            "after": counted.due.on.isoformat(),
            "calendar": days.number,
        }
        await audit.record(tx, None, "deadline.count-again", deadline.lead_id, at=at, detail=detail)
    for lead in register.values():
        await keep_dates(tx, lead, "count-again", by=None, at=at)
    return moved
