"""The store of leads, their numbers and history."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Text, Uuid, any_, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db import search
from services.intake.db.repeat_tables import repeat_pending
from services.intake.db.tables import lead_history, lead_numbers, leads
from services.intake.domain.codes import Ground, IssuingLevel, Level, Source, Tier
from services.intake.domain.lead import Assignment, Lead
from services.intake.domain.lead_number import LeadNumber
from services.intake.domain.lead_states import AT_REST, Status
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import Conflict, NotFound

SYSTEM = "system:intake"
"""The service itself, in a lead's history."""


async def draw_number(tx: Transaction, region: str, source: Source, day: date) -> LeadNumber:
    """The next number of this source and day; the counter's row lock keeps them without gaps."""
    draw = upsert(lead_numbers).values(region_code=region, source=source.value, day=day, last=1)
    draw = draw.on_conflict_do_update(
        index_elements=["region_code", "source", "day"], set_={"last": lead_numbers.c.last + 1}
    )
    last = (await tx.execute(draw.returning(lead_numbers.c.last))).scalar_one()
    return LeadNumber(region, source, day, last)


async def keep_number(tx: Transaction, lead_no: str) -> None:
    """A number that was given already: the counter goes past it."""
    number = LeadNumber.parse(lead_no)
    keep = upsert(lead_numbers).values(
        region_code=number.region, source=number.source.value, day=number.day, last=number.sequence
    )
    keep = keep.on_conflict_do_update(
        index_elements=["region_code", "source", "day"],
        set_={"last": func.greatest(lead_numbers.c.last, keep.excluded.last)},
    )
    await tx.execute(keep)


async def add(
    tx: Transaction, lead: Lead, *, region: str, by: Principal | None, effective_at: datetime, at: datetime
) -> None:
    """Insert a new lead with its first line of history."""
    fixed = {
        "id": lead.id,
        "region_code": region,
        "lead_no": lead.lead_no,
        "source": lead.source.value,
        "issuing_level": lead.issuing_level.value if lead.issuing_level else None,
        "upstream_no": lead.upstream_no,
        "upstream_deadline": lead.upstream_deadline,
        "received_on": lead.received_on,
        "street": lead.street,
        "summary": lead.summary,
        "allegations": list(lead.allegations),
        "named": lead.named,
        "reporter_ref": lead.reporter_ref,
        "profile_version": lead.profile_version,
        "source_l2": lead.source_l2,
        "created_at": at,
    }
    await tx.execute(insert(leads), {**fixed, **_changing(lead)})
    await tx.execute(insert(repeat_pending), {"lead_id": lead.id})
    await remember(tx, lead, "register" if by else "relearn", by=by, effective_at=effective_at, at=at)


async def save(
    tx: Transaction,
    lead: Lead,
    action: str,
    *,
    by: Principal | None,
    effective_at: datetime,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Write the new state and a line of history. Raises `Conflict` when someone else wrote since it was read."""
    done = await tx.execute(
        update(leads)
        .where(leads.c.id == lead.id, leads.c.version == lead.version - 1)
        .values(_changing(lead))
        .returning(leads.c.id)
    )
    if done.one_or_none() is None:
        raise Conflict("线索已被他人更新 / the lead was changed by someone else meanwhile")
    if lead.status in AT_REST:
        # what it says is not used any more (G14): nobody finds it by that
        await search.forget(tx, lead.id)
    else:
        await search.restand(tx, lead, by)
    await remember(tx, lead, action, by=by, effective_at=effective_at, at=at, reason=reason)


async def touch(tx: Transaction, lead: Lead, action: str, *, by: Principal | None, at: datetime) -> None:
    """A deed that changes nothing of the lead itself, on its history."""
    await save(tx, replace(lead, version=lead.version + 1), action, by=by, effective_at=at, at=at)


async def last_done(tx: Transaction, lead_id: UUID, action: str) -> datetime | None:
    """When this was put on record of it last."""
    deeds = lead_history.c
    query = select(func.max(deeds.recorded_at)).where(deeds.lead_id == lead_id, deeds.action == action)
    found: datetime | None = (await tx.execute(query)).scalar_one()
    return found


async def last_reason(tx: Transaction, lead_id: UUID, action: str) -> str | None:
    """Why this was done to it last; None where a restore has lost it."""
    deeds = lead_history.c
    query = select(deeds.reason).where(deeds.lead_id == lead_id, deeds.action == action)
    return (await tx.execute(query.order_by(deeds.version.desc()).limit(1))).scalar_one_or_none()


async def get(tx: Transaction, lead_id: UUID, *, lock: bool = False) -> Lead:
    """One lead. Raises `NotFound`."""
    query = select(leads).where(leads.c.id == lead_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该线索 / no such lead")
    return of_row(row)


async def hold(tx: Transaction, ids: Collection[UUID]) -> None:
    """Nobody changes these until the transaction ends; held in the order of `merges.lock_both`."""
    query = select(leads.c.id).where(leads.c.id == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid))))
    await tx.execute(query.order_by(leads.c.merged_into.is_not(None), leads.c.id).with_for_update())


async def find_superior(tx: Transaction, region: str, upstream_no: str) -> Lead | None:
    """The lead that a superior handed down under this number, if it is registered."""
    return (await find_superiors(tx, region, [upstream_no])).get(upstream_no)


async def find_superiors(tx: Transaction, region: str, upstream_nos: Sequence[str]) -> dict[str, Lead]:
    """Those of these numbers that are registered, by number."""
    query = select(leads).where(
        leads.c.region_code == region,
        leads.c.upstream_no == any_(bindparam("numbers", list(upstream_nos), type_=ARRAY(Text))),
        # written out: with a parameter here PostgreSQL could not tell that the partial index of superiors' numbers serves
        leads.c.source == bindparam("superior", Source.SUPERIOR.value, literal_execute=True),
    )
    return {row["upstream_no"]: of_row(row) for row in (await tx.execute(query)).mappings()}


async def remember(
    tx: Transaction,
    lead: Lead,
    action: str,
    *,
    by: Principal | None,
    effective_at: datetime,
    at: datetime,
    reason: str | None = None,
) -> None:
    """One line of history: who did what to the lead, when and why."""
    await tx.execute(
        insert(lead_history),
        {
            "lead_id": lead.id,
            "version": lead.version,
            "action": action,
            "status": lead.standing.value,
            "actor": by.sub if by else SYSTEM,
            "unit": by.unit if by else "",
            "reason": reason,
            "effective_at": effective_at,
            "recorded_at": at,
        },
    )


def of_row(row: RowMapping) -> Lead:
    """A row as the aggregate."""
    assignment = None
    if row["unit"] is not None:
        assignment = Assignment(
            unit=row["unit"],
            number=row["assignment_no"],
            sign_by=row["sign_by"],
            due_on=row["due_on"],
            provisional=row["provisional"],
        )
    return Lead(
        id=row["id"],
        lead_no=row["lead_no"],
        source=Source(row["source"]),
        issuing_level=IssuingLevel(row["issuing_level"]) if row["issuing_level"] else None,
        upstream_no=row["upstream_no"],
        upstream_deadline=row["upstream_deadline"],
        received_on=row["received_on"],
        street=row["street"],
        summary=row["summary"],
        allegations=tuple(row["allegations"]),
        named=row["named"],
        reporter_ref=row["reporter_ref"],
        status=Status(row["status"]),
        version=row["version"],
        areas=tuple(row["areas"]),
        manifestations=tuple(row["manifestations"]),
        tier=Tier(row["tier"]) if row["tier"] else None,
        level=Level(row["level"]) if row["level"] else None,
        grounds=tuple(Ground(ground) for ground in row["grounds"]),
        assignment=assignment,
        profile_version=row["profile_version"],
        merged_into=row["merged_into"],
        suspended_at=row["suspended_at"],
        urgent=row["urgent"],
        refused_by=tuple(row["refused_by"]),
        earlier_units=tuple(row["earlier_units"]),
        source_l2=row["source_l2"],
        codes_version=row["codes_version"],
    )


def _changing(lead: Lead) -> dict[str, object]:
    """The columns that may change after registration."""
    assignment = lead.assignment
    return {
        "status": lead.status.value,
        "version": lead.version,
        "areas": list(lead.areas),
        "manifestations": list(lead.manifestations),
        "tier": lead.tier.value if lead.tier else None,
        "level": lead.level.value if lead.level else None,
        "grounds": [ground.value for ground in lead.grounds],
        "unit": assignment.unit if assignment else None,
        "assignment_no": assignment.number if assignment else None,
        "sign_by": assignment.sign_by if assignment else None,
        "due_on": assignment.due_on if assignment else None,
        "provisional": assignment.provisional if assignment else None,
        "merged_into": lead.merged_into,
        "suspended_at": lead.suspended_at,
        "urgent": lead.urgent,
        "refused_by": list(lead.refused_by),
        "earlier_units": list(lead.earlier_units),
        "codes_version": lead.codes_version,
    }
