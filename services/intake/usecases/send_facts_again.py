"""A lead was corrected after it was handed over: whoever works on it gets its facts anew, sealed as the first time."""

from datetime import datetime

from services.intake.db import dual_assignments
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import AT_REST, HANDED_OVER
from services.intake.usecases.open_legs import send_discipline_facts
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.tell_anew import tell_unit
from shared.db import Transaction


async def send_facts_again(tx: Transaction, lead: Lead, *, sealer: FactsSealer, at: datetime) -> None:
    """Nothing while nobody works on it."""
    if lead.status in AT_REST:
        return
    if lead.status in HANDED_OVER:
        await tell_unit(tx, lead, sealer=sealer, at=at)
    if dual := await dual_assignments.of_lead(tx, lead.id):
        await send_discipline_facts(tx, lead, dual, sealer=sealer, at=at)
