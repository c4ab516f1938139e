"""What goes with each assignment, the first and every later one: its limits run, the word and the sealed facts leave, both legs of a dual
assignment are there."""

from datetime import datetime

from services.intake.db import deadlines, dual_assignments, merges
from services.intake.domain.deadline import OF_THE_LEAD, of_assignment
from services.intake.domain.lead import Lead
from services.intake.usecases.ask_of_repeats import tell_urgency
from services.intake.usecases.facts_to_send import added_by_repeats, facts_to_send
from services.intake.usecases.open_legs import open_where_grounds
from services.intake.usecases.subject_store import FactsSealer
from shared import outbox
from shared.auth import Principal
from shared.contracts.intake import After, DeadlineKind, LeadAssigned, Leg, LegStatus, VerificationFactsSealed
from shared.db import Transaction
from shared.deadlines import Calendar


async def charge(
    tx: Transaction,
    lead: Lead,
    assigned: LeadAssigned,
    *,
    excluded: tuple[str, ...],
    days: Calendar,
    region: str,
    sealer: FactsSealer,
    by: Principal,
    at: datetime,
    since: datetime | None = None,
    runs_on: bool = False,
) -> None:
    """The lead is saved as assigned by `by`; do what follows from it. `excluded`: staff who must not take part; `since`: from when the
    result is due, if earlier than now; `runs_on`: the limit for the result (D07) runs already and goes on as it is."""
    # to meet the reporter is not the unit's alone: that limit runs on
    ends = [kind for kind in OF_THE_LEAD if not (runs_on and kind is DeadlineKind.CONCLUDE)]
    await deadlines.stop(tx, lead.id, *ends, at=at)
    for repeat in await merges.repeats_of(tx, lead.id):
        # told with the next result
        await deadlines.stop(tx, repeat.id, DeadlineKind.FEEDBACK, at=at)
    limits = of_assignment(lead, days=days, at=at, since=since)
    await deadlines.start_anew(tx, *(limit for limit in limits if limit.kind in ends))
    sequence = await outbox.put(tx, assigned, at=at)
    if await deadlines.claims_of_repeats(tx, lead.id):
        await tell_urgency(tx, lead, at=at)
    await send_verification_facts(tx, lead, excluded=excluded, sealer=sealer, at=at, after_sequence=sequence)
    for entry in await merges.open_re_examinations(tx, lead.id):
        if assigned.unit != entry.earlier_unit:
            await merges.save_re_examination(tx, entry.give(assigned.unit, by=by.sub, at=at))
    dual = await dual_assignments.of_lead(tx, lead.id)
    if dual is None:
        await open_where_grounds(tx, lead, region=region, sealer=sealer, at=at)
    elif dual.crime is not LegStatus.CREATED:
        dual, moved = dual.begin_again(Leg.CRIME, LegStatus.CREATED, at=at)
        await dual_assignments.save(tx, dual)
        await outbox.put(tx, moved, at=at)


async def send_verification_facts(
    tx: Transaction, lead: Lead, *, excluded: tuple[str, ...], sealer: FactsSealer, at: datetime, after_sequence: int
) -> None:
    """Send what is reported, sealed for verification alone, with what repeats add to it: their facts are the master's too (§4.2)."""
    facts = await facts_to_send(tx, lead, subjects=sealer.subjects)
    added = await added_by_repeats(tx, lead.id, subjects=sealer.subjects)
    sealed = VerificationFactsSealed(
        lead_id=lead.id,
        after=After(topic=LeadAssigned.TOPIC, subject=str(lead.id), sequence=after_sequence),
        sealed=sealer.seal(
            "verification",
            facts.model_copy(
                update={"allegations": (*facts.allegations, *added), "excluded_staff": excluded}
            ).model_dump(mode="json"),
        ),
        effective_at=at,
    )
    await outbox.put(tx, sealed, at=at)
