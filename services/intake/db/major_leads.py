"""The store of what the leading group is to know: leads of level 重大, and who has seen which when."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import any_, bindparam, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Text

from services.intake.db.conflicts import apart
from services.intake.db.leads import of_row
from services.intake.db.life_tables import major_seen
from services.intake.db.tables import lead_history, leads
from services.intake.domain.codes import Level
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import AT_REST
from shared.db import Transaction


async def page(
    tx: Transaction,
    *,
    unseen_by: Collection[str] | None,
    away: Sequence[UUID],
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[Lead]:
    """Leads of level 重大 by day of receipt, without repeats (their master is there) and what is sealed; those only that no account of
    `unseen_by` has seen."""
    query = select(leads).where(
        leads.c.level == Level.MAJOR.value,
        leads.c.merged_into.is_(None),
        leads.c.status.not_in([status.value for status in AT_REST]),
        *apart(leads.c.id, away),
    )
    if unseen_by is not None:
        accounts = bindparam("accounts", list(unseen_by), type_=ARRAY(Text))
        query = query.where(~exists().where(major_seen.c.lead_id == leads.c.id, major_seen.c.account == any_(accounts)))
    if after is not None:
        query = query.where(tuple_(leads.c.received_on, leads.c.id) > after)
    rows = await tx.execute(query.order_by(leads.c.received_on, leads.c.id).limit(limit))
    return [of_row(row) for row in rows.mappings()]


async def see(tx: Transaction, lead_id: UUID, account: str, *, at: datetime) -> bool:
    """This person has seen it; the first time counts. False when it stood already."""
    row = {"lead_id": lead_id, "account": account, "seen_at": at}
    new = insert(major_seen).values(row).on_conflict_do_nothing().returning(major_seen.c.account)
    return (await tx.execute(new)).first() is not None


async def seen(tx: Transaction, lead_ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, datetime]]]:
    """Who has seen these leads, in order."""
    found: dict[UUID, list[tuple[str, datetime]]] = {}
    query = select(major_seen).where(major_seen.c.lead_id.in_(lead_ids)).order_by(major_seen.c.seen_at)
    for row in await tx.execute(query):
        found.setdefault(row.lead_id, []).append((row.account, row.seen_at))
    return found


async def classified_at(tx: Transaction, lead_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When these leads were last classified, or raised to 重大; none of those whose record a restore has lost."""
    deeds = lead_history.c
    query = select(deeds.lead_id, func.max(deeds.effective_at)).where(
        deeds.lead_id.in_(lead_ids), deeds.action.in_(["classify", "raise-level"])
    )
    return {row[0]: row[1] for row in await tx.execute(query.group_by(deeds.lead_id))}
