"""A lead was corrected after it was handed over: whoever works on it gets its facts anew, sealed as the first time."""

from datetime import datetime

from services.intake.db import dual_assignments
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import HANDED_OVER
from services.intake.usecases.charge_unit import send_verification_facts
from services.intake.usecases.check_unit import neutrality
from services.intake.usecases.open_legs import send_discipline_facts
from services.intake.usecases.subject_store import FactsSealer
from shared import outbox
from shared.contracts.intake import LeadAssigned
from shared.db import Transaction


async def send_facts_again(tx: Transaction, lead: Lead, *, sealer: FactsSealer, at: datetime) -> None:
    """Nothing while nobody works on it."""
    if lead.status not in HANDED_OVER:
        return
    said = await outbox.last(tx, LeadAssigned.TOPIC, str(lead.id))
    # the newest box is the one that is read: it must exclude whom the first one did
    found, _ = await neutrality(tx, lead, at=at)
    await send_verification_facts(tx, lead, excluded=found.excluded, sealer=sealer, at=at, after_sequence=said)
    if dual := await dual_assignments.of_lead(tx, lead.id):
        await send_discipline_facts(tx, lead, dual, sealer=sealer, at=at)
