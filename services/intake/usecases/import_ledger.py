"""A superior's ledger comes in: good rows become leads, bad rows are told, rows known already change nothing."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.intake.db import leads, ledgers
from services.intake.db.ledgers import Ledger
from services.intake.domain.codes import Source
from services.intake.domain.lead import Lead
from services.intake.domain.ledger import BadCell, Cell, LedgerRow, is_blank, read_row
from services.intake.usecases.register_lead import NewLead, admit, register_lead
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.sealing import Sealer


async def import_ledger(
    tx: Transaction,
    content: bytes,
    rows: Iterable[tuple[int, Mapping[str, Cell]]],
    *,
    region: str,
    sealer: Sealer,
    by: Principal,
    at: datetime,
) -> Ledger:
    """Take the good rows; → what became of each. The same number with other content is told, never overwritten."""
    refused: list[BadCell] = []
    taken: list[tuple[int, UUID]] = []
    known, seen = 0, dict[str, int]()
    for number, cells in rows:
        if is_blank(cells):
            continue
        row = read_row(number, cells, today=china_date(at))
        if isinstance(row, list):
            refused += row
            continue
        if row.upstream_no in seen:
            first = seen[row.upstream_no]
            refused.append(BadCell(number, "上级编号", f"与第{first}行重复", f"the same as in row {first}"))
            continue
        seen[row.upstream_no] = number
        standing = await leads.find_superior(tx, region, row.upstream_no)
        if standing is None:
            lead = await register_lead(tx, admit(_new(row), sealer=sealer, by=by, at=at), region=region)
            taken.append((number, lead.id))
        elif column := _differs(standing, row):
            refused.append(
                BadCell(
                    number,
                    column,
                    "该编号已登记且内容不同,原登记不变",
                    "registered with other content; the register stands",
                )
            )
        else:
            known += 1
    ledger = Ledger(
        id=uuid4(),
        sha256=hashlib.sha256(content).hexdigest(),
        taken=len(taken),
        known=known,
        refused=[_told(cell) for cell in refused],
        rows=taken,
    )
    await ledgers.add(tx, ledger, region=region, by=by.sub, at=at)
    detail = {"taken": ledger.taken, "known": known, "refused": len(refused)}
    await audit.record(tx, by, "ledger.import", ledger.id, at=at, detail=detail)
    return ledger


def _new(row: LedgerRow) -> NewLead:
    return NewLead(
        source=Source.SUPERIOR,
        summary=row.summary,
        issuing_level=row.issuing_level,
        upstream_no=row.upstream_no,
        upstream_deadline=row.deadline,
        received_on=row.issued_on,
        street=row.street,
        areas=row.areas,
        manifestations=row.manifestations,
    )


def _differs(lead: Lead, row: LedgerRow) -> str | None:
    """The first column in which the row differs from what was registered. Areas and manifestations may be classified otherwise since."""
    pairs: dict[str, tuple[Any, Any]] = {
        "下发层级": (lead.issuing_level, row.issuing_level),
        "下发日期": (lead.received_on, row.issued_on),
        "办结期限": (lead.upstream_deadline, row.deadline),
        "街道": (lead.street, row.street),
        "线索摘要": (lead.summary, row.summary),
    }
    return next((column for column, (old, new) in pairs.items() if old != new), None)


def _told(cell: BadCell) -> dict[str, Any]:
    return {"row": cell.row, "column": cell.column, "reason_zh": cell.zh, "reason_en": cell.en}
