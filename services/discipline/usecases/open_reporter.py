"""The reporter of a report past the office is asked for, granted by a leader, read while the time lasts (G1, G10, G22). Each step is put on
record in discipline's own log; the reporter is told of each grant by a letter that only the query code opens."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.discipline.db import report_openings, reports
from services.discipline.domain.letter import Kind
from services.discipline.domain.opening import NOT_FOR_INTERVIEWS, Opening, Purpose
from services.discipline.usecases.report_post import Post
from shared import audit, departures, reads
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotAllowed


async def ask_opening(
    tx: Transaction,
    report_id: UUID,
    purpose: Purpose,
    *,
    reason: str,
    minutes: int,
    officers: Sequence[str],
    post: Post,
    by: Principal,
    at: datetime,
) -> Opening:
    """Ask for it. Raises `NotFound`, `Forbidden`, `Invalid`, `NotAllowed` (no reporter, one waits already)."""
    await reports.get(tx, report_id, lock=True)
    handled_by = await reports.actors(tx, report_id)
    opening = Opening.ask(
        uuid4(),
        report_id,
        purpose,
        reason=reason,
        minutes=minutes,
        officers=tuple(officers),
        persons=await departures.persons(tx, officers),
        handled_by=handled_by,
        by=by,
        at=at,
    )
    if not await post.has_reporter(tx, report_id):
        raise NotAllowed("该举报没有举报人信息 / this report has no reporter on record")
    await report_openings.add(tx, opening)
    await _put_on_record(tx, opening, "asked", by=by, at=at)
    return opening


async def list_openings(
    tx: Transaction,
    report_id: UUID | None,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
    by: Principal,
    at: datetime,
) -> list[tuple[Opening, int]]:
    """Openings as they were asked for, each with how often it was read; the page is put on record, each as a thing of its own (G12).
    Raises `Malformed` without a purpose."""
    subject = str(report_id or "openings")
    await reads.note(tx, by, "openings.read", f"{subject} after {after[-1]}" if after else subject, at=at)
    return await report_openings.page(tx, report_id=report_id, after=after, limit=limit)


async def decide_opening(
    tx: Transaction, opening_id: UUID, *, grant: bool, reason: str | None, post: Post, by: Principal, at: datetime
) -> Opening:
    """Grant or refuse it; granted, its time begins and the reporter is told. Raises as `Opening.decide`."""
    opening = await hold_with_report(tx, opening_id)
    handled_by = await reports.actors(tx, opening.report_id)
    opening = opening.decide(grant=grant, reason=reason, handled_by=handled_by, by=by, at=at)
    await report_openings.save(tx, opening)
    if grant:
        on, purpose = china_date(at), opening.purpose.value
        await post.send_if_possible(tx, opening.report_id, Kind.OPENING, by=by.sub, on=on, purpose=purpose)
    await _put_on_record(tx, opening, "granted" if grant else "refused", by=by, at=at)
    return opening


async def read_reporter(
    tx: Transaction, opening_id: UUID, *, post: Post, by: Principal, at: datetime
) -> tuple[Opening, int, Mapping[str, Any]]:
    """The opening, the number of this reading, and what the reporter said of himself, for an
    interview without what that does not need. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    opening = await hold_with_report(tx, opening_id)
    opening.must_be_readable(handled_by=await reports.actors(tx, opening.report_id), by=by, at=at)
    told = await post.reporter(tx, opening.report_id)
    if opening.purpose is Purpose.INTERVIEW:
        told = {name: value for name, value in told.items() if name not in NOT_FOR_INTERVIEWS}
    number = await report_openings.add_reading(tx, opening.id, reader=by.sub, at=at)
    await _put_on_record(tx, opening, "read", by=by, at=at, number=number)
    return opening, number, told


async def end_opening(tx: Transaction, opening_id: UUID, *, by: Principal, at: datetime) -> Opening:
    """Take it back. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    opening = (await report_openings.get(tx, opening_id, lock=True)).end(by=by, at=at)
    await report_openings.save(tx, opening)
    await _put_on_record(tx, opening, "ended", by=by, at=at)
    return opening


async def hold_with_report(tx: Transaction, opening_id: UUID) -> Opening:
    """The opening, held, and its report after it: who handles the report at this moment is known before anybody reads. Raises
    `NotFound`."""
    opening = await report_openings.get(tx, opening_id, lock=True)
    await reports.get(tx, opening.report_id, lock=True)
    return opening


async def _put_on_record(
    tx: Transaction, opening: Opening, step: str, *, by: Principal, at: datetime, number: int = 0
) -> None:
    detail: dict[str, Any] = {"opening": str(opening.id), "minutes": opening.minutes}
    if number:
        detail["reading"] = number
    action = f"report.opening-{step}"
    await audit.record(tx, by, action, opening.report_id, at=at, detail=detail, purpose=opening.purpose.value)
