"""A lead was corrected after it was handed over: whoever works on it gets its facts anew, sealed as the first time."""

from datetime import datetime

from services.intake.db import dual_assignments
from services.intake.domain.lead import HANDED_OVER, Lead
from services.intake.usecases.facts_to_send import facts_to_send
from services.intake.usecases.open_legs import send_discipline_facts
from shared import outbox
from shared.contracts.intake import After, LeadAssigned, VerificationFactsSealed
from shared.db import Transaction
from shared.sealing import Sealer


async def send_facts_again(tx: Transaction, lead: Lead, *, sealer: Sealer, at: datetime) -> None:
    """Nothing while nobody works on it."""
    if lead.status not in HANDED_OVER:
        return
    said = await outbox.last(tx, LeadAssigned.TOPIC, str(lead.id))
    facts = await facts_to_send(tx, lead, with_grounds=False)
    sealed = VerificationFactsSealed(
        lead_id=lead.id,
        after=After(topic=LeadAssigned.TOPIC, subject=str(lead.id), sequence=said),
        sealed=sealer.seal("verification", facts.model_dump(mode="json")),
        effective_at=at,
    )
    await outbox.put(tx, sealed, at=at)
    if dual := await dual_assignments.of_lead(tx, lead.id):
        await send_discipline_facts(tx, lead, dual, sealer=sealer, at=at)
