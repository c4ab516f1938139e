"""Who is charged is ruled after a unit said "not ours" (D05): by the office, after the second refusal by the leading group for good."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, notices
from services.intake.domain import lead_life
from services.intake.domain.lead import Lead
from services.intake.usecases.charge_unit import charge
from services.intake.usecases.check_unit import check_unit
from services.intake.usecases.subject_store import FactsSealer
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date
from shared.secrecy import refuse_marked


async def rule_dispute(
    tx: Transaction,
    lead_id: UUID,
    unit: str,
    reason: str,
    *,
    region: str,
    sealer: FactsSealer,
    by: Principal,
    at: datetime,
) -> Lead:
    """Rule. Raises `NotFound`, `NotAllowed`, `Forbidden` when the leading group has to,
    `ConflictOfInterest`."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    since = await _charged_since(tx, lead, unit)
    days = await notices.calendar(tx)
    lead, ruled, assigned = lead_life.rule(
        lead, unit, leading_group="ldr" in by.roles, days=days, since=since and china_date(since), at=at
    )
    findings = await check_unit(tx, lead, unit, by=by, at=at)
    await leads.save(tx, lead, "rule", by=by, effective_at=at, at=at, reason=reason)
    await outbox.put(tx, ruled, at=at)
    await charge(
        tx,
        lead,
        assigned,
        excluded=findings.excluded,
        days=days,
        region=region,
        sealer=sealer,
        by=by,
        at=at,
        since=since,
    )
    detail = {"unit": unit, "binding": ruled.binding}
    await audit.record(tx, by, "lead.rule", lead.id, at=at, purpose=reason, detail=detail)
    return lead


async def _charged_since(tx: Transaction, lead: Lead, unit: str) -> datetime | None:
    """When the unit that refused was charged first, if it is charged again."""
    if unit not in lead.refused_by:
        return None
    started = [one for one in await deadlines.of_lead(tx, lead.id) if one.kind is DeadlineKind.CONCLUDE]
    # the last so many are those that were disputed, in order
    disputed = sorted(started, key=lambda one: one.round)[-len(lead.refused_by) :]
    return disputed[lead.refused_by.index(unit)].started_at
