"""More time for the result, a unit's (D08) or a regulator's (D29x), is asked for and decided by another person; the reporter learns of it
by the progress."""

from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import deadlines, extensions, leads, notices
from services.intake.domain.extension import Extension, extended_kind
from services.intake.domain.lead import Lead
from services.intake.usecases.keep_dates import keep_dates
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import Forbidden
from shared.secrecy import refuse_marked

OFFICE = frozenset({"ana", "ofd", "sup"})


async def ask_extension(
    tx: Transaction, lead_id: UUID, days: int, reason: str, *, by: Principal, at: datetime
) -> Extension:
    """Ask for it. Raises `NotFound`, `NotAllowed`, `Invalid`, `Forbidden` for another unit's leader."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    _must_be_its_unit(lead, by)
    limit = await deadlines.get(tx, lead_id, extended_kind(lead), lock=True)
    calendar = await notices.calendar(tx)
    asked = Extension.ask(uuid4(), lead, limit, days, reason, by=by.sub, calendar=calendar, at=at)
    await extensions.add(tx, asked)
    detail = {"extension": str(asked.id), "days": days}
    await audit.record(tx, by, "deadline.ask-extension", lead_id, at=at, purpose=reason, detail=detail)
    return asked


async def decide_extension(
    tx: Transaction, extension_id: UUID, *, grant: bool, reason: str | None, by: Principal, at: datetime
) -> Extension:
    """Grant or refuse it. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    refuse_marked("reason", [reason or ""])
    known = await extensions.get(tx, extension_id)
    lead = await leads.get(tx, known.lead_id, lock=True)
    limit = await deadlines.get(tx, known.lead_id, known.kind, lock=True)
    asked = await extensions.get(tx, extension_id, lock=True)
    calendar = await notices.calendar(tx)
    decided, moved, said = asked.decide(lead, limit, grant=grant, reason=reason, by=by, calendar=calendar, at=at)
    await extensions.save(tx, decided)
    if said is not None:
        await deadlines.save(tx, moved)
        await outbox.put(tx, said, at=at)
        await keep_dates(tx, lead, "extend", by=by, at=at)
    detail = {"extension": str(asked.id), "state": decided.state.value}
    await audit.record(tx, by, "deadline.decide-extension", lead.id, at=at, purpose=reason, detail=detail)
    return decided


def _must_be_its_unit(lead: Lead, by: Principal) -> None:
    if by.roles & OFFICE:
        return
    if lead.assignment is None or lead.assignment.unit != by.unit:
        raise Forbidden("该线索由其他单位承办 / another unit is charged with the lead")
