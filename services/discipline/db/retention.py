"""The store of orders to keep, what retention asks for, and the destruction of a report's boxes."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, cast, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.discipline.db.report_tables import report_holds as holds
from services.discipline.db.report_tables import report_letters as letters
from services.discipline.db.report_tables import report_openings as openings
from services.discipline.db.tables import expunged_reports as expunged
from services.discipline.db.tables import report_history, reports
from services.discipline.domain.report import ANSWERED
from services.discipline.domain.retention import ReportHold
from shared.db import Transaction
from shared.errors import NotFound

_DESTROY = text("select expunge_report(:report)")


async def add_hold(tx: Transaction, hold: ReportHold) -> None:
    """Keep an order to keep; the caller holds the report's lock, as whoever destroys does."""
    await tx.execute(insert(holds), {name: getattr(hold, name) for name in hold.__dataclass_fields__})


async def save_hold(tx: Transaction, hold: ReportHold) -> None:
    """Write its release; the caller holds its lock."""
    values = {name: getattr(hold, name) for name in ("released_by", "released_at", "release_reason")}
    await tx.execute(update(holds).where(holds.c.id == hold.id).values(values))


async def get_hold(tx: Transaction, hold_id: UUID) -> ReportHold:
    """One, locked. Raises `NotFound`."""
    query = select(holds).where(holds.c.id == hold_id).with_for_update()
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该依法保留 / no such hold")
    return ReportHold(**row)


async def holds_of(tx: Transaction, report_id: UUID) -> list[ReportHold]:
    """All of a report, in order."""
    query = select(holds).where(holds.c.report_id == report_id).order_by(holds.c.set_at, holds.c.id)
    return [ReportHold(**row) for row in (await tx.execute(query)).mappings()]


async def is_held(tx: Transaction, report_id: UUID) -> bool:
    """Whether an order to keep stands; the caller holds the report's lock, so that none is set meanwhile."""
    return bool((await tx.execute(select(_held(report_id)))).scalar_one())


async def at_rest_since(tx: Transaction, report_id: UUID) -> date | None:
    """The day of the last thing that happened to a report that ended: a step, a letter, its reading. None while it is not at rest."""
    query = _at_rest().where(reports.c.id == report_id)
    row = (await tx.execute(query)).one_or_none()
    return row.since if row else None


async def at_rest(tx: Transaction, *, limit: int) -> list[UUID]:
    """Reports at rest that are neither held nor expunged, the longest first."""
    found = _at_rest().where(~_held(reports.c.id), ~exists().where(expunged.c.report_id == reports.c.id)).subquery()
    return list((await tx.execute(select(found.c.id).order_by(found.c.since, found.c.id).limit(limit))).scalars())


async def expunge(tx: Transaction, report_id: UUID, *, on: date) -> int:
    """Destroy content, reporter and letters, also in replays, for good; → how many boxes there were."""
    new = upsert(expunged).values(report_id=report_id, expunged_on=on).on_conflict_do_nothing()
    await tx.execute(new)
    return int((await tx.execute(_DESTROY, {"report": report_id})).scalar_one())


async def expunged_on(tx: Transaction, report_id: UUID) -> date | None:
    """The day on which its content was destroyed."""
    query = select(expunged.c.expunged_on).where(expunged.c.report_id == report_id)
    return (await tx.execute(query)).scalar_one_or_none()


async def expunged_of(tx: Transaction, report_ids: Collection[UUID]) -> list[UUID]:
    """Those of them whose content is destroyed."""
    query = select(expunged.c.report_id).where(expunged.c.report_id.in_(report_ids))
    return list((await tx.execute(query.order_by(expunged.c.report_id))).scalars())


async def openings_with_reason(tx: Transaction, *, limit: int) -> list[tuple[UUID, datetime]]:
    """Openings of expunged reports that still say why, the oldest first, each with when it was asked for."""
    still = or_(openings.c.reason != "", openings.c.decision_reason.is_not(None))
    query = select(openings.c.id, openings.c.asked_at).join(expunged, expunged.c.report_id == openings.c.report_id)
    query = query.where(still).order_by(openings.c.asked_at).limit(limit)
    return [(row.id, row.asked_at) for row in await tx.execute(query)]


async def forget_reasons(tx: Transaction, opening_ids: Collection[UUID]) -> None:
    """Why they were asked for and decided is destroyed; who, when and the code of the purpose stay."""
    await tx.execute(update(openings).where(openings.c.id.in_(opening_ids)).values(reason="", decision_reason=None))


def _at_rest() -> Select[Any]:
    deeds, sent = report_history.c, letters.c
    step = select(func.max(cast(func.timezone("Asia/Shanghai", deeds.recorded_at), Date)))
    letter = select(func.max(func.greatest(sent.sent_on, sent.read_on)))
    since = func.greatest(
        step.where(deeds.report_id == reports.c.id).scalar_subquery(),
        letter.where(sent.report_id == reports.c.id).scalar_subquery(),
    )
    return select(reports.c.id, since.label("since")).where(reports.c.status.in_(ANSWERED))


def _held(report_id: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    return exists().where(holds.c.report_id == report_id, holds.c.released_at.is_(None))
