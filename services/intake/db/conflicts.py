"""The store of whom a lead is about, and of interests in it, and who is therefore kept from which leads (G4)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    Text,
    TextClause,
    Uuid,
    all_,
    bindparam,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.conflict_tables import interests, lead_subjects
from services.intake.domain.conflict import Ground, Interest, InterestStatus, Subject
from shared.db import Transaction
from shared.errors import NotFound, Registered

LEADS_OF: Mapping[str, str] = {
    "lead_id": "select cast(:lead_id as uuid)",
    "candidate_id": "select cast(:candidate_id as uuid)",
    "merge_id": "select unnest(array[lead_id, master_id]) from merges where id = :merge_id",
    "decision_id": "select lead_id from decisions where id = :decision_id",
    "pause_id": "select lead_id from deadline_pauses where id = :pause_id",
    "extension_id": "select lead_id from deadline_extensions where id = :extension_id",
    "hold_id": "select lead_id from legal_holds where id = :hold_id union all select lead_id from dual_holds where id = :hold_id",
    "dual_assignment_id": "select lead_id from dual_assignments where id = :dual_assignment_id",
    "request_id": "select lead_id from dual_assignments where id = "
    "(select dual_assignment_id from dual_requests where id = :request_id)",
    "reward_id": "select lead_id from rewards where id = :reward_id",
    "interest_id": "select lead_id from interests where id = :interest_id",
    "upload_id": "select lead_id from attachments where id = :upload_id",
    # 32 hexadecimal digits: an id without its hyphens
    "token": "select lead_id from call_backs where token = replace(cast(cast(:token as uuid) as text), '-', '')",
    "opening_id": "select lead_id from vault.openings where id = :opening_id",
    "shredding_id": "select lead_id from vault.shreddings where id = :shredding_id",
}
"""The leads that an id in an address stands for, by its name there."""
_MINE = "mine as (select staff from directory_staff where account = any(:accounts))"
_SAID = "s.subjects @> jsonb_build_array(jsonb_build_object('staff', mine.staff))"
_NEWEST = "not exists (select from lead_subjects n where n.lead_id = s.lead_id and n.version > s.version)"
# a repeat, its master and the other repeats are one matter
_MATTER = """masters(id) as (select coalesce(l.merged_into, l.id) from leads l where l.id in (select id from named)),
matter(id) as (select id from masters union select l.id from leads l where l.merged_into in (select id from masters))"""
_CONCERNED = f"""
with {_MINE}, named(id) as ({{}}), {_MATTER}
select exists (select from interests i join mine on mine.staff = i.staff
    where i.lead_id in (select id from matter) and i.status <> 'dismissed')
  or exists (select from lead_subjects s, mine where s.lead_id in (select id from matter) and {_SAID} and {_NEWEST})
"""  # noqa: S608 - constants of this module
_KEPT_FROM = f"""
with {_MINE}, named(id) as (
  select i.lead_id from interests i join mine on mine.staff = i.staff where i.status <> 'dismissed'
  union select s.lead_id from mine, lead_subjects s where {_SAID} and {_NEWEST}
), {_MATTER}
select id from matter
"""  # noqa: S608 - constants of this module
_ACCOUNTS = bindparam("accounts", type_=ARRAY(Text))


async def state(
    tx: Transaction, lead_id: UUID, subjects: tuple[Subject, ...], reason: str, *, by: str, at: datetime
) -> None:
    """Add a statement; it holds from now on. The caller holds the lock of the lead."""
    last = select(func.coalesce(func.max(lead_subjects.c.version), 0)).where(lead_subjects.c.lead_id == lead_id)
    version = (await tx.execute(last)).scalar_one() + 1
    row = {"lead_id": lead_id, "version": version, "subjects": [asdict(one) for one in subjects], "reason": reason}
    await tx.execute(insert(lead_subjects), {**row, "stated_by": by, "stated_at": at})


async def subjects_of(tx: Transaction, lead_ids: Sequence[UUID]) -> dict[UUID, tuple[Subject, ...]]:
    """Whom the office says that these leads are about; those of which it has said nothing are left out."""
    said = lead_subjects.c
    query = select(said.lead_id, said.subjects).where(said.lead_id.in_(lead_ids)).order_by(said.version)
    rows = await tx.execute(query)  # the newest of each lead comes last, and holds
    return {row.lead_id: tuple(Subject(**one) for one in row.subjects) for row in rows}


async def add(tx: Transaction, interest: Interest) -> None:
    """Insert one. Raises `Registered` when one about this person is open."""
    new = upsert(interests).values(_row(interest)).on_conflict_do_nothing().returning(interests.c.id)
    if (await tx.execute(new)).first() is None:
        raise Registered("该人员已有待决定的回避申请 / one about this person is open already")


async def save(tx: Transaction, interest: Interest) -> None:
    """Write what was decided. The caller holds its lock."""
    row = _row(interest)
    names = ("status", "decided_by", "decided_at", "decision_reason")
    await tx.execute(update(interests).where(interests.c.id == interest.id).values({name: row[name] for name in names}))


async def get(tx: Transaction, interest_id: UUID, *, lock: bool = False) -> Interest:
    """One. Raises `NotFound`."""
    query = select(interests).where(interests.c.id == interest_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该回避申请 / no such request")
    return _of_row(row)


async def interests_in(tx: Transaction, lead_ids: Sequence[UUID]) -> tuple[Interest, ...]:
    """All interests in these leads, oldest first."""
    query = select(interests).where(interests.c.lead_id.in_(lead_ids)).order_by(interests.c.stated_at, interests.c.id)
    return tuple(_of_row(row) for row in (await tx.execute(query)).mappings())


async def page(
    tx: Transaction,
    *,
    deciders: frozenset[str],
    status: InterestStatus | None,
    away: Sequence[UUID],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Interest]:
    """Those that one of these roles decides, as they were stated; `after` is the key of the last one seen."""
    query = select(interests).where(interests.c.decider.in_(deciders), *apart(interests.c.lead_id, away))
    if status is not None:
        query = query.where(interests.c.status == status.value)
    if after is not None:
        query = query.where(tuple_(interests.c.stated_at, interests.c.id) > after)
    query = query.order_by(interests.c.stated_at, interests.c.id).limit(limit)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


async def is_concerned(tx: Transaction, accounts: Collection[str], named: Mapping[str, UUID]) -> bool:
    """Whether the person with these accounts is a subject of one of these leads as last stated, or has an interest in it that stands;
    `named`: an id by its name in `LEADS_OF`. Whom the directory does not know is nobody's subject."""
    found = await tx.execute(_concerned(tuple(sorted(named))), {"accounts": list(accounts), **named})
    return bool(found.scalar_one())


async def kept_from(tx: Transaction, accounts: Collection[str]) -> list[UUID]:
    """All leads in which the person with these accounts is concerned."""
    return list((await tx.execute(_ALL_KEPT_FROM, {"accounts": list(accounts)})).scalars())


def apart(lead: ColumnElement[UUID], away: Sequence[UUID]) -> list[ColumnElement[bool]]:
    """For a list: its lead is none of these."""
    return [lead != all_(bindparam("away", list(away), type_=ARRAY(Uuid)))] if away else []


@cache
def _concerned(names: tuple[str, ...]) -> TextClause:
    return text(_CONCERNED.format(" union all ".join(LEADS_OF[name] for name in names))).bindparams(_ACCOUNTS)


_ALL_KEPT_FROM = text(_KEPT_FROM).bindparams(_ACCOUNTS)


def _of_row(row: RowMapping) -> Interest:
    values: dict[str, Any] = {**row, "ground": Ground(row["ground"]), "status": InterestStatus(row["status"])}
    return Interest(**values)


def _row(interest: Interest) -> dict[str, Any]:
    values = {column.name: getattr(interest, column.name) for column in interests.columns}
    return {**values, "ground": interest.ground.value, "status": interest.status.value}
