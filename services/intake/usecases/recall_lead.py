"""收回改交: a conflict of interest was found after the assignment (G-CONF, G2), so the lead is taken back from its unit and given to
another in one act (docs/decisions/0112)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, notices, recalls
from services.intake.domain import lead_life
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.usecases.charge_unit import charge
from services.intake.usecases.check_unit import check_unit, touched
from services.intake.usecases.redirect_lead import recall_redirect
from services.intake.usecases.subject_store import FactsSealer
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.secrecy import refuse_marked


async def recall_lead(
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
    """Take it back and charge `unit`; what a regulator has goes to another regulator. Raises `NotFound`, `NotAllowed`, also while nothing
    stands between the unit and the matter, `Forbidden` when the leading group has to, `Invalid`, `ConflictOfInterest`."""
    refuse_marked("reason", [reason])
    lead = await leads.get(tx, lead_id, lock=True)
    if lead.status is Status.REDIRECTED:
        return await recall_redirect(tx, lead, unit, reason, by=by, at=at)
    before = lead.assignment.unit if lead.assignment else ""
    _, stands = await touched(tx, lead, before, at=at)
    obstacles = stands.obstacles if stands else ()
    if lead.status is Status.IN_REVIEW and await deadlines.lasts(tx, lead_id, DeadlineKind.CONCLUDE, at=at):
        # what the unit concluded is none: its time runs on, as when a review returns it
        await deadlines.run_on(tx, lead_id, DeadlineKind.CONCLUDE, at=at, suspended_at=None)
    limits = [one for one in await deadlines.of_lead(tx, lead_id) if one.kind is DeadlineKind.CONCLUDE]
    runs = next((one for one in limits if one.stopped_at is None), None)
    days = await notices.calendar(tx)
    lead, taken, assigned = lead_life.recall(
        lead,
        unit,
        near=bool(obstacles),
        leading_group="ldr" in by.roles,
        due=runs.due if runs else None,
        days=days,
        at=at,
    )
    findings = await check_unit(tx, lead, unit, by=by, at=at)
    await leads.save(tx, lead, "recall", by=by, effective_at=at, at=at, reason=reason)
    await recalls.add(tx, lead_id, taken.recalled_no, at=at)
    await outbox.put(tx, taken, at=at)
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
        runs_on=runs is not None,
    )
    detail = {"from": before, "unit": unit, "obstacles": [one.value for one in obstacles]}
    await audit.record(tx, by, "lead.recall", lead_id, at=at, purpose=reason, detail=detail)
    return lead
