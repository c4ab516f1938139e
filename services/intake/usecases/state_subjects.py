"""The office states whom of the directory a lead is about, at whatever state; what was stated before stays (G2, G3)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import conflicts, directory, merges
from services.intake.domain.conflict import Subject
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.tell_anew import is_held_back, tell_unit
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import Invalid


async def state_subjects(
    tx: Transaction,
    lead_id: UUID,
    subjects: tuple[Subject, ...],
    reason: str,
    *,
    sealer: FactsSealer,
    by: Principal,
    at: datetime,
) -> tuple[Subject, ...]:
    """State them; none is a statement too. What was held back from the unit goes to it when it is not touched any more. Raises `NotFound`,
    `Invalid` for one that the directory has not, `Conflict` when the lead was merged meanwhile."""
    _, head = await merges.lock_whole(tx, lead_id)
    held = await is_held_back(tx, head, at=at)
    known = await directory.whole(tx)
    for index, subject in enumerate(subjects):
        place = f"subjects.{index}"
        if subject.unit is None and subject.staff is None:
            raise _wrong(place, "单位、人员至少填一项", "a unit or a member of staff is needed")
        if subject.unit is not None and subject.unit not in known.units:
            raise _wrong(f"{place}.unit", "目录中没有该单位", "no such unit")
        if subject.staff is not None and subject.staff not in known.staff:
            raise _wrong(f"{place}.staff", "目录中没有该人员", "no such member of staff")
    await conflicts.state(tx, lead_id, subjects, reason, by=by.sub, at=at)
    if held:
        await tell_unit(tx, head, sealer=sealer, at=at)
    await audit.record(tx, by, "lead.state-subjects", lead_id, at=at, detail={"subjects": len(subjects)})
    return subjects


def _wrong(place: str, zh: str, en: str) -> Invalid:
    return Invalid(f"{zh} / {en}", fields=[(place, f"{zh} / {en}")])
