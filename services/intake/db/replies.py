"""What a superior is told back: its number, its date, how its lead ended, and under which number the reply went out. No summary, no name:
the read holds no such column."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

from sqlalchemy import RowMapping, case, exists, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.conflicts import apart
from services.intake.db.life_tables import superior_replies
from services.intake.db.repeat_tables import conclusions
from services.intake.db.tables import deadlines, leads
from services.intake.domain.codes import IssuingLevel, Source
from services.intake.domain.lead_states import AT_REST, WITH_UNIT, Status
from services.intake.domain.reply import Reply
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotFound, Registered

STANDING = case(
    (leads.c.status.in_([status.value for status in AT_REST]), leads.c.status),
    (leads.c.merged_into.is_not(None), Status.MERGED.value),
    (leads.c.suspended_at.is_not(None), Status.SUSPENDED.value),
    else_=leads.c.status,
).label("status")
"""A lead's status as people see it (`Lead.standing`)."""
ENDS_WITH = func.coalesce(leads.c.merged_into, leads.c.id)
"""The lead whose conclusion is a lead's own: a repeat ends with its master."""
_WHOLE = leads.alias()
_LOOKED_AT_ANEW = [status.value for status in (*sorted(WITH_UNIT), Status.REOPENED)]
_ANEW = exists().where(_WHOLE.c.id == conclusions.c.lead_id, _WHOLE.c.status.in_(_LOOKED_AT_ANEW))
STANDS = (conclusions.c.lead_id == ENDS_WITH) & ~_ANEW.correlate(conclusions)
"""The conclusion that others are told: one that a unit looks at anew is none."""
_LATER = superior_replies.alias()
_CORRECTED = exists().where(
    _LATER.c.lead_id == superior_replies.c.lead_id,
    _LATER.c.reply_no == superior_replies.c.reply_no,
    _LATER.c.version > superior_replies.c.version,
)
_NEWEST = (
    select(superior_replies.c.reply_no, superior_replies.c.sent_on)
    .where(superior_replies.c.lead_id == leads.c.id, ~_CORRECTED.correlate(superior_replies))
    .order_by(superior_replies.c.sent_on.desc(), superior_replies.c.recorded_at.desc())
    .limit(1)
    .lateral("newest")
)

_MASTER = leads.alias()
_ANSWER_BY = (
    select(deadlines.c.due_on.label("answer_by"))
    .where(
        deadlines.c.lead_id == leads.c.id,
        deadlines.c.kind == DeadlineKind.CONCLUDE.value,
        STANDING.in_([Status.MERGED.value, Status.NOT_ACCEPTED.value]),
    )
    .order_by(deadlines.c.round.desc())
    .limit(1)
    .lateral("limits")
)
"""By when a lead without a unit is to be answered (`begin_to_answer`)."""


async def add(tx: Transaction, reply: Reply) -> None:
    """Put a reply, or the next version of one, on record; the caller holds the lead's lock. Raises `Registered` for a number that this lead
    has already."""
    row = {name: getattr(reply, name) for name in Reply.__dataclass_fields__}
    new = upsert(superior_replies).values(row).on_conflict_do_nothing().returning(superior_replies.c.reply_no)
    if (await tx.execute(new)).first() is None:
        raise Registered("该文号的回复已登记 / a reply of that number is on record")


async def of_lead(tx: Transaction, lead_id: UUID) -> list[tuple[Reply, ...]]:
    """The replies to a lead's superior in the order in which they went out, each with all its versions: the last one stands."""
    kept = superior_replies
    query = select(kept).where(kept.c.lead_id == lead_id).order_by(kept.c.reply_no, kept.c.version)
    rows = [Reply(**row) for row in (await tx.execute(query)).mappings()]
    found = [tuple(versions) for _, versions in groupby(rows, key=lambda reply: reply.reply_no)]
    return sorted(found, key=lambda versions: (versions[-1].sent_on, versions[0].recorded_at))


async def found_on(tx: Transaction, lead_id: UUID) -> date:
    """The day on which the result of a lead was found. Raises `NotFound`."""
    query = select(conclusions.c.concluded_at).where(conclusions.c.lead_id == lead_id)
    at = (await tx.execute(query)).scalar_one_or_none()
    if at is None:
        raise NotFound("没有结论 / there is no conclusion")
    return china_date(at)


async def page(
    tx: Transaction,
    *,
    level: IssuingLevel | None,
    first: date,
    last: date,
    away: Sequence[UUID],
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Superiors' leads received on these days (inclusive), by day. One that was merged as a repeat needs an answer of its own all the same
    (N07): it ends with its master."""
    query = (
        select(
            leads.c.id, leads.c.upstream_no, leads.c.issuing_level, leads.c.received_on, leads.c.upstream_deadline,
            leads.c.due_on, leads.c.lead_no, STANDING, leads.c.merged_into, conclusions.c.code, conclusions.c.concluded_at,
            _NEWEST.c.reply_no, _NEWEST.c.sent_on, _ANSWER_BY.c.answer_by, _MASTER.c.status.label("master_status"),
        )
        .select_from(leads)
        .outerjoin(conclusions, STANDS)
        .outerjoin(_NEWEST, true())
        .outerjoin(_ANSWER_BY, true())
        .outerjoin(_MASTER, _MASTER.c.id == leads.c.merged_into)
        .where(leads.c.source == Source.SUPERIOR.value, leads.c.received_on.between(first, last))
        .where(*apart(leads.c.id, away))
        .order_by(leads.c.received_on, leads.c.id)
        .limit(limit)
    )  # fmt: skip
    if level is not None:
        query = query.where(leads.c.issuing_level == level.value)
    if after is not None:
        query = query.where(tuple_(leads.c.received_on, leads.c.id) > after)
    return (await tx.execute(query)).mappings().all()
