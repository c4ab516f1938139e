"""A unit says that the lead is not its own (D05); why stays here, and the office is told beside this."""

from datetime import datetime
from uuid import UUID

from services.verification.db import works
from services.verification.domain.work import Work
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.secrecy import refuse_marked


async def dispute_work(tx: Transaction, work_id: UUID, reason: str, *, by: Principal, at: datetime) -> Work:
    """Dispute it. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    refuse_marked("reason", [reason])
    work = await works.get(tx, work_id, lock=True)
    work, disputed = work.dispute(unit=by.unit, on=china_date(at), at=at)
    await works.save(tx, work, actor=by.sub, effective_at=at, at=at, reason=reason)
    await outbox.put(tx, disputed, at=at)
    await audit.record(tx, by, "work.dispute", work.id, at=at)
    return work
