"""The store of whom a lead is about, and of interests in it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.conflict_tables import interests, lead_subjects
from services.intake.domain.conflict import Ground, Interest, InterestStatus, Subject
from shared.db import Transaction
from shared.errors import NotFound, Registered


async def state(
    tx: Transaction, lead_id: UUID, subjects: tuple[Subject, ...], reason: str, *, by: str, at: datetime
) -> None:
    """Add a statement; it holds from now on. The caller holds the lock of the lead."""
    last = select(func.coalesce(func.max(lead_subjects.c.version), 0)).where(lead_subjects.c.lead_id == lead_id)
    version = (await tx.execute(last)).scalar_one() + 1
    row = {"lead_id": lead_id, "version": version, "subjects": [asdict(one) for one in subjects], "reason": reason}
    await tx.execute(insert(lead_subjects), {**row, "stated_by": by, "stated_at": at})


async def subjects_of(tx: Transaction, lead_id: UUID) -> tuple[Subject, ...] | None:
    """Whom the office says that the lead is about; None while it has said nothing."""
    query = select(lead_subjects.c.subjects).where(lead_subjects.c.lead_id == lead_id)
    found = (await tx.execute(query.order_by(lead_subjects.c.version.desc()).limit(1))).scalar_one_or_none()
    return None if found is None else tuple(Subject(**one) for one in found)


async def add(tx: Transaction, interest: Interest) -> None:
    """Insert one. Raises `Registered` when one about this person is open."""
    new = upsert(interests).values(_row(interest)).on_conflict_do_nothing().returning(interests.c.id)
    if (await tx.execute(new)).first() is None:
        raise Registered("该人员已有待决定的回避申请 / one about this person is open already")


async def save(tx: Transaction, interest: Interest) -> None:
    """Write what was decided. The caller holds its lock."""
    row = _row(interest)
    names = ("status", "decided_by", "decided_at", "decision_reason")
    await tx.execute(update(interests).where(interests.c.id == interest.id).values({name: row[name] for name in names}))


async def get(tx: Transaction, interest_id: UUID) -> Interest:
    """One, locked. Raises `NotFound`."""
    query = select(interests).where(interests.c.id == interest_id).with_for_update()
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该回避申请 / no such request")
    return _of_row(row)


async def interests_in(tx: Transaction, lead_id: UUID) -> tuple[Interest, ...]:
    """All interests in a lead, oldest first."""
    query = select(interests).where(interests.c.lead_id == lead_id).order_by(interests.c.stated_at, interests.c.id)
    return tuple(_of_row(row) for row in (await tx.execute(query)).mappings())


async def page(
    tx: Transaction,
    *,
    deciders: frozenset[str],
    status: InterestStatus | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Interest]:
    """Those that one of these roles decides, as they were stated; `after` is the key of the last one seen."""
    query = select(interests).where(interests.c.decider.in_(deciders))
    if status is not None:
        query = query.where(interests.c.status == status.value)
    if after is not None:
        query = query.where(tuple_(interests.c.stated_at, interests.c.id) > after)
    query = query.order_by(interests.c.stated_at, interests.c.id).limit(limit)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


def _of_row(row: RowMapping) -> Interest:
    values: dict[str, Any] = {**row, "ground": Ground(row["ground"]), "status": InterestStatus(row["status"])}
    return Interest(**values)


def _row(interest: Interest) -> dict[str, Any]:
    values = {column.name: getattr(interest, column.name) for column in interests.columns}
    return {**values, "ground": interest.ground.value, "status": interest.status.value}
