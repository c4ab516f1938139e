"""Both legs of a dual assignment leave together, in the caller's transaction (双交办, M17, §4.3)."""

from datetime import datetime
from uuid import uuid4

from services.intake.db import dual_assignments, merges, search
from services.intake.domain.conclusion import PENDING
from services.intake.domain.dual_assignment import DualAssignment
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import HANDED_OVER, Status
from services.intake.usecases.facts_to_send import added_by_repeats, facts_to_send, told_of_officials
from services.intake.usecases.subject_store import FactsSealer
from shared import outbox
from shared.contracts.intake import After, DisciplineFactsSealed, LegStatus
from shared.db import Transaction

_CRIME_LEG = {
    **dict.fromkeys(HANDED_OVER, LegStatus.ENDED),
    **dict.fromkeys((Status.ASSIGNED, Status.DISPUTED), LegStatus.CREATED),
    **dict.fromkeys((Status.VERIFYING, Status.TASKFORCE, Status.IN_SIGNOFF, Status.IN_REVIEW), LegStatus.ACCEPTED),
    Status.PARKED: LegStatus.ACCEPTED,
    # a regulator or nobody has it: there is nothing for a unit to end; taken up again, a unit is charged next
    **dict.fromkeys((Status.REDIRECTED, Status.NOT_ACCEPTED), LegStatus.ENDED),
    Status.REOPENED: LegStatus.CREATED,
}
"""In which states grounds open the discipline leg at once (docs/decisions/0114), and where the crime leg stands then; but for what is
concluded as C4, which is no end (0107)."""


async def open_where_grounds(tx: Transaction, lead: Lead, *, region: str, sealer: FactsSealer, at: datetime) -> None:
    """Both legs open where the lead or a repeat of it has grounds, no leg is there yet and somebody has decided where the lead goes."""
    if lead.status not in _CRIME_LEG or not await merges.grounds_of(tx, lead):
        return
    if await dual_assignments.of_lead(tx, lead.id) is None:
        await open_legs(tx, lead, region=region, sealer=sealer, at=at)


async def open_legs(tx: Transaction, lead: Lead, *, region: str, sealer: FactsSealer, at: datetime) -> DualAssignment:
    """Create the parent and open the discipline leg; the crime leg is the assignment itself, at whatever point it stands."""
    found = await merges.conclusion_of(tx, lead.id) if lead.status is Status.CONCLUDED else None
    crime = LegStatus.ACCEPTED if found and found[0] == PENDING else _CRIME_LEG[lead.status]
    dual = DualAssignment(id=uuid4(), lead_id=lead.id, created_at=at, crime=crime)
    await dual_assignments.add(tx, dual, region=region)
    await search.restand(tx, lead, None)
    sequence = await outbox.put(tx, dual.created, at=at)
    await send_discipline_facts(tx, lead, dual, sealer=sealer, at=at, after_sequence=sequence)
    return dual


async def send_discipline_facts(
    tx: Transaction, lead: Lead, dual: DualAssignment, *, sealer: FactsSealer, at: datetime, after_sequence: int = 1
) -> None:
    """Send the facts with the grounds, of the lead and of its repeats, sealed for discipline alone; again when grounds are added."""
    facts = await facts_to_send(tx, lead, subjects=sealer.subjects, grounds=await merges.grounds_of(tx, lead))
    added = await added_by_repeats(tx, lead.id, subjects=sealer.subjects)
    shielding = await told_of_officials(tx, lead, subjects=sealer.subjects)
    facts = facts.model_copy(update={"allegations": (*facts.allegations, *added, *shielding)})
    sealed = DisciplineFactsSealed(
        lead_id=lead.id,
        dual_assignment_id=dual.id,
        after=After(topic=dual.created.TOPIC, subject=dual.created.subject, sequence=after_sequence),
        sealed=sealer.seal("discipline", facts.model_dump(mode="json")),
        effective_at=at,
    )
    await outbox.put(tx, sealed, at=at)
