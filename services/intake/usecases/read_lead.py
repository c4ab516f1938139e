"""Someone of the office reads a lead with its restricted facts; the reading itself is put on record (G11), and whether it concerns the
reader's own circle (G12)."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.intake.db import circle, conflicts, directory, leads, merges, near, notices
from services.intake.domain.circle import called, touched
from services.intake.domain.lead import Lead
from services.intake.usecases.subject_store import (
    SubjectKeys,
    whole,
    whole_content,
    whole_transfer,
    whole_umbrella,
)
from shared import reads
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date


async def read_lead(
    tx: Transaction, lead_id: UUID, *, secret: bytes, subjects: SubjectKeys, by: Principal, at: datetime
) -> Lead:
    """The lead. Raises `NotFound`, `NotAllowed` when it is sealed or expunged (G14)."""
    lead = await leads.get(tx, lead_id)
    lead.must_be_used()
    ties = await ties_to(tx, [lead], secret=secret, subjects=subjects, by=by, at=at)
    await reads.note(tx, by, "lead.read", lead.id, at=at, circle=ties, days=await notices.calendar(tx))
    return lead


async def ties_to(
    tx: Transaction, leads: Sequence[Lead], *, secret: bytes, subjects: SubjectKeys, by: Principal, at: datetime
) -> list[reads.Kind]:
    """How what these leads report, and whom the office says that they are about, concerns the circle of who reads it (G12): what the
    person declared, and colleagues and relatives as the directory has them."""
    text, day = await _told(tx, leads, subjects), china_date(at)
    unit = await directory.get_unit(tx, by.unit)
    ties = touched(text, await circle.of(tx, by.sub), own=called(unit.name if unit else None), secret=secret)
    matter = {each for lead in leads for each in await merges.matter_of(tx, lead)}
    stated = await conflicts.subjects_of(tx, sorted(matter))
    around = await near.to(tx, by.accounts, by.unit, on=day)
    ties |= around.meant(one for each in stated.values() for one in each) | around.named(text, on=day)
    return [reads.Kind(tie.value) for tie in sorted(ties)]


async def _told(tx: Transaction, leads: Sequence[Lead], subjects: SubjectKeys) -> str:
    """All that was told with these leads, by whatever door."""
    told: list[str | None] = []
    for lead in await whole(tx, leads, subjects):
        told += (lead.summary, *lead.allegations)
        if content := await whole_content(tx, lead.id, subjects):
            told.append(json.dumps(content, ensure_ascii=False))
        else:
            told += (await whole_umbrella(tx, lead.id, subjects), await whole_transfer(tx, lead.id, subjects))
    return "。".join(text for text in told if text)
