"""The store of repeats: blind keys, the search for candidates among them, and suggestions with what people decided.

A key's list is read from its newest end and no further than `MOST_A_KEY`: a key that many share says little, and so a search costs the same
however long the register grows. What many share is told apart by keys of two marks together (a name with its place).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, and_, case, or_, select, text, update

from services.intake.db.leads import of_row
from services.intake.db.repeat_tables import repeat_suggestions
from services.intake.domain.lead import Lead
from services.intake.domain.repeat_keys import Key
from services.intake.domain.repeat_score import Score
from shared.db import Transaction, driver

MOST_A_KEY, MOST_FOUND = 64, 40

# The same for each of many leads, told apart by `n`. Materialized: else a list is read once more for each number that is in it.
MOST_A_NUMBER = 1_000
_WITH = """
select distinct coalesce(l.merged_into, l.id) as lead_id from leads l where l.id in (
  select r.lead_id from repeat_keys k join repeat_leads r using (number) where k.key = $1 order by k.number desc limit $2
)
"""
_MANY = "select * from leads where id = any($1)"
_SEARCH = """
with asked as materialized (
  select a.n, a.weight, array(select k.number from repeat_keys k where k.key = a.key order by k.number desc limit $4) as numbers
  from unnest($1::int[], $2::bigint[], $3::float8[]) as a(n, key, weight)
), best as (
  select n, number, sum(weight / (1 + ln(cardinality(numbers)))) as total from asked, unnest(numbers) as number group by n, number
), ranked as (
  select *, row_number() over (partition by n order by total desc, number desc) as place from best
)
select n, r.lead_id from ranked join repeat_leads r using (number) where place <= $5 order by n, place
"""
# the lead before what waits for it, as whoever seals it holds them; one that another holds has its turn later
_TAKE = text(
    "with free as (select l.id from repeat_pending p join leads l on l.id = p.lead_id where p.searchable "
    "order by p.lead_id limit :most for key share of l skip locked) "
    "delete from repeat_pending where searchable and lead_id in (select id from free) returning lead_id"
)
_ADD = """
with added as (
  insert into repeat_leads (lead_id, keys)
  select lead_id, coalesce(array_agg(key order by m) filter (where m is not null), '{}')
  from unnest($1::uuid[]) with ordinality as l(lead_id, n)
  left join unnest($2::int[], $3::bigint[]) with ordinality as k(n, key, m) using (n) group by n, lead_id order by n
  returning number, keys
)
insert into repeat_keys (key, number) select distinct key, number from added, unnest(keys) as key
"""
_FORGET = """
with gone as (delete from repeat_leads where lead_id = any($1::uuid[]) returning number, keys)
delete from repeat_keys k using gone where k.number = gone.number and k.key = any(gone.keys)
"""
_SUGGEST = """
insert into repeat_suggestions (lead_id, candidate_id, likelihood, features, found_at)
select lead_id, candidate_id, likelihood, features::jsonb, $5
from unnest($1::uuid[], $2::uuid[], $3::real[], $4::text[]) as s(lead_id, candidate_id, likelihood, features)
on conflict do nothing
"""
Found = Mapping[UUID, Sequence[tuple[UUID, Score]]]
"""Lead → its candidates."""


_theirs_table = repeat_suggestions.alias("theirs")
_mine, _theirs = repeat_suggestions.c, _theirs_table.c
_decided_there = and_(
    _theirs.decided_at.is_not(None), or_(_mine.decided_at.is_(None), _theirs.decided_at > _mine.decided_at)
)
_OF_LEAD = (
    select(
        _mine.candidate_id,
        _mine.likelihood,
        _mine.features,
        _mine.found_at,
        *(
            case((_decided_there, _theirs[name]), else_=_mine[name]).label(name)
            for name in ("decision", "decided_by", "decided_at")
        ),
    )
    .select_from(
        repeat_suggestions.outerjoin(
            _theirs_table, (_theirs.lead_id == _mine.candidate_id) & (_theirs.candidate_id == _mine.lead_id)
        )
    )
    .order_by(_mine.likelihood.desc(), _mine.candidate_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A candidate as it was suggested, and what a person decided."""

    candidate_id: UUID
    likelihood: float
    features: dict[str, float]
    found_at: datetime
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None


async def leads_with(tx: Transaction, key: int) -> list[UUID]:
    """The leads that have this key, the newest of them; of a repeat its master."""
    rows = await (await driver(tx)).fetch(_WITH, key, MOST_A_NUMBER)
    return [row["lead_id"] for row in rows]


async def take_pending(tx: Transaction, most: int) -> list[Lead]:
    """Leads that were not looked at yet; they are no longer pending when this transaction commits."""
    ids = list((await tx.execute(_TAKE, {"most": most})).scalars())
    return await get_many(tx, ids)


async def get_many(tx: Transaction, ids: Sequence[UUID]) -> list[Lead]:
    """These leads, in this order."""
    rows = await (await driver(tx)).fetch(_MANY, list(ids))
    found = {row["id"]: of_row(row) for row in rows}
    return [found[each] for each in ids if each in found]


async def index(tx: Transaction, keys: Mapping[UUID, Sequence[Key]]) -> None:
    """Make each lead findable by its keys alone."""
    connection = await driver(tx)
    await connection.execute(_FORGET, list(keys))
    numbered = [(n, key.value) for n, each in enumerate(keys.values(), start=1) for key in each]
    await connection.execute(_ADD, list(keys), [n for n, _ in numbered], [value for _, value in numbered])


async def search(tx: Transaction, keys: Mapping[UUID, Sequence[Key]]) -> dict[UUID, list[UUID]]:
    """For each lead those that share the most telling keys with it, best first."""
    connection = await driver(tx)
    asked = [(n, key.value, key.weight) for n, each in enumerate(keys.values()) for key in each]
    rows = await connection.fetch(
        _SEARCH, *([each[part] for each in asked] for part in range(3)), MOST_A_KEY, MOST_FOUND
    )
    ids = list(keys)
    found: dict[UUID, list[UUID]] = {lead_id: [] for lead_id in ids}
    for row in rows:
        if row["lead_id"] != ids[row["n"]]:
            found[ids[row["n"]]].append(row["lead_id"])
    return found


async def suggest(tx: Transaction, found: Found, *, at: datetime) -> None:
    """Keep what is suggested; what was decided already stays as it was."""
    rows = [
        (lead_id, candidate_id, score.value, json.dumps(dict(score.features)))
        for lead_id, candidates in found.items()
        for candidate_id, score in candidates
    ]
    if rows:
        connection = await driver(tx)
        await connection.execute(_SUGGEST, *(list(column) for column in zip(*rows, strict=True)), at)


async def suggestions(tx: Transaction, lead_id: UUID) -> list[Suggestion]:
    """All that was suggested for this lead, best first. What was decided of two holds on both their lists: the newest is shown."""
    return [_of_row(row) for row in (await tx.execute(_OF_LEAD.where(_mine.lead_id == lead_id))).mappings()]


async def suggestion(tx: Transaction, lead_id: UUID, candidate_id: UUID) -> Suggestion | None:
    """What was suggested of these two on this lead's list, if it was."""
    query = _OF_LEAD.where(_mine.lead_id == lead_id, _mine.candidate_id == candidate_id)
    row = (await tx.execute(query)).mappings().one_or_none()
    return _of_row(row) if row else None


async def decide(tx: Transaction, lead_id: UUID, candidate_id: UUID, decision: str, *, by: str, at: datetime) -> bool:
    """Keep what a person decided of two, on the list of each; whether they were suggested."""
    table = repeat_suggestions
    values = {"decision": decision, "decided_by": by, "decided_at": at}
    done = await tx.execute(
        update(table)
        .where(
            or_(
                and_(table.c.lead_id == lead_id, table.c.candidate_id == candidate_id),
                and_(table.c.lead_id == candidate_id, table.c.candidate_id == lead_id),
            )
        )
        .values(values)
        .returning(table.c.lead_id)
    )
    return done.first() is not None


def _of_row(row: RowMapping) -> Suggestion:
    return Suggestion(**{name: row[name] for name in Suggestion.__dataclass_fields__})
