"""A reporter's data are destroyed: ordered by the DPO and carried out by a keeper, or ordered by an expunge or the end of retention and
carried out by the vault itself; never under a legal hold. Afterwards no key opens what is left of them."""

from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import openings, reporters, retention, shreddings
from services.intake.domain.shredding import Ground, Shredding
from services.intake.usecases.keep_reporters import Vault
from services.intake.usecases.stay_away import must_not_be_concerned
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date

ITSELF = Principal("system:vault", frozenset(), "vault")
"""Who carries out what an expunge or the end of retention ordered."""


async def order_shredding(
    tx: Transaction, lead_id: UUID, ground: Ground, reason: str, *, by: Principal, at: datetime
) -> Shredding:
    """Order it. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    await must_not_be_concerned(tx, lead_id, by)
    matter = await openings.matter(tx, lead_id)
    order = Shredding.order(uuid4(), lead_id, ground, reason, reporter_ref=matter.reporter_ref, by=by.sub, at=at)
    await shreddings.add(tx, order)
    await _record(tx, order, "ordered", by=by, at=at)
    return order


async def decide_shredding(
    tx: Transaction, shredding_id: UUID, *, carry_out: bool, vault: Vault, by: Principal, at: datetime
) -> Shredding:
    """Carry it out, or refuse. Raises `NotFound`, `Forbidden`, `NotAllowed`: under a legal hold the order waits until it is released."""
    order = await shreddings.get(tx, shredding_id)
    return await _decide(tx, order, carry_out=carry_out, vault=vault, by=by, at=at)


async def carry_out_ordered(tx: Transaction, vault: Vault, *, at: datetime) -> int:
    """What an expunge or the end of retention ordered is carried out by the vault itself, without a keeper; → how many. One under a legal
    hold that came in between waits."""
    found = await shreddings.of_given_up(tx)
    done = 0
    for order in found:
        if not await retention.is_held(tx, order.lead_id):
            await _decide(tx, order, carry_out=True, vault=vault, by=None, at=at)
            done += 1
    return done


async def _decide(
    tx: Transaction, order: Shredding, *, carry_out: bool, vault: Vault, by: Principal | None, at: datetime
) -> Shredding:
    held = await retention.is_held(tx, order.lead_id)
    matter = await openings.matter(tx, order.lead_id)
    kept = matter.reporter_ref and await reporters.get(tx, matter.reporter_ref)
    marked = bool(kept and kept.shredded_on)
    order = order.decide(carry_out=carry_out, held=held, marked=marked, by=by or ITSELF, at=at)
    await shreddings.save(tx, order)
    await _record(tx, order, order.state.value, by=by, at=at)
    if carry_out and matter.reporter_ref is not None:
        # last, as it cannot be rolled back
        await vault.shred(tx, matter.reporter_ref, on=china_date(at))
    return order


async def _record(tx: Transaction, order: Shredding, step: str, *, by: Principal | None, at: datetime) -> None:
    detail = {"shredding": str(order.id)}
    deed = f"vault.shredding-{step}"
    await audit.record(tx, by, deed, order.lead_id, at=at, detail=detail, purpose=order.ground.value)
