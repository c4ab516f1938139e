"""What is suggested for a lead's classification, and why; what a person then chose is kept beside it (G20)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import code_lists, leads, merges, notices, reports, suggestions
from services.intake.domain.code_list import AREA
from services.intake.domain.lead import Lead
from services.intake.domain.suggestion import Suggestion, in_force, shipped, suggest
from shared import reads
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date


async def suggest_class(
    tx: Transaction, lead_id: UUID, *, by: Principal, at: datetime
) -> tuple[Suggestion, list[suggestions.Kept]]:
    """The suggestion of now, and those that were kept with what was chosen; the asking is put on record. Raises `NotFound`,
    `NotAllowed` for a sealed lead, `Malformed` without a purpose."""
    lead = await leads.get(tx, lead_id)
    lead.must_be_used()
    found = await _suggest(tx, lead, at)
    detail = {"level": found.level.value}
    await reads.note(tx, by, "lead.read-suggestion", lead_id, at=at, detail=detail, days=await notices.calendar(tx))
    return found, await suggestions.of_lead(tx, lead_id)


async def keep_suggestion(tx: Transaction, before: Lead, chosen: Lead, *, by: Principal, at: datetime) -> None:
    """Keep what was suggested when a person chose, and what was chosen."""
    await suggestions.keep(tx, await _suggest(tx, before, at), chosen, by=by.sub, at=at)


async def _suggest(tx: Transaction, lead: Lead, at: datetime) -> Suggestion:
    day = china_date(at)
    areas = {entry.code for entry in (await code_lists.book(tx)).on(day).entries(AREA)}
    return suggest(
        lead,
        content=await reports.content(tx, lead.id),
        repeats=await merges.count_repeats(tx, lead.id),
        rubric=in_force(day, shipped()),
        areas_in_force=areas,
    )
