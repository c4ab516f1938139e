"""The store of rewards."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db import conflicts
from services.intake.db.leads import get as get_lead
from services.intake.db.merges import matter_of
from services.intake.db.repeat_tables import conclusions
from services.intake.db.reward_tables import reward_payments, rewards
from services.intake.db.tables import lead_history, leads
from services.intake.domain.reward import How, Matter, Reward, State
from services.intake.domain.reward_rule import Exclusion
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound

PAID = "该举报的奖励已经发放 / this report was paid for already"
_FIXED = frozenset(
    {"id", "lead_id", "rule_version", "amount_yuan", "reason", "new_facts", "basis_no", "basis_on", "none_of"}
    | {"proposed_by", "proposed_at"}
)


async def matter(tx: Transaction, lead_id: UUID, *, lock: bool = False) -> Matter:
    """What is known of the lead; who was first is told by when each was registered, not by a day that somebody typed. Raises `NotFound`."""
    lead = await get_lead(tx, lead_id, lock=lock)
    head = await get_lead(tx, lead.merged_into) if lead.merged_into else lead
    code = select(conclusions.c.code).where(conclusions.c.lead_id == head.id)
    actors = select(lead_history.c.actor).where(lead_history.c.lead_id.in_([lead.id, head.id])).distinct()
    mine = select(leads.c.created_at, leads.c.lead_no).where(leads.c.id == lead.id).subquery()
    before = (
        select(func.count())
        .select_from(leads, mine)
        .where(
            or_(leads.c.id == head.id, leads.c.merged_into == head.id),
            tuple_(leads.c.created_at, leads.c.lead_no) < tuple_(mine.c.created_at, mine.c.lead_no),
        )
    )
    subjects = [one for each in (await conflicts.subjects_of(tx, await matter_of(tx, head))).values() for one in each]
    return Matter(
        lead=lead,
        head=head,
        conclusion=(await tx.execute(code)).scalar_one_or_none(),
        earlier=int((await tx.execute(before)).scalar_one()),
        worked_on_by=frozenset((await tx.execute(actors)).scalars()),
        subject_units=frozenset(one.unit for one in subjects if one.unit),
    )


async def stands(tx: Transaction, lead_id: UUID) -> bool:
    """Whether the lead has one that was not refused."""
    query = select(func.count()).where(rewards.c.lead_id == lead_id, rewards.c.state != State.REFUSED.value)
    return bool((await tx.execute(query)).scalar_one())


async def must_not_be_paid(tx: Transaction, lead_id: UUID) -> None:
    """Raises `NotAllowed` when this report was paid for, also when a restore has lost the reward."""
    query = select(reward_payments.c.lead_id).where(reward_payments.c.lead_id == lead_id)
    if (await tx.execute(query)).one_or_none() is not None:
        raise NotAllowed(PAID)


async def pay_once(tx: Transaction, *, lead_id: UUID, reward_id: UUID, relearned: bool) -> bool:
    """Write down that this report was paid for; False when that was known."""
    row = {"lead_id": lead_id, "reward_id": reward_id, "relearned": relearned}
    new = upsert(reward_payments).values(row).on_conflict_do_nothing().returning(reward_payments.c.lead_id)
    return (await tx.execute(new)).one_or_none() is not None


async def add(tx: Transaction, reward: Reward, *, region: str) -> None:
    """Insert a new one; the caller holds the lead's lock."""
    await tx.execute(insert(rewards), {**_row(reward), "region_code": region})


async def save(tx: Transaction, reward: Reward) -> None:
    """Write what became of it; the caller holds its lock."""
    values = {name: value for name, value in _row(reward).items() if name not in _FIXED}
    await tx.execute(update(rewards).where(rewards.c.id == reward.id).values(values))


async def get(tx: Transaction, reward_id: UUID) -> Reward:
    """One reward. Raises `NotFound`."""
    row = (await tx.execute(select(rewards).where(rewards.c.id == reward_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该奖励 / no such reward")
    return _of_row(row)


async def locked(tx: Transaction, reward_id: UUID) -> Reward:
    """One reward, its row locked; where its lead is locked too, that comes first. Raises `NotFound`."""
    query = select(rewards).where(rewards.c.id == reward_id).with_for_update()
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该奖励 / no such reward")
    return _of_row(row)


async def of_lead(tx: Transaction, lead_id: UUID) -> Reward | None:
    """The one of this lead that was not refused, locked."""
    query = select(rewards).where(rewards.c.lead_id == lead_id, rewards.c.state != State.REFUSED.value)
    row = (await tx.execute(query.with_for_update())).mappings().one_or_none()
    return _of_row(row) if row else None


async def by_voucher(tx: Transaction, marks: Sequence[bytes]) -> Reward | None:
    """The one with this voucher, locked."""
    query = select(rewards).where(rewards.c.voucher_mark.in_(marks)).with_for_update()
    row = (await tx.execute(query)).mappings().one_or_none()
    return _of_row(row) if row else None


async def over(tx: Transaction, today: date, *, limit: int) -> list[Reward]:
    """Those that were not claimed by the last day that was told, locked; what another process holds is left to it."""
    query = select(rewards).where(rewards.c.state == State.NOTIFIED.value, rewards.c.claim_by < today)
    query = query.order_by(rewards.c.claim_by, rewards.c.id).limit(limit).with_for_update(skip_locked=True)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


async def page(
    tx: Transaction,
    *,
    state: State | None,
    lead_id: UUID | None,
    away: Sequence[UUID],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Reward]:
    """Rewards as they were proposed."""
    query = select(rewards).where(*conflicts.apart(rewards.c.lead_id, away))
    query = query.order_by(rewards.c.proposed_at, rewards.c.id).limit(limit)
    if state is not None:
        query = query.where(rewards.c.state == state.value)
    if lead_id is not None:
        query = query.where(rewards.c.lead_id == lead_id)
    if after is not None:
        query = query.where(tuple_(rewards.c.proposed_at, rewards.c.id) > after)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


def _row(reward: Reward) -> dict[str, Any]:
    values = {name: getattr(reward, name) for name in Reward.__dataclass_fields__}
    how = reward.told_how.value if reward.told_how else None
    return values | {"state": reward.state.value, "told_how": how, "none_of": [each.value for each in reward.none_of]}


def _of_row(row: RowMapping) -> Reward:
    values = {name: row[name] for name in Reward.__dataclass_fields__}
    codes = {"state": State(row["state"]), "none_of": tuple(map(Exclusion, row["none_of"]))}
    return Reward(**values | codes | {"told_how": How(row["told_how"]) if row["told_how"] else None})
