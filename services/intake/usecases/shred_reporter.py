"""A reporter's data are destroyed: ordered by the DPO, carried out by a keeper. Afterwards no key opens what is left of them."""

from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import openings, shreddings
from services.intake.domain.shredding import Ground, Shredding
from services.intake.usecases.keep_reporters import Vault
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date


async def order_shredding(
    tx: Transaction, lead_id: UUID, ground: Ground, reason: str, *, by: Principal, at: datetime
) -> Shredding:
    """Order it. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    matter = await openings.matter(tx, lead_id)
    order = Shredding.order(uuid4(), lead_id, ground, reason, reporter_ref=matter.reporter_ref, by=by.sub, at=at)
    await shreddings.add(tx, order)
    await _record(tx, order, "ordered", by=by, at=at)
    return order


async def decide_shredding(
    tx: Transaction, shredding_id: UUID, *, carry_out: bool, vault: Vault, by: Principal, at: datetime
) -> Shredding:
    """Carry it out, or refuse. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    order = (await shreddings.get(tx, shredding_id)).decide(carry_out=carry_out, by=by.sub, at=at)
    await shreddings.save(tx, order)
    await _record(tx, order, order.state.value, by=by, at=at)
    matter = await openings.matter(tx, order.lead_id)
    if carry_out and matter.reporter_ref is not None:
        # last, as it cannot be rolled back
        await vault.shred(tx, matter.reporter_ref, on=china_date(at))
    return order


async def _record(tx: Transaction, order: Shredding, step: str, *, by: Principal, at: datetime) -> None:
    detail = {"shredding": str(order.id)}
    deed = f"vault.shredding-{step}"
    await audit.record(tx, by, deed, order.lead_id, at=at, detail=detail, purpose=order.ground.value)
