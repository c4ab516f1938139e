"""The store of openings: who asked for which reporter, who granted it, who read when; what the DPO and the reporter are told."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, any_, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.conflict_tables import recalls
from services.intake.db.conflicts import apart
from services.intake.db.tables import dual_assignments, lead_history, leads
from services.intake.db.vault_tables import dpo_notices, readings, reporter_openings
from services.intake.db.vault_tables import openings as table
from services.intake.domain.opening import Kind, Matter, Opening, Purpose, State
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound

_CHANGES = ("state", "decided_by", "decided_at", "decision_reason", "ends_at", "ended_by", "ended_at")


async def matter(tx: Transaction, lead_id: UUID) -> Matter:
    """What the vault may know of a lead. A repeat is checked by whoever checks its master, and who worked on one lead of a matter worked on
    all of it (docs/decisions/0106, 0110). Raises `NotFound`."""
    whole = leads.alias("whole")
    query = select(leads.c.reporter_ref, whole.c.id, whole.c.status, whole.c.unit)
    query = query.join(whole, whole.c.id == func.coalesce(leads.c.merged_into, leads.c.id)).where(leads.c.id == lead_id)
    lead = (await tx.execute(query)).one_or_none()
    if lead is None:
        raise NotFound("没有该线索 / no such lead")
    one_matter = select(leads.c.id).where(or_(leads.c.id == lead.id, leads.c.merged_into == lead.id))
    actors = select(lead_history.c.actor).where(lead_history.c.lead_id.in_(one_matter)).distinct()
    legs = select(func.count(dual_assignments.c.lead_id)).where(
        dual_assignments.c.lead_id == lead.id, dual_assignments.c.discipline != "ended"
    )
    named = select(func.unnest(table.c.officers)).where(table.c.lead_id.in_(one_matter)).distinct()
    taken = select(func.max(recalls.c.recalled_at)).where(recalls.c.lead_id == lead.id)
    return Matter(
        lead_id=lead_id,
        reporter_ref=lead.reporter_ref,
        status=lead.status,
        unit=lead.unit,
        has_discipline_leg=(await tx.execute(legs)).scalar_one() > 0,
        worked_on_by=frozenset((await tx.execute(actors)).scalars()),
        officers=frozenset((await tx.execute(named)).scalars()),
        recalled_at=(await tx.execute(taken)).scalar_one(),
    )


async def add(tx: Transaction, opening: Opening) -> None:
    """Insert a new one. Raises `NotAllowed` when one of its kind waits for this lead."""
    new = upsert(table).values(_row(opening)).on_conflict_do_nothing().returning(table.c.id)
    if (await tx.execute(new)).first() is None:
        raise NotAllowed("该线索已有待批的调取申请 / a request of this kind for this lead waits already")


async def save(tx: Transaction, opening: Opening) -> None:
    """Write what became of it. The caller holds its lock."""
    row = _row(opening)
    await tx.execute(update(table).where(table.c.id == opening.id).values({name: row[name] for name in _CHANGES}))


async def get(tx: Transaction, opening_id: UUID, *, lock: bool = False) -> Opening:
    """One opening. Raises `NotFound`."""
    query = select(table).where(table.c.id == opening_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该调取 / no such opening")
    return _of_row(row)


async def for_originals(tx: Transaction, opening_id: UUID) -> Opening:
    """One opening as intake may know it: not why. Raises `NotFound`."""
    columns = [column for column in table.c if column.name not in ("reason", "decision_reason")]
    row = (await tx.execute(select(*columns).where(table.c.id == opening_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该调取 / no such opening")
    return _of_row({**row, "reason": "", "decision_reason": None})


async def page(
    tx: Transaction,
    *,
    state: State | None,
    kind: Kind | None,
    lead_id: UUID | None,
    of: str | None,
    away: Sequence[UUID],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[tuple[Opening, int]]:
    """Openings as they were asked for, each with how often it was read; `of`: only those that this account asked for or may read."""
    read = select(func.count()).where(readings.c.opening_id == table.c.id).scalar_subquery()
    query: Select[Any] = select(table, read.label("read")).where(*apart(table.c.lead_id, away))
    query = query.order_by(table.c.asked_at, table.c.id).limit(limit)
    if state is not None:
        query = query.where(table.c.state == state.value)
    if kind is not None:
        query = query.where(table.c.kind == kind.value)
    if lead_id is not None:
        query = query.where(table.c.lead_id == lead_id)
    if of is not None:
        query = query.where(or_(table.c.asked_by == of, literal(of) == any_(table.c.officers)))
    if after is not None:
        query = query.where(tuple_(table.c.asked_at, table.c.id) > after)
    rows = (await tx.execute(query)).mappings()
    return [(_of_row({column.name: row[column.name] for column in table.c}), row["read"]) for row in rows]


async def add_reading(tx: Transaction, opening_id: UUID, *, reader: str, at: datetime) -> int:
    """One more reading; → its number. The caller holds the opening's lock."""
    last = select(func.coalesce(func.max(readings.c.number), 0)).where(readings.c.opening_id == opening_id)
    number: int = (await tx.execute(last)).scalar_one() + 1
    row = {"opening_id": opening_id, "number": number, "reader": reader, "read_at": at}
    await tx.execute(insert(readings), row)
    return number


async def readings_of(tx: Transaction, opening_id: UUID) -> list[tuple[int, str, datetime]]:
    """Number, reader and instant of each reading."""
    query = select(readings.c.number, readings.c.reader, readings.c.read_at)
    rows = await tx.execute(query.where(readings.c.opening_id == opening_id).order_by(readings.c.number))
    return [(row.number, row.reader, row.read_at) for row in rows]


async def tell_dpo(tx: Transaction, opening_id: UUID, step: str, *, at: datetime) -> None:
    """The DPO is told of this step; a step is told once."""
    row = {"opening_id": opening_id, "step": step, "told_at": at}
    await tx.execute(upsert(dpo_notices).values(row).on_conflict_do_nothing())


async def notices(
    tx: Transaction, *, unseen: bool, away: Sequence[UUID], after: tuple[datetime, UUID, str] | None, limit: int
) -> list[RowMapping]:
    """What the DPO was told, oldest first."""
    key = (dpo_notices.c.told_at, dpo_notices.c.opening_id, dpo_notices.c.step)
    about = (table.c.lead_id, table.c.purpose, table.c.reason, table.c.asked_by, table.c.decided_by, table.c.ends_at)
    query = select(dpo_notices, *about).join(table, table.c.id == dpo_notices.c.opening_id)
    query = query.where(*apart(table.c.lead_id, away)).order_by(*key).limit(limit)
    if unseen:
        query = query.where(dpo_notices.c.seen_at.is_(None))
    if after is not None:
        query = query.where(tuple_(*key) > after)
    return list((await tx.execute(query)).mappings())


async def see_notices(tx: Transaction, opening_id: UUID, *, by: str, at: datetime) -> int:
    """The DPO has seen what was told of this opening; → how many steps that were new."""
    seen = update(dpo_notices).where(dpo_notices.c.opening_id == opening_id, dpo_notices.c.seen_at.is_(None))
    return int((await tx.execute(seen.values(seen_by=by, seen_at=at))).rowcount)


async def tell_reporter(tx: Transaction, opening: Opening, *, on: date) -> None:
    """The reporter will see that it was granted, on which day and what for."""
    row = {"opening_id": opening.id, "lead_id": opening.lead_id, "opened_on": on, "purpose": opening.purpose.value}
    await tx.execute(insert(reporter_openings), row)


async def told_to_reporter(tx: Transaction, lead_id: UUID) -> list[tuple[date, Purpose]]:
    """Day and purpose of each opening of this lead's reporter."""
    query = select(reporter_openings.c.opened_on, reporter_openings.c.purpose, reporter_openings.c.opening_id)
    query = query.where(reporter_openings.c.lead_id == lead_id)
    rows = await tx.execute(query.order_by(reporter_openings.c.opened_on, reporter_openings.c.opening_id))
    return [(row.opened_on, Purpose(row.purpose)) for row in rows]


def _of_row(row: Any) -> Opening:
    codes = {"kind": Kind(row["kind"]), "purpose": Purpose(row["purpose"]), "state": State(row["state"])}
    return Opening(**{**row, **codes, "officers": tuple(row["officers"])})


def _row(opening: Opening) -> dict[str, Any]:
    values = {column.name: getattr(opening, column.name) for column in table.columns}
    codes = {name: getattr(opening, name).value for name in ("kind", "purpose", "state")}
    return {**values, **codes, "officers": list(opening.officers)}
