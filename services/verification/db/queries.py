"""Reads for lists."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import tuple_

from services.verification.db.tables import works
from services.verification.db.works import of_row, verifiers_of, whole
from services.verification.domain.work import Work
from shared.db import Transaction


async def list_works(
    tx: Transaction, *, unit: str | None, lead_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Work]:
    """Works by arrival, newest last; of one unit unless `unit` is None. `after` is the key of the last one seen."""
    query = whole().order_by(works.c.opened_at, works.c.id).limit(limit)
    if unit is not None:
        query = query.where(works.c.unit == unit)
    if lead_id is not None:
        query = query.where(works.c.lead_id == lead_id)
    if after is not None:
        query = query.where(tuple_(works.c.opened_at, works.c.id) > after)
    rows = (await tx.execute(query)).mappings().all()
    named = await verifiers_of(tx, [row["id"] for row in rows])
    return [of_row(row, named.get(row["id"], ())) for row in rows]
