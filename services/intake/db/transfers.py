"""The store of transfers: which partner's letter became which lead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, tuple_

from services.intake.db.conflicts import apart
from services.intake.db.partner_tables import transfers
from services.intake.db.repeat_tables import conclusions
from services.intake.db.replies import STANDING, STANDS
from services.intake.db.tables import leads
from shared.db import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One letter: its number and day, why it belongs here, what was sent with it."""

    lead_id: UUID
    unit: str
    letter_no: str
    sent_on: date
    reason: str
    evidence: tuple[dict[str, str], ...]
    receipt: dict[str, str]
    received_on: date


async def exists(tx: Transaction, unit: str, letter_no: str) -> bool:
    """Whether this letter is registered."""
    query = select(transfers.c.lead_id).where(transfers.c.unit == unit, transfers.c.letter_no == letter_no)
    return (await tx.execute(query)).one_or_none() is not None


async def add(tx: Transaction, transfer: Transfer, *, region: str) -> None:
    """Register a letter with its lead."""
    row: dict[str, Any] = {name: getattr(transfer, name) for name in Transfer.__slots__}
    await tx.execute(insert(transfers), row | {"evidence": list(transfer.evidence), "region_code": region})


async def unit_of(tx: Transaction, lead_id: UUID) -> str | None:
    """The unit that transferred this lead."""
    return (await tx.execute(select(transfers.c.unit).where(transfers.c.lead_id == lead_id))).scalar_one_or_none()


async def reason_of(tx: Transaction, lead_id: UUID) -> str | None:
    """Why this lead belongs here, as the unit that transferred it says."""
    query = select(transfers.c.reason).where(transfers.c.lead_id == lead_id)
    return (await tx.execute(query)).scalar_one_or_none()


async def page(
    tx: Transaction, *, unit: str | None, away: Sequence[UUID], after: tuple[date, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """Letters by day of receipt, with how their leads stand: a status, a code and a date, so that both registers can be compared (M16)."""
    query = (
        select(
            transfers,
            leads.c.lead_no,
            STANDING,
            conclusions.c.code,
            conclusions.c.concluded_at,
        )
        .join(leads, leads.c.id == transfers.c.lead_id)
        .outerjoin(conclusions, STANDS)
        .where(*apart(transfers.c.lead_id, away))
        .order_by(transfers.c.received_on, transfers.c.lead_id)
        .limit(limit)
    )
    if unit is not None:
        query = query.where(transfers.c.unit == unit)
    if after is not None:
        query = query.where(tuple_(transfers.c.received_on, transfers.c.lead_id) > after)
    return (await tx.execute(query)).mappings().all()
