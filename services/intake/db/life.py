"""The store of a lead's later life: redirections, feedback, decisions by two people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, exists, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db import mailbox
from services.intake.db.conflicts import apart
from services.intake.db.life_tables import decisions, feedback_tries, feedbacks, redirects, sheet_prints
from services.intake.db.repeat_tables import conclusions
from services.intake.db.tables import lead_history, leads, reports
from services.intake.domain.conclusion import PENDING
from services.intake.domain.decision import Decision, Kind, State
from services.intake.domain.feedback import About, Channel, Feedback, NextStep, Try, WhyNot
from services.intake.domain.lead_states import Action, Status
from services.intake.domain.mailbox import Kind as MailKind
from services.intake.domain.redirect import Redirect
from services.intake.domain.report import Telling
from shared.db import Transaction
from shared.deadlines import china_date, start_of
from shared.errors import NotAllowed, NotFound

CHARGING = ("assign", "rule", "recall", "object", "re-examine")
"""The deeds that charge a unit."""
RELEARN = "relearn"
FOLLOWING, TELLABLE = ("follow", RELEARN), (Status.CONCLUDED.value, Status.TRANSFERRED.value)
"""The deeds by which the register follows a conclusion, and the states in which it is told."""
SIGNED = "sign"
"""The deed by which the register follows the unit's signature."""


async def add_redirect(tx: Transaction, redirect: Redirect) -> None:
    """Keep where a lead went."""
    await tx.execute(insert(redirects), _plain(redirect))


async def save_redirect(tx: Transaction, redirect: Redirect) -> None:
    """Write what came of it; the caller holds the lead's lock."""
    row = _plain(redirect)
    names = ("receipt_no", "receipt_on", "result", "result_on", "told_on", "returned_at", "return_reason")
    files = ("receipt_files", "result_files")
    here = (redirects.c.lead_id == redirect.lead_id, redirects.c.number == redirect.number)
    await tx.execute(update(redirects).where(*here).values({name: row[name] for name in (*names, *files)}))


async def redirects_of(tx: Transaction, lead_id: UUID) -> list[Redirect]:
    """All of a lead, in order."""
    query = select(redirects).where(redirects.c.lead_id == lead_id).order_by(redirects.c.number)
    return [_redirect(row) for row in (await tx.execute(query)).mappings()]


def _redirect(row: RowMapping) -> Redirect:
    files = {name: tuple(row[name]) for name in ("receipt_files", "result_files")}
    return Redirect(**{**row, **files})


async def last_redirect(tx: Transaction, lead_id: UUID) -> Redirect:
    """The newest of a lead. Raises `NotFound`."""
    found = await redirects_of(tx, lead_id)
    if not found:
        raise NotFound("该线索没有转交 / the lead was not redirected")
    return found[-1]


async def holds_code(tx: Transaction, lead_id: UUID) -> bool:
    """Whether its reporter has a query code, named or not."""
    return bool((await tx.execute(select(exists().where(reports.c.lead_id == lead_id)))).scalar_one())


async def keep_conclusion(tx: Transaction, lead_id: UUID, code: str, unit: str, *, at: datetime) -> None:
    """Keep how a lead ended where no unit verified it."""
    values = {"lead_id": lead_id, "code": code, "unit": unit, "concluded_at": at}
    await tx.execute(upsert(conclusions).values(values).on_conflict_do_update(index_elements=["lead_id"], set_=values))


async def add_try(tx: Transaction, lead_id: UUID, assignment_no: int, made: Try, *, by: str, at: datetime) -> None:
    """Log one try to tell the reporter; the caller holds the lead's lock."""
    query = select(func.coalesce(func.max(feedback_tries.c.number), 0)).where(feedback_tries.c.lead_id == lead_id)
    number = int((await tx.execute(query)).scalar_one()) + 1
    row = {"lead_id": lead_id, "number": number, "channel": made.channel.value, "tried_on": made.on}
    more = {"reached": made.reached, "assignment_no": assignment_no, "tried_by": by, "recorded_at": at}
    codes = {"about": made.about.value, "why_not": made.why_not.value if made.why_not else None}
    said: dict[str, Any] = {"understood": made.understood, "satisfied": made.satisfied, "text": made.text}
    said["next_step"] = made.next_step.value if made.next_step else None
    await tx.execute(insert(feedback_tries), {**row, **more, **codes, **said})


async def tries_of(tx: Transaction, lead_id: UUID) -> list[tuple[int, Try]]:
    """All tries of a lead in order, those by letter too, each with the number of the conclusion that it is about."""
    query = select(feedback_tries).where(feedback_tries.c.lead_id == lead_id).order_by(feedback_tries.c.number)
    logged = [
        (
            row.assignment_no,
            Try(
                channel=Channel(row.channel),
                on=row.tried_on,
                reached=row.reached,
                about=About(row.about),
                why_not=WhyNot(row.why_not) if row.why_not else None,
                by=row.tried_by,
                understood=row.understood,
                satisfied=row.satisfied,
                text=row.text,
                next_step=NextStep(row.next_step) if row.next_step else None,
            ),
        )
        for row in await tx.execute(query)
    ]
    return sorted((*logged, *await mailbox.tries_by_letter(tx, lead_id)), key=lambda each: each[1].on)


async def concluded_on(tx: Transaction, lead_id: UUID) -> date:
    """The day of the conclusion that stands: what was told before is of one that was taken back. Raises `NotFound`."""
    deeds = lead_history.c
    stands = select(conclusions.c.concluded_at).where(conclusions.c.lead_id == lead_id, conclusions.c.code != PENDING)
    # the history of one that stood still says so, whatever its unit did meanwhile
    meanwhile = (deeds.status == Status.SUSPENDED.value) & (deeds.effective_at == stands.scalar_subquery())
    query = select(func.max(deeds.effective_at)).where(
        deeds.lead_id == lead_id, deeds.action.in_(FOLLOWING), deeds.status.in_(TELLABLE) | meanwhile
    )
    at = (await tx.execute(query)).scalar_one()
    if at is None:
        raise NotFound("没有结论 / there is no conclusion")
    return china_date(at)


async def result_on(tx: Transaction, lead_id: UUID) -> date:
    """The day of the result that stands, be it a regulator's. Raises `NotFound`."""
    try:
        return await concluded_on(tx, lead_id)
    except NotFound:
        sent = await last_redirect(tx, lead_id)
        return sent.result_on or china_date(sent.sent_at)


async def told_on(tx: Transaction, lead_id: UUID, since: date) -> date | None:
    """The day on which its reporter was first told a result of this day or later, by a try or by a letter that he read; None: not yet."""
    tries = select(func.min(feedback_tries.c.tried_on)).where(
        feedback_tries.c.lead_id == lead_id,
        feedback_tries.c.about == About.FEEDBACK.value,
        feedback_tries.c.reached,
        feedback_tries.c.tried_on >= since,
    )
    days = [(await tx.execute(tries)).scalar_one(), await mailbox.first_read(tx, lead_id, MailKind.FEEDBACK, since)]
    return min((day for day in days if day is not None), default=None)


async def tellings(tx: Transaction, lead_id: UUID) -> list[Telling]:
    """Each time that its reporter was told a result: by a try, or by a letter that he read."""
    table = feedback_tries.c
    reached = table.about == About.FEEDBACK.value, table.reached
    days = (await tx.execute(select(table.tried_on).where(table.lead_id == lead_id, *reached))).scalars()
    read = await mailbox.read_letters(tx, lead_id, MailKind.FEEDBACK)
    return [*(Telling(day, day) for day in days), *(Telling(sent_on, read_on) for sent_on, read_on in read)]


@dataclass(frozen=True, slots=True)
class Learned:
    """A deed of ours after a restore: learned again, or a unit that was charged since."""

    status: Status
    at: datetime
    charged: bool


async def learned_since(tx: Transaction, lead_id: UUID, at: datetime) -> list[Learned]:
    """Our deeds of a lead that are later than this instant, if some were learned again after a restore; none for a lead of which nothing
    was forgotten. A letter that was read is on record by its day alone: it came after what was said on that day."""
    deeds = lead_history.c
    query = select(deeds.action, deeds.status, deeds.effective_at).where(
        deeds.lead_id == lead_id, deeds.action.in_([RELEARN, *CHARGING])
    )
    rows = (await tx.execute(query.order_by(deeds.version))).all()
    if not any(row.action == RELEARN for row in rows):
        return []
    day = start_of(china_date(at))
    found = [Learned(Status(row.status), row.effective_at, row.status == Status.ASSIGNED.value) for row in rows]
    last = found[-1]
    if last.at > at or (last.status is Status.FED_BACK and last.at == day):
        return [one for one in found if one.at > at or one is last]
    return []


async def add_feedback(
    tx: Transaction, lead_id: UUID, assignment_no: int, outcome: str, *, accepted: bool, at: datetime
) -> None:
    """Keep how the reporter was told; told anew after a new conclusion."""
    values = {"outcome": outcome, "accepted": accepted, "told_at": at}
    row = {"lead_id": lead_id, "assignment_no": assignment_no, **values}
    await tx.execute(insert(feedbacks), row)


async def feedback_of(tx: Transaction, lead_id: UUID, assignment_no: int) -> Feedback:
    """How the reporter was told of this conclusion. Raises `NotFound`."""
    table = feedbacks
    query = select(table).where(table.c.lead_id == lead_id, table.c.assignment_no == assignment_no)
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        raise NotFound("没有反馈记录 / no feedback on file")
    return Feedback(outcome=row.outcome, accepted=row.accepted, told_on=china_date(row.told_at))


async def add_print(tx: Transaction, lead_id: UUID, assignment_no: int, *, by: str, at: datetime) -> int:
    """A print of the sheet; → its number. The caller holds the lead's lock."""
    query = select(func.coalesce(func.max(sheet_prints.c.print_no), 0)).where(sheet_prints.c.lead_id == lead_id)
    number = int((await tx.execute(query)).scalar_one()) + 1
    row = {"lead_id": lead_id, "print_no": number, "assignment_no": assignment_no, "printed_by": by, "printed_at": at}
    await tx.execute(insert(sheet_prints), row)
    return number


async def last_assignment(tx: Transaction, lead_id: UUID) -> tuple[str, datetime] | None:
    """Who charged the present unit, and when."""
    deeds = lead_history.c
    query = select(deeds.actor, deeds.effective_at).where(deeds.lead_id == lead_id, deeds.action.in_(CHARGING))
    row = (await tx.execute(query.order_by(deeds.version.desc()).limit(1))).one_or_none()
    return (row.actor, row.effective_at) if row else None


async def was_taken_up(tx: Transaction, lead_id: UUID) -> bool:
    """Whether it was taken up again after it could not be verified."""
    deeds = lead_history.c
    query = select(deeds.version).where(deeds.lead_id == lead_id, deeds.action == Action.TAKE_UP.value)
    return (await tx.execute(query.limit(1))).first() is not None


async def classified_by(tx: Transaction, lead_id: UUID) -> str | None:
    """Who classified it last; None when a restore has lost who."""
    deeds = lead_history.c
    query = select(deeds.actor, deeds.action).where(deeds.lead_id == lead_id, deeds.action.in_(["classify", RELEARN]))
    row = (await tx.execute(query.order_by(deeds.version.desc()).limit(1))).one_or_none()
    return row.actor if row is not None and row.action == "classify" else None


_SINCE_PROPOSED = ("propose-decline", "decline", "classify", "accept-after-all", RELEARN)
"""The deeds with which a proposal not to accept a lead begins or is past."""


async def proposed_to_decline(tx: Transaction, lead_id: UUID) -> str | None:
    """Who proposes that it is not accepted; None when nobody does, or since then it was classified or taken up anew."""
    deeds = lead_history.c
    query = select(deeds.actor, deeds.action).where(deeds.lead_id == lead_id, deeds.action.in_(_SINCE_PROPOSED))
    row = (await tx.execute(query.order_by(deeds.version.desc()).limit(1))).one_or_none()
    return row.actor if row is not None and row.action == "propose-decline" else None


async def page_proposed_declines(
    tx: Transaction, *, away: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
) -> list[RowMapping]:
    """Leads that are proposed not to be accepted and wait for a director, as they were proposed; `after`: the key of the last seen."""
    made, later = lead_history.c, lead_history.alias("later")
    past = select(later.c.lead_id).where(
        later.c.lead_id == made.lead_id, later.c.version > made.version, later.c.action.in_(_SINCE_PROPOSED)
    )
    query = select(
        leads.c.id.label("lead_id"),
        leads.c.lead_no,
        made.actor.label("proposed_by"),
        made.effective_at.label("proposed_at"),
        made.reason,
    ).join(leads, leads.c.id == made.lead_id)
    # written out: the index is of these deeds alone
    query = query.where(text("lead_history.action = 'propose-decline'"), leads.c.status == Status.RECEIVED.value)
    query = query.where(leads.c.merged_into.is_(None), ~past.exists(), *apart(made.lead_id, away))
    if after is not None:
        query = query.where(tuple_(made.effective_at, made.lead_id) > after)
    return list((await tx.execute(query.order_by(made.effective_at, made.lead_id).limit(limit))).mappings())


async def accepted_at(tx: Transaction, lead_id: UUID) -> datetime | None:
    """When the present unit signed for it."""
    deeds = lead_history.c
    charged = select(func.max(deeds.version)).where(deeds.lead_id == lead_id, deeds.action.in_(CHARGING))
    query = select(deeds.effective_at).where(
        deeds.lead_id == lead_id, deeds.action == SIGNED, deeds.version > charged.scalar_subquery()
    )
    return (await tx.execute(query.order_by(deeds.version).limit(1))).scalar_one_or_none()


async def add_decision(tx: Transaction, decision: Decision) -> None:
    """Keep what is proposed. Raises `NotAllowed` when the same is open already."""
    done = upsert(decisions).values(_plain(decision)).on_conflict_do_nothing().returning(decisions.c.id)
    if (await tx.execute(done)).first() is None:
        raise NotAllowed(f"“{decision.kind.zh}”已有待决定的提议 / it is proposed already")


async def save_decision(tx: Transaction, decision: Decision) -> None:
    """Write what was decided; the caller holds its lock."""
    row = _plain(decision)
    names = ("state", "decided_by", "decided_at", "decision_reason")
    await tx.execute(update(decisions).where(decisions.c.id == decision.id).values({name: row[name] for name in names}))


async def get_decision(tx: Transaction, decision_id: UUID, *, lock: bool = False) -> Decision:
    """One decision. Raises `NotFound`."""
    query = select(decisions).where(decisions.c.id == decision_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该决定 / no such decision")
    return _decision(row)


async def page_decisions(
    tx: Transaction,
    *,
    kind: Kind | None,
    state: State | None,
    lead_id: UUID | None,
    away: Sequence[UUID],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Decision]:
    """Decisions as they were proposed; `after` is the key of the last one seen."""
    query = select(decisions).where(*apart(decisions.c.lead_id, away))
    query = query.order_by(decisions.c.proposed_at, decisions.c.id).limit(limit)
    for column, value in (
        (decisions.c.kind, kind and kind.value),
        (decisions.c.state, state and state.value),
        (decisions.c.lead_id, lead_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(tuple_(decisions.c.proposed_at, decisions.c.id) > after)
    return [_decision(row) for row in (await tx.execute(query)).mappings()]


def _decision(row: RowMapping) -> Decision:
    return Decision(**{**row, "kind": Kind(row["kind"]), "state": State(row["state"])})


def _plain(value: Any) -> dict[str, Any]:
    """The fields of a dataclass as columns of the same names."""
    found = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {name: str(each) if isinstance(each, Kind | State) else each for name, each in found.items()}
