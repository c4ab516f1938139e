"""Someone of discipline reads a report past the office; the reading is put on record with its purpose (G11). Its reporter stays sealed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.discipline.db import reports
from services.discipline.domain.report import Report
from shared import reads
from shared.auth import Principal
from shared.db import Transaction
from shared.sealing import Opener


async def read_report(
    tx: Transaction, report_id: UUID, *, opener: Opener, by: Principal, at: datetime
) -> tuple[Report, Mapping[str, Any] | None]:
    """The report, and what its box holds besides the reporter (None once it was destroyed). Raises `NotFound`."""
    report = await reports.get(tx, report_id)
    sealed = await reports.box(tx, report_id)
    inside = opener.open(sealed) if sealed else None
    await reads.note(tx, by, "report.read", report.id, at=at)
    return report, {name: value for name, value in inside.items() if name != "reporter"} if inside else None
