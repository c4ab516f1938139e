"""The store of redactions: which copy has what blackened, who did it and when. Nothing in it is changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, insert, select

from services.intake.db.attachment_tables import redactions as table
from services.intake.domain.redaction import Area, Hides, Redaction
from shared.db import Transaction


async def add(tx: Transaction, redaction: Redaction) -> None:
    """A further one; the caller holds its original."""
    row = {name: getattr(redaction, name) for name in Redaction.__dataclass_fields__}
    await tx.execute(insert(table), row | {"areas": [_written(area) for area in redaction.areas]})


async def of_original(tx: Transaction, original_id: UUID) -> list[Redaction]:
    """All of this original, the first first."""
    return await _found(tx, table.c.original_id == original_id)


async def of_lead(tx: Transaction, lead_id: UUID) -> list[Redaction]:
    """All of this lead's files."""
    return await _found(tx, table.c.lead_id == lead_id)


async def _found(tx: Transaction, which: ColumnElement[bool]) -> list[Redaction]:
    query = select(table).where(which).order_by(table.c.original_id, table.c.number)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


def _written(area: Area) -> list[Any]:
    return [area.page, area.left, area.top, area.right, area.bottom, area.reason.value]


def _of_row(row: RowMapping) -> Redaction:
    areas = tuple(
        Area(page=page, left=left, top=top, right=right, bottom=bottom, reason=Hides(reason))
        for page, left, top, right, bottom, reason in row["areas"]
    )
    return Redaction(**{**row, "areas": areas})
