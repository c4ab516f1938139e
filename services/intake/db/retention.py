"""What retention asks for, and the destruction of a lead's texts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, cast, exists, func, or_, select, text, true

from services.intake.db import search
from services.intake.db.conflicts import apart
from services.intake.db.leads import of_row
from services.intake.db.life_tables import decisions, legal_holds
from services.intake.db.mailbox_tables import objections
from services.intake.db.repeat_tables import conclusions, merges, re_examinations
from services.intake.db.subject_tables import subject_boxes
from services.intake.db.tables import deadlines, dual_assignments, lead_history, leads, reports
from services.intake.domain.conclusion import UNFOUNDED
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.merge import STANDS
from shared.db import Transaction, driver

_FORGET_KEYS = """
with gone as (delete from repeat_leads where lead_id = $1 returning number)
delete from repeat_keys k using gone where k.number = gone.number
"""
_DESTROY = text("select expunge_texts(:lead)")
_RETIRE = text("select retire_reporter(:lead)")
_RETIRE_SUBJECTS = text("select retire_subjects(:lead)")
ENDS = ("close", "end-redirect")
"""The deeds that end a lead."""
ENDED = (Status.CLOSED.value, Status.NOT_ACCEPTED.value, Status.SEALED.value)
DECLINED = "decline"
"""The deed by which one that is not accepted ended."""
_MASTER = leads.alias()
_WHEN = func.greatest(
    func.max(lead_history.c.effective_at),
    select(merges.c.decided_at)
    .where(merges.c.lead_id == leads.c.id, merges.c.state.in_([state.value for state in STANDS]))
    .correlate(leads)
    .scalar_subquery(),
)
"""When a lead ended; a repeat with its master, or when it was merged into one that had ended."""


async def is_held(tx: Transaction, lead_id: UUID) -> bool:
    """Whether an order to keep stands for this lead, its master or a repeat of either. Until the transaction ends none is set meanwhile."""
    await one_at_a_time(tx, lead_id)
    return bool((await tx.execute(select(_held()).where(leads.c.id == lead_id))).scalar_one_or_none())


async def one_at_a_time(tx: Transaction, lead_id: UUID) -> None:
    """Whoever sets a hold, destroys under its absence or reads the reporter waits for the others, until the transaction ends. The vault,
    which may lock no lead, has this turn in its place; whoever locks the lead, too, does so first."""
    turn = func.pg_advisory_xact_lock(func.hashtextextended(cast(_whole(leads), Text), 0))
    await tx.execute(select(turn).where(leads.c.id == lead_id))


async def stop_finding(tx: Transaction, lead_id: UUID) -> None:
    """No search finds it by what it says any more (G14)."""
    await (await driver(tx)).execute(_FORGET_KEYS, lead_id)
    await search.forget(tx, lead_id)


async def destroy_texts(tx: Transaction, lead_id: UUID) -> None:
    """Destroy every text of an expunged lead and its boxes, and order the vault to destroy its reporter's key, by the plan of the
    database; intake's own role cannot otherwise."""
    await tx.execute(_DESTROY, {"lead": lead_id})


async def retire_reporter(tx: Transaction, lead_id: UUID) -> bool:
    """Mark the reporter of a closed lead as shredded and order the vault to destroy the key. → whether there was one."""
    return bool((await tx.execute(_RETIRE, {"lead": lead_id})).scalar_one())


async def retire_subjects(tx: Transaction, lead_id: UUID) -> bool:
    """Destroy what the subject store knows of an ended lead. → whether there was something."""
    return bool((await tx.execute(_RETIRE_SUBJECTS, {"lead": lead_id})).scalar_one())


async def ended_at(tx: Transaction, lead_id: UUID) -> datetime | None:
    """When a lead ended; a repeat ends with its master."""
    whole = select(_whole(leads)).where(leads.c.id == lead_id).correlate(None).scalar_subquery()
    query = _ended().where(leads.c.id == lead_id, _MASTER.c.id == whole)
    row = (await tx.execute(query)).mappings().one_or_none()
    return row["since"] if row else None


async def since(tx: Transaction, lead_id: UUID, *actions: str) -> datetime | None:
    """When one of these deeds was done to it last."""
    deeds = lead_history.c
    query = select(func.max(deeds.effective_at)).where(deeds.lead_id == lead_id, deeds.action.in_(actions))
    found: datetime | None = (await tx.execute(query)).scalar_one()
    return found


async def to_be_sealed(
    tx: Transaction, before: datetime, *, asked_before: datetime, limit: int
) -> list[tuple[Lead, datetime]]:
    """Leads that ended as unfounded, or were not accepted, before an instant and wait for nothing, each with when. Those whose sealing is
    proposed, or was refused after `asked_before`, those that another team is to look at, and those with an undecided objection
    are left out, as are those with a discipline leg that is open."""
    asked = exists().where(
        decisions.c.lead_id == leads.c.id,
        decisions.c.kind == "seal",
        or_(decisions.c.state == "proposed", decisions.c.decided_at > asked_before),
    )
    unfounded = and_(leads.c.status == "closed", conclusions.c.code.in_(UNFOUNDED))
    declined = and_(leads.c.status == "not_accepted", ~_owes(before))
    query = _ended().having(before > _WHEN).outerjoin(conclusions, conclusions.c.lead_id == leads.c.id)
    query = query.where(or_(unfounded, declined), ~asked, ~_held(), ~_waits(), ~_objected(), ~_leg_open())
    return await _found(tx, query, limit)


async def owes(tx: Transaction, lead_id: UUID, before: datetime) -> bool:
    """Whether somebody waits for something of a lead that was not accepted, or of a repeat of it: to be told, for a reply or a decision; or
    something was merged into it since an instant, whose reporter may object."""
    return bool((await tx.execute(select(_owes(before)).where(leads.c.id == lead_id))).scalar_one())


async def has_leg(tx: Transaction, lead_id: UUID) -> bool:
    """Whether a leg of this lead, or of a repeat of it, is open."""
    return bool((await tx.execute(select(_leg_open()).where(leads.c.id == lead_id))).scalar_one())


async def with_reporter(tx: Transaction, before: datetime, *, limit: int) -> list[tuple[Lead, datetime]]:
    """Leads that ended before an instant, repeats with their masters, and whose reporter may still be kept, each with when."""
    deeds = lead_history.alias()
    retired = exists().where(deeds.c.lead_id == leads.c.id, deeds.c.action == "retire-reporter")
    query = _ended().having(before > _WHEN).where(leads.c.reporter_ref.is_not(None), ~retired, ~_held())
    return await _found(tx, query, limit)


async def with_subjects(tx: Transaction, before: datetime, *, limit: int) -> list[tuple[Lead, datetime]]:
    """Leads that ended before an instant, repeats with their masters, and of whose subjects the store still knows something, each with
    when."""
    known = or_(
        exists().where(reports.c.lead_id == leads.c.id, func.length(reports.c.subjects) > 0),
        exists().where(subject_boxes.c.lead_id == leads.c.id),
    )
    return await _found(tx, _ended().having(before > _WHEN).where(known, ~_held()), limit)


async def sealed(
    tx: Transaction, *, away: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[Lead, datetime]]:
    """What is sealed, oldest first."""
    when = func.max(lead_history.c.effective_at).label("since")
    query = select(leads, when).join(lead_history, lead_history.c.lead_id == leads.c.id)
    query = query.where(leads.c.status == "sealed", lead_history.c.action == "seal").group_by(leads.c.id)
    query = query.where(*apart(leads.c.id, away))
    if after is not None:
        query = query.having((when > after[0]) | ((when == after[0]) & (leads.c.id > after[1])))
    rows = (await tx.execute(query.order_by(when, leads.c.id).limit(limit))).mappings()
    return [(of_row(row), row["since"]) for row in rows]


def _ended() -> Select[Any]:
    # from the few that ended to their repeats: the other way round each lead would be asked for its master
    repeat = leads.alias()
    itself, repeats = select(_MASTER.c.id), select(repeat.c.id).where(repeat.c.merged_into == _MASTER.c.id)
    parts = itself.correlate(_MASTER).union_all(repeats.correlate(_MASTER)).lateral()
    query = (
        select(leads, _WHEN.label("since"))
        .select_from(_MASTER)
        .join(parts, true())
        .join(leads, leads.c.id == parts.c.id)
    )
    query = query.join(lead_history, lead_history.c.lead_id == _MASTER.c.id)
    ended = _MASTER.c.status.in_(ENDED), _MASTER.c.merged_into.is_(None), lead_history.c.action.in_([*ENDS, DECLINED])
    return query.where(*ended).group_by(leads.c.id)


def _waits() -> ColumnElement[bool]:
    entries = re_examinations.c
    return exists().where(entries.lead_id == leads.c.id, entries.state == "open")


def _owes(before: datetime) -> ColumnElement[bool]:
    each = leads.alias()
    runs = select(each.c.id).join(deadlines, deadlines.c.lead_id == each.c.id).where(deadlines.c.stopped_at.is_(None))
    parts = or_(each.c.id == leads.c.id, each.c.merged_into == leads.c.id)
    lately = exists().where(
        merges.c.master_id == leads.c.id,
        merges.c.state.in_([state.value for state in STANDS]),
        merges.c.decided_at > before,
    )
    return or_(runs.where(parts).correlate(leads).exists(), lately)


def _objected() -> ColumnElement[bool]:
    each = leads.alias()
    made = select(each.c.id).join(objections, objections.c.lead_id == each.c.id).where(objections.c.state == "open")
    return made.where(_whole(each) == leads.c.id).correlate(leads).exists()


def _leg_open() -> ColumnElement[bool]:
    each = leads.alias()
    dual = select(each.c.id).join(dual_assignments, dual_assignments.c.lead_id == each.c.id)
    dual = dual.where(dual_assignments.c.completed_at.is_(None), _whole(each) == leads.c.id)
    return dual.correlate(leads).exists()


def _held() -> Any:
    kept = leads.alias()
    stands = select(kept.c.id).where(legal_holds.stands(kept.c.id), _whole(kept) == _whole(leads))
    return stands.correlate(leads).exists()


def _whole(of: FromClause) -> ColumnElement[UUID]:
    return func.coalesce(of.c.merged_into, of.c.id)


async def _found(tx: Transaction, query: Select[Any], limit: int) -> list[tuple[Lead, datetime]]:
    # what ended first: whoever is not due yet stands in nobody's way
    rows = list((await tx.execute(query.order_by("since", leads.c.id).limit(limit))).mappings())
    return [(of_row(row), row["since"]) for row in rows]
