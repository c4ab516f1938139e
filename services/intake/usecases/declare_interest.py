"""Recusal (G4): someone declares an interest in a lead or is challenged; the next level decides; it stands until it is dismissed."""

from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import conflicts, directory, leads, merges
from services.intake.domain.conflict import Ground, Interest, decider_of
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.tell_anew import is_held_back, tell_unit
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Invalid


async def declare_interest(
    tx: Transaction,
    lead_id: UUID,
    staff: str | None,
    ground: Ground,
    reason: str,
    *,
    by: Principal,
    at: datetime,
) -> Interest:
    """Declare one's own (`staff` left out or one's own number), or challenge another. Raises `NotFound`, `Invalid`, `Registered`."""
    await leads.get(tx, lead_id)
    own = await directory.find_account(tx, by.sub)
    known = await directory.whole(tx)
    person = known.staff.get(staff or own or "")
    if person is None:
        reason_zh_en = "目录中没有该人员 / no such member of staff in the directory"
        raise Invalid(reason_zh_en, fields=[("staff", reason_zh_en)])
    interest = Interest(
        id=uuid4(),
        lead_id=lead_id,
        staff=person.staff,
        ground=ground,
        declared=person.staff == own,
        decider=decider_of(known, person, china_date(at)),
        reason=reason,
        stated_by=by.sub,
        stated_at=at,
    )
    await conflicts.add(tx, interest)
    deed = "interest.declare" if interest.declared else "interest.challenge"
    await audit.record(tx, by, deed, lead_id, at=at, detail={"staff": person.staff, "ground": ground.value})
    return interest


async def decide_interest(
    tx: Transaction,
    interest_id: UUID,
    reason: str,
    *,
    upheld: bool,
    sealer: FactsSealer,
    by: Principal,
    at: datetime,
) -> Interest:
    """Decide. What was held back from the unit goes to it when it is not touched any more. Raises `NotFound`, `Forbidden`, `NotAllowed`,
    `Conflict` when the lead was merged meanwhile."""
    _, head = await merges.lock_whole(tx, (await conflicts.get(tx, interest_id)).lead_id)
    interest = await conflicts.get(tx, interest_id, lock=True)
    held = await is_held_back(tx, head, at=at)
    own = await directory.find_account(tx, by.sub)
    interest = interest.decide(upheld=upheld, reason=reason, by=by, own_staff=own, at=at)
    await conflicts.save(tx, interest)
    if held:
        await tell_unit(tx, head, sealer=sealer, at=at)
    detail = {"staff": interest.staff, "upheld": upheld}
    await audit.record(tx, by, "interest.decide", interest.lead_id, at=at, detail=detail)
    return interest
