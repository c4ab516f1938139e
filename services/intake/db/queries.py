"""Reads for lists."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam, func, select, tuple_, union

from services.intake.db.conflicts import apart
from services.intake.db.leads import of_row
from services.intake.db.tables import lead_history, leads
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import ACTIVE, AT_REST, Status
from shared.db import Transaction


async def list_leads(
    tx: Transaction,
    *,
    status: str | None,
    source: str | None,
    source_l2: str | None,
    upstream_no: str | None,
    lead_no: str | None,
    away: Sequence[UUID],
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Lead]:
    """Leads by day of receipt; `after` is the key of the last one seen."""
    query = select(leads).where(*apart(leads.c.id, away)).order_by(leads.c.received_on, leads.c.id).limit(limit)
    if status is not None:
        query = query.where(*_stands(Status(status)))
    given = (
        (leads.c.source, source),
        (leads.c.source_l2, source_l2),
        (leads.c.upstream_no, upstream_no),
        (leads.c.lead_no, lead_no),
    )
    for column, value in given:
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(tuple_(leads.c.received_on, leads.c.id) > after)
    return [of_row(row) for row in (await tx.execute(query)).mappings()]


def _stands(standing: Status) -> list[ColumnElement[bool]]:
    """What has to hold of its columns where a lead stands there (`Lead.standing`), so that an index serves each."""
    if standing in AT_REST:
        return [leads.c.status == standing.value]
    merged, suspended = leads.c.merged_into.is_not(None), leads.c.suspended_at.is_not(None)
    if standing in (Status.MERGED, Status.SUSPENDED):
        return [merged if standing is Status.MERGED else suspended, leads.c.status.not_in(sorted(AT_REST))]
    return [leads.c.status == standing.value, ~merged, ~suspended]


async def in_hand(
    tx: Transaction, account: str, *, away: Sequence[UUID], after: tuple[date, UUID] | None, limit: int
) -> Sequence[Lead]:
    """Leads that this account had in hand and with which something is still to be done, by day of receipt. Reads the whole history: asked
    when one leaves."""
    handled = select(lead_history.c.lead_id).where(lead_history.c.actor == account)
    query = select(leads).where(
        leads.c.id.in_(handled), leads.c.status.in_(sorted(ACTIVE)), leads.c.merged_into.is_(None)
    )
    query = query.where(*apart(leads.c.id, away))
    if after is not None:
        query = query.where(tuple_(leads.c.received_on, leads.c.id) > after)
    rows = await tx.execute(query.order_by(leads.c.received_on, leads.c.id).limit(limit))
    return [of_row(row) for row in rows.mappings()]


async def history(tx: Transaction, lead_id: UUID) -> Sequence[dict[str, Any]]:
    """The lines of a lead's history, oldest first."""
    query = select(lead_history).where(lead_history.c.lead_id == lead_id).order_by(lead_history.c.version)
    return [dict(row) for row in (await tx.execute(query)).mappings()]


async def standing_still(tx: Transaction, ids: Sequence[UUID]) -> list[Lead]:
    """These leads and the masters of those that are merged, as they stand and as they stay until this transaction ends."""
    these = bindparam("ids", list(ids), type_=ARRAY(Uuid))
    masters = select(leads.c.merged_into).where(leads.c.id == any_(these), leads.c.merged_into.is_not(None))
    # one set of ids: an `or` of the two makes PostgreSQL read all leads
    query = select(leads).where(leads.c.id.in_(union(select(func.unnest(these)), masters)))
    # a master before its repeat, as everywhere
    query = query.order_by(leads.c.merged_into.is_not(None), leads.c.id).with_for_update(read=True)
    return [of_row(row) for row in (await tx.execute(query)).mappings()]


async def repeats_of(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[Lead]]:
    """What is merged into each of these leads, by master."""
    query = select(leads).where(leads.c.merged_into == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid))))
    found: dict[UUID, list[Lead]] = {}
    for row in (await tx.execute(query.order_by(leads.c.received_on, leads.c.id))).mappings():
        found.setdefault(row["merged_into"], []).append(of_row(row))
    return found


async def people_of(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Who did something with each of these leads, the one who began it first."""
    made = lead_history.c
    query = select(made.lead_id, made.actor).where(made.lead_id == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid))))
    found: dict[UUID, list[str]] = {}
    for row in await tx.execute(query.order_by(made.lead_id, made.version)):
        found.setdefault(row.lead_id, []).append(row.actor)
    return found
