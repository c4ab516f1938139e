"""Restricted facts arrived, sealed for verification: keep the box as it is; it is opened only while someone reads it."""

from services.verification.db import works
from shared.contracts.intake import VerificationFactsSealed
from shared.db import Transaction
from shared.errors import NotYet
from shared.inbox import Received


async def keep_facts(tx: Transaction, facts: VerificationFactsSealed, received: Received) -> None:
    """Keep the box. Raises `NotYet` while the work that it belongs to has not been opened."""
    said = await works.standing_of(tx, facts.lead_id)
    gone = said is not None and said["expunged_at"] is not None
    if not gone and not await works.exists_for(tx, facts.lead_id):
        raise NotYet(facts.after.topic, facts.after.subject, facts.after.sequence)
    # what is destroyed stays so, whatever a broker still holds of it, and waits for nothing
    sealed = None if gone else facts.sealed
    await works.keep_facts(tx, facts.lead_id, received.sequence, sealed, at=received.at)
