"""What a lead says has changed after it was handed over: a repeat was merged into it or is no longer, or something was corrected. New boxes
go to who works on it, sealed as the first time."""

from datetime import datetime

from services.intake.db import dual_assignments
from services.intake.domain.dual_assignment import Status as DualStatus
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import ITS_UNITS
from services.intake.usecases import ask_about_children
from services.intake.usecases.charge_unit import send_verification_facts
from services.intake.usecases.check_unit import touched
from services.intake.usecases.open_legs import open_where_grounds, send_discipline_facts
from services.intake.usecases.subject_store import FactsSealer
from shared import audit, outbox
from shared.contracts.intake import LeadAssigned
from shared.db import Transaction


async def tell_anew(
    tx: Transaction, master: Lead, *, grounds: bool, region: str, sealer: FactsSealer, at: datetime
) -> None:
    """Send them, with what the repeats of now add; to the unit only while it is at work, or may be again. `grounds`: some for a discipline
    leg came with it."""
    if master.status in ITS_UNITS:
        await tell_unit(tx, master, sealer=sealer, at=at)
    await tell_discipline(tx, master, grounds=grounds, region=region, sealer=sealer, at=at)


async def tell_unit(tx: Transaction, lead: Lead, *, sealer: FactsSealer, at: datetime) -> None:
    """The facts of now for the unit that has it. A unit that a subject or an interest touches gets nothing (§2.8: never to the accused):
    that is held back, on record, until another one is charged or nothing stands between them any more. So it is while the director has
    not said what is done about a child who is reported (G19)."""
    if lead.assignment is None:
        return
    found, findings = await touched(tx, lead, lead.assignment.unit, at=at)
    obstacles = [one.value for one in findings.obstacles] if findings else []
    if await ask_about_children.is_asked(tx, lead):
        obstacles.append("children")
    if obstacles:
        detail = {"unit": lead.assignment.unit, "obstacles": obstacles}
        await audit.record(tx, None, "lead.hold-facts-back", lead.id, at=at, detail=detail)
        return
    said = await outbox.last(tx, LeadAssigned.TOPIC, str(lead.id))
    # the newest box is the one that is read: it must exclude whom the first one did
    await send_verification_facts(tx, lead, excluded=found.excluded, sealer=sealer, at=at, after_sequence=said)


async def is_held_back(tx: Transaction, lead: Lead, *, at: datetime) -> bool:
    """Whether the unit gets nothing new."""
    if lead.status not in ITS_UNITS or lead.assignment is None:
        return False
    _, findings = await touched(tx, lead, lead.assignment.unit, at=at)
    return bool(findings and findings.obstacles) or await ask_about_children.is_asked(tx, lead)


async def tell_discipline(
    tx: Transaction, lead: Lead, *, grounds: bool, region: str, sealer: FactsSealer, at: datetime
) -> None:
    """The facts of now for discipline, in a leg that is open; one that has ended hears of new `grounds`. Where the lead or a repeat of it
    has any and there is no leg yet, it opens at once, unless nobody has decided yet where the lead goes (M17, M27)."""
    dual = await dual_assignments.of_lead(tx, lead.id)
    if dual is not None:
        if grounds or dual.status is DualStatus.OPEN:
            await send_discipline_facts(tx, lead, dual, sealer=sealer, at=at)
    else:
        await open_where_grounds(tx, lead, region=region, sealer=sealer, at=at)
