"""Texts of leads as they lie here, for the owner's command that takes apart what an older release left in clear (docs/decisions/0100).
Intake's own role can change none of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.feed_tables import lead_corrections, police_calls
from services.intake.db.partner_tables import lead_umbrellas, transfers
from services.intake.db.police_calls import CALLER_FIELD
from services.intake.db.subject_tables import subject_boxes
from services.intake.db.tables import leads
from services.intake.domain.subject_part import TOLD, TRANSFER, call_part, correction_part, revision_of
from shared.db import Transaction

Parts = dict[str, dict[str, Any]]
"""What was told of a lead, by its parts."""
_FIRST = UUID(int=0)


async def following(tx: Transaction, after: UUID | None, *, limit: int) -> list[UUID]:
    """The next leads in the order of their ids."""
    query = select(leads.c.id).where(leads.c.id > (after or _FIRST)).order_by(leads.c.id).limit(limit)
    return list((await tx.execute(query)).scalars())


async def told(tx: Transaction, ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, Parts]:
    """All texts of these leads that may tell numbers; with `lock` nobody changes them until the transaction ends."""
    query = select(leads.c.id, leads.c.summary, leads.c.allegations).where(leads.c.id.in_(ids)).order_by(leads.c.id)
    calls = select(police_calls.c.lead_id, police_calls.c.revision, police_calls.c.content)
    calls = calls.where(police_calls.c.lead_id.in_(ids)).order_by(police_calls.c.lead_id)
    if lock:
        # a lead before its call, as all others
        found = (await tx.execute(query.with_for_update())).all()
        called = (await tx.execute(calls.with_for_update())).all()
    else:
        called, found = (await tx.execute(calls)).all(), (await tx.execute(query)).all()
    parts: dict[UUID, Parts] = {
        row.id: {TOLD: {"summary": row.summary, "allegations": row.allegations}} for row in found
    }
    for row in called:
        parts[row.lead_id][call_part(row.revision)] = row.content
    for row in await tx.execute(select(lead_umbrellas).where(lead_umbrellas.c.lead_id.in_(ids))):
        parts[row.lead_id][TOLD]["umbrella"] = row.told
    for row in await tx.execute(select(transfers).where(transfers.c.lead_id.in_(ids))):
        parts[row.lead_id][TRANSFER] = {"reason": row.reason, "evidence": [each["name"] for each in row.evidence]}
    for row in await tx.execute(
        select(lead_corrections).where(lead_corrections.c.lead_id.in_(ids), lead_corrections.c.field != CALLER_FIELD)
    ):
        part = parts[row.lead_id].setdefault(correction_part(row.revision), {"old": {}, "new": {}})
        part["old"][row.field], part["new"][row.field] = row.old, row.new
    return parts


async def keep(tx: Transaction, lead_id: UUID, part: str, kept: Mapping[str, Any], box: bytes) -> None:
    """A part of what was told as it is to stay, and what is sealed of it. What the search knows of the lead it learns anew."""
    for statement in _changes(lead_id, part, kept):
        await tx.execute(statement)
    if part == TRANSFER:
        await tx.execute(_EVIDENCE, {"lead_id": lead_id, "names": list(kept["evidence"])})
    sealed = upsert(subject_boxes).values(lead_id=lead_id, part=part, box=box)
    await tx.execute(sealed.on_conflict_do_update(index_elements=["lead_id", "part"], set_={"box": box}))
    if part == TOLD:
        await tx.execute(_SEARCH_AGAIN, {"lead_id": lead_id})


# not one that nobody finds any more (G14); one that is just being made searchable waits for its turn
_SEARCH_AGAIN = text("""
insert into repeat_pending (lead_id) select id from (select cast(:lead_id as uuid) as id) as lead
where exists (select from lead_search s where s.lead_id = id) or exists (select from repeat_pending p where p.lead_id = id)
on conflict (lead_id) do update set searchable = false
""")
_EVIDENCE = text("""
update transfers set evidence = (
  select coalesce(jsonb_agg(e.item || jsonb_build_object('name', (cast(:names as text[]))[e.n]) order by e.n), '[]')
  from jsonb_array_elements(evidence) with ordinality as e(item, n)
) where lead_id = :lead_id
""")


def _changes(lead_id: UUID, part: str, kept: Mapping[str, Any]) -> Iterator[Any]:
    if part == TOLD:
        yield update(leads).where(leads.c.id == lead_id).values({n: kept[n] for n in ("summary", "allegations")})
        if "umbrella" in kept:
            yield update(lead_umbrellas).where(lead_umbrellas.c.lead_id == lead_id).values(told=kept["umbrella"])
    elif part == TRANSFER:
        yield update(transfers).where(transfers.c.lead_id == lead_id).values(reason=kept["reason"])
    elif part.startswith("call"):
        yield update(police_calls).where(police_calls.c.lead_id == lead_id).values(content=dict(kept))
    else:
        table = lead_corrections
        of_it = update(table).where(table.c.lead_id == lead_id, table.c.revision == revision_of(part))
        for field, old in kept["old"].items():
            yield of_it.where(table.c.field == field).values(old=old, new=kept["new"][field])
