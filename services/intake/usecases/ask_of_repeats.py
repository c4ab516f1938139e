"""What a repeat claims of danger, or its urgency, counts for its matter (D02): its own four hours run on after the merge, or begin, until
somebody says at the master whether it is urgent. Nothing of the master changes by it, so an undo has nothing to mend (docs/decisions/0113).
"""

from datetime import datetime

from services.intake.db import deadlines, notices
from services.intake.domain.deadline import OF_THE_LEAD, to_classify
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import ITS_UNITS, Status
from services.intake.domain.urgency import asks
from shared import outbox
from shared.contracts.intake import DeadlineKind, LeadUrgencySaid
from shared.db import Transaction


async def stop_merged(tx: Transaction, lead: Lead, master: Lead, *, at: datetime) -> bool:
    """Nobody waits for a lead that was merged any more, but for the answer to what it claims; → whether that is asked."""
    runs = await deadlines.runs_in_hours(tx, lead.id)
    asked = asks(lead, master, runs=runs)
    kept = {DeadlineKind.CLASSIFY} if asked and runs else set()
    await deadlines.stop(tx, lead.id, *(kind for kind in OF_THE_LEAD if kind not in kept), at=at)
    if asked and not runs:
        await deadlines.start_anew(tx, to_classify(lead, days=await notices.calendar(tx), at=at))
    return asked


async def stand_alone(tx: Transaction, lead: Lead, *, at: datetime) -> bool:
    """The merge was undone: it waits for what it waited for before; → whether an answer was waited for."""
    asked = await deadlines.runs_in_hours(tx, lead.id)
    if lead.status is Status.RECEIVED:
        await deadlines.run_on(tx, lead.id, DeadlineKind.CLASSIFY, at=at, suspended_at=None)
    else:
        await deadlines.stop(tx, lead.id, DeadlineKind.CLASSIFY, at=at)
    return asked


async def answered(tx: Transaction, master: Lead, *, at: datetime) -> None:
    """Somebody has said what the matter is, or that it is not accepted."""
    for each in await deadlines.claims_of_repeats(tx, master.id):
        await deadlines.stop(tx, each.lead_id, DeadlineKind.CLASSIFY, at=at)


async def tell_urgency(tx: Transaction, master: Lead, *, at: datetime) -> None:
    """The unit that has the matter hears at once whether a claim waits."""
    if master.status in ITS_UNITS:
        claimed = bool(await deadlines.claims_of_repeats(tx, master.id))
        said = LeadUrgencySaid(lead_id=master.id, urgent=master.urgent, claimed=claimed, effective_at=at)
        await outbox.put(tx, said, at=at)
