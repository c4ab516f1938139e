"""The store of works, their verifiers and the sealed facts that came for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update

from services.verification.db.tables import verifiers, work_facts, work_history, works
from services.verification.domain.work import Conclusion, Status, Verifier, Work
from shared.contracts.envelope import SealedBox
from shared.db import Transaction
from shared.errors import Conflict, NotFound


async def add(tx: Transaction, work: Work, *, region: str, actor: str, at: datetime) -> None:
    """Insert a new work with its first line of history."""
    await tx.execute(insert(works), {**_row(work), "region_code": region, "created_at": at})
    await _remember(tx, work, actor=actor, effective_at=work.opened_at, at=at)


async def save(tx: Transaction, work: Work, *, actor: str, effective_at: datetime, at: datetime) -> None:
    """Write the new state. Raises `Conflict` when someone else wrote since it was read."""
    done = await tx.execute(
        update(works)
        .where(works.c.id == work.id, works.c.version == work.version - 1)
        .values(_row(work))
        .returning(works.c.id)
    )
    if done.one_or_none() is None:
        raise Conflict("核查任务已被他人更新 / the work was changed by someone else meanwhile")
    if work.status is Status.ACCEPTED:
        await tx.execute(
            insert(verifiers),
            [
                {"work_id": work.id, "staff": v.staff, "recusal_statement_on": v.recusal_statement_on}
                for v in work.verifiers
            ],
        )
    await _remember(tx, work, actor=actor, effective_at=effective_at, at=at)


async def get(tx: Transaction, work_id: UUID, *, lock: bool = False) -> Work:
    """One work. Raises `NotFound`."""
    query = select(works).where(works.c.id == work_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该核查任务 / no such work")
    named = await verifiers_of(tx, [work_id])
    return of_row(row, named.get(work_id, ()))


async def exists_for(tx: Transaction, lead_id: UUID) -> bool:
    """Whether any work on this lead has arrived."""
    return (await tx.execute(select(works.c.id).where(works.c.lead_id == lead_id).limit(1))).one_or_none() is not None


async def verifiers_of(tx: Transaction, work_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Verifier, ...]]:
    """The verifiers of these works."""
    rows = await tx.execute(select(verifiers).where(verifiers.c.work_id.in_(work_ids)).order_by(verifiers.c.staff))
    found: dict[UUID, tuple[Verifier, ...]] = {}
    for row in rows:
        verifier = Verifier(staff=row.staff, recusal_statement_on=row.recusal_statement_on)
        found[row.work_id] = (*found.get(row.work_id, ()), verifier)
    return found


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
    }


async def _remember(tx: Transaction, work: Work, *, actor: str, effective_at: datetime, at: datetime) -> None:
    await tx.execute(
        insert(work_history),
        {
            "work_id": work.id,
            "version": work.version,
            "status": work.status.value,
            "actor": actor,
            "effective_at": effective_at,
            "recorded_at": at,
        },
    )
