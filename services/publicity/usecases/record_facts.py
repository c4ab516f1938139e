"""Things happened in other services: keep them as dated facts."""

from collections.abc import Sequence

from services.publicity.db import facts
from services.publicity.db.facts import Fact
from shared.db import Transaction
from shared.inbox import Heard


async def record_facts(tx: Transaction, heard: Sequence[Heard]) -> None:
    """Keep them. No order among topics is assumed: figures join the facts when they are asked for."""
    await facts.add(
        tx,
        [
            Fact(
                event_id=received.id,
                region=received.region,
                type=received.type,
                topic=received.topic,
                subject=received.subject,
                sequence=received.sequence,
                lead_id=event.lead_id,
                effective_at=event.effective_at,
                recorded_at=received.recorded_at,
                codes=event.model_dump_json(exclude={"effective_at", "lead_id"}),
            )
            for event, received in heard
        ],
    )
