"""Someone of the office reads a lead with its restricted facts; the reading itself is put on record (G11), and whether it concerns the
reader's own circle (G12)."""

import json
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
    [told_whole] = await whole(tx, [lead], subjects)
    blocks = await reports.content(tx, lead_id)
    told = "。".join(
        (told_whole.summary, *told_whole.allegations, json.dumps(blocks, ensure_ascii=False) if blocks else "")
    )
    unit = await directory.get_unit(tx, by.unit)
    ties = touched(told, await circle.of(tx, by.sub), own=called(unit.name if unit else None), secret=secret)
    await reads.note(
        tx,
        by,
        "lead.read",
        lead.id,
        at=at,
        circle=[reads.Kind(tie.value) for tie in sorted(ties)],
        days=await notices.calendar(tx),
    )
    return lead
