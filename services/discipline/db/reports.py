"""The store of reports past the office and of their boxes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, and_, case, func, insert, select, text, tuple_, union, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.discipline.db.report_tables import report_letters, report_openings, report_readings
from services.discipline.db.tables import relearned_numbers, report_history, report_numbers, reports
from services.discipline.domain.leg import Outcome
from services.discipline.domain.letter import Kind
from services.discipline.domain.report import ANSWERED, How, Report, Status
from shared.contracts.envelope import SealedBox
from shared.db import Transaction
from shared.errors import Conflict, NotFound

FIRST = case((and_(reports.c.danger_claimed, reports.c.status == Status.ARRIVED.value), 0), else_=1)
"""Where a report stands in the register: 0 before all others."""


async def draw_number(tx: Transaction, region: str, day: date) -> int:
    """The next running number of this day."""
    counter = upsert(report_numbers).values(region_code=region, day=day, last=1)
    draw = counter.on_conflict_do_update(
        index_elements=["region_code", "day"], set_={"last": report_numbers.c.last + 1}
    ).returning(report_numbers.c.last)
    return int((await tx.execute(draw)).scalar_one())


async def relearn_number(tx: Transaction, region: str, day: date, place: int, report_id: UUID) -> None:
    """A report that a restored database has lost bore this number: it bears it again, and no other does."""
    new = upsert(report_numbers).values(region_code=region, day=day, last=place)
    later = {"last": func.greatest(report_numbers.c.last, new.excluded.last)}
    await tx.execute(new.on_conflict_do_update(index_elements=["region_code", "day"], set_=later))
    await tx.execute(insert(relearned_numbers).values(report_id=report_id, day=day, place=place))


async def relearned_number(tx: Transaction, report_id: UUID) -> tuple[date, int] | None:
    """The day and the running number that it bore before a restore."""
    query = select(relearned_numbers.c.day, relearned_numbers.c.place)
    row = (await tx.execute(query.where(relearned_numbers.c.report_id == report_id))).one_or_none()
    return (row.day, row.place) if row else None


async def add(
    tx: Transaction, report: Report, sealed: SealedBox | None, *, region: str, actor: str, at: datetime
) -> None:
    """Insert a new report with its box as it came, and its first line of history."""
    box = {"key_id": sealed and sealed.key_id, "box": sealed and sealed.box}
    await tx.execute(insert(reports), {**_row(report), **box, "region_code": region, "created_at": at})
    await _remember(tx, report, actor=actor, at=at)


async def save(tx: Transaction, report: Report, *, actor: str, at: datetime) -> None:
    """Write the new state. Raises `Conflict` when someone else wrote since it was read."""
    done = await tx.execute(
        update(reports)
        .where(reports.c.id == report.id, reports.c.version == report.version - 1)
        .values(_row(report))
        .returning(reports.c.id)
    )
    if done.one_or_none() is None:
        raise Conflict("举报已被他人更新 / the report was changed by someone else meanwhile")
    await _remember(tx, report, actor=actor, at=at)


async def get(tx: Transaction, report_id: UUID, *, lock: bool = False) -> Report:
    """One report. Raises `NotFound`."""
    report = await find(tx, report_id, lock=lock)
    if report is None:
        raise NotFound("没有该举报 / no such report")
    return report


async def find(tx: Transaction, report_id: UUID, *, lock: bool = False) -> Report | None:
    """One report, if it has arrived."""
    query = select(reports).where(reports.c.id == report_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return of_row(row) if row else None


async def box(tx: Transaction, report_id: UUID) -> SealedBox | None:
    """Its box; None once the content was destroyed."""
    query = select(reports.c.key_id, reports.c.box).where(reports.c.id == report_id)
    row = (await tx.execute(query)).one_or_none()
    return SealedBox(key_id=row.key_id, box=row.box) if row and row.box else None


async def actors(tx: Transaction, report_id: UUID) -> frozenset[str]:
    """Who handled it: the accounts of its history (who accepted it, ended it, and so on), and who wrote to its reporter."""
    query = select(report_history.c.actor).where(report_history.c.report_id == report_id)
    # that an opening was granted is told under the name of who granted it, which is not to handle the report
    wrote = report_letters.c.report_id == report_id, report_letters.c.kind != Kind.OPENING.value
    return await _accounts(tx, query, select(report_letters.c.written_by).where(*wrote))


async def answered_by(tx: Transaction, report_id: UUID) -> frozenset[str]:
    """Who ended it, and told its reporter: also by a letter, which counts as told only when it is read."""
    mine = report_history.c.report_id == report_id, report_history.c.status.in_(ANSWERED)
    wrote = report_letters.c.report_id == report_id, report_letters.c.kind == Kind.RESULT.value
    return await _accounts(
        tx, select(report_history.c.actor).where(*mine), select(report_letters.c.written_by).where(*wrote)
    )


async def read_by(tx: Transaction, report_id: UUID) -> frozenset[str]:
    """Who has read its reporter's data."""
    read = select(report_readings.c.reader).join(report_openings, report_openings.c.id == report_readings.c.opening_id)
    return await _accounts(tx, read.where(report_openings.c.report_id == report_id))


async def not_looked_at(tx: Transaction, *, limit: int) -> list[tuple[UUID, SealedBox]]:
    """Some that arrived and of which nobody knows whether they claim danger, with their boxes; those that another request looks at are
    left to it."""
    query = select(reports.c.id, reports.c.key_id, reports.c.box).where(
        reports.c.danger_claimed.is_(None), reports.c.status == text("'arrived'"), reports.c.box.is_not(None)
    )
    rows = await tx.execute(query.order_by(reports.c.id).limit(limit).with_for_update(skip_locked=True))
    return [(row.id, SealedBox(key_id=row.key_id, box=row.box)) for row in rows]


async def note_claim(tx: Transaction, report_id: UUID, *, claimed: bool) -> None:
    """Keep it; no step of the report."""
    await tx.execute(update(reports).where(reports.c.id == report_id).values(danger_claimed=claimed))


async def listed(
    tx: Transaction, *, status: Status | None, after: tuple[int, date, UUID] | None, limit: int
) -> Sequence[Report]:
    """Reports by day of receipt, claims of danger that nobody has accepted before all others; `after` is the key of the last one seen."""
    order = (FIRST, reports.c.received_on, reports.c.id)
    query = select(reports).order_by(*order).limit(limit)
    if status is not None:
        query = query.where(reports.c.status == status.value)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [of_row(row) for row in (await tx.execute(query)).mappings()]


def of_row(row: RowMapping) -> Report:
    """A row as the aggregate."""
    return Report(
        id=row["id"],
        number=row["number"],
        received_on=row["received_on"],
        accept_by=row["accept_by"],
        status=Status(row["status"]),
        version=row["version"],
        accepted_on=row["accepted_on"],
        ended_on=row["ended_on"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        feedback_by=row["feedback_by"],
        told_on=row["told_on"],
        told_how=How(row["told_how"]) if row["told_how"] else None,
        objected_on=row["objected_on"],
        decide_by=row["decide_by"],
        result_letter=row["result_letter"],
        danger_claimed=row["danger_claimed"],
    )


def _row(report: Report) -> dict[str, object]:
    return {
        "id": report.id,
        "number": report.number,
        "received_on": report.received_on,
        "accept_by": report.accept_by,
        "status": report.status.value,
        "version": report.version,
        "accepted_on": report.accepted_on,
        "ended_on": report.ended_on,
        "outcome": report.outcome.value if report.outcome else None,
        "feedback_by": report.feedback_by,
        "told_on": report.told_on,
        "told_how": report.told_how.value if report.told_how else None,
        "objected_on": report.objected_on,
        "decide_by": report.decide_by,
        "result_letter": report.result_letter,
    }


async def _accounts(tx: Transaction, *queries: Select[Any]) -> frozenset[str]:
    return frozenset(one for one in (await tx.execute(union(*queries))).scalars() if one is not None)


async def _remember(tx: Transaction, report: Report, *, actor: str, at: datetime) -> None:
    row = {"report_id": report.id, "version": report.version, "status": report.status.value}
    await tx.execute(insert(report_history), {**row, "actor": actor, "recorded_at": at})
