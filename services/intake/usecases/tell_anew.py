"""What a lead says has changed while a unit is at work: a repeat was merged into it, or is no longer. A new box goes to who works on it."""

from datetime import datetime

from services.intake.db import dual_assignments
from services.intake.domain.dual_assignment import Status as DualStatus
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import WITH_UNIT
from services.intake.usecases.charge_unit import send_verification_facts
from services.intake.usecases.check_unit import neutrality
from services.intake.usecases.open_legs import send_discipline_facts
from services.intake.usecases.subject_store import FactsSealer
from shared import outbox
from shared.contracts.intake import LeadAssigned
from shared.db import Transaction


async def tell_anew(tx: Transaction, master: Lead, *, sealer: FactsSealer, at: datetime) -> None:
    """Send it, with what the repeats of now add; nothing while nobody works on it."""
    if master.status not in WITH_UNIT:
        return
    found, _ = await neutrality(tx, master, at=at)
    assigned = await outbox.last(tx, LeadAssigned.TOPIC, str(master.id))
    await send_verification_facts(tx, master, excluded=found.excluded, sealer=sealer, at=at, after_sequence=assigned)
    dual = await dual_assignments.of_lead(tx, master.id)
    if dual is not None and dual.status is DualStatus.OPEN:
        await send_discipline_facts(tx, master, dual, sealer=sealer, at=at)
