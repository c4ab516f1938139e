"""Reads: figures are counted from facts at the moment of asking, whatever order the facts came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text, tuple_

from services.publicity.db.tables import facts
from services.publicity.domain.figures import Acceptance, SuperiorLead
from shared.contracts.intake import DualAssignmentCompleted, DualAssignmentCreated, LeadAssigned, LeadReceived
from shared.contracts.verification import WorkAccepted
from shared.db import Transaction
from shared.deadlines import china_date

# one line a superior lead known at that instant: its receipt, its first assignment, its first acceptance
_SUPERIOR = text("""
    select r.lead_id, r.codes ->> 'lead_no' as lead_no, r.codes ->> 'issuing_level' as issuing_level,
           r.effective_at as received_at, a.effective_at as assigned_at, a.codes ->> 'sign_by' as sign_by,
           w.effective_at as accepted_at, w.codes as accepted
    from facts r
    left join lateral (select effective_at, codes from facts where lead_id = r.lead_id and type = :assigned
                       and effective_at <= :as_of order by effective_at, sequence limit 1) a on true
    left join lateral (select effective_at, codes from facts where lead_id = r.lead_id and type = :accepted
                       and effective_at <= :as_of order by effective_at, sequence limit 1) w on true
    where r.type = :received and r.codes ->> 'source' = 'S' and r.effective_at <= :as_of
      and (r.codes ->> 'lead_no', r.lead_id) > (:after_no, cast(:after_id as uuid))
    order by r.codes ->> 'lead_no', r.lead_id
""")
_BOTH = "exists (select from facts a where a.lead_id = c.lead_id and a.type = :assigned and a.effective_at <= :as_of)"
"""A unit was charged, too: discipline alone has what was declined or went to a regulator (docs/decisions/0114)."""
_DUAL = text(f"""
    select c.lead_id, cast(c.subject as uuid) as dual_assignment_id, c.effective_at as created_at, d.effective_at as completed_at
    from facts c
    left join facts d on d.subject = c.subject and d.type = :completed and d.effective_at <= :as_of
    where c.type = :created and c.effective_at <= :as_of and {_BOTH} = :counted
      and (c.effective_at, c.lead_id) > (:after_at, cast(:after_id as uuid))
    order by c.effective_at, c.lead_id limit :limit
""")  # noqa: S608 - constants of this module
_DUAL_COUNT = text(f"select count(*) from facts c where c.type = :created and c.effective_at <= :as_of and {_BOTH}")  # noqa: S608
_NOWHERE = UUID(int=0)
_EVER = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
_ALL = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """One dual assignment as the facts know it."""

    lead_id: UUID
    dual_assignment_id: UUID
    created_at: datetime
    completed_at: datetime | None


async def superior_leads(
    tx: Transaction, *, as_of: datetime, after: tuple[str, UUID] | None = None
) -> list[SuperiorLead]:
    """The superior leads known at `as_of`, by number, from after this one on."""
    after_no, after_id = after or ("", _NOWHERE)
    rows = await tx.execute(
        _SUPERIOR,
        {
            "assigned": LeadAssigned.TYPE,
            "accepted": WorkAccepted.TYPE,
            "received": LeadReceived.TYPE,
            "as_of": as_of,
            "after_no": after_no,
            "after_id": after_id,
        },
    )
    return [_superior(row) for row in rows.mappings()]


def _superior(row: RowMapping) -> SuperiorLead:
    acceptance = None
    if row["accepted"] is not None:
        codes = row["accepted"]
        acceptance = Acceptance(
            at=row["accepted_at"],
            verifier_count=codes["verifier_count"],
            plan_on_file=codes["plan_on_file"],
            recusals_on_file=codes["recusals_on_file"],
        )
    return SuperiorLead(
        lead_id=row["lead_id"],
        lead_no=row["lead_no"],
        issuing_level=row["issuing_level"],
        received_on=china_date(row["received_at"]),
        assigned_at=row["assigned_at"],
        sign_by=date.fromisoformat(row["sign_by"]) if row["sign_by"] else None,
        acceptance=acceptance,
    )


async def dual_assignments(
    tx: Transaction,
    *,
    as_of: datetime,
    counted: bool = True,
    after: tuple[datetime, UUID] | None = None,
    limit: int = _ALL,
) -> list[Dual]:
    """The dual assignments made up to `as_of`, by time; `counted`: those of which a unit was charged, else the others."""
    after_at, after_id = after or (_EVER, _NOWHERE)
    rows = await tx.execute(
        _DUAL,
        {
            "created": DualAssignmentCreated.TYPE,
            "completed": DualAssignmentCompleted.TYPE,
            "assigned": LeadAssigned.TYPE,
            "counted": counted,
            "as_of": as_of,
            "after_at": after_at,
            "after_id": after_id,
            "limit": limit,
        },
    )
    return [Dual(**row) for row in rows.mappings()]


async def count_dual_assignments(tx: Transaction, *, as_of: datetime) -> int:
    """How many there are."""
    asked = {"created": DualAssignmentCreated.TYPE, "assigned": LeadAssigned.TYPE, "as_of": as_of}
    return int((await tx.execute(_DUAL_COUNT, asked)).scalar_one())


async def list_facts(
    tx: Transaction, *, type_: str | None, lead_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[dict[str, Any]]:
    """Facts by the time they happened."""
    query = select(facts).order_by(facts.c.effective_at, facts.c.event_id).limit(limit)
    if type_ is not None:
        query = query.where(facts.c.type == type_)
    if lead_id is not None:
        query = query.where(facts.c.lead_id == lead_id)
    if after is not None:
        query = query.where(tuple_(facts.c.effective_at, facts.c.event_id) > after)
    return [dict(row) for row in (await tx.execute(query)).mappings()]
