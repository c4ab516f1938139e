"""Someone of the office reads what the repeats of a master add to it; the reading itself is put on record (G11)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, merges
from services.intake.domain.lead import Lead
from shared import reads
from shared.auth import Principal
from shared.db import Transaction


async def read_repeats(tx: Transaction, master_id: UUID, *, by: Principal, at: datetime) -> tuple[Lead, list[Lead]]:
    """The master and its repeats. Raises `NotFound`."""
    master = await leads.get(tx, master_id)
    found = await merges.repeats_of(tx, master_id)
    await reads.note(tx, by, "lead.read-repeats", master_id, at=at, detail={"repeats": len(found)})
    return master, found
