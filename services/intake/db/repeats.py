"""The store of repeats: blind keys, the search for candidates among them, and suggestions with what people decided.

A key's list is read from its newest end and no further than `MOST_A_KEY`: a key that many share says little, and so a search costs the same
however long the register grows. What many share is told apart by keys of two marks together (a name with its place).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.leads import of_row
from services.intake.db.repeat_tables import repeat_suggestions
from services.intake.db.tables import leads
from services.intake.domain.lead import Lead
from services.intake.domain.repeat_keys import Key
from services.intake.domain.repeat_score import Score
from shared.db import Transaction, driver

MOST_A_KEY, MOST_FOUND = 64, 40

_SEARCH = """
with hits as (
  select found.number, a.weight / (1 + ln(count(*) over (partition by a.key))) as said
  from unnest($1::bigint[], $2::float8[]) as a(key, weight)
  cross join lateral (select k.number from repeat_keys k where k.key = a.key order by k.number desc limit $3) found
), best as (
  select number, sum(said) as total from hits group by number order by total desc, number desc limit $4
)
select r.lead_id from best join repeat_leads r using (number) where r.lead_id <> $5 order by best.total desc, number desc
"""
_TAKE = text(
    "delete from repeat_pending where lead_id in (select lead_id from repeat_pending order by lead_id limit :most for update skip locked) "
    "returning lead_id"
)
_ADD = """
with added as (insert into repeat_leads (lead_id, keys) values ($1, $2) returning number)
insert into repeat_keys (key, number) select distinct key, number from added, unnest($2::bigint[]) as key
"""
_FORGET = """
with gone as (delete from repeat_leads where lead_id = $1 returning number, keys)
delete from repeat_keys k using gone where k.number = gone.number and k.key = any(gone.keys)
"""


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


async def take_pending(tx: Transaction, most: int) -> list[Lead]:
    """Leads that were not looked at yet; they are no longer pending when this transaction commits."""
    ids = list((await tx.execute(_TAKE, {"most": most})).scalars())
    return await get_many(tx, ids)


async def get_many(tx: Transaction, ids: Sequence[UUID]) -> list[Lead]:
    """These leads, in this order."""
    query = select(leads).where(leads.c.id.in_(bindparam("ids", list(ids), expanding=True)))
    found = {row["id"]: of_row(row) for row in (await tx.execute(query)).mappings()}
    return [found[each] for each in ids if each in found]


async def index(tx: Transaction, lead_id: UUID, keys: Sequence[Key]) -> None:
    """Make the lead findable by these keys alone."""
    connection = await driver(tx)
    await connection.execute(_FORGET, lead_id)
    await connection.execute(_ADD, lead_id, [key.value for key in keys])


async def search(tx: Transaction, lead_id: UUID, keys: Sequence[Key]) -> list[UUID]:
    """The leads that share the most telling keys with this one, best first."""
    connection = await driver(tx)
    rows = await connection.fetch(
        _SEARCH, [key.value for key in keys], [key.weight for key in keys], MOST_A_KEY, MOST_FOUND, lead_id
    )
    return [row["lead_id"] for row in rows]


async def suggest(tx: Transaction, lead_id: UUID, found: Sequence[tuple[UUID, Score]], *, at: datetime) -> None:
    """Keep what is suggested; what was decided already stays as it was."""
    if not found:
        return
    rows: list[dict[str, Any]] = [
        {
            "lead_id": lead_id,
            "candidate_id": candidate_id,
            "likelihood": score.value,
            "features": dict(score.features),
            "found_at": at,
        }
        for candidate_id, score in found
    ]
    await tx.execute(upsert(repeat_suggestions).on_conflict_do_nothing(), rows)


async def suggestions(tx: Transaction, lead_id: UUID) -> list[Suggestion]:
    """All that was suggested for this lead, best first."""
    table = repeat_suggestions
    query = select(table).where(table.c.lead_id == lead_id).order_by(table.c.likelihood.desc(), table.c.candidate_id)
    return [
        Suggestion(**{name: row[name] for name in Suggestion.__dataclass_fields__})
        for row in (await tx.execute(query)).mappings()
    ]


async def suggestion(tx: Transaction, lead_id: UUID, candidate_id: UUID) -> Suggestion | None:
    """What was suggested of these two, if it was."""
    return next((each for each in await suggestions(tx, lead_id) if each.candidate_id == candidate_id), None)


async def decide(
    tx: Transaction, lead_id: UUID, candidate_id: UUID, decision: str | None, *, by: str, at: datetime
) -> bool:
    """Keep what a person decided on a suggestion (None: it is open again); whether there was one."""
    table = repeat_suggestions
    values = {"decision": decision, "decided_by": by if decision else None, "decided_at": at if decision else None}
    done = await tx.execute(
        update(table)
        .where(table.c.lead_id == lead_id, table.c.candidate_id == candidate_id)
        .values(values)
        .returning(table.c.lead_id)
    )
    return done.one_or_none() is not None
