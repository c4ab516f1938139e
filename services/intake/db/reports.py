"""The store of reports: what is kept of one beside its lead, and the challenges that were spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db import life, mailbox, merges
from services.intake.db.door_tables import spent_challenges
from services.intake.db.life_tables import deadline_extensions
from services.intake.db.mailbox_tables import objections
from services.intake.db.repeat_tables import repeat_pending
from services.intake.db.tables import lead_history, leads, lost_receipts, passed_reports, reports
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.proof_of_work import Spent
from services.intake.domain.report import Filed, Step, as_repeat, unreviewed
from shared.db import Transaction, driver
from shared.deadlines import china_date
from shared.errors import Registered

_APART = "select take_report_apart($1, $2::text::jsonb, $3, $4, $5)"


async def add(tx: Transaction, lead_id: UUID, filed: Filed, *, received_on: date) -> None:
    """Add one, and spend its challenge. Raises `Spent` when the challenge is spent already."""
    await spend(tx, filed.spent)
    if filed.lost:
        await take_lost(tx, lead_id, filed.lost)
    await tx.execute(
        insert(reports),
        {
            "lead_id": lead_id,
            "channel": filed.channel.value,
            "naming": filed.naming.value,
            "content": filed.content,
            "subjects": filed.subjects,
            "code_mark": filed.code_mark,
            "receipt_mark": filed.receipt_mark,
            "own_code": filed.own_code,
            "received_on": received_on,
        },
    )
    await mailbox.open_box(tx, lead_id, filed.mailbox_key, filed.own_lock)


async def take_lost(tx: Transaction, lead_id: UUID, marks: Sequence[bytes]) -> None:
    """The report with this receipt is registered again as this lead. Raises `Registered` when it is here, or was registered again."""
    here = select(reports.c.lead_id).where(reports.c.receipt_mark.in_(marks))
    passed = select(passed_reports.c.id).where(passed_reports.c.receipt_mark.in_(marks))
    again = select(lost_receipts.c.lead_id).where(lost_receipts.c.mark.in_(marks))
    # an objection has a receipt of the same form, which is no report's
    objected = select(objections.c.lead_id).where(objections.c.receipt_mark.in_(marks))
    new = upsert(lost_receipts).values(mark=marks[0], lead_id=lead_id).on_conflict_do_nothing()
    standing = (await tx.execute(here.union_all(passed, again, objected))).first()
    if standing is not None or (await tx.execute(new.returning(lost_receipts.c.mark))).one_or_none() is None:
        reason = "该回执的举报仍在登记或已补登,请用查询码查询 / the report with this receipt is here: ask by its code"
        raise Registered(reason, fields=[("lost_receipt", reason)])


async def spend(tx: Transaction, challenge: tuple[bytes, int] | None) -> None:
    """Spend a challenge, if one was solved. Raises `Spent` when it is spent already."""
    if challenge is None:
        return
    row = {"mark": challenge[0], "expires_at": instant(challenge[1])}
    spending = upsert(spent_challenges).values(row).on_conflict_do_nothing().returning(spent_challenges.c.mark)
    if (await tx.execute(spending)).one_or_none() is None:
        reason = "该工作量证明已使用,请重新获取 / this proof of work was used, ask for a new challenge"
        raise Spent(reason, fields=[("Proof-Of-Work", reason)])


async def find(tx: Transaction, marks: Sequence[bytes]) -> UUID | None:
    """The lead of the report that has one of these marks."""
    query = select(reports.c.lead_id).where(reports.c.code_mark.in_(marks))
    return (await tx.execute(query)).scalar_one_or_none()


async def own_code(tx: Transaction, lead_no: str) -> tuple[UUID | None, str | None]:
    """The lead of this number and what is kept of its reporter's own code."""
    query = select(reports.c.lead_id, reports.c.own_code).join(leads, leads.c.id == reports.c.lead_id)
    row = (await tx.execute(query.where(leads.c.lead_no == lead_no))).one_or_none()
    return (row.lead_id, row.own_code) if row else (None, None)


async def progress(tx: Transaction, lead_id: UUID) -> tuple[date, tuple[Step, ...]] | None:
    """The day of receipt of a report, and its lead's steps, of a repeat with how its master ended; None for a lead that came in by another
    door."""
    received = select(reports.c.received_on).where(reports.c.lead_id == lead_id)
    received_on = (await tx.execute(received)).scalar_one_or_none()
    if received_on is None:
        return None
    own, merge = await steps(tx, lead_id), await merges.standing_of(tx, lead_id)
    if merge is None:
        return received_on, own
    merged_on = china_date(merge.decided_at) if merge.decided_at else own[-1].since
    before = await steps(tx, merge.master_id, until=merge.decided_at)
    here = sum(not step.extended for step in before)
    tellings = await life.tellings(tx, lead_id)
    return received_on, as_repeat(own, await steps(tx, merge.master_id), merged_on, here=here, tellings=tellings)


async def steps(tx: Transaction, lead_id: UUID, *, until: datetime | None = None) -> tuple[Step, ...]:
    """Each state of a lead with the day on which it came there, also when it came there again; `until`: only those of until then."""
    deeds = lead_history.c
    query = select(deeds.status, deeds.effective_at).where(deeds.lead_id == lead_id).order_by(deeds.version)
    if until is not None:
        query = query.where(deeds.effective_at <= until)
    rows = [Step(Status(row.status), china_date(row.effective_at)) for row in await tx.execute(query)]
    rows = unreviewed(rows)
    found = [*rows[:1], *(step for before, step in pairwise(rows) if step.status is not before.status)]
    table = deadline_extensions
    granted = select(table.c.decided_at).where(table.c.lead_id == lead_id, table.c.state == "granted")
    for day in sorted(china_date(each) for each in (await tx.execute(granted)).scalars()):
        place = sum(step.since <= day for step in found)
        found.insert(place, Step(Status.VERIFYING, day, extended=True))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Stored:
    """A report as it lies here: its blocks, and the box of what stands apart of them."""

    content: Any
    subjects: bytes | None


async def stored(tx: Transaction, lead_ids: Sequence[UUID], *, with_subjects: bool = False) -> dict[UUID, Stored]:
    """The reports of these leads that came in as one; `with_subjects`: only those of which something stands apart."""
    query = select(reports.c.lead_id, reports.c.content, reports.c.subjects).where(reports.c.lead_id.in_(lead_ids))
    if with_subjects:
        query = query.where(func.length(reports.c.subjects) > 0)
    return {row.lead_id: Stored(row.content, row.subjects) for row in await tx.execute(query)}


async def not_apart(tx: Transaction, *, limit: int) -> list[tuple[UUID, Any]]:
    """Some reports, with their blocks, of which nobody has set apart what stands apart. One that the search does not know yet is waited
    for: another worker may be writing its old words into the index."""
    unknown = exists().where(repeat_pending.c.lead_id == reports.c.lead_id, ~repeat_pending.c.searchable)
    query = select(reports.c.lead_id, reports.c.content).where(reports.c.subjects.is_(None), ~unknown).limit(limit)
    return [(row.lead_id, row.content) for row in await tx.execute(query)]


async def set_apart(tx: Transaction, lead: Lead, content: Any, box: bytes) -> None:
    """Once: blocks, box and the texts of the lead as they are to stay; intake's own role cannot otherwise."""
    await (await driver(tx)).execute(_APART, lead.id, to_json(content).decode(), box, lead.summary, lead.allegations)


async def content(tx: Transaction, lead_id: UUID) -> Any:
    """What was reported, in its blocks, without what stands apart; None for a lead that came in by another door."""
    return (await tx.execute(select(reports.c.content).where(reports.c.lead_id == lead_id))).scalar_one_or_none()


async def forget_spent(tx: Transaction, before: datetime) -> None:
    """Forget challenges that would be refused as expired anyway."""
    await tx.execute(delete(spent_challenges).where(spent_challenges.c.expires_at < before))


def instant(seconds: int) -> datetime:
    """Seconds of the epoch as an instant."""
    return datetime.fromtimestamp(seconds, UTC)
