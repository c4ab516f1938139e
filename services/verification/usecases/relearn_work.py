"""After a restore: bring works after what verification itself said and then forgot (docs/operations.md).

An event holds codes and dates. Plan and verifiers of a work that the backup did not know are gone, and why a review returned it; the
register says so in their place. What the assignment said of it comes again with the assignment itself, which is heard anew (open_work).
"""

from services.verification.db import reviews, works
from services.verification.domain.accusation import Decision
from services.verification.domain.review import Review
from services.verification.domain.work import LOST, Because, Conclusion, Step, Work
from shared.contracts.verification import WorkConcluded, WorkOpened, WorkReturnedByReview, WorkReviewed
from shared.db import Transaction
from shared.deadlines import china_date
from shared.inbox import Received

ACTOR = "system:restore"


async def relearn_opened(tx: Transaction, event: WorkOpened, received: Received) -> None:
    """The work exists under its id and waits for its assignment."""
    work = Work.relearned(event, before=await works.waiting_for_assignment(tx, event.lead_id))
    await works.add(tx, work, region=received.region, actor=ACTOR, at=received.at)


async def relearn_step(tx: Transaction, event: Step, received: Received) -> None:
    """The work was accepted, disputed, reported on, concluded or reviewed as the event says."""
    work = (await works.get(tx, event.work_id, lock=True)).after(event)
    at = event.effective_at
    await works.save(tx, work, actor=ACTOR, effective_at=at, at=received.at)
    if isinstance(event, WorkConcluded) and event.review_because:
        number = len(await reviews.of_work(tx, work.id)) + 1
        why, conclusion = Because(event.review_because), Conclusion(event.conclusion)
        decision = None
        if conclusion is Conclusion.C8:
            day = event.decided_on or china_date(at)
            decision = Decision(organ=LOST, document_no=LOST, decided_on=day)
        begun = Review.begin(work.id, number, why, conclusion, by=None, at=at, decision=decision)
        await reviews.add(tx, begun)
    elif isinstance(event, WorkReviewed | WorkReturnedByReview):
        waiting = await reviews.last(tx, work.id)
        passed = isinstance(event, WorkReviewed)
        await reviews.save(tx, waiting.decide(passed=passed, reason=LOST, by=ACTOR, at=at))
