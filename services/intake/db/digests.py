"""The store of day lists. They are read from dated rows, so that one that is opened late shows what its hour would have shown."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Text, Uuid, any_, bindparam, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.conflicts import apart
from services.intake.db.digest_tables import daily_digests, digest_leads
from services.intake.db.leads import of_row
from services.intake.db.tables import leads
from services.intake.domain.deadline import URGENT
from services.intake.domain.digest import Digest, Part
from services.intake.domain.lead import Lead
from services.intake.domain.urgency import CLAIMS_SHOWN
from shared.db import Transaction
from shared.errors import NotFound

_RUNS = "d.started_at <= :at and (d.stopped_at is null or d.stopped_at > :at)"
# what runs by a claim alone is told as not classified, and not once more as soon or overdue
_NOT_BY_CLAIM = "not (d.kind = 'classify' and exists (select from claimed c where c.lead_id = d.lead_id))"
_FILL = text(f"""
with claimed as (
  select d.lead_id, row_number() over (order by d.due_at, d.lead_id) as turn from deadlines d join leads l on l.id = d.lead_id
  where d.kind = 'classify' and d.limit_id = '{URGENT}' and not l.urgent and {_RUNS}
), listed (day, part, lead_id) as (
select cast(:day as date), 'fresh', id from leads where created_at > :since and created_at <= :at
union select cast(:day as date), case d.kind when 'classify' then 'unclassified' else 'unassigned' end, d.lead_id
  from deadlines d where d.kind in ('classify', 'assign') and {_RUNS}
union select cast(:day as date), 'overdue', d.lead_id from deadlines d where d.due_at <= :at and {_RUNS} and {_NOT_BY_CLAIM}
union select cast(:day as date), 'due_soon', d.lead_id from deadlines d where d.due_at > :at and d.due_on <= :soon and {_RUNS}
  and {_NOT_BY_CLAIM}
union select cast(:day as date), 'repeated', s.lead_id from repeat_suggestions s join leads l on l.id = s.lead_id
  where s.found_at <= :at and (s.decided_at is null or s.decided_at > :at) and l.merged_into is null
union select cast(:day as date), 'new_facts', r.lead_id from re_examinations r join merges m on m.id = r.merge_id
  where r.opened_at <= :at and coalesce(r.given_at, m.undone_at, 'infinity') > :at
)
insert into digest_leads (day, part, lead_id, place)
select g.day, g.part, g.lead_id, case when l.urgent then 0 when c.turn <= {CLAIMS_SHOWN} then 1 else 2 end
from listed g join leads l on l.id = g.lead_id left join claimed c on c.lead_id = g.lead_id
""")  # noqa: S608 - a constant of this module
_COUNT = (
    select(digest_leads.c.part, func.count()).where(digest_leads.c.day == text(":day")).group_by(digest_leads.c.part)
)
_ROWS = "from digest_leads g join leads l on l.id = g.lead_id"
_SEEN = "where g.day = :day and g.lead_id <> all(:away) group by 1, 2 order by 1, 2"
_AWAY = bindparam("away", type_=ARRAY(Uuid))
_BY_SOURCE = text(f"select g.part, l.source, count(*) {_ROWS} {_SEEN}").bindparams(_AWAY)
_BY_AREA = text(
    f"select g.part, area, count(*) {_ROWS}, unnest(case when l.areas = '{{}}' then array['none'] else l.areas end) area {_SEEN}"
).bindparams(_AWAY)


async def last(tx: Transaction) -> tuple[date, datetime] | None:
    """The newest list: its day, and the instant that it shows."""
    query = select(daily_digests.c.day, daily_digests.c.at).order_by(daily_digests.c.day.desc()).limit(1)
    row = (await tx.execute(query)).one_or_none()
    return (row.day, row.at) if row else None


async def add(tx: Transaction, digest: Digest) -> bool:
    """Keep a list; False when the day has one."""
    new = upsert(daily_digests).values(_row(digest)).on_conflict_do_nothing().returning(daily_digests.c.day)
    return (await tx.execute(new)).first() is not None


async def fill(tx: Transaction, digest: Digest, *, soon: date) -> dict[Part, int]:
    """Put its leads into it; → how many are in each part."""
    await tx.execute(_FILL, {"day": digest.day, "since": digest.since, "at": digest.at, "soon": soon})
    counts = {Part(part): number for part, number in await tx.execute(_COUNT, {"day": digest.day})}
    kept = {part.value: number for part, number in counts.items()}
    await tx.execute(update(daily_digests).where(daily_digests.c.day == digest.day).values(counts=kept))
    return counts


async def save(tx: Transaction, digest: Digest) -> None:
    """Write who closed it. The caller holds its lock."""
    values = {"closed_by": digest.closed_by, "closed_at": digest.closed_at}
    await tx.execute(update(daily_digests).where(daily_digests.c.day == digest.day).values(values))


async def get(tx: Transaction, day: date, *, lock: bool = False) -> Digest:
    """One day's list. Raises `NotFound`."""
    query = select(daily_digests).where(daily_digests.c.day == day)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("该日没有清单 / that day has no list")
    return _digest(row)


async def page(tx: Transaction, *, open_only: bool, before: date | None, limit: int) -> list[Digest]:
    """Lists, newest first."""
    query = select(daily_digests).order_by(daily_digests.c.day.desc()).limit(limit)
    if open_only:
        query = query.where(daily_digests.c.closed_at.is_(None))
    if before is not None:
        query = query.where(daily_digests.c.day < before)
    return [_digest(row) for row in (await tx.execute(query)).mappings()]


async def open_before(tx: Transaction, day: date) -> list[date]:
    """Earlier days whose lists nobody closed."""
    table = daily_digests.c
    query = select(table.day).where(table.closed_at.is_(None), table.day < day).order_by(table.day)
    return list((await tx.execute(query)).scalars())


async def hidden(tx: Transaction, days: Collection[date], *, away: Sequence[UUID]) -> dict[date, dict[Part, int]]:
    """How many of these leads are in each part of these days' lists."""
    found: dict[date, dict[Part, int]] = {day: {} for day in days}
    if not away:
        return found
    mine = digest_leads.c.lead_id == any_(bindparam("away", list(away), type_=ARRAY(Uuid)))
    query = select(digest_leads.c.day, digest_leads.c.part, func.count()).where(digest_leads.c.day.in_(days), mine)
    for day, part, number in await tx.execute(query.group_by(digest_leads.c.day, digest_leads.c.part)):
        found[day][Part(part)] = number
    return found


async def by_source(tx: Transaction, day: date, *, away: Sequence[UUID]) -> list[tuple[str, str, int]]:
    """How many leads of each part and source, without these."""
    return [tuple(row) for row in await tx.execute(_BY_SOURCE, {"day": day, "away": list(away)})]


async def by_area(tx: Transaction, day: date, *, away: Sequence[UUID]) -> list[tuple[str, str, int]]:
    """The same of each part and area; a lead of several areas counts in each, one without in `none`."""
    return [tuple(row) for row in await tx.execute(_BY_AREA, {"day": day, "away": list(away)})]


async def leads_of(
    tx: Transaction,
    day: date,
    part: Part,
    *,
    source: str | None,
    area: str | None,
    away: Sequence[UUID],
    after: tuple[int, UUID] | None,
    limit: int,
) -> Sequence[tuple[int, Lead]]:
    """The leads of one part, of a source or area, urgent ones first; with their places."""
    query = select(leads, digest_leads.c.place).join(digest_leads, digest_leads.c.lead_id == leads.c.id)
    query = query.where(digest_leads.c.day == day, digest_leads.c.part == part.value, *apart(leads.c.id, away))
    if source is not None:
        query = query.where(leads.c.source == source)
    if area is not None:
        query = query.where(bindparam("area", area, type_=Text) == any_(leads.c.areas))
    order = (digest_leads.c.place, digest_leads.c.lead_id)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    query = query.order_by(*order).limit(limit)
    return [(row["place"], of_row(row)) for row in (await tx.execute(query)).mappings()]


def _row(digest: Digest) -> Mapping[str, Any]:
    same = ("day", "since", "at", "opened_at", "closed_by", "closed_at")
    counts = {part.value: number for part, number in digest.counts.items()}
    return {**{name: getattr(digest, name) for name in same}, "counts": counts}


def _digest(row: RowMapping) -> Digest:
    same = ("day", "since", "at", "opened_at", "closed_by", "closed_at")
    counts = {Part(part): number for part, number in row["counts"].items()}
    return Digest(**{name: row[name] for name in same}, counts=counts)
