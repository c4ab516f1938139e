"""Someone of the office reads what the repeats of a master add to it; the reading itself is put on record (G11), and whether a repeat
concerns the reader's own circle (G12)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, merges, notices
from services.intake.domain.lead import Lead
from services.intake.usecases.read_lead import ties_to
from services.intake.usecases.subject_store import SubjectKeys
from shared import reads
from shared.auth import Principal
from shared.db import Transaction


async def read_repeats(
    tx: Transaction, master_id: UUID, *, secret: bytes, subjects: SubjectKeys, by: Principal, at: datetime
) -> tuple[Lead, list[Lead]]:
    """The master and its repeats. Raises `NotFound`."""
    master = await leads.get(tx, master_id)
    found = await merges.repeats_of(tx, master_id)
    ties = await ties_to(tx, found, secret=secret, subjects=subjects, by=by, at=at)
    detail, days = {"repeats": len(found)}, await notices.calendar(tx)
    await reads.note(tx, by, "lead.read-repeats", master_id, at=at, detail=detail, circle=ties, days=days)
    return master, found
