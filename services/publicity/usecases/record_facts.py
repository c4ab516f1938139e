"""Things happened in other services: keep them as dated facts."""

from collections.abc import Sequence

from services.publicity.db import facts
from services.publicity.db.facts import Fact
from shared.contracts.envelope import AboutLead
from shared.contracts.verification import WorkConcluded
from shared.db import Transaction
from shared.inbox import Heard

NO_CODES = {"effective_at", "lead_id"}
FOUND = {"conclusion", "review_because", "decided_on"}


def left_out(event: AboutLead) -> set[str]:
    """What is no code of a fact, or none that is kept here: that a reporter is thought to have accused falsely (C8) is nobody's to show
    before another person has agreed, nor a figure afterwards (G16)."""
    accused = isinstance(event, WorkConcluded) and event.conclusion == "C8"
    return NO_CODES | FOUND if accused else NO_CODES


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
                codes=event.model_dump_json(exclude=left_out(event)),
            )
            for event, received in heard
        ],
    )
