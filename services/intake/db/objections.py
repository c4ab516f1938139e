"""The store of reporters' objections. The lead is locked before its objection."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, text, tuple_, update

from services.intake.db import leads, life, mailbox, merges
from services.intake.db.conflicts import apart
from services.intake.db.mailbox_tables import objections
from services.intake.db.retention import ENDS
from services.intake.db.tables import lead_history
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action, Status
from services.intake.domain.mailbox import Kind
from services.intake.domain.objection import (
    ANSWERED_BY,
    BY_LETTER,
    NOTHING_YET,
    REGULATORS,
    TO_REPEATS,
    Against,
    Answer,
    Objection,
    State,
)
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotAllowed

_NAMES = ("lead_id", "deed", "answered_by", "made_on", "message", "decided_by", "decided_at")
RELEARN = "relearn"
_WRITE_DOWN = text("select write_objection_down(:lead, :deed, :letter, :mark)")


async def answer_to(tx: Transaction, lead: Lead) -> Answer:
    """The answer that stands, to which the reporter may object. Raises `NotAllowed` when there is none."""
    if lead.standing in (Status.MERGED, Status.CLOSED):
        raise NotAllowed(BY_LETTER)
    if lead.status not in ANSWERED_BY:
        raise NotAllowed(NOTHING_YET)
    against, deed = ANSWERED_BY[lead.status]
    row = await _last(tx, lead.id, lead.status, deed)
    return Answer(
        against=against, deed=row.version, given_on=china_date(row.effective_at), by=await _behind(tx, lead, row, deed)
    )


async def answer_for(tx: Transaction, lead: Lead, whole: Lead) -> Answer:
    """The answer that stands for the reporter of this lead: its own, also what its regulator answered; of a repeat that of its master
    `whole`, also of one that is closed, from the day on which he was told, or could see it. Raises `NotAllowed` when there is none."""
    if lead.standing is not Status.MERGED and lead.status in REGULATORS:
        return await _of_regulator(tx, lead)
    if lead.standing is not Status.MERGED or whole.standing not in TO_REPEATS:
        return await answer_to(tx, lead)
    answer = await (_closed(tx, whole) if whole.status is Status.CLOSED else answer_to(tx, whole))
    merge = await merges.standing_of(tx, lead.id)
    merged_on = china_date(merge.decided_at) if merge and merge.decided_at else answer.given_on
    seen_on = max(answer.given_on, merged_on)
    if answer.against is Against.DECLINE:
        return replace(answer, given_on=seen_on)
    since = await life.result_on(tx, whole.id)
    told_on = await life.told_on(tx, lead.id, since)
    if told_on is None and whole.status is not Status.CLOSED:
        raise NotAllowed(NOTHING_YET)
    return replace(answer, given_on=told_on or seen_on, since=since)


async def _of_regulator(tx: Transaction, lead: Lead) -> Answer:
    """What a regulator answered, for the lead's own reporter: from the day on which he was told, be it closed with that already or not;
    where nobody could tell him, from the close. Raises `NotAllowed`."""
    sent = await life.redirects_of(tx, lead.id)
    if not sent or (lead.status is Status.REDIRECTED and sent[-1].result_on is None):
        raise NotAllowed(NOTHING_YET)
    since = sent[-1].result_on or china_date(sent[-1].sent_at)
    if lead.status is Status.CLOSED:
        answer = await _closed(tx, lead)
        if await _status_before(tx, lead.id, answer.deed) != Status.REDIRECTED.value:
            raise NotAllowed(BY_LETTER)
        return replace(answer, given_on=await life.told_on(tx, lead.id, since) or answer.given_on, since=since)
    told_on = await life.told_on(tx, lead.id, since)
    if told_on is None:
        raise NotAllowed(NOTHING_YET)
    by = await _who_entered(tx, lead.id, Action.RESULT_OF_REDIRECT)
    return Answer(against=Against.FEEDBACK, deed=lead.version, given_on=told_on, by=by, since=since)


async def _closed(tx: Transaction, lead: Lead) -> Answer:
    """What a lead was closed with. Who fed it back stands behind that; where a regulator's result closed it, who entered that."""
    row = await _last(tx, lead.id, Status.CLOSED, *ENDS)
    told = row
    if row.action == "close":
        told = await _last(tx, lead.id, Status.FED_BACK, ANSWERED_BY[Status.FED_BACK][1])
    by = await _behind(tx, lead, told, *ENDS, ANSWERED_BY[Status.FED_BACK][1])
    return Answer(against=Against.FEEDBACK, deed=row.version, given_on=china_date(row.effective_at), by=by)


async def _last(tx: Transaction, lead_id: UUID, status: Status, *deeds: str) -> Any:
    """The last of these deeds that brought it there, or that a restore has learned again. Raises `NotAllowed`."""
    table = lead_history.c
    query = select(table.version, table.effective_at, table.actor, table.action).where(
        table.lead_id == lead_id, table.action.in_([*deeds, RELEARN]), table.status == status.value
    )
    row = (await tx.execute(query.order_by(table.version.desc()).limit(1))).one_or_none()
    if row is None:
        raise NotAllowed(NOTHING_YET)
    return row


async def _status_before(tx: Transaction, lead_id: UUID, version: int) -> str | None:
    table = lead_history.c
    query = select(table.status).where(table.lead_id == lead_id, table.version < version)
    return (await tx.execute(query.order_by(table.version.desc()).limit(1))).scalar_one_or_none()


async def _who_entered(tx: Transaction, lead_id: UUID, deed: Action) -> str | None:
    table = lead_history.c
    query = select(table.actor).where(table.lead_id == lead_id, table.action == deed.value)
    return (await tx.execute(query.order_by(table.version.desc()).limit(1))).scalar_one_or_none()


async def _behind(tx: Transaction, lead: Lead, row: Any, *deeds: str) -> str | None:
    """Who stands behind an answer; None where a restore has lost it."""
    by: str | None = row.actor if row.action in deeds else None
    if by == leads.SYSTEM:
        # a letter that the reporter has read: who wrote it stands behind it
        number = lead.assignment.number if lead.assignment else 0
        by = await mailbox.last_writer(tx, lead.id, Kind.FEEDBACK, number)
    return by


async def add(tx: Transaction, objection: Objection, receipt_mark: bytes | None) -> None:
    """Keep one; the caller holds the lead's lock. `receipt_mark`: None for one by word of mouth."""
    row = {name: getattr(objection, name) for name in _NAMES}
    codes = {"against": objection.against.value, "state": objection.state.value, "receipt_mark": receipt_mark}
    await tx.execute(insert(objections), {**row, **codes})


async def write_down(tx: Transaction, objection: Objection, letter: int, receipt_mark: bytes) -> None:
    """One that was made by word of mouth and is undecided has a letter now; the caller holds the lead's lock."""
    given = {"lead": objection.lead_id, "deed": objection.deed, "letter": letter, "mark": receipt_mark}
    await tx.execute(_WRITE_DOWN, given)


async def save(tx: Transaction, objection: Objection) -> None:
    """Write what was decided; the caller holds the lead's lock."""
    here = (objections.c.lead_id == objection.lead_id, objections.c.deed == objection.deed)
    values = {
        "state": objection.state.value,
        "decided_by": objection.decided_by,
        "decided_at": objection.decided_at,
    }
    await tx.execute(update(objections).where(*here).values(values))


async def to_deed(tx: Transaction, lead_id: UUID, deed: int) -> Objection | None:
    """The objection to this answer, if there is one."""
    query = select(objections).where(objections.c.lead_id == lead_id, objections.c.deed == deed)
    row = (await tx.execute(query)).mappings().one_or_none()
    return _of_row(row) if row else None


async def standing_since(tx: Transaction, lead_id: UUID, day: date) -> Objection | None:
    """The newest one of a lead that was made on this day or later and was not upheld."""
    query = select(objections).where(
        objections.c.lead_id == lead_id, objections.c.made_on >= day, objections.c.state != State.UPHELD.value
    )
    row = (await tx.execute(query.order_by(objections.c.deed.desc()).limit(1))).mappings().one_or_none()
    return _of_row(row) if row else None


async def open_of(tx: Transaction, lead_id: UUID) -> Objection | None:
    """The undecided one of a lead, if there is one."""
    query = select(objections).where(objections.c.lead_id == lead_id, objections.c.state == State.OPEN.value)
    row = (await tx.execute(query)).mappings().one_or_none()
    return _of_row(row) if row else None


async def page(
    tx: Transaction,
    *,
    state: State | None,
    lead_id: UUID | None,
    away: Sequence[UUID],
    after: tuple[date, UUID, int] | None,
    limit: int,
) -> list[Objection]:
    """Objections, the oldest first; `after` is the key of the last one seen."""
    order = (objections.c.made_on, objections.c.lead_id, objections.c.deed)
    query = select(objections).where(*apart(objections.c.lead_id, away)).order_by(*order).limit(limit)
    if state is not None:
        query = query.where(objections.c.state == state.value)
    if lead_id is not None:
        query = query.where(objections.c.lead_id == lead_id)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


def _of_row(row: RowMapping) -> Objection:
    plain = {name: row[name] for name in _NAMES}
    return Objection(**plain, against=Against(row["against"]), state=State(row["state"]))
