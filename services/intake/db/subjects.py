"""The store of what stands apart of a lead's texts, and the looks at boxes by the key that sealed them (docs/decisions/0096, 0100)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from services.intake.db.subject_tables import subject_boxes
from shared.db import Transaction, driver

Box = tuple[UUID, str, bytes]
"""Lead, part, what is sealed of it."""
_ADD = """
insert into subject_boxes (lead_id, part, box)
select * from unnest($1::uuid[], $2::text[], $3::bytea[]) as b(lead_id, part, box) order by lead_id, part
"""
# both tables as one; each has an index by the mark of the key
_BOXES = """
select lead_id, '' as part, subjects as box from reports where subjects <> '' and substring(subjects, 1, 8) {which}
union all select lead_id, part, box from subject_boxes where substring(box, 1, 8) {which} limit :most
"""
_SEALED_BY = text(_BOXES.format(which="= any (:marks)"))
_COUNT = text(f"select count(*) from ({_SEALED_BY.text}) each")  # noqa: S608 - constants of this module
# from one mark to the next by the index: as many looks as there are keys, however many boxes
_MARKS = """
with recursive found(mark) as (
  (select {mark} from {boxes} order by {mark} limit 1)
  union all
  select (select {mark} from {boxes} and {mark} > found.mark order by {mark} limit 1) from found where found.mark is not null
)
select mark from found where mark is not null
"""
_ALL_MARKS = (
    text(_MARKS.format(mark="substring(subjects, 1, 8)", boxes="reports where subjects <> ''")),
    text(_MARKS.format(mark="substring(box, 1, 8)", boxes="subject_boxes where true")),
)


async def add(connection: Any, boxes: Sequence[Box]) -> None:
    """Keep them, each once; on the driver's own connection."""
    if boxes:
        await connection.execute(_ADD, *(list(column) for column in zip(*boxes, strict=True)))


async def of_leads(tx: Transaction, lead_ids: Sequence[UUID], part: str) -> dict[UUID, bytes]:
    """This part's boxes of those of these leads that have one."""
    table = subject_boxes.c
    query = select(table.lead_id, table.box).where(table.lead_id.in_(lead_ids), table.part == part)
    return {row.lead_id: row.box for row in await tx.execute(query)}


async def of_lead(tx: Transaction, lead_id: UUID) -> dict[str, bytes]:
    """All boxes of a lead by their parts."""
    query = select(subject_boxes.c.part, subject_boxes.c.box).where(subject_boxes.c.lead_id == lead_id)
    return {row.part: row.box for row in await tx.execute(query)}


async def marks(tx: Transaction) -> list[bytes]:
    """The marks of all keys that have sealed a box that is here."""
    return sorted({mark for query in _ALL_MARKS for mark in (await tx.execute(query)).scalars()})


async def sealed_by(tx: Transaction, marks: Sequence[bytes], *, limit: int) -> list[Box]:
    """Some boxes that these keys have sealed; the part of a report's own is empty."""
    if not marks:
        return []
    found = await tx.execute(_SEALED_BY, {"marks": list(marks), "most": limit})
    return [(row.lead_id, row.part, row.box) for row in found]


async def count_sealed_by(tx: Transaction, marks: Sequence[bytes], *, most: int) -> int:
    """How many boxes these keys have sealed, counted to `most`."""
    return int((await tx.execute(_COUNT, {"marks": list(marks), "most": most})).scalar_one()) if marks else 0


async def seal_anew(tx: Transaction, lead_id: UUID, part: str, before: bytes, box: bytes) -> bool:
    """Put the new box in the place of the old one, where that still stands; intake's own role cannot otherwise."""
    anew = (
        ("select seal_part_anew($1, $2, $3, $4)", lead_id, part, before, box)
        if part
        else ("select seal_subjects_anew($1, $2, $3)", lead_id, before, box)
    )
    return bool(await (await driver(tx)).fetchval(*anew))
