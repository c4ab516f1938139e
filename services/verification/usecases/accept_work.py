"""A unit signs for the work and begins it in order: two verifiers, plan, recusal statements."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from services.verification.db import works
from services.verification.domain.work import Verifier, Work
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date


async def accept_work(
    tx: Transaction, work_id: UUID, verifiers: Iterable[Verifier], plan: str, *, by: Principal, at: datetime
) -> Work:
    """Accept the work. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    work = await works.get(tx, work_id, lock=True)
    work, accepted = work.accept(verifiers, plan, unit=by.unit, on=china_date(at), at=at)
    await works.save(tx, work, actor=by.sub, effective_at=at, at=at)
    await outbox.put(tx, accepted, at=at)
    await audit.record(tx, by, "work.accept", work.id, at=at, detail={"verifiers": len(work.verifiers)})
    return work
