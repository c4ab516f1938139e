"""Someone reads restricted data: with a purpose, on record, and with an alert when it looks like what leaks come from (G11, G12).

Kinds: very many things in an hour, very many searches in an hour, what concerns the reader's own circle (the service says so), and outside
working hours. An alert says that somebody should ask, once for each matter; nobody is counted, ranked or scored, and nothing is refused.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Table,
    Text,
    Uuid,
    distinct,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from shared import audit, metrics
from shared.audit import audit_log
from shared.auth import Principal
from shared.codes import Labelled
from shared.contracts.envelope import CHINA
from shared.db import Transaction, after_commit, engine_metadata
from shared.deadlines import Calendar, china_date
from shared.errors import Forbidden, Malformed, NotAllowed, NotFound


class Kind(Labelled):
    """Why somebody should ask. 提醒类别"""

    MASS = "mass", "集中大量查阅", "very many in an hour"
    SEARCHES = "searches", "集中大量检索", "very many searches in an hour"
    NEIGHBOUR = "neighbour", "涉及本人居住地", "where the reader lives"
    COLLEAGUE = "colleague", "涉及本人单位", "the reader's own unit"
    RELATIVE = "relative", "涉及本人亲属", "the reader's relatives"
    OUT_OF_HOURS = "out-of-hours", "非工作时间查阅", "outside working hours"


class Finding(Labelled):
    """What came of asking. 核实结果"""

    JUSTIFIED = "justified", "有正当理由", "justified"
    MISUSE = "misuse", "违规查阅", "misuse"


MOST_AN_HOUR, MOST_SEARCHES = 40, 30
"""Different things that one person reads, and searches, within an hour before somebody should ask [DESIGN]: one in a minute and a half is
not read, it is leafed through."""
FIRST_HOUR, LAST_HOUR = 7, 21
"""Hours of a working day in China [DESIGN]."""
HOUR = timedelta(hours=1)
RAISED = metrics.counter("read_alerts", "Alerts about readings of restricted data, by kind", ["kind"])

read_alerts = Table(
    "read_alerts",
    engine_metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    # the same matter is asked about once
    Column("matter", Text, nullable=False, unique=True, comment="kind, actor, and the thing and day, or the hour"),
    Column("raised_at", DateTime(timezone=True), nullable=False),
    Column("finding", Text),
    Column("reason", Text),
    Column("reviewed_by", Text),
    Column("reviewed_at", DateTime(timezone=True)),
    CheckConstraint("finding in ('justified', 'misuse')", name="finding"),
    # who read does not judge it
    CheckConstraint("reviewed_by <> actor", name="another_person"),
    CheckConstraint(
        "(finding is null) = (reviewed_by is null) and (finding is null) = (reviewed_at is null) "
        "and (finding is null) = (reason is null)",
        name="reviewed_whole",
    ),
    Index("ix_read_alerts_raised_at_id", "raised_at", "id"),
)


async def note(
    tx: Transaction,
    by: Principal,
    action: str,
    subject: UUID | str,
    *,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
    circle: Collection[Kind] = (),
    days: Calendar | None = None,
) -> None:
    """Put a reading on record, and raise what it calls for. `circle`: how the thing concerns the reader's own circle; `days`: the calendar
    with the holiday notices that the service knows. Raises `Malformed` without a purpose."""
    if by.purpose is None:
        raise purpose_needed()
    await audit.record(tx, by, action, subject, at=at, detail=detail, purpose=by.purpose)
    search = action.endswith(".search")
    kinds = {kind: f"{subject}/{china_date(at)}" for kind in circle}
    if not _working_hours(at, days or Calendar()):
        kinds[Kind.OUT_OF_HOURS] = f"{subject}/{china_date(at)}"
    if await _within_an_hour(tx, by, at, search=search) > (MOST_SEARCHES if search else MOST_AN_HOUR):
        kinds[Kind.SEARCHES if search else Kind.MASS] = f"{at.astimezone(CHINA):%Y-%m-%dT%H}"
    for kind, matter in kinds.items():
        await _raise(tx, kind, by, action, str(subject), matter=f"{kind}/{by.sub}/{matter}", at=at)


def purpose_needed() -> Malformed:
    """What is said to who reads without a purpose."""
    known = "、".join(f"{each.value} {each.zh}" for each in audit.Purpose)
    reason = f"请选择查阅目的 / one of these purposes is needed: {known}"
    return Malformed("查阅须注明目的 / a reading needs a purpose", fields=[(audit.PURPOSE_HEADER, reason)])


def _working_hours(at: datetime, days: Calendar) -> bool:
    here = at.astimezone(CHINA)
    return FIRST_HOUR <= here.hour < LAST_HOUR and days.is_working_day(here.date())


async def _within_an_hour(tx: Transaction, by: Principal, at: datetime, *, search: bool) -> int:
    done = audit_log.c
    mine = (done.actor == by.sub, done.purpose.is_not(None), done.at > at - HOUR, done.at <= at)
    if search:
        query = select(func.count()).where(*mine, done.action.like("%.search"))
    else:
        query = select(func.count(distinct(done.subject))).where(*mine, done.action.like("%.read%"))
    return int((await tx.execute(query)).scalar_one())


async def _raise(
    tx: Transaction, kind: Kind, by: Principal, action: str, subject: str, *, matter: str, at: datetime
) -> None:
    row = {"id": uuid4(), "kind": kind.value, "actor": by.sub, "unit": by.unit, "action": action, "subject": subject}
    row |= {"purpose": by.purpose, "matter": matter, "raised_at": at}
    new = insert(read_alerts).values(row).on_conflict_do_nothing(index_elements=["matter"]).returning(read_alerts.c.id)
    if (await tx.execute(new)).first() is not None:
        after_commit(tx, RAISED.labels(kind.value).inc)


async def alerts(
    tx: Transaction, *, open_only: bool = False, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[dict[str, Any]]:
    """Alerts by time; `after` is the key of the last one seen."""
    table = read_alerts.c
    query = select(read_alerts).order_by(table.raised_at, table.id).limit(limit)
    if open_only:
        query = query.where(table.finding.is_(None))
    if after is not None:
        query = query.where(tuple_(table.raised_at, table.id) > after)
    return [dict(row) for row in (await tx.execute(query)).mappings()]


async def review(
    tx: Transaction, alert_id: UUID, finding: Finding, reason: str, *, by: Principal, at: datetime
) -> dict[str, Any]:
    """Another person asked, and this came of it. Raises `NotFound`, `Forbidden` for the reader, `NotAllowed` the second time."""
    mine = read_alerts.c.id == alert_id
    row = (await tx.execute(select(read_alerts).where(mine).with_for_update())).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该提醒 / no such alert")
    if row["actor"] in by.accounts:
        raise Forbidden("不得核实本人的查阅 / nobody judges one's own reading")
    if row["finding"] is not None:
        raise NotAllowed("该提醒已核实 / this alert was reviewed already")
    values = {"finding": finding.value, "reason": reason, "reviewed_by": by.sub, "reviewed_at": at}
    await tx.execute(update(read_alerts).where(mine).values(values))
    detail = {"kind": row["kind"], "finding": finding.value}
    await audit.record(tx, by, "read-alert.review", alert_id, at=at, detail=detail)
    return {**row, **values}
