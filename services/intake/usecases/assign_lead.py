"""交办: charge a unit with a lead; with discipline grounds both legs open in this one transaction (M13, M17, D03, D04)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import leads, merges, notices
from services.intake.domain.codes import Ground
from services.intake.domain.conclusion import PENDING
from services.intake.domain.lead import Lead
from services.intake.usecases.charge_unit import charge
from services.intake.usecases.check_unit import check_unit
from services.intake.usecases.subject_store import FactsSealer
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date


async def assign_lead(
    tx: Transaction,
    lead_id: UUID,
    unit: str,
    grounds: tuple[Ground, ...],
    *,
    region: str,
    sealer: FactsSealer,
    by: Principal,
    at: datetime,
) -> Lead:
    """Assign it. Raises `NotFound`, `NotAllowed`, `Invalid` for no such unit, `ConflictOfInterest`."""
    lead = await leads.get(tx, lead_id, lock=True)
    days = await notices.calendar(tx)
    found = await merges.conclusion_of(tx, lead_id)
    pending = found is not None and found[0] == PENDING
    lead, assigned = lead.assign(unit, grounds, on=china_date(at), days=days, at=at, same_may=pending)
    findings = await check_unit(tx, lead, unit, by=by, at=at)
    await leads.save(tx, lead, "assign", by=by, effective_at=at, at=at)
    await charge(tx, lead, assigned, excluded=findings.excluded, days=days, region=region, sealer=sealer, by=by, at=at)
    dual = bool(await merges.grounds_of(tx, lead))
    await audit.record(tx, by, "lead.assign", lead.id, at=at, detail={"unit": unit, "dual": dual})
    return lead
