"""Reads for lists."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import tuple_

from services.discipline.db.legs import of_row, whole
from services.discipline.db.tables import legs
from services.discipline.domain.leg import Leg
from shared.db import Transaction


async def list_legs(
    tx: Transaction, *, lead_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Leg]:
    """Legs by arrival, newest last; `after` is the key of the last one seen."""
    query = whole().order_by(legs.c.opened_at, legs.c.id).limit(limit)
    if lead_id is not None:
        query = query.where(legs.c.lead_id == lead_id)
    if after is not None:
        query = query.where(tuple_(legs.c.opened_at, legs.c.id) > after)
    return [of_row(row) for row in (await tx.execute(query)).mappings()]
