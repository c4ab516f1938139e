"""The index of the search: blocks of leads in the order of becoming searchable, each with terms of its own.

A term carries its block's number in its low bits, so one lookup reads a block's leads and not all that share a common word; a search goes
from the newest block back until its page is full.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from services.intake.domain.lead import Lead
from services.intake.domain.search_terms import LEG, facet, facets
from shared.auth import Principal
from shared.db import Transaction, driver

BLOCK = 13
"""2^13 leads a block."""

_HERE = f"array(select t | (%s >> {BLOCK}) from unnest(%s) t)"  # noqa: S608
_LEG = f"(select coalesce(array_agg({LEG}::bigint), '{{}}') from dual_assignments d where d.lead_id = %s)"  # noqa: S608
"""The term of a leg, which a repeat's grounds open as well as a lead's own."""
_ADD = f"""
insert into lead_search (number, lead_id, words, grams, facets, people, received_on)
select n, $1, $2, {_HERE % ("n", "$3::bigint[]")}, {_HERE % ("n", f"$4::bigint[] || {_LEG % '$1'}")}, {_HERE % ("n", "$5::bigint[]")}, $6
from (select coalesce((select number from lead_search where lead_id = $1), (select coalesce(max(number), 0) + 1 from lead_search))) as g(n)
on conflict (lead_id) do update set words = excluded.words, grams = excluded.grams, facets = excluded.facets, people = excluded.people,
  received_on = excluded.received_on
"""  # noqa: S608 - constants of this module
_REWORD = f"update lead_search set words = $2, grams = {_HERE % ('number', '$3::bigint[]')} where lead_id = $1"  # noqa: S608
_STANDS = text(f"""
update lead_search set facets = {_HERE % ("number", f"cast(:facets as bigint[]) || {_LEG % 'lead_search.lead_id'}")},
  people = case when who is null or who | (number >> {BLOCK}) = any (people) then people else people || (who | (number >> {BLOCK})) end
from (select cast(:who as bigint) as who) as w where lead_id = :lead_id
""")  # noqa: S608
# the lead before what waits for it, as whoever seals it holds them; one that another holds has its turn later
_TAKE = text(
    "with free as (select l.id from repeat_pending p join leads l on l.id = p.lead_id where not p.searchable "
    "order by p.lead_id limit :most for share of l skip locked) "
    "update repeat_pending set searchable = true where not searchable and lead_id in (select id from free) returning lead_id"
)
_FORGET = (
    text("delete from lead_search where lead_id = :lead_id"),
    text("delete from repeat_pending where lead_id = :lead_id"),
)


async def take_pending(tx: Transaction, most: int) -> list[UUID]:
    """Leads that are not searchable yet; they are when this transaction commits."""
    return list((await tx.execute(_TAKE, {"most": most})).scalars())


async def add(tx: Transaction, found_by: Sequence[tuple[Lead, str, Sequence[int], Sequence[int]]]) -> None:
    """Make leads findable by their words, grams and the people of their history. One writer at a time: it gives the numbers."""
    connection = await driver(tx)
    await connection.executemany(
        _ADD,
        [
            (lead.id, words, list(grams), facets(lead), list(people), lead.received_on)
            for lead, words, grams, people in found_by
        ],
    )


async def reword(tx: Transaction, lead_id: UUID, words: str, grams: Sequence[int]) -> None:
    """A lead that is searchable is found by these words from now on."""
    await (await driver(tx)).execute(_REWORD, lead_id, words, list(grams))


async def restand(tx: Transaction, lead: Lead, by: Principal | None) -> None:
    """A lead that is searchable stands elsewhere now, by this person's hand."""
    who = facet("handled", by.sub) if by else None
    await tx.execute(_STANDS, {"lead_id": lead.id, "facets": facets(lead), "who": who})


async def forget(tx: Transaction, lead_id: UUID) -> None:
    """A lead is found no more, nor will be: nothing of it stays in the index or waits for it."""
    for statement in _FORGET:
        await tx.execute(statement, {"lead_id": lead_id})
