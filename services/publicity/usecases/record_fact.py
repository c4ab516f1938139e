"""Something happened in another service: keep it as a dated fact."""

from services.publicity.db import facts
from shared.contracts.envelope import AboutLead
from shared.db import Transaction
from shared.inbox import Received


async def record_fact(tx: Transaction, event: AboutLead, received: Received) -> None:
    """Keep it. No order among topics is assumed: figures join the facts when they are asked for."""
    await facts.add(
        tx,
        event_id=received.id,
        region=received.region,
        type=received.type,
        topic=received.topic,
        subject=received.subject,
        sequence=received.sequence,
        lead_id=event.lead_id,
        effective_at=event.effective_at,
        recorded_at=received.recorded_at,
        codes=event.model_dump(mode="json", exclude={"effective_at", "lead_id"}),
    )
