"""交办: charge a unit with a lead; with discipline grounds both legs open in this one transaction (M13, M17, D03, D04)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, notices
from services.intake.domain.codes import Ground
from services.intake.domain.deadline import of_assignment
from services.intake.domain.lead import Lead
from services.intake.usecases.check_unit import check_unit
from services.intake.usecases.open_legs import open_legs
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import After, DeadlineKind, VerificationFactsSealed
from shared.db import Transaction
from shared.deadlines import china_date
from shared.sealing import Sealer


async def assign_lead(
    tx: Transaction,
    lead_id: UUID,
    unit: str,
    grounds: tuple[Ground, ...],
    *,
    region: str,
    sealer: Sealer,
    by: Principal,
    at: datetime,
) -> Lead:
    """Assign it. Raises `NotFound`, `NotAllowed`, `Invalid` for no such unit, `ConflictOfInterest`."""
    lead = await leads.get(tx, lead_id, lock=True)
    days = await notices.calendar(tx)
    lead, assigned = lead.assign(unit, grounds, on=china_date(at), days=days, at=at)
    findings = await check_unit(tx, lead, unit, by=by, at=at)
    await leads.save(tx, lead, "assign", by=by, effective_at=at, at=at)
    await deadlines.stop(tx, lead.id, DeadlineKind.ASSIGN, at=at)
    await deadlines.start(tx, *of_assignment(lead, days=days, at=at))
    sequence = await outbox.put(tx, assigned, at=at)
    told = lead.facts(with_grounds=False).model_copy(update={"excluded_staff": findings.excluded})
    facts = VerificationFactsSealed(
        lead_id=lead.id,
        after=After(topic=assigned.TOPIC, subject=assigned.subject, sequence=sequence),
        sealed=sealer.seal("verification", told.model_dump(mode="json")),
        effective_at=at,
    )
    await outbox.put(tx, facts, at=at)
    if lead.grounds:
        await open_legs(tx, lead, region=region, sealer=sealer, at=at)
    await audit.record(tx, by, "lead.assign", lead.id, at=at, detail={"unit": unit, "dual": bool(lead.grounds)})
    return lead
