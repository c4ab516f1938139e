"""A lead that has a conclusion and is reported again is given to another team than the one that came to it, or what is new is seen to
change nothing. Found unfounded (查否), it always goes to another team."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, merges, notices, objections
from services.intake.domain import lead_life
from services.intake.domain.merge import ReExamination
from services.intake.usecases.charge_unit import charge
from services.intake.usecases.check_unit import check_unit
from services.intake.usecases.subject_store import FactsSealer
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound
from shared.secrecy import refuse_marked

NONE = "没有该复查事项 / no such entry"
OBJECTED = "该线索另有待决定的异议,请先决定异议 / the reporter's objection to it is undecided: decide that first"


async def note_re_examination(
    tx: Transaction, merge_id: UUID, reason: str, *, by: Principal, at: datetime
) -> ReExamination:
    """What the repeat says changes nothing, and why; the reason is on record. Raises `NotFound`, `NotAllowed` (decided already; 查否)."""
    refuse_marked("reason", [reason])
    await leads.get(tx, (await merges.get(tx, merge_id)).master_id, lock=True)
    entry = await merges.re_examination_of(tx, merge_id)
    if entry is None:
        raise NotFound(NONE)
    entry = entry.note(by=by.sub, at=at)
    await merges.save_re_examination(tx, entry)
    detail = {"merge": str(merge_id)}
    await audit.record(tx, by, "re-examination.note", entry.lead_id, at=at, purpose=reason, detail=detail)
    return entry


async def give_re_examination(
    tx: Transaction, merge_id: UUID, unit: str, *, region: str, sealer: FactsSealer, by: Principal, at: datetime
) -> ReExamination:
    """Charge the team, with all entries of the lead that wait. Raises `NotFound`, `NotAllowed` (given already; the lead is not fed back or
    reopened; an objection is undecided), `Invalid` for a unit that looked before, `ConflictOfInterest`."""
    lead = await leads.get(tx, (await merges.get(tx, merge_id)).master_id, lock=True)
    entry = await merges.re_examination_of(tx, merge_id)
    if entry is None:
        raise NotFound(NONE)
    entry.give(unit, by=by.sub, at=at)  # whether it may be is said first
    days = await notices.calendar(tx)
    lead, assigned = lead_life.re_examine(lead, unit, days=days, at=at)
    for each in (lead, *await merges.repeats_of(tx, lead.id)):
        if await objections.open_of(tx, each.id) is not None:
            raise NotAllowed(OBJECTED)
    findings = await check_unit(tx, lead, unit, by=by, at=at)
    await leads.save(tx, lead, "re-examine", by=by, effective_at=at, at=at)
    await charge(tx, lead, assigned, excluded=findings.excluded, days=days, region=region, sealer=sealer, by=by, at=at)
    await audit.record(tx, by, "re-examination.give", lead.id, at=at, detail={"unit": unit})
    return await merges.re_examination_of(tx, merge_id) or entry
