"""Children under 14 among those who are reported (G19): the director decides what the law provides before any unit is charged."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, merges
from services.intake.domain.lead import Lead
from services.intake.domain.minors import decide_on_children, must_be_decided, must_name_children, name_children
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.secrecy import refuse_marked

DEED = "leave-children-out"


async def leave_children_out(tx: Transaction, lead_id: UUID, reason: str, *, by: Principal, at: datetime) -> Lead:
    """Put down what was done, once; the same again changes nothing. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    after = decide_on_children(lead)
    must_name_children([lead, *await merges.repeats_of(tx, lead_id)])
    if await leads.last_reason(tx, lead_id, DEED) is not None:
        return lead
    await leads.save(tx, after, DEED, by=by, effective_at=at, at=at, reason=reason)
    await audit.record(tx, by, f"lead.{DEED}", lead_id, at=at, purpose=reason)
    return after


async def must_be_without_children(tx: Transaction, lead: Lead) -> None:
    """Raises `Invalid` while a child is named and nothing put down."""
    named = name_children([lead, *await merges.repeats_of(tx, lead.id)])
    if named and await leads.last_reason(tx, lead.id, DEED) is None:
        raise must_be_decided()
