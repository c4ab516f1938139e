"""A unit signs for the work and begins it in order: two verifiers, plan, recusal statements."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from services.verification.db import staff, works
from services.verification.domain.staff import must_be_fit
from services.verification.domain.work import Verifier, Work
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import Facts
from shared.db import Transaction
from shared.deadlines import china_date
from shared.sealing import Opener


async def accept_work(
    tx: Transaction,
    work_id: UUID,
    verifiers: Iterable[Verifier],
    plan: str,
    *,
    opener: Opener,
    by: Principal,
    at: datetime,
) -> Work:
    """Accept the work; who is named has to be fit for it (G-TWO, G-CONF). Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    work = await works.get(tx, work_id, lock=True)
    work, accepted = work.accept(verifiers, plan, unit=by.unit, on=china_date(at), at=at)
    await _check(tx, work, opener=opener, at=at)
    await works.save(tx, work, actor=by.sub, effective_at=at, at=at)
    await outbox.put(tx, accepted, at=at)
    await audit.record(tx, by, "work.accept", work.id, at=at, detail={"verifiers": len(work.verifiers)})
    return work


async def _check(tx: Transaction, work: Work, *, opener: Opener, at: datetime) -> None:
    numbers = [verifier.staff for verifier in work.verifiers]
    sealed = await works.latest_facts(tx, work.lead_id)
    excluded = Facts.model_validate(opener.open(sealed)).excluded_staff if sealed else ()
    known = await staff.find(tx, numbers, on=china_date(at))
    must_be_fit(numbers, known, excluded=excluded, on=china_date(at))
