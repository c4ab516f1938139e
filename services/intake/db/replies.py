"""What a superior is told back: its number, its date, how its lead ended. No summary, no name: the read holds no such column."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, case, func, select, tuple_

from services.intake.db.repeat_tables import conclusions
from services.intake.db.tables import leads
from services.intake.domain.codes import IssuingLevel, Source
from services.intake.domain.lead_states import AT_REST, Status
from shared.db import Transaction

STANDING = case(
    (leads.c.status.in_([status.value for status in AT_REST]), leads.c.status),
    (leads.c.merged_into.is_not(None), Status.MERGED.value),
    (leads.c.suspended_at.is_not(None), Status.SUSPENDED.value),
    else_=leads.c.status,
).label("status")
"""A lead's status as people see it (`Lead.standing`)."""
ENDS_WITH = func.coalesce(leads.c.merged_into, leads.c.id)
"""The lead whose conclusion is a lead's own: a repeat ends with its master."""


async def page(
    tx: Transaction,
    *,
    level: IssuingLevel | None,
    first: date,
    last: date,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Superiors' leads received on these days (inclusive), by day. One that was merged as a repeat needs an answer of its own all the same
    (N07): it ends with its master."""
    query = (
        select(
            leads.c.id, leads.c.upstream_no, leads.c.issuing_level, leads.c.received_on, leads.c.upstream_deadline,
            leads.c.due_on, leads.c.lead_no, STANDING, leads.c.merged_into, conclusions.c.code, conclusions.c.concluded_at,
        )
        .outerjoin(conclusions, conclusions.c.lead_id == ENDS_WITH)
        .where(leads.c.source == Source.SUPERIOR.value, leads.c.received_on.between(first, last))
        .order_by(leads.c.received_on, leads.c.id)
        .limit(limit)
    )  # fmt: skip
    if level is not None:
        query = query.where(leads.c.issuing_level == level.value)
    if after is not None:
        query = query.where(tuple_(leads.c.received_on, leads.c.id) > after)
    return (await tx.execute(query)).mappings().all()
