"""Reads of the search: leads that are found, newest first, and the searches that people keep.

The terms only say where to look; every condition is put to the rows themselves, so an index that lags shows nothing that does not hold.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text

from services.intake.db.desk_tables import saved_searches
from services.intake.db.leads import of_row
from services.intake.db.search import BLOCK
from services.intake.domain.lead import Lead
from services.intake.domain.minors import CHILDREN
from services.intake.domain.search import Search
from services.intake.domain.search_terms import asked
from shared.db import Transaction
from shared.deadlines import Colour

NEWEST = 2**62

_TERMS = {
    "grams": "s.grams @> q.grams",
    "facets": "s.facets @> q.facets",
    "people": "s.people @> q.people",
    "any_status": "s.facets && q.any_status",
    "any_month": "s.facets && q.any_month",
}
_DAYS = {
    "received_from": "s.received_on >= :received_from is not false",
    "received_to": "s.received_on <= :received_to is not false",
}
"""So that a lead of another day is not looked up: a month has many. Null is a day that the index does not know."""
# `offset 0` keeps PostgreSQL from reading the whole of the other table, `+ 0` from walking the days instead of taking the lead by its id:
# there are few leads to ask about.
_HOLDS = {
    "source": "l.source = :source",
    "source_l2": "l.source_l2 = :source_l2",
    "area": ":area = any (l.areas)",
    "manifestation": ":manifestation = any (l.manifestations)",
    "tier": "l.tier = :tier",
    "level": "l.level = :level",
    "street": "l.street = :street",
    "unit": "l.unit = :unit",
    "received_from": "l.received_on + 0 >= :received_from",
    "received_to": "l.received_on + 0 <= :received_to",
    "handled_by": "exists (select from lead_history h where h.lead_id = l.id and h.version > 1 and h.actor = :handled_by offset 0)",
    "started_by": "(select h.actor from lead_history h where h.lead_id = l.id and h.version = 1) = :started_by",
}
_STANDING = (
    "case when l.status in ('sealed', 'expunged') then l.status when l.merged_into is not null then 'merged' "
    "when l.suspended_at is not null then 'suspended' else l.status end = any (cast(:statuses as text[]))"
)
"""Where it stands as people see it (`Lead.standing`)."""
_LEG = "exists (select from dual_assignments d where d.lead_id = l.id offset 0)"
_LEG_OPEN = "exists (select from dual_assignments d where d.lead_id = l.id and d.discipline <> 'ended' offset 0)"
_NO_CHILDREN = (
    ":children <> all (l.allegations) and not exists "
    "(select from leads r where r.merged_into = l.id and :children = any (r.allegations) offset 0)"
)
_LATE = "s.lead_id in (select d.lead_id from deadlines d where {})"
_RUNS = "exists (select from deadlines d where d.lead_id = s.lead_id and {} offset 0)"
"""Asked of the index's row: before the lead, which is wide, is looked up."""
_HERE = "array(select t | block from unnest(cast(:{0} as bigint[])) t) as {0}"
_BLOCKS = (
    f"select generate_series((select max(number) from lead_search where number < :before) >> {BLOCK}, 0, -1) as block"  # noqa: S608
)
_COLOUR = {
    Colour.RED: "d.due_at <= :now",
    Colour.ORANGE: "d.due_at > :now and d.orange_at <= :now",
    Colour.YELLOW: "d.orange_at > :now and d.yellow_at <= :now",
    Colour.GREEN: "d.yellow_at > :now",
}


async def leads_of(
    tx: Transaction,
    search: Search,
    *,
    now: datetime,
    before: int | None,
    limit: int,
    among: Sequence[Sequence[UUID]] = (),
    away: Sequence[UUID] = (),
) -> list[tuple[int, Lead]]:
    """Some leads, each with its number, newest first; `before` is the number of the last one seen, `among`: each of these
    has it, `away`: what is left out. Raises `Invalid` for its text."""
    if search.empty:
        return []
    values: dict[str, Any] = {"before": NEWEST if before is None else before, "most": limit, "now": now}
    terms: dict[str, list[int]] = {name: getattr(search, name) for name in _TERMS if name != "grams"}
    holds = ["s.number < :before"]
    if search.text is not None:
        words, terms["grams"] = asked(search.text)
        values["words"] = [f"%{_literal(word)}%" for word in words]
        # what is merged is found and read with its master, which has its words and numbers, too
        holds += ["s.words like all (cast(:words as text[]))", "l.merged_into is null"]
    if away:
        values["away"] = list(away)
        holds.append("s.lead_id <> all (cast(:away as uuid[]))")
    for place, ids in enumerate(among):
        values[f"among{place}"] = list(ids)
        holds += [f"s.lead_id = any (cast(:among{place} as uuid[]))", "l.merged_into is null"]
    holds += _plain(search, values)
    limits = _limits(search, values)
    late = bool(limits) and set(search.colours) <= {Colour.RED}
    terms = {name: each for name, each in terms.items() if each}
    runs = f"d.stopped_at is null and {limits}"
    if late or not terms:
        if limits:
            # few are overdue: they are looked up by their limits
            holds.append(_LATE.format(runs))
        statement = _where(holds)
    else:
        if limits:
            holds.append(_RUNS.format(runs))
        values |= terms
        statement = _by_block(terms, holds)
    rows = (await tx.execute(text(statement), values)).mappings().all()
    return [(row["number"], of_row(row)) for row in sorted(rows, key=lambda row: -row["number"])]


def _plain(search: Search, values: dict[str, Any]) -> list[str]:
    holds = []
    for name, condition in _HOLDS.items():
        if (value := getattr(search, name)) is not None:
            values[name] = value
            holds += [condition, _DAYS[name]] if name in _DAYS else [condition]
    if search.with_leg:
        holds.append(_LEG_OPEN if search.leg_open else _LEG)
    if search.no_children:
        values["children"] = CHILDREN
        holds.append(_NO_CHILDREN)
    if search.statuses:
        values["statuses"] = list(search.statuses)
        holds.append(_STANDING)
    return holds


def _limits(search: Search, values: dict[str, Any]) -> str:
    """What has to hold of a limit that runs."""
    said = []
    if search.colours:
        said.append("(" + " or ".join(_COLOUR[colour] for colour in search.colours) + ")")
    if search.due_by is not None:
        values["due_by"] = search.due_by
        said.append("d.due_on <= :due_by")
    return " and ".join(said)


def _where(holds: Sequence[str]) -> str:
    """Newest first, and no lead is looked at beyond the page."""
    found = " and ".join(each for each in holds if each.startswith("s."))
    stands = " and ".join(each for each in holds if not each.startswith("s.")) or "true"
    rows = f"select s.number, s.lead_id from lead_search s where {found} order by s.number desc"  # noqa: S608 - conditions of this module
    return (
        f"select s.number, l.* from ({rows}) s join leads l on l.id = s.lead_id "  # noqa: S608
        f"where {stands} order by s.number desc limit :most"
    )


def _by_block(terms: dict[str, list[int]], holds: Sequence[str]) -> str:
    """From the newest block back, no further than the page needs."""
    here = ", ".join(_HERE.format(name) for name in terms)
    found = _where([_TERMS[name] for name in terms] + list(holds))
    return f"select f.* from ({_BLOCKS}) b, lateral (select {here}) q, lateral ({found}) f limit :most"  # noqa: S608


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def keep(
    tx: Transaction, search_id: UUID, *, owner: str, name: str, filters: dict[str, Any], at: datetime
) -> None:
    """Keep a search."""
    row = {"id": search_id, "owner": owner, "name": name, "filters": filters, "created_at": at}
    await tx.execute(insert(saved_searches), row)


async def kept(tx: Transaction, owner: str) -> list[dict[str, Any]]:
    """The searches that a person keeps, by name."""
    query = select(saved_searches).where(saved_searches.c.owner == owner).order_by(saved_searches.c.name)
    return [dict(row) for row in (await tx.execute(query)).mappings()]


async def count_kept(tx: Transaction, owner: str) -> int:
    """How many a person keeps."""
    query = select(func.count()).select_from(saved_searches).where(saved_searches.c.owner == owner)
    return int((await tx.execute(query)).scalar_one())


async def drop(tx: Transaction, owner: str, search_id: UUID) -> bool:
    """Keep one no longer; whether there was one."""
    gone = delete(saved_searches).where(saved_searches.c.owner == owner, saved_searches.c.id == search_id)
    return (await tx.execute(gone.returning(saved_searches.c.id))).first() is not None
