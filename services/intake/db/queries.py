"""Reads for lists."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_

from services.intake.db.leads import of_row
from services.intake.db.tables import lead_history, leads
from services.intake.domain.lead import Lead, Status
from shared.db import Transaction


async def list_leads(
    tx: Transaction,
    *,
    status: str | None,
    source: str | None,
    upstream_no: str | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Lead]:
    """Leads by day of receipt; `after` is the key of the last one seen."""
    query = select(leads).order_by(leads.c.received_on, leads.c.id).limit(limit)
    if status is not None:
        merged = leads.c.merged_into.is_not(None)
        query = query.where(merged if status == Status.MERGED else ~merged & (leads.c.status == status))
    for column, value in ((leads.c.source, source), (leads.c.upstream_no, upstream_no)):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(tuple_(leads.c.received_on, leads.c.id) > after)
    return [of_row(row) for row in (await tx.execute(query)).mappings()]


async def history(tx: Transaction, lead_id: UUID) -> Sequence[dict[str, Any]]:
    """The lines of a lead's history, oldest first."""
    query = select(lead_history).where(lead_history.c.lead_id == lead_id).order_by(lead_history.c.version)
    return [dict(row) for row in (await tx.execute(query)).mappings()]
