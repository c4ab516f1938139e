"""Children under 14 among those who are reported (G19): the director decides what the law provides before any unit is charged."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, merges
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import ITS_UNITS
from services.intake.domain.minors import DEED, decide_on_children, must_name_children
from services.intake.usecases.ask_about_children import is_asked
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.tell_anew import tell_unit
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotAllowed
from shared.secrecy import refuse_marked

KNOWN = (
    "对儿童的依法处理情况已登记,本次所写与已登记的不同,未予保存 / what is done about the children is put down already: these other words"
    " are not kept"
)


async def leave_children_out(
    tx: Transaction, lead_id: UUID, reason: str, *, sealer: FactsSealer, by: Principal, at: datetime
) -> Lead:
    """Put down what was done, once, and once more when a repeat names another; else the same words again change nothing, and others are
    refused. What was held back goes to the unit that has the lead. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    after = decide_on_children(lead)
    must_name_children([lead, *await merges.repeats_of(tx, lead_id)])
    if not await is_asked(tx, lead):
        if await leads.last_reason(tx, lead_id, DEED) != reason:
            raise NotAllowed(KNOWN)
        return lead
    await leads.save(tx, after, DEED, by=by, effective_at=at, at=at, reason=reason)
    if after.status in ITS_UNITS:
        await tell_unit(tx, after, sealer=sealer, at=at)
    await audit.record(tx, by, f"lead.{DEED}", lead_id, at=at, purpose=reason)
    return after
