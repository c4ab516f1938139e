"""What is kept too long of reports past the office goes (G24): content, reporter and letters by the clock, here and at intake, then why the
reporter was opened. A legal hold stops it; numbers, days, outcomes and accounts stay, which counts are made of."""

from datetime import date, datetime
from uuid import UUID

from services.discipline.db import reports, retention
from services.discipline.db.report_tables import report_holds
from services.discipline.domain.retention import Record, over_on
from shared import audit, inbox_boxes, outbox, reads
from shared.auth import Principal
from shared.contracts.discipline import ReportExpunged
from shared.contracts.envelope import day_of
from shared.contracts.passed import ReportPassed
from shared.db import Transaction
from shared.deadlines import Calendar, china_date
from shared.errors import NotAllowed
from shared.inbox import Received
from shared.legal_holds import LegalHold

AT_ONCE = 200
BOXES = ReportPassed.TOPIC
"""Where boxes for discipline come from, reports and letters."""


async def look_at_retention(tx: Transaction, at: datetime) -> None:
    """Whatever is kept long enough is destroyed."""
    await expunge_due(tx, at)
    await forget_reasons(tx, at)


async def expunge_due(tx: Transaction, at: datetime) -> int:
    """Reports that came to rest long enough ago are expunged, and intake is told; → how many."""
    days, today, done = Calendar(), china_date(at), 0
    for report_id in await retention.at_rest(tx, limit=AT_ONCE):
        await reports.get(tx, report_id, lock=True)
        since = await retention.at_rest_since(tx, report_id)
        # a step, a letter or a hold may have come a moment ago
        if since is None or over_on(Record.REPORT, since, days) >= today or await retention.is_held(tx, report_id):
            continue
        boxes = await retention.expunge(tx, report_id, on=today)
        boxes += await inbox_boxes.destroy(tx, BOXES, report_id)
        await outbox.put(tx, ReportExpunged(report_id=report_id, on=today), at=day_of(at))
        await audit.record(tx, None, "report.expunge", report_id, at=at, detail={"boxes": boxes})
        done += 1
    return done


async def forget_reasons(tx: Transaction, at: datetime) -> int:
    """Why reporters of expunged reports were opened is destroyed after its own time; → of how many openings."""
    days, today = Calendar(), china_date(at)
    found = await retention.openings_with_reason(tx, limit=AT_ONCE)
    due = [one for one, asked in found if over_on(Record.OPENING, china_date(asked), days) < today]
    await retention.forget_reasons(tx, due)
    for one in due:
        await audit.record(tx, None, "opening.forget-reason", one, at=at)
    return len(due)


async def destroy_late(tx: Transaction, at: datetime) -> None:
    """Boxes of expunged reports that began to wait in the inbox afterwards are destroyed."""
    for report_id in await retention.expunged_of(tx, await inbox_boxes.waiting(tx, BOXES)):
        if boxes := await inbox_boxes.destroy(tx, BOXES, report_id):
            await audit.record(tx, None, "report.expunge", report_id, at=at, detail={"boxes": boxes})


async def relearn_expunged(tx: Transaction, event: ReportExpunged, _: Received) -> None:
    """It was expunged: a restored database destroys again what it has, and keeps nothing of what it hears again."""
    await retention.expunge(tx, event.report_id, on=event.on)


async def kept_until(tx: Transaction, report_id: UUID) -> date | None:
    """The last day on which its content is kept; None before it came to rest, under a hold, and once it is expunged."""
    since = await retention.at_rest_since(tx, report_id)
    if since is None or await retention.is_held(tx, report_id) or await retention.expunged_on(tx, report_id):
        return None
    return over_on(Record.REPORT, since, Calendar())


async def set_hold(
    tx: Transaction, report_id: UUID, basis_no: str, reason: str, *, by: Principal, at: datetime
) -> LegalHold:
    """An order to keep. Raises `NotFound`, `NotAllowed` when nothing is left to keep, `Conflict` for one that stands
    already, `Invalid`."""
    await reports.get(tx, report_id, lock=True)
    if await retention.expunged_on(tx, report_id) is not None:
        raise NotAllowed("举报已销毁 / the report is expunged")
    return await report_holds.set(tx, report_id, basis_no, reason, by=by, at=at)


async def read_holds(tx: Transaction, report_id: UUID, *, by: Principal, at: datetime) -> list[LegalHold]:
    """All orders to keep of a report; the reading is put on record. Raises `NotFound`, `Malformed` without a purpose."""
    await reports.get(tx, report_id)
    await reads.note(tx, by, "report.read-holds", report_id, at=at)
    return list(await report_holds.of(tx, report_id))
