"""The store of letters between reporters past the office and discipline."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from services.discipline.db.report_tables import report_letters as table
from services.discipline.domain.letter import Kind, Letter, Writer
from shared.contracts.envelope import SealedBox
from shared.db import Transaction


async def add(tx: Transaction, letter: Letter) -> None:
    """Add one; the caller holds the report's lock."""
    row = {name: getattr(letter, name) for name in ("report_id", "number", "sent_on", "read_on", "written_by")}
    codes = {"writer": letter.writer.value, "kind": letter.kind.value}
    await tx.execute(insert(table), {**row, **codes, "key_id": letter.sealed.key_id, "box": letter.sealed.box})


async def next_number(tx: Transaction, report_id: UUID) -> int:
    """Of the next letter, from 1; the caller holds the report's lock."""
    query = select(func.coalesce(func.max(table.c.number), 0) + 1).where(table.c.report_id == report_id)
    return int((await tx.execute(query)).scalar_one())


async def of_report(tx: Transaction, report_id: UUID) -> list[Letter]:
    """All letters of this report in their order."""
    rows = (await tx.execute(select(table).where(table.c.report_id == report_id).order_by(table.c.number))).mappings()
    return [_of_row(row) for row in rows]


async def mark_read(tx: Transaction, report_id: UUID, writer: Writer, *, on: date, number: int | None = None) -> None:
    """The other side has read those of this writer, or one of them."""
    new = update(table).where(table.c.report_id == report_id, table.c.writer == writer.value, table.c.read_on.is_(None))
    await tx.execute((new if number is None else new.where(table.c.number == number)).values(read_on=on))


def _of_row(row: Any) -> Letter:
    return Letter(
        report_id=row["report_id"],
        number=row["number"],
        writer=Writer(row["writer"]),
        kind=Kind(row["kind"]),
        sent_on=row["sent_on"],
        read_on=row["read_on"],
        written_by=row["written_by"],
        sealed=SealedBox(key_id=row["key_id"], box=row["box"]),
    )
