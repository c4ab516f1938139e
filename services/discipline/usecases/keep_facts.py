"""Restricted facts arrived, sealed for discipline: keep the box as it is; it is opened only while someone reads it."""

from services.discipline.db import legs
from shared.contracts.intake import DisciplineFactsSealed
from shared.db import Transaction
from shared.errors import NotYet
from shared.inbox import Received


async def keep_facts(tx: Transaction, facts: DisciplineFactsSealed, received: Received) -> None:
    """Keep the box. Raises `NotYet` while the leg that it belongs to has not been opened."""
    gone = await legs.is_expunged(tx, facts.lead_id)
    if not gone and await legs.find(tx, facts.dual_assignment_id) is None:
        raise NotYet(facts.after.topic, facts.after.subject, facts.after.sequence)
    # what is destroyed stays so, whatever a broker still holds of it, and waits for nothing
    sealed = None if gone else facts.sealed
    await legs.keep_facts(tx, facts.lead_id, received.sequence, sealed, at=received.at)
