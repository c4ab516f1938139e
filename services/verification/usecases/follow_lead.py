"""What intake decides of a lead reaches the work on it: it stands still, is ruled elsewhere, has other dates, or is destroyed (§4.11)."""

from dataclasses import replace
from datetime import datetime

from services.verification.db import reviews, works
from services.verification.domain.review import ReviewState
from services.verification.domain.work import Status
from shared import audit, inbox_boxes
from shared.contracts.intake import (
    DeadlineKind,
    DeadlineMoved,
    DualHoldReleased,
    DualHoldSet,
    LeadExpunged,
    LeadLevelRaised,
    LeadMerged,
    LeadRecalled,
    LeadResumed,
    LeadRuled,
    LeadSealed,
    LeadSuspended,
    LeadUnmerged,
    LeadUrgencySaid,
    VerificationFactsSealed,
)
from shared.db import Transaction
from shared.inbox import Received

ACTOR = "system:verification"


async def follow_suspended(tx: Transaction, event: LeadSuspended, _: Received) -> None:
    """Nothing is done with it until it goes on."""
    await works.stand(tx, event.lead_id, suspended_at=event.effective_at)


async def follow_resumed(tx: Transaction, event: LeadResumed, _: Received) -> None:
    """It goes on."""
    await works.stand(tx, event.lead_id, suspended_at=None)


async def follow_merged(tx: Transaction, event: LeadMerged, _: Received) -> None:
    """A repeat belongs to its master: it never had a work of its own, and what it adds comes in the master's next box."""
    await works.stand(tx, event.lead_id, merged_into=event.master_id)


async def follow_unmerged(tx: Transaction, event: LeadUnmerged, _: Received) -> None:
    """It stands for itself again; the master's next box is without it."""
    await works.stand(tx, event.lead_id, merged_into=None)


async def follow_urgency(tx: Transaction, event: LeadUrgencySaid, received: Received) -> None:
    """A repeat's claim of danger is seen at once, and makes nothing urgent; what a person found to be urgent is, from then on."""
    await works.stand(tx, event.lead_id, danger_claimed=event.claimed)
    work = await works.of_assignment(tx, event.lead_id, None)
    if work is not None and event.urgent and not work.urgent and work.status in (Status.OPENED, Status.ACCEPTED):
        after = replace(work, urgent=True, version=work.version + 1)
        await works.save(tx, after, actor=ACTOR, effective_at=event.effective_at, at=received.at)


async def follow_sealed(tx: Transaction, event: LeadSealed, _: Received) -> None:
    """Its facts are not shown any more."""
    await works.stand(tx, event.lead_id, sealed_at=event.effective_at)


async def destroy_facts(tx: Transaction, event: LeadExpunged, received: Received) -> None:
    """Its facts are destroyed here and now, and what may still arrive is not kept (PIPL §47)."""
    await works.stand(tx, event.lead_id, expunged_at=event.effective_at)
    boxes = await works.destroy(tx, event.lead_id) + await inbox_boxes.destroy(
        tx, VerificationFactsSealed.TOPIC, event.lead_id
    )
    await audit.record(tx, None, "work.destroy-facts", event.lead_id, at=received.at, detail={"boxes": boxes})


async def destroy_late(tx: Transaction, at: datetime) -> None:
    """Boxes of expunged leads that came or began to wait while the word of it was being applied, or later, are destroyed (PIPL §47)."""
    waiting = await inbox_boxes.waiting(tx, VerificationFactsSealed.TOPIC)
    for lead_id in await works.expunged_with_boxes(tx, waiting):
        if boxes := await works.destroy(tx, lead_id) + await inbox_boxes.destroy(
            tx, VerificationFactsSealed.TOPIC, lead_id
        ):
            await audit.record(tx, None, "work.destroy-facts", lead_id, at=at, detail={"boxes": boxes})


async def follow_hold(tx: Transaction, event: DualHoldSet, _: Received) -> None:
    """An arrest or a publication waits for the discipline leg; the unit sees until when, and nothing of why."""
    await works.stand(tx, event.lead_id, **{f"{event.what}_held_until": event.until})


async def follow_release(tx: Transaction, event: DualHoldReleased, _: Received) -> None:
    """It waits no longer."""
    await works.stand(tx, event.lead_id, **{f"{event.what}_held_until": None})


async def withdraw_disputed(tx: Transaction, event: LeadRuled, received: Received) -> None:
    """The dispute was ruled: that work is over, whichever unit is charged next."""
    work = await works.of_assignment(tx, event.lead_id, event.disputed_no)
    if work is not None and work.status is Status.DISPUTED:
        await works.save(tx, work.withdraw(), actor=ACTOR, effective_at=event.effective_at, at=received.at)
        await audit.record(tx, None, "work.withdraw", work.id, at=received.at)


async def follow_raised(tx: Transaction, event: LeadLevelRaised, received: Received) -> None:
    """Two have raised it to 重大: the work is one of that level, with its date."""
    if event.due_on is not None:
        await works.stand(tx, event.lead_id, due_on=event.due_on, moved_at=event.effective_at)
    work = await works.of_assignment(tx, event.lead_id, None)
    if work is None:
        return
    raised = replace(work, level=event.level, version=work.version + 1)
    if event.due_on is not None:
        raised = replace(raised, due_on=event.due_on, provisional=event.provisional)
    await works.save(tx, raised, actor=ACTOR, effective_at=event.effective_at, at=received.at)


async def take_back(tx: Transaction, event: LeadRecalled, received: Received) -> None:
    """The unit has a conflict of interest: its work is over, wherever it stands, and shows nothing any more (§2.8)."""
    work = await works.of_assignment(tx, event.lead_id, event.recalled_no)
    if work is not None and work.status is not Status.WITHDRAWN:
        await works.save(tx, work.take_back(), actor=ACTOR, effective_at=event.effective_at, at=received.at)
        await audit.record(tx, None, "work.take-back", work.id, at=received.at)


async def follow_dates(tx: Transaction, event: DeadlineMoved, received: Received) -> None:
    """The limit to sign, to conclude or of a review ends on another day: paused, extended, a holiday notice."""
    if event.kind in (DeadlineKind.REVIEW, DeadlineKind.REWORK):
        await _follow_review(tx, event)
        return
    name = {DeadlineKind.SIGN: "sign_by", DeadlineKind.CONCLUDE: "due_on"}.get(event.kind)
    if name is None:
        return
    said = await works.standing_of(tx, event.lead_id)
    if event.kind is DeadlineKind.CONCLUDE and said and said["moved_at"] and said["moved_at"] > event.effective_at:
        # raised since, which was heard first: that is said on another topic
        return
    await works.stand(tx, event.lead_id, **{name: event.due_on, "moved_at": event.effective_at})
    work = await works.of_assignment(tx, event.lead_id, None)
    if work is None or getattr(work, name) == event.due_on:
        return
    sign_by = event.due_on if event.kind is DeadlineKind.SIGN else work.sign_by
    due_on = event.due_on if event.kind is DeadlineKind.CONCLUDE else work.due_on
    moved = replace(work, sign_by=sign_by, due_on=due_on, provisional=event.provisional, version=work.version + 1)
    await works.save(tx, moved, actor=ACTOR, effective_at=event.effective_at, at=received.at)


async def _follow_review(tx: Transaction, event: DeadlineMoved) -> None:
    work = await works.of_assignment(tx, event.lead_id, None)
    if work is None or not (found := await reviews.of_work(tx, work.id)):
        return
    last = found[-1]
    if event.kind is DeadlineKind.REVIEW and last.state is ReviewState.WAITING:
        await reviews.save(tx, replace(last, due_on=event.due_on))
    elif event.kind is DeadlineKind.REWORK and last.state is ReviewState.RETURNED:
        await reviews.save(tx, replace(last, rework_by=event.due_on))
