"""The store of running limits and of what was said of them. A lead is locked before its limits, never after."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Uuid, and_, any_, bindparam, false, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.intake.db.conflicts import apart
from services.intake.db.leads import of_row
from services.intake.db.tables import deadline_pauses, deadline_steps, lead_history, leads
from services.intake.db.tables import deadlines as table
from services.intake.domain.deadline import LOOK_AGAIN, URGENT, LeadDeadline
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.pause import SUSPENSION
from services.intake.domain.urgency import CLAIMS_SHOWN
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import Colour, Deadline, Pause
from shared.errors import NotFound

_AS_MAJOR = text("select count_as_major(:lead, :number)")
_COLUMNS = [column.name for column in table.columns if column.name != "stopped_at"]
_KEY = (table.c.lead_id, table.c.kind, table.c.round)
Key = tuple[UUID, DeadlineKind, int]
# written out: with parameters PostgreSQL could not tell that the partial index serves
_IN_HOURS = and_(table.c.kind == text("'classify'"), table.c.limit_id == text(f"'{URGENT}'"))
_LOOK_AGAIN = table.c.limit_id == text(f"'{LOOK_AGAIN}'")
_CLAIMED = and_(_IN_HOURS, table.c.stopped_at.is_(None), ~leads.c.urgent)
_FIRST_CLAIMS = (
    select(table.c.lead_id)
    .join(leads, leads.c.id == table.c.lead_id)
    .where(_CLAIMED)
    .order_by(table.c.due_at, table.c.lead_id)
    .limit(CLAIMS_SHOWN)
)


async def start(tx: Transaction, *started: LeadDeadline) -> None:
    """They begin to run; one that runs or ran already (learned again after a restore) stays as it is."""
    await tx.execute(insert(table).on_conflict_do_nothing(), [_row(one) for one in started])


async def start_anew(tx: Transaction, *started: LeadDeadline) -> None:
    """They begin to run, each as the next round of its kind: the lead had one like it before, or it is the first."""
    if not started:
        return
    query = select(table.c.kind, func.max(table.c.round)).where(table.c.lead_id == started[0].lead_id)
    rounds = {row[0]: row[1] for row in await tx.execute(query.group_by(table.c.kind))}
    await start(tx, *(replace(one, round=rounds.get(one.kind.value, 0) + 1) for one in started))


async def stopped_with(tx: Transaction, lead_id: UUID, stopped_at: datetime) -> list[LeadDeadline]:
    """Those that stopped at that instant, locked."""
    query = select(table).where(table.c.lead_id == lead_id, table.c.stopped_at == stopped_at)
    return await _whole(tx, query.order_by(*_KEY).with_for_update())


async def stop(
    tx: Transaction, lead_id: UUID, *kinds: DeadlineKind, at: datetime, suspended_at: datetime | None = None
) -> None:
    """What they asked for was done (or is not asked for any more): they stop, wherever they stand. Those that stand still since
    `suspended_at` do not run on with the lead."""
    mine = (table.c.lead_id == lead_id, table.c.kind.in_([kind.value for kind in kinds]))
    runs = or_(table.c.stopped_at.is_(None), table.c.stopped_at == suspended_at if suspended_at else false())
    await tx.execute(update(table).where(*mine, runs).values(stopped_at=at, next_at=None))


async def ended_before(tx: Transaction, lead_id: UUID, *kinds: DeadlineKind, at: datetime) -> None:
    """What they asked for was done at an instant before the one at which they were stopped, or while they run (after a restore)."""
    mine = (table.c.lead_id == lead_id, table.c.kind.in_([kind.value for kind in kinds]), table.c.started_at <= at)
    late = or_(table.c.stopped_at.is_(None), table.c.stopped_at > at)
    await tx.execute(update(table).where(*mine, late).values(stopped_at=at, next_at=None))


async def run_on(
    tx: Transaction, lead_id: UUID, kind: DeadlineKind, *, at: datetime, suspended_at: datetime | None
) -> None:
    """The newest of this kind had stopped and runs on, or does so with the lead."""
    newest = select(func.max(table.c.round)).where(table.c.lead_id == lead_id, table.c.kind == kind.value)
    mine = (table.c.lead_id == lead_id, table.c.kind == kind.value, table.c.round == newest.scalar_subquery())
    values = {"stopped_at": suspended_at, "next_at": None if suspended_at else at}
    await tx.execute(update(table).where(*mine).values(values))


async def lasts(tx: Transaction, lead_id: UUID, kind: DeadlineKind, *, at: datetime) -> bool:
    """Whether the newest of this kind has not come to its end by then."""
    query = select(table.c.due_at).where(table.c.lead_id == lead_id, table.c.kind == kind.value)
    due_at = (await tx.execute(query.order_by(table.c.round.desc()).limit(1))).scalar_one_or_none()
    return due_at is not None and due_at > at


async def resume(tx: Transaction, lead_id: UUID, *, stopped_at: datetime, at: datetime) -> None:
    """What stopped at that instant runs on as if it had not; what fell due meanwhile is said next."""
    mine = (table.c.lead_id == lead_id, table.c.stopped_at == stopped_at)
    await tx.execute(update(table).where(*mine).values(stopped_at=None, next_at=at))


async def save(tx: Transaction, deadline: LeadDeadline) -> None:
    """Write when it ends and when it is looked at next. The caller holds its lock."""
    row = _row(deadline)
    names = (
        "due_on",
        "provisional",
        "yellow_at",
        "orange_at",
        "due_at",
        "next_at",
        "calendar_no",
        "extension",
    )
    key = (deadline.lead_id, deadline.kind.value, deadline.round)
    await tx.execute(update(table).where(tuple_(*_KEY) == key).values({name: row[name] for name in names}))


async def save_as_major(tx: Transaction, deadline: LeadDeadline) -> None:
    """The same, and that the result is due by the limit of level 重大, which the lead has. The caller holds its lock."""
    await tx.execute(_AS_MAJOR, {"lead": deadline.lead_id, "number": deadline.round})
    await save(tx, deadline)


async def get(tx: Transaction, lead_id: UUID, kind: DeadlineKind, *, lock: bool = False) -> LeadDeadline:
    """The newest of a lead's limits of this kind. Raises `NotFound`."""
    query = select(table).where(table.c.lead_id == lead_id, table.c.kind == kind.value)
    query = query.order_by(table.c.round.desc()).limit(1)
    found = await _whole(tx, query.with_for_update() if lock else query)
    if not found:
        raise NotFound("该线索没有该期限 / the lead has no such limit")
    return found[0]


async def runs_since(tx: Transaction, lead_id: UUID, kind: DeadlineKind) -> datetime | None:
    """Since when a limit of this kind runs; None: none does."""
    query = select(func.max(table.c.started_at)).where(
        table.c.lead_id == lead_id, table.c.kind == kind.value, table.c.stopped_at.is_(None)
    )
    found: datetime | None = (await tx.execute(query)).scalar_one()
    return found


async def of_kind(tx: Transaction, lead_id: UUID, kind: DeadlineKind) -> list[LeadDeadline]:
    """All limits of a lead of this kind, the newest last. Raises `NotFound`."""
    query = select(table).where(table.c.lead_id == lead_id, table.c.kind == kind.value).order_by(table.c.round)
    if not (found := await _whole(tx, query)):
        raise NotFound("该线索没有该期限 / the lead has no such limit")
    return found


async def is_claimed(tx: Transaction, lead_id: UUID) -> bool:
    """Whether its reporter claims danger and nobody has said yet what it is."""
    query = select(table.c.lead_id).join(leads, leads.c.id == table.c.lead_id).where(_CLAIMED, leads.c.id == lead_id)
    return (await tx.execute(query)).first() is not None


async def runs_in_hours(tx: Transaction, lead_id: UUID) -> bool:
    """Whether it waits to be classified within four hours, by whose word ever."""
    query = select(table.c.lead_id).where(_IN_HOURS, table.c.stopped_at.is_(None), table.c.lead_id == lead_id)
    return (await tx.execute(query)).first() is not None


async def claims_of_repeats(tx: Transaction, master_id: UUID) -> list[LeadDeadline]:
    """The four hours that run for repeats of this lead until somebody says whether the matter is urgent."""
    query = select(table).join(leads, leads.c.id == table.c.lead_id)
    query = query.where(_IN_HOURS, table.c.stopped_at.is_(None), leads.c.merged_into == master_id)
    return await _whole(tx, query.order_by(table.c.due_at))


async def urgent_now(tx: Transaction, now: datetime, *, away: Sequence[UUID]) -> tuple[int, int, int]:
    """How many leads wait to be classified within four hours by the word of a person or machine, by a claim, and of the claims overdue."""
    claims, late = func.count().filter(~leads.c.urgent), func.count().filter(~leads.c.urgent, table.c.due_at <= now)
    query = select(func.count().filter(leads.c.urgent), claims, late).join(leads, leads.c.id == table.c.lead_id)
    said, claimed, overdue = (
        await tx.execute(query.where(_IN_HOURS, table.c.stopped_at.is_(None), *apart(leads.c.id, away)))
    ).one()
    return said, claimed, overdue


async def to_look_at_again(tx: Transaction, day: date, *, limit: int) -> Sequence[UUID]:
    """Leads whose day to look again (C4) has come, the soonest first."""
    query = select(table.c.lead_id).where(table.c.stopped_at.is_(None), _LOOK_AGAIN, table.c.due_on <= day)
    return list((await tx.execute(query.order_by(table.c.due_at, table.c.lead_id).limit(limit))).scalars())


async def of_lead(tx: Transaction, lead_id: UUID) -> list[LeadDeadline]:
    """All limits of a lead, as they began."""
    query = select(table).where(table.c.lead_id == lead_id)
    return await _whole(tx, query.order_by(table.c.started_at, table.c.due_at, table.c.kind, table.c.round))


async def take_due(
    tx: Transaction, now: datetime, *, calendar_no: int, since: datetime | None, limit: int
) -> list[LeadDeadline]:
    """Some of those with something to say by now, locked; those that another worker holds are left to it."""
    query = select(table).where(
        table.c.stopped_at.is_(None), table.c.calendar_no == calendar_no, table.c.next_at <= now
    )
    if since is not None:
        query = query.where(table.c.started_at >= since)
    return await _whole(tx, query.order_by(table.c.next_at).limit(limit).with_for_update(skip_locked=True))


async def take_counted_before(tx: Transaction, calendar_no: int, *, limit: int) -> list[LeadDeadline]:
    """Some of those that run and were counted with an older calendar, locked with their leads."""
    stale = (table.c.stopped_at.is_(None), table.c.calendar_no < calendar_no)
    some = select(table.c.lead_id).where(*stale).limit(limit)
    mine = select(leads.c.id).where(leads.c.id.in_(some)).order_by(leads.c.id).with_for_update(skip_locked=True)
    ids = list((await tx.execute(mine)).scalars())
    query = select(table).where(*stale, table.c.lead_id == any_(bindparam("ids", ids, type_=ARRAY(Uuid))))
    return await _whole(tx, query.order_by(*_KEY).with_for_update())


async def is_counted_before(tx: Transaction, calendar_no: int) -> bool:
    """Whether anything that runs was counted with an older calendar."""
    query = select(table.c.lead_id).where(table.c.stopped_at.is_(None), table.c.calendar_no < calendar_no)
    return (await tx.execute(query.limit(1))).first() is not None


async def take_leads_without(
    tx: Transaction, came_by: Mapping[Status, Sequence[str]], *, after: UUID | None, looked_at: int, limit: int
) -> tuple[list[tuple[Lead, datetime]], UUID | None]:
    """Of so many leads behind this one by id those of these states that wait for nothing, locked, each with when the last of its state's
    deeds was put on record; and up to which lead was looked, None when that was the last of all."""
    behind = [leads.c.id > after] if after else []
    end = select(leads.c.id).where(*behind).order_by(leads.c.id).offset(looked_at - 1).limit(1)
    until = (await tx.execute(end)).scalar_one_or_none()
    # to meet the reporter runs beside whatever the lead waits for
    own = (table.c.stopped_at.is_(None), table.c.kind != DeadlineKind.MEET.value)
    runs = select(table.c.lead_id).where(table.c.lead_id == leads.c.id, *own).exists()
    query = select(leads).where(leads.c.status.in_([status.value for status in came_by]), ~runs)
    query = query.where(leads.c.merged_into.is_(None), leads.c.suspended_at.is_(None), *behind)
    query = query if until is None else query.where(leads.c.id <= until)
    rows = list(
        (await tx.execute(query.order_by(leads.c.id).limit(limit).with_for_update(skip_locked=True))).mappings()
    )
    if len(rows) == limit:
        until = rows[-1]["id"]
    deeds = lead_history.c
    history = select(deeds.lead_id, deeds.action, deeds.recorded_at).where(
        deeds.lead_id == any_(bindparam("ids", [row["id"] for row in rows], type_=ARRAY(Uuid)))
    )
    came: dict[tuple[UUID, str], datetime] = {}
    for row in await tx.execute(history.order_by(deeds.version)):
        came[row.lead_id, row.action] = row.recorded_at
    found = []
    for lead in map(of_row, rows):
        known = [came[lead.id, deed] for deed in came_by[lead.status] if (lead.id, deed) in came]
        if known:
            found.append((lead, max(known)))
    return found, until


async def said(tx: Transaction, found: Iterable[LeadDeadline]) -> dict[Key, dict[str, datetime]]:
    """When each colour and measure of these was last said."""
    steps = deadline_steps.c
    ids = list({one.lead_id for one in found})
    query = select(steps.lead_id, steps.kind, steps.round, steps.what, func.max(steps.said_at).label("said_at"))
    query = query.where(steps.lead_id == any_(bindparam("ids", ids, type_=ARRAY(Uuid))))
    query = query.group_by(steps.lead_id, steps.kind, steps.round, steps.what)
    told: dict[Key, dict[str, datetime]] = defaultdict(dict)
    for row in await tx.execute(query):
        told[row.lead_id, DeadlineKind(row.kind), row.round][row.what] = row.said_at
    return told


async def remember_said(tx: Transaction, key: Key, what: str, *, due_on: date, due_at: datetime, at: datetime) -> bool:
    """Put on record that this is said; False when it was, for this end."""
    lead_id, kind, number = key
    row = {"lead_id": lead_id, "kind": kind.value, "round": number, "due_on": due_on, "what": what}
    new = insert(deadline_steps).values(**row, due_at=due_at, said_at=at).on_conflict_do_nothing()
    return (await tx.execute(new.returning(deadline_steps.c.what))).first() is not None


async def steps_of(tx: Transaction, lead_id: UUID) -> list[dict[str, Any]]:
    """What was said of a lead's limits, oldest first."""
    query = select(deadline_steps).where(deadline_steps.c.lead_id == lead_id)
    return [dict(row) for row in (await tx.execute(query.order_by(deadline_steps.c.due_at))).mappings()]


async def running(
    tx: Transaction,
    *,
    now: datetime,
    colour: Colour | None,
    kind: DeadlineKind | None,
    unit: str | None,
    due_by: date | None,
    claimed: bool,
    away: Sequence[UUID],
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[tuple[LeadDeadline, dict[str, Any]]]:
    """What runs, soonest end first, each with its lead's number, level, unit and urgency; `after` is the key of the last one seen.
    `claimed`: those alone that run by a claim; else no more than the first of them."""
    order = (table.c.due_at, table.c.lead_id, table.c.kind)
    about = (leads.c.lead_no, leads.c.level, leads.c.unit, leads.c.urgent, leads.c.merged_into)
    query = select(table, *about).join(leads, leads.c.id == table.c.lead_id).where(table.c.stopped_at.is_(None))
    first = select(_FIRST_CLAIMS.subquery().c.lead_id)
    query = query.where(*apart(table.c.lead_id, away), _CLAIMED if claimed else or_(~_CLAIMED, leads.c.id.in_(first)))
    match colour:
        case Colour.RED:
            query = query.where(table.c.due_at <= now)
        case Colour.ORANGE:
            query = query.where(table.c.due_at > now, table.c.orange_at <= now)
        case Colour.YELLOW:
            query = query.where(table.c.due_at > now, table.c.orange_at > now, table.c.yellow_at <= now)
        case Colour.GREEN:
            query = query.where(table.c.due_at > now, table.c.yellow_at > now)
    for column, value in ((table.c.kind, kind and kind.value), (leads.c.unit, unit)):
        if value is not None:
            query = query.where(column == value)
    if due_by is not None:
        query = query.where(table.c.due_on <= due_by)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    rows = list((await tx.execute(query.order_by(*order).limit(limit))).mappings())
    whole = await _with_pauses(tx, rows)
    return [(one, {column.name: row[column.name] for column in about}) for one, row in zip(whole, rows, strict=True)]


async def _whole(tx: Transaction, query: Any) -> list[LeadDeadline]:
    return await _with_pauses(tx, list((await tx.execute(query)).mappings()))


async def _with_pauses(tx: Transaction, rows: Sequence[RowMapping]) -> list[LeadDeadline]:
    if not rows:
        return []
    pauses = await _pauses(tx, {row["lead_id"] for row in rows})
    return [
        replace(
            one,
            pauses=tuple(pause for pause, _ in pauses[one.lead_id, one.kind, one.round]),
            stood_still=tuple(pause for pause, by in pauses[one.lead_id, one.kind, one.round] if by == SUSPENSION),
        )
        for one in map(_of_row, rows)
    ]


async def _pauses(tx: Transaction, lead_ids: Collection[UUID]) -> dict[Key, list[tuple[Pause, str]]]:
    """With who asked for each."""
    pauses = deadline_pauses.c
    query = select(deadline_pauses).where(
        pauses.lead_id == any_(bindparam("ids", list(lead_ids), type_=ARRAY(Uuid))), pauses.first <= pauses.last
    )
    found: dict[Key, list[tuple[Pause, str]]] = defaultdict(list)
    for row in await tx.execute(query.order_by(pauses.first)):
        found[row.lead_id, DeadlineKind(row.kind), row.round].append((Pause(row.first, row.last), row.asked_by))
    return found


def _of_row(row: RowMapping) -> LeadDeadline:
    return LeadDeadline(
        kind=DeadlineKind(row["kind"]),
        due=Deadline(row["due_on"], row["provisional"]),
        **{name: row[name] for name in (*_COLUMNS, "stopped_at") if name not in ("kind", "due_on", "provisional")},
    )


def _row(deadline: LeadDeadline) -> dict[str, Any]:
    more = {"kind": deadline.kind.value, "due_on": deadline.due.on, "provisional": deadline.due.provisional}
    return {name: more[name] if name in more else getattr(deadline, name) for name in _COLUMNS}
