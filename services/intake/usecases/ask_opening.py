"""A reporter's data are asked for, and a second person decides (G1, G5, G10). Nothing is opened here."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import openings, reporters
from services.intake.domain.opening import Kind, Matter, Opening, Purpose
from services.intake.usecases.stay_away import must_be_others, must_not_be_concerned
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.departures import persons


async def ask_opening(
    tx: Transaction,
    lead_id: UUID,
    kind: Kind,
    purpose: Purpose,
    *,
    reason: str,
    minutes: int,
    officers: Iterable[str] = (),
    by: Principal,
    at: datetime,
) -> Opening:
    """Ask for it. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`, also for officers who are concerned."""
    await must_not_be_concerned(tx, lead_id, by)
    matter = await _matter(tx, lead_id)
    named = tuple(officers)
    await must_be_others(tx, lead_id, named, "officers")
    opening = Opening.ask(
        uuid4(),
        matter,
        kind,
        purpose,
        reason=reason,
        minutes=minutes,
        officers=named,
        persons=await persons(tx, named),
        by=by,
        at=at,
    )
    await openings.add(tx, opening)
    await put_on_record(tx, opening, "asked", by=by, at=at)
    return opening


async def decide_opening(
    tx: Transaction, opening_id: UUID, *, grant: bool, reason: str | None, by: Principal, at: datetime
) -> Opening:
    """A second person grants or refuses it; granted, its time begins and the reporter will see it. Raises as `Opening.decide`."""
    opening = await openings.get(tx, opening_id, lock=True)
    matter = await _matter(tx, opening.lead_id)
    opening = opening.decide(matter, grant=grant, reason=reason, by=by, at=at)
    await openings.save(tx, opening)
    if grant:
        await openings.tell_reporter(tx, opening, on=china_date(at))
    await put_on_record(tx, opening, "granted" if grant else "refused", by=by, at=at)
    return opening


async def _matter(tx: Transaction, lead_id: UUID) -> Matter:
    """What the vault knows of it, with whether there is still somebody to open."""
    matter = await openings.matter(tx, lead_id)
    kept = await reporters.get(tx, matter.reporter_ref) if matter.reporter_ref else None
    return replace(matter, shredded=kept is not None and kept.shredded_on is not None)


async def end_opening(tx: Transaction, opening_id: UUID, *, by: Principal, at: datetime) -> Opening:
    """Take it back. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    opening = (await openings.get(tx, opening_id, lock=True)).end(by=by, at=at)
    await openings.save(tx, opening)
    await put_on_record(tx, opening, "ended", by=by, at=at)
    return opening


async def put_on_record(
    tx: Transaction, opening: Opening, step: str, *, by: Principal, at: datetime, number: int = 0
) -> None:
    """Each step is audited; of an emergency the DPO is told too."""
    detail = {"opening": str(opening.id), "kind": opening.kind.value, "minutes": opening.minutes}
    if number:
        detail["reading"] = number
    await audit.record(
        tx, by, f"vault.opening-{step}", opening.lead_id, at=at, detail=detail, purpose=opening.purpose.value
    )
    if opening.kind is Kind.BREAK_GLASS:
        await openings.tell_dpo(tx, opening.id, step, at=at)
