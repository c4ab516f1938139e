"""Another person reviews a drawn conclusion before anyone is told of it (D36, G4, G10): it stands, or goes back with a reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.verification.db import reviews, works
from services.verification.domain.review import Review, ReviewState, parties
from services.verification.domain.work import Work
from shared import audit, near, outbox, reads
from shared.auth import Principal
from shared.contracts.intake import Facts
from shared.db import Transaction
from shared.sealing import Opener


async def read_review(
    tx: Transaction, work_id: UUID, *, opener: Opener, by: Principal, at: datetime
) -> tuple[Work, Review, Facts | None]:
    """What waits, with its facts, while it waits. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    work = await works.get(tx, work_id)
    opened = await _opened(tx, work, opener)
    facts = Facts.model_validate(opened) if opened else None
    await _must_be_another(tx, work, facts, by=by)
    work.must_wait_for_review()
    await reads.note(tx, by, "review.read", work.id, at=at, circle=await near.ties(tx, opened, by))
    return work, await reviews.last(tx, work.id), facts


async def decide_review(
    tx: Transaction, work_id: UUID, *, passed: bool, reason: str | None, opener: Opener, by: Principal, at: datetime
) -> Review:
    """Let it stand, or return it. Raises `NotFound`, `Forbidden`, `NotAllowed` also for the second of two reviewers, `Invalid` without a
    reason to return."""
    work = await works.get(tx, work_id, lock=True)
    opened = await _opened(tx, work, opener)
    await _must_be_another(tx, work, Facts.model_validate(opened) if opened else None, by=by)
    work.must_wait_for_review()
    review = (await reviews.last(tx, work.id)).decide(passed=passed, reason=reason, by=by.sub, at=at)
    work, said = work.pass_review(at=at) if review.state is ReviewState.PASSED else work.return_by_review(at=at)
    await reviews.save(tx, review)
    await works.save(tx, work, actor=by.sub, effective_at=at, at=at)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "review.decide", work.id, at=at, detail={"outcome": review.state.value})
    return review


async def _opened(tx: Transaction, work: Work, opener: Opener) -> Mapping[str, Any] | None:
    sealed = None if work.at_rest else await works.latest_facts(tx, work.lead_id)
    return opener.open(sealed) if sealed else None


async def _must_be_another(tx: Transaction, work: Work, facts: Facts | None, *, by: Principal) -> None:
    excluded = facts.excluded_staff if facts else ()
    known = await reviews.works_of(tx, work.lead_id)
    those = parties(known, await reviews.actors_of(tx, work.lead_id), excluded)
    those.must_not_review(by, await reviews.numbers_of(tx, sorted(by.accounts)))
