"""Leads with a unit of which something is known that may stand between them: where to look for conflicts of interest that stand now."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from services.intake.db.conflicts import apart
from services.intake.db.leads import of_row
from services.intake.db.tables import leads
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import WITH_A_UNIT_NOW
from shared.db import Transaction

# a repeat, its master and the other repeats are one matter
_SAID = text("""
select coalesce(l.merged_into, l.id) as id from leads l where l.id in (
  select lead_id from interests where status <> 'dismissed'
  union select s.lead_id from lead_subjects s where s.subjects <> '[]'
    and not exists (select from lead_subjects n where n.lead_id = s.lead_id and n.version > s.version))
""").columns(id=leads.c.id.type)
_STATES = [status.value for status in sorted(WITH_A_UNIT_NOW)]


async def candidates(tx: Transaction, *, away: Sequence[UUID]) -> list[Lead]:
    """Masters, and leads that stand for themselves, that a unit has, and of whose matter a subject is stated or an interest stands; by id,
    without those that the reader is to stay away from."""
    query = select(leads).where(leads.c.id.in_(select(_SAID.subquery().c.id)), leads.c.status.in_(_STATES))
    query = query.where(leads.c.merged_into.is_(None), *apart(leads.c.id, away)).order_by(leads.c.id)
    return [of_row(row) for row in (await tx.execute(query)).mappings()]


async def matters_of(tx: Transaction, heads: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The leads of each matter, its master first."""
    found = {head: [head] for head in heads}
    mine = leads.c.merged_into == any_(bindparam("heads", list(heads), type_=ARRAY(Uuid)))
    for row in await tx.execute(select(leads.c.id, leads.c.merged_into).where(mine)):
        found[row.merged_into].append(row.id)
    return found
