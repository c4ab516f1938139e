"""What retention asks for, and the destruction of a report's boxes."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, cast, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.discipline.db.report_tables import report_holds as holds
from services.discipline.db.report_tables import report_letters as letters
from services.discipline.db.report_tables import report_openings as openings
from services.discipline.db.tables import expunged_reports as expunged
from services.discipline.db.tables import report_history, reports
from services.discipline.domain.report import ANSWERED
from shared.db import Transaction

_DESTROY = text("select expunge_report(:report)")


async def is_held(tx: Transaction, report_id: UUID) -> bool:
    """Whether an order to keep stands; the caller holds the report's lock, so that none is set meanwhile."""
    return bool((await tx.execute(select(holds.stands(report_id)))).scalar_one())


async def at_rest_since(tx: Transaction, report_id: UUID) -> date | None:
    """The day of the last thing that happened to a report that ended: a step, a letter, its reading. None while it is not at rest."""
    query = _at_rest().where(reports.c.id == report_id)
    row = (await tx.execute(query)).one_or_none()
    return row.since if row else None


async def at_rest(tx: Transaction, *, limit: int) -> list[UUID]:
    """Reports at rest that are neither held nor expunged, the longest first."""
    found = (
        _at_rest().where(~holds.stands(reports.c.id), ~exists().where(expunged.c.report_id == reports.c.id)).subquery()
    )
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
