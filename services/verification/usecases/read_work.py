"""Someone of the assigned unit reads a work with its restricted facts; the reading itself is put on record (G11), and whether it
concerns the reader's own circle (G12)."""

from datetime import datetime
from uuid import UUID

from services.verification.db import works
from services.verification.domain.work import Work
from shared import near, reads
from shared.auth import Principal
from shared.contracts.intake import Facts
from shared.db import Transaction
from shared.sealing import Opener


async def read_work(
    tx: Transaction, work_id: UUID, *, opener: Opener, by: Principal, at: datetime
) -> tuple[Work, Facts | None]:
    """The work, and its facts unless they have not arrived, are sealed with the lead or were destroyed, or are another unit's by now: what
    was withdrawn, or followed by another assignment, shows none. Raises `NotFound`, `Forbidden`."""
    work = await works.get(tx, work_id)
    work.must_belong_to(by.unit)
    shown = not work.at_rest and not work.is_withdrawn and await works.is_last(tx, work)
    sealed = await works.latest_facts(tx, work.lead_id) if shown else None
    opened = opener.open(sealed) if sealed else None
    await reads.note(tx, by, "work.read", work.id, at=at, circle=await near.ties(tx, opened, by))
    return work, Facts.model_validate(opened) if opened else None
