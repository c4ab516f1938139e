"""Someone of the office reads a lead with its restricted facts; the reading itself is put on record (G11), and whether it concerns the
reader's own circle (G12)."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.intake.db import circle, directory, leads, notices, reports
from services.intake.domain.circle import called, touched
from services.intake.domain.lead import Lead
from services.intake.usecases.subject_store import SubjectKeys, whole
from shared import reads
from shared.auth import Principal
from shared.db import Transaction


async def read_lead(
    tx: Transaction, lead_id: UUID, *, secret: bytes, subjects: SubjectKeys, by: Principal, at: datetime
) -> Lead:
    """The lead. Raises `NotFound`, `NotAllowed` when it is sealed or expunged (G14)."""
    lead = await leads.get(tx, lead_id)
    lead.must_be_used()
    ties = await ties_to(tx, [lead], secret=secret, subjects=subjects, by=by)
    await reads.note(tx, by, "lead.read", lead.id, at=at, circle=ties, days=await notices.calendar(tx))
    return lead


async def ties_to(
    tx: Transaction, leads: Sequence[Lead], *, secret: bytes, subjects: SubjectKeys, by: Principal
) -> list[reads.Kind]:
    """How what these leads report concerns the circle of who reads it (G12)."""
    blocks = await reports.stored(tx, [lead.id for lead in leads])
    told = [text for lead in await whole(tx, leads, subjects) for text in (lead.summary, *lead.allegations)]
    told += [json.dumps(each.content, ensure_ascii=False) for each in blocks.values()]
    unit = await directory.get_unit(tx, by.unit)
    ties = touched("。".join(told), await circle.of(tx, by.sub), own=called(unit.name if unit else None), secret=secret)
    return [reads.Kind(tie.value) for tie in sorted(ties)]
