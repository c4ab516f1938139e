"""The store of merges, of the conclusions that they look at, and of the list for re-examination."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Text, any_, bindparam, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.conflicts import apart
from services.intake.db.leads import of_row
from services.intake.db.repeat_tables import conclusions, merges, re_examinations
from services.intake.db.tables import lead_history, leads
from services.intake.domain.codes import Ground, Level
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import ITS_UNITS
from services.intake.domain.merge import STANDS, Merge, MergeState, ReExamination, ReExaminationState
from services.intake.domain.minors import CHILDREN, DEED
from shared.db import Transaction
from shared.errors import Conflict, NotFound

AT_MOST = 200
"""Of a list that has no pages."""
OPEN = (MergeState.PROPOSED.value, MergeState.STANDING.value, MergeState.UNDO_PROPOSED.value)


async def add(tx: Transaction, merge: Merge, *, region: str) -> None:
    """Insert a merge."""
    await tx.execute(insert(merges), {**_row(merge), "region_code": region})


async def save(tx: Transaction, merge: Merge) -> None:
    """Write the new state; the caller holds the row's lock."""
    await tx.execute(update(merges).where(merges.c.id == merge.id).values(_row(merge)))


async def get(tx: Transaction, merge_id: UUID, *, lock: bool = False) -> Merge:
    """One merge. Raises `NotFound`."""
    query = select(merges).where(merges.c.id == merge_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该并案 / no such merge")
    return _merge(row)


async def page(
    tx: Transaction,
    *,
    state: str | None,
    lead_id: UUID | None,
    away: Sequence[UUID],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Merge]:
    """Merges by proposal; of a state, of a lead (as repeat or as master)."""
    query = select(merges).where(*apart(merges.c.lead_id, away), *apart(merges.c.master_id, away))
    query = query.order_by(merges.c.proposed_at, merges.c.id).limit(limit)
    if state is not None:
        query = query.where(merges.c.state == state)
    if lead_id is not None:
        query = query.where((merges.c.lead_id == lead_id) | (merges.c.master_id == lead_id))
    if after is not None:
        query = query.where(tuple_(merges.c.proposed_at, merges.c.id) > after)
    return [_merge(row) for row in (await tx.execute(query)).mappings()]


async def open_of(tx: Transaction, lead_id: UUID) -> Merge | None:
    """The merge of this lead that is proposed or stands."""
    query = select(merges).where(merges.c.lead_id == lead_id, merges.c.state.in_(OPEN))
    row = (await tx.execute(query)).mappings().one_or_none()
    return _merge(row) if row else None


async def standing_of(tx: Transaction, lead_id: UUID) -> Merge | None:
    """The merge by which this lead is a repeat."""
    found = await open_of(tx, lead_id)
    return found if found is not None and found.state in STANDS else None


async def proposed_beside(tx: Transaction, lead_id: UUID, master_id: UUID) -> Merge | None:
    """A proposal that could not be confirmed beside one of `lead_id` into `master_id`: the master into another, another into the lead."""
    crossing = or_(merges.c.lead_id == master_id, merges.c.master_id == lead_id)
    query = select(merges).where(merges.c.state == MergeState.PROPOSED.value, crossing)
    row = (await tx.execute(query.order_by(merges.c.proposed_at, merges.c.id).limit(1))).mappings().one_or_none()
    return _merge(row) if row else None


async def lock_both(tx: Transaction, one: UUID, other: UUID) -> tuple[Lead, Lead]:
    """Both leads, locked in one order: a master before its repeat, as whoever tells or judges all of a matter holds them; what is not
    merged by the ids. Raises `NotFound`."""
    query = select(leads).where(leads.c.id.in_([one, other])).order_by(leads.c.merged_into.is_not(None), leads.c.id)
    query = query.with_for_update()
    found = {row["id"]: of_row(row) for row in (await tx.execute(query)).mappings()}
    if not {one, other} <= found.keys():
        raise NotFound("没有该线索 / no such lead")
    return found[one], found[other]


async def lock_whole(tx: Transaction, lead_id: UUID) -> tuple[Lead, Lead]:
    """A lead and, for a repeat, its master, else itself again; both locked. Raises `NotFound`, `Conflict` when it was merged meanwhile."""
    query = select(leads.c.merged_into).where(leads.c.id == lead_id)
    master_id = (await tx.execute(query)).scalar_one_or_none()
    lead, whole = await lock_both(tx, lead_id, master_id or lead_id)
    if lead.merged_into != master_id:
        raise Conflict("线索刚被并入或撤销并入,请重试 / it was merged, or unmerged, meanwhile: try again")
    return lead, whole


async def repeats_of(tx: Transaction, master_id: UUID) -> list[Lead]:
    """The leads that are merged into this one, by day of receipt."""
    query = select(leads).where(leads.c.merged_into == master_id).order_by(leads.c.received_on, leads.c.id)
    return [of_row(row) for row in (await tx.execute(query)).mappings()]


async def masters_of(tx: Transaction, lead_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """What those of these leads are merged into that are repeats."""
    query = select(leads.c.id, leads.c.merged_into).where(leads.c.id.in_(lead_ids), leads.c.merged_into.is_not(None))
    return {row.id: row.merged_into for row in await tx.execute(query)}


async def matter_of(tx: Transaction, lead: Lead) -> list[UUID]:
    """The leads of one matter, the master first: a repeat's facts, people and rights are the master's, too (docs/decisions/0106)."""
    head = lead.merged_into or lead.id
    query = select(leads.c.id).where(leads.c.merged_into == head).order_by(leads.c.received_on, leads.c.id)
    return [head, *(await tx.execute(query)).scalars()]


async def merged_since(tx: Transaction, master_id: UUID, at: datetime) -> bool:
    """Whether something that is still a repeat of it was merged into it after this instant."""
    standing = merges.c.state.in_([state.value for state in STANDS])
    query = select(merges.c.id).where(merges.c.master_id == master_id, standing, merges.c.decided_at > at)
    return (await tx.execute(query.limit(1))).first() is not None


async def grounds_of(tx: Transaction, lead: Lead) -> tuple[Ground, ...]:
    """The grounds for a discipline leg that a lead has, and those of what is merged into it."""
    query = select(leads.c.grounds).where(leads.c.merged_into == lead.id).order_by(leads.c.received_on, leads.c.id)
    theirs = (Ground(each) for row in (await tx.execute(query)).scalars() for each in row)
    return tuple(dict.fromkeys((*lead.grounds, *theirs)))


async def count_repeats(tx: Transaction, master_id: UUID) -> int:
    """How many leads are merged into this one: counted, never stored."""
    query = select(func.count()).select_from(leads).where(leads.c.merged_into == master_id)
    return int((await tx.execute(query)).scalar_one())


async def has_repeats(tx: Transaction, lead_id: UUID) -> bool:
    """Whether any lead is merged into this one."""
    return bool((await tx.execute(select(exists().where(leads.c.merged_into == lead_id)))).scalar_one())


async def children_waiting(tx: Transaction, *, away: Sequence[UUID]) -> list[UUID]:
    """Masters that a unit has, of which a repeat names a child under 14 and the director has said nothing since nor before (G19)."""
    repeat, master = leads.alias(), leads.alias()
    said = exists().where(
        lead_history.c.action == DEED,
        or_(
            lead_history.c.lead_id == repeat.c.id,
            (lead_history.c.lead_id == master.c.id) & (lead_history.c.recorded_at >= merges.c.decided_at),
        ),
    )
    query = select(master.c.id).distinct().select_from(merges)
    query = query.join(repeat, repeat.c.id == merges.c.lead_id).join(master, master.c.id == merges.c.master_id)
    query = query.where(
        merges.c.state.in_([state.value for state in STANDS]),
        master.c.status.in_([status.value for status in ITS_UNITS]),
        bindparam("mark", CHILDREN, type_=Text) == any_(repeat.c.allegations),
        ~said,
        *apart(master.c.id, away),
    )
    return list((await tx.execute(query.order_by(master.c.id).limit(AT_MOST))).scalars())


async def done_since(tx: Transaction, lead_id: UUID, since: datetime) -> list[Mapping[str, Any]]:
    """What was done with a lead after an instant."""
    query = (
        select(lead_history)
        .where(lead_history.c.lead_id == lead_id, lead_history.c.recorded_at > since)
        .order_by(lead_history.c.version)
    )
    return [dict(row) for row in (await tx.execute(query)).mappings()]


async def conclude(tx: Transaction, lead_id: UUID, code: str, unit: str, *, at: datetime) -> None:
    """Keep how the work on a lead ended."""
    values = {"lead_id": lead_id, "code": code, "unit": unit, "concluded_at": at}
    statement = upsert(conclusions).values(values)
    await tx.execute(statement.on_conflict_do_update(index_elements=["lead_id"], set_=values))


async def conclude_unless_later(tx: Transaction, lead_id: UUID, code: str, unit: str, *, at: datetime) -> None:
    """Keep how the work on a lead ended, where no later end is known."""
    values = {"lead_id": lead_id, "code": code, "unit": unit, "concluded_at": at}
    statement = upsert(conclusions).values(values)
    known = conclusions.c.concluded_at <= at
    await tx.execute(statement.on_conflict_do_update(index_elements=["lead_id"], set_=values, where=known))


async def conclusion_of(tx: Transaction, lead_id: UUID) -> tuple[str, str] | None:
    """Code of the conclusion and the unit that came to it."""
    query = select(conclusions.c.code, conclusions.c.unit).where(conclusions.c.lead_id == lead_id)
    row = (await tx.execute(query)).one_or_none()
    return (row.code, row.unit) if row else None


async def concluded_at(tx: Transaction, lead_id: UUID) -> datetime | None:
    """When it was concluded last."""
    query = select(conclusions.c.concluded_at).where(conclusions.c.lead_id == lead_id)
    return (await tx.execute(query)).scalar_one_or_none()


async def add_re_examination(tx: Transaction, entry: ReExamination) -> None:
    """Put a lead on the list for another team."""
    await tx.execute(insert(re_examinations), _entry_row(entry))


async def save_re_examination(tx: Transaction, entry: ReExamination) -> None:
    """Write the new state; the caller holds the row's lock."""
    table = re_examinations
    await tx.execute(update(table).where(table.c.merge_id == entry.merge_id).values(_entry_row(entry)))


async def re_examination_of(tx: Transaction, merge_id: UUID) -> ReExamination | None:
    """The entry that this merge opened, locked."""
    query = select(re_examinations).where(re_examinations.c.merge_id == merge_id).with_for_update()
    row = (await tx.execute(query)).mappings().one_or_none()
    return _entry(row) if row else None


async def open_re_examinations(tx: Transaction, lead_id: UUID) -> list[ReExamination]:
    """Entries of a lead that wait for a team, locked; the caller holds the lead's lock."""
    table = re_examinations
    query = select(table).where(table.c.lead_id == lead_id, table.c.state == ReExaminationState.OPEN.value)
    return [_entry(row) for row in (await tx.execute(query.with_for_update())).mappings()]


async def page_re_examinations(
    tx: Transaction, *, state: str | None, away: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
) -> list[ReExamination]:
    """The list, oldest first."""
    table = re_examinations
    query = select(table).where(*apart(table.c.lead_id, away), *apart(table.c.repeat_id, away))
    query = query.order_by(table.c.opened_at, table.c.merge_id).limit(limit)
    if state is not None:
        query = query.where(table.c.state == state)
    if after is not None:
        query = query.where(tuple_(table.c.opened_at, table.c.merge_id) > after)
    return [_entry(row) for row in (await tx.execute(query)).mappings()]


def _merge(row: RowMapping) -> Merge:
    values = {name: row[name] for name in Merge.__dataclass_fields__}
    level = row["suggested_level"]
    return Merge(**values | {"state": MergeState(row["state"]), "suggested_level": Level(level) if level else None})


def _row(merge: Merge) -> dict[str, Any]:
    values = {name: getattr(merge, name) for name in Merge.__dataclass_fields__}
    return values | {"state": merge.state.value, "features": dict(merge.features or {})}


def _entry(row: RowMapping) -> ReExamination:
    values = {name: row[name] for name in ReExamination.__dataclass_fields__}
    return ReExamination(**values | {"state": ReExaminationState(row["state"])})


def _entry_row(entry: ReExamination) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in ReExamination.__dataclass_fields__}
    return values | {"state": entry.state.value}
