"""The store of works, their verifiers and the sealed facts that came for them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, case, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.verification.db.tables import lead_standings, reviews, verifiers, work_facts, work_history, works
from services.verification.domain.work import Conclusion, Status, Verifier, Work
from shared.contracts.envelope import SealedBox
from shared.contracts.intake import LeadAssigned
from shared.db import Transaction
from shared.errors import Conflict, NotFound

DESTROYED = "已销毁"


async def add(tx: Transaction, work: Work, *, region: str, actor: str, at: datetime) -> None:
    """Insert a new work with its first line of history."""
    await tx.execute(insert(works), {**_row(work), "region_code": region, "created_at": at})
    await _remember(tx, work, actor=actor, effective_at=work.opened_at, at=at)


async def save(
    tx: Transaction, work: Work, *, actor: str, effective_at: datetime, at: datetime, reason: str | None = None
) -> None:
    """Write the new state. Raises `Conflict` when someone else wrote since it was read."""
    done = await tx.execute(
        update(works)
        .where(works.c.id == work.id, works.c.version == work.version - 1)
        .values(_row(work))
        .returning(works.c.id)
    )
    if done.one_or_none() is None:
        raise Conflict("核查任务已被他人更新 / the work was changed by someone else meanwhile")
    if work.verifiers:
        named = upsert(verifiers).values(
            [
                {"work_id": work.id, "staff": v.staff, "recusal_statement_on": v.recusal_statement_on}
                for v in work.verifiers
            ]
        )
        await tx.execute(named.on_conflict_do_nothing())
    await _remember(tx, work, actor=actor, effective_at=effective_at, at=at, reason=reason)


async def get(tx: Transaction, work_id: UUID, *, lock: bool = False) -> Work:
    """One work. Raises `NotFound`."""
    query = whole().where(works.c.id == work_id)
    row = (await tx.execute(query.with_for_update(of=works) if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该核查任务 / no such work")
    named = await verifiers_of(tx, [work_id])
    return of_row(row, named.get(work_id, ()))


def whole() -> Select[Any]:
    """Works with what intake says of their leads."""
    stands = lead_standings.c
    more = (
        stands.suspended_at.is_not(None).label("suspended"),
        (stands.sealed_at.is_not(None) | stands.expunged_at.is_not(None)).label("at_rest"),
        stands.arrest_held_until,
        stands.publication_held_until,
        func.coalesce(stands.danger_claimed, False).label("danger_claimed"),
    )
    return select(works, *more).outerjoin(lead_standings, stands.lead_id == works.c.lead_id)


async def of_assignment(tx: Transaction, lead_id: UUID, assignment_no: int | None) -> Work | None:
    """The work of this assignment, or the newest on the lead; locked."""
    query = whole().where(works.c.lead_id == lead_id)
    if assignment_no is not None:
        query = query.where(works.c.assignment_no == assignment_no)
    query = query.order_by(works.c.assignment_no.desc()).limit(1).with_for_update(of=works)
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    return of_row(row, (await verifiers_of(tx, [row["id"]])).get(row["id"], ()))


async def is_last(tx: Transaction, work: Work) -> bool:
    """Whether no later assignment of its lead has a work."""
    later = select(works.c.id).where(works.c.lead_id == work.lead_id, works.c.assignment_no > work.assignment_no)
    return (await tx.execute(later.limit(1))).first() is None


async def stand(tx: Transaction, lead_id: UUID, **values: Any) -> None:
    """Keep what intake says of a lead."""
    put = upsert(lead_standings).values(lead_id=lead_id, **values)
    await tx.execute(put.on_conflict_do_update(index_elements=["lead_id"], set_=values))


async def standing_of(tx: Transaction, lead_id: UUID) -> Mapping[str, Any] | None:
    """What intake said of a lead, if it did."""
    query = select(lead_standings).where(lead_standings.c.lead_id == lead_id)
    row = (await tx.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def destroy(tx: Transaction, lead_id: UUID) -> int:
    """Nothing of what is known of a lead is left here: its boxes, plans, reports, reasons; → how many boxes there were."""
    done = await tx.execute(
        update(work_facts)
        .where(work_facts.c.lead_id == lead_id, work_facts.c.box.is_not(None))
        .values(key_id=None, box=None)
    )
    mine = select(works.c.id).where(works.c.lead_id == lead_id)
    await tx.execute(update(work_history).where(work_history.c.work_id.in_(mine)).values(reason=None))
    kept = (reviews.c.reason, reviews.c.decision_organ, reviews.c.decision_no)
    why = {column.name: case((column.is_not(None), DESTROYED)) for column in kept}
    await tx.execute(update(reviews).where(reviews.c.work_id.in_(mine)).values(why))
    gone = {
        "plan": case((works.c.plan.is_not(None), DESTROYED)),
        "first_report": case((works.c.first_report.is_not(None), DESTROYED)),
    }
    await tx.execute(update(works).where(works.c.lead_id == lead_id).values(gone))
    return int(done.rowcount)


async def exists_for(tx: Transaction, lead_id: UUID) -> bool:
    """Whether any work on this lead has arrived."""
    return (await tx.execute(select(works.c.id).where(works.c.lead_id == lead_id).limit(1))).one_or_none() is not None


async def waiting_for_assignment(tx: Transaction, lead_id: UUID) -> int:
    """How many works of this lead a restore brought back and their assignments did not yet."""
    query = select(func.count()).where(works.c.lead_id == lead_id, works.c.assignment_no < 0)
    return int((await tx.execute(query)).scalar_one())


async def complete(tx: Transaction, assigned: LeadAssigned, *, sign_by: date, due_on: date) -> bool:
    """What this assignment says of the work that a restore brought back for it; → whether there is one."""
    done = await tx.execute(
        update(works)
        .where(
            works.c.lead_id == assigned.lead_id,
            works.c.assignment_no < 0,
            works.c.unit == assigned.unit,
            works.c.opened_at == assigned.effective_at,
        )
        .values(
            sign_by=sign_by,
            due_on=due_on,
            **assigned.model_dump(include={"assignment_no", "level", "provisional", "urgent", "dispute_by"}),
        )
        .returning(works.c.id)
    )
    return done.first() is not None


async def verifiers_of(tx: Transaction, work_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Verifier, ...]]:
    """The verifiers of these works."""
    rows = await tx.execute(select(verifiers).where(verifiers.c.work_id.in_(work_ids)).order_by(verifiers.c.staff))
    found: dict[UUID, tuple[Verifier, ...]] = {}
    for row in rows:
        verifier = Verifier(staff=row.staff, recusal_statement_on=row.recusal_statement_on)
        found[row.work_id] = (*found.get(row.work_id, ()), verifier)
    return found


async def expunged_with_boxes(tx: Transaction, waiting: Collection[UUID]) -> list[UUID]:
    """Expunged leads of which a box is kept here, or waits in the inbox."""
    mine, stands = work_facts.c, lead_standings.c
    kept = exists().where(mine.lead_id == stands.lead_id, mine.box.is_not(None))
    query = select(stands.lead_id).where(stands.expunged_at.is_not(None), or_(kept, stands.lead_id.in_(waiting)))
    return list((await tx.execute(query)).scalars())


async def keep_facts(tx: Transaction, lead_id: UUID, sequence: int, sealed: SealedBox | None, *, at: datetime) -> None:
    """Keep a box as it came; None stands for facts that were destroyed."""
    await tx.execute(
        insert(work_facts),
        {
            "lead_id": lead_id,
            "sequence": sequence,
            "key_id": sealed and sealed.key_id,
            "box": sealed and sealed.box,
            "received_at": at,
        },
    )


async def latest_facts(tx: Transaction, lead_id: UUID) -> SealedBox | None:
    """The newest box about a lead, None when there is none or it was destroyed."""
    query = select(work_facts).where(work_facts.c.lead_id == lead_id).order_by(work_facts.c.sequence.desc()).limit(1)
    row = (await tx.execute(query)).mappings().one_or_none()
    return SealedBox(key_id=row["key_id"], box=row["box"]) if row and row["box"] else None


def of_row(row: RowMapping, named: tuple[Verifier, ...]) -> Work:
    """A row and its verifiers as the aggregate."""
    return Work(
        id=row["id"],
        lead_id=row["lead_id"],
        assignment_no=row["assignment_no"],
        unit=row["unit"],
        level=row["level"],
        sign_by=row["sign_by"],
        due_on=row["due_on"],
        provisional=row["provisional"],
        status=Status(row["status"]),
        version=row["version"],
        opened_at=row["opened_at"],
        verifiers=named,
        plan=row["plan"],
        conclusion=Conclusion(row["conclusion"]) if row["conclusion"] else None,
        urgent=row["urgent"],
        dispute_by=row["dispute_by"],
        first_report=row["first_report"],
        suspended=bool(row["suspended"]),
        at_rest=bool(row["at_rest"]),
        arrest_held_until=row["arrest_held_until"],
        publication_held_until=row["publication_held_until"],
        danger_claimed=row["danger_claimed"],
    )


def _row(work: Work) -> dict[str, object]:
    return {
        "id": work.id,
        "lead_id": work.lead_id,
        "assignment_no": work.assignment_no,
        "unit": work.unit,
        "level": work.level,
        "sign_by": work.sign_by,
        "due_on": work.due_on,
        "provisional": work.provisional,
        "status": work.status.value,
        "version": work.version,
        "opened_at": work.opened_at,
        "plan": work.plan,
        "conclusion": work.conclusion.value if work.conclusion else None,
        "urgent": work.urgent,
        "dispute_by": work.dispute_by,
        "first_report": work.first_report,
    }


async def _remember(
    tx: Transaction, work: Work, *, actor: str, effective_at: datetime, at: datetime, reason: str | None = None
) -> None:
    await tx.execute(
        insert(work_history),
        {
            "work_id": work.id,
            "version": work.version,
            "status": work.status.value,
            "actor": actor,
            "reason": reason,
            "effective_at": effective_at,
            "recorded_at": at,
        },
    )
