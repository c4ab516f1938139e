"""What intake decides of a lead reaches its leg: it stands still, is sealed, or its facts are destroyed (§4.11)."""

from datetime import datetime

from services.discipline.db import legs
from shared import audit, inbox_boxes
from shared.contracts.intake import (
    DisciplineFactsSealed,
    LeadExpunged,
    LeadMerged,
    LeadResumed,
    LeadSealed,
    LeadSuspended,
    LeadUnmerged,
)
from shared.db import Transaction
from shared.inbox import Received


async def follow_suspended(tx: Transaction, event: LeadSuspended, _: Received) -> None:
    """Nothing is done with it until it goes on."""
    await legs.stand(tx, event.lead_id, suspended_at=event.effective_at)


async def follow_resumed(tx: Transaction, event: LeadResumed, _: Received) -> None:
    """It goes on."""
    await legs.stand(tx, event.lead_id, suspended_at=None)


async def follow_merged(tx: Transaction, event: LeadMerged, _: Received) -> None:
    """A repeat belongs to its master; it never had a leg of its own."""
    await legs.stand(tx, event.lead_id, merged_into=event.master_id)


async def follow_unmerged(tx: Transaction, event: LeadUnmerged, _: Received) -> None:
    """It stands for itself again."""
    await legs.stand(tx, event.lead_id, merged_into=None)


async def follow_sealed(tx: Transaction, event: LeadSealed, _: Received) -> None:
    """Its facts are not shown any more."""
    await legs.stand(tx, event.lead_id, sealed_at=event.effective_at)


async def destroy_facts(tx: Transaction, event: LeadExpunged, received: Received) -> None:
    """Its facts are destroyed here and now, and what may still arrive is not kept (PIPL §47)."""
    await legs.stand(tx, event.lead_id, expunged_at=event.effective_at)
    boxes = await legs.destroy(tx, event.lead_id) + await inbox_boxes.destroy(
        tx, DisciplineFactsSealed.TOPIC, event.lead_id
    )
    await audit.record(tx, None, "leg.destroy-facts", event.lead_id, at=received.at, detail={"boxes": boxes})


async def destroy_late(tx: Transaction, at: datetime) -> None:
    """Boxes of expunged leads that came or began to wait while the word of it was being applied, or later, are destroyed (PIPL §47)."""
    waiting = await inbox_boxes.waiting(tx, DisciplineFactsSealed.TOPIC)
    for lead_id in await legs.expunged_with_boxes(tx, waiting):
        if boxes := await legs.destroy(tx, lead_id) + await inbox_boxes.destroy(
            tx, DisciplineFactsSealed.TOPIC, lead_id
        ):
            await audit.record(tx, None, "leg.destroy-facts", lead_id, at=at, detail={"boxes": boxes})
