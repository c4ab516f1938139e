"""A lead found unfounded and reported again is given to another team than the one that found nothing."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, merges
from services.intake.domain.merge import ReExamination
from services.intake.usecases.check_unit import check_unit
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotFound


async def give_re_examination(
    tx: Transaction, merge_id: UUID, unit: str, *, by: Principal, at: datetime
) -> ReExamination:
    """Name the team. Raises `NotFound`, `NotAllowed`, `Invalid` for the earlier unit, `ConflictOfInterest`."""
    entry = await merges.re_examination_of(tx, merge_id)
    if entry is None:
        raise NotFound("没有该复查事项 / no such entry")
    entry = entry.give(unit, by=by.sub, at=at)
    await check_unit(tx, await leads.get(tx, entry.lead_id), unit, by=by, at=at)
    await merges.save_re_examination(tx, entry)
    await audit.record(tx, by, "re-examination.give", entry.lead_id, at=at, detail={"unit": unit})
    return entry
