"""The store of letters between reporters past the office and discipline."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.discipline.db.report_tables import report_letter_numbers as numbers
from services.discipline.db.report_tables import report_letters as table
from services.discipline.domain.letter import Kind, Letter, Writer
from shared.contracts.envelope import SealedBox
from shared.db import Transaction


async def add(tx: Transaction, letter: Letter) -> None:
    """Add one; the caller holds the report's lock."""
    row = {name: getattr(letter, name) for name in ("report_id", "number", "sent_on", "read_on", "written_by")}
    codes = {"writer": letter.writer.value, "kind": letter.kind.value}
    await tx.execute(insert(table), {**row, **codes, **_box(letter.sealed)})


async def next_number(tx: Transaction, report_id: UUID) -> int:
    """Draw the number of the next letter, from 1; the caller holds the report's lock. A rollback leaves no gap, a restore does."""
    standing = select(func.coalesce(func.max(table.c.number), 0) + 1).where(table.c.report_id == report_id)
    new = upsert(numbers).values(report_id=report_id, last=standing.scalar_subquery())
    drawn = func.greatest(numbers.c.last + 1, new.excluded.last)
    draw = new.on_conflict_do_update(index_elements=["report_id"], set_={"last": drawn}).returning(numbers.c.last)
    return int((await tx.execute(draw)).scalar_one())


async def is_taken(tx: Transaction, report_id: UUID, number: int) -> None:
    """A letter that a restored database has lost bore this number: none bears it again."""
    new = upsert(numbers).values(report_id=report_id, last=number)
    later = {"last": func.greatest(numbers.c.last, new.excluded.last)}
    await tx.execute(new.on_conflict_do_update(index_elements=["report_id"], set_=later))


async def get(tx: Transaction, report_id: UUID, number: int) -> Letter | None:
    """One letter."""
    query = select(table).where(table.c.report_id == report_id, table.c.number == number)
    row = (await tx.execute(query)).mappings().one_or_none()
    return _of_row(row) if row else None


async def page(tx: Transaction, report_id: UUID, *, after: int, limit: int) -> list[Letter]:
    """Letters of this report in their order, from the one after this number."""
    query = select(table).where(table.c.report_id == report_id, table.c.number > after)
    rows = (await tx.execute(query.order_by(table.c.number).limit(limit))).mappings()
    return [_of_row(row) for row in rows]


async def unread(tx: Transaction, reports: Collection[UUID]) -> dict[UUID, int]:
    """How many letters of their reporters nobody has read, of those that have any."""
    query = select(table.c.report_id, func.count()).where(
        table.c.report_id.in_(reports), table.c.writer == Writer.REPORTER.value, table.c.read_on.is_(None)
    )
    return {row[0]: row[1] for row in await tx.execute(query.group_by(table.c.report_id))}


async def mark_read(tx: Transaction, report_id: UUID, numbers: Collection[int], *, on: date) -> None:
    """The other side has read these."""
    mine = table.c.report_id == report_id, table.c.number.in_(numbers), table.c.read_on.is_(None)
    await tx.execute(update(table).where(*mine).values(read_on=on))


def _of_row(row: Any) -> Letter:
    return Letter(
        report_id=row["report_id"],
        number=row["number"],
        writer=Writer(row["writer"]),
        kind=Kind(row["kind"]),
        sent_on=row["sent_on"],
        read_on=row["read_on"],
        written_by=row["written_by"],
        sealed=SealedBox(key_id=row["key_id"], box=row["box"]) if row["box"] else None,
    )


def _box(sealed: SealedBox | None) -> dict[str, str | None]:
    return {"key_id": sealed.key_id if sealed else None, "box": sealed.box if sealed else None}
