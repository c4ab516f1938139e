"""The first report of an urgent lead (D07f): its text stays with the unit, that it is there is told."""

from datetime import datetime
from uuid import UUID

from services.verification.db import works
from services.verification.domain.work import Work
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction


async def report_first(tx: Transaction, work_id: UUID, text: str, *, by: Principal, at: datetime) -> Work:
    """Put it on file. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    work, reported = (await works.get(tx, work_id, lock=True)).report_first(text, unit=by.unit, at=at)
    await works.save(tx, work, actor=by.sub, effective_at=at, at=at)
    await outbox.put(tx, reported, at=at)
    await audit.record(tx, by, "work.report-first", work.id, at=at)
    return work
