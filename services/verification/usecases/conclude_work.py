"""The work ends with a conclusion of §2.4."""

from datetime import datetime
from uuid import UUID

from services.verification.db import works
from services.verification.domain.work import Conclusion, Work
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction


async def conclude_work(tx: Transaction, work_id: UUID, conclusion: Conclusion, *, by: Principal, at: datetime) -> Work:
    """Conclude the work. Raises `NotFound`, `NotAllowed`, `Forbidden`."""
    work, concluded = (await works.get(tx, work_id, lock=True)).conclude(conclusion, unit=by.unit, at=at)
    await works.save(tx, work, actor=by.sub, effective_at=at, at=at)
    await outbox.put(tx, concluded, at=at)
    await audit.record(tx, by, "work.conclude", work.id, at=at, detail={"conclusion": conclusion.value})
    return work
