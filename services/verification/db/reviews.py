"""The store of quality reviews and of the monthly draws behind them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.verification.db.tables import lead_standings, review_draws, review_entries, reviews, work_history, works
from services.verification.db.works import of_row, verifiers_of, whole
from services.verification.domain.accusation import Decision
from services.verification.domain.review import Draw, Review, ReviewState
from services.verification.domain.work import Because, Conclusion, Status, Work
from shared.db import Transaction
from shared.departures import staff_accounts
from shared.errors import NotFound

Row = dict[str, Any]


async def add(tx: Transaction, review: Review) -> None:
    """It waits from now on."""
    await tx.execute(insert(reviews), _row(review))


async def save(tx: Transaction, review: Review) -> None:
    """What became of it, or another last day; the caller holds the work's lock."""
    row = _row(review)
    names = ("due_on", "outcome", "reason", "rework_by", "decided_by", "decided_at")
    mine = (reviews.c.work_id == review.work_id, reviews.c.number == review.number)
    await tx.execute(update(reviews).where(*mine).values({name: row[name] for name in names}))


async def of_work(tx: Transaction, work_id: UUID) -> list[Review]:
    """All of a work, in order."""
    query = select(reviews).where(reviews.c.work_id == work_id).order_by(reviews.c.number)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


async def last(tx: Transaction, work_id: UUID) -> Review:
    """The newest of a work. Raises `NotFound`."""
    found = await of_work(tx, work_id)
    if not found:
        raise NotFound("该结论没有抽中评查 / this conclusion was not drawn for review")
    return found[-1]


async def repeats_of(tx: Transaction, lead_id: UUID) -> int:
    """How many leads are merged into this one, as intake says."""
    query = select(func.count()).where(lead_standings.c.merged_into == lead_id)
    return int((await tx.execute(query)).scalar_one())


async def works_of(tx: Transaction, lead_id: UUID) -> list[Work]:
    """All works on a lead."""
    rows = (await tx.execute(whole().where(works.c.lead_id == lead_id))).mappings().all()
    named = await verifiers_of(tx, [row["id"] for row in rows])
    return [of_row(row, named.get(row["id"], ())) for row in rows]


async def actors_of(tx: Transaction, lead_id: UUID) -> list[str]:
    """Accounts that did something in a work on this lead, but for its reviews."""
    mine, deeds = select(works.c.id).where(works.c.lead_id == lead_id), work_history.c
    decided = select(reviews.c.decided_by, reviews.c.decided_at).where(
        reviews.c.work_id.in_(mine), reviews.c.decided_by.is_not(None)
    )
    query = select(deeds.actor).where(deeds.work_id.in_(mine), tuple_(deeds.actor, deeds.recorded_at).not_in(decided))
    return list((await tx.execute(query.distinct())).scalars())


async def numbers_of(tx: Transaction, accounts: Sequence[str]) -> list[str]:
    """The staff numbers behind these accounts."""
    query = select(staff_accounts.c.staff).where(staff_accounts.c.account.in_(accounts))
    return list((await tx.execute(query)).scalars())


async def waiting(
    tx: Transaction, *, but_unit: str, after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[Review, Work]]:
    """What waits, longest first, without the works of one unit."""
    query = whole().add_columns(*(column.label(f"review_{column.name}") for column in reviews.columns))
    query = query.join(reviews, and_(reviews.c.work_id == works.c.id, reviews.c.outcome.is_(None)))
    # what was taken back from its unit waits no more
    query = query.where(works.c.unit != but_unit, works.c.status == Status.IN_REVIEW.value)
    order = (reviews.c.concluded_at, reviews.c.work_id)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    rows = (await tx.execute(query.order_by(*order).limit(limit))).mappings().all()
    return [
        (_of_row({column.name: row[f"review_{column.name}"] for column in reviews.columns}), of_row(row, ()))
        for row in rows
    ]


async def commit(tx: Transaction, month: date, seed: bytes, commitment: str, *, at: datetime) -> bool:
    """Keep the seed of a month; False when it has one."""
    row = {"month": month, "seed": seed, "commitment": commitment, "committed_at": at}
    new = upsert(review_draws).values(row).on_conflict_do_nothing().returning(review_draws.c.month)
    return (await tx.execute(new)).first() is not None


async def not_fixed(tx: Transaction) -> list[tuple[date, datetime]]:
    """Months whose draw is not fixed yet, with when their seed was committed to; locked."""
    query = select(review_draws.c.month, review_draws.c.committed_at).where(review_draws.c.fixed_at.is_(None))
    return [(row.month, row.committed_at) for row in await tx.execute(query.with_for_update())]


async def fix(tx: Transaction, month: date, found: Sequence[str], *, at: datetime) -> None:
    """The month is drawn with these from now on."""
    values = {"beacons": list(found), "fixed_at": at}
    await tx.execute(update(review_draws).where(review_draws.c.month == month).values(values))


async def draw_of(tx: Transaction, month: date) -> Draw | None:
    """The draw of a month, None when there is none."""
    row = (await tx.execute(select(review_draws).where(review_draws.c.month == month))).mappings().one_or_none()
    if row is None:
        return None
    fixed = None if row["beacons"] is None else tuple(row["beacons"])
    return Draw(month=month, seed=row["seed"], beacons=fixed)


async def published(tx: Transaction, month: date) -> Row:
    """What is known of a month's draw. Raises `NotFound`."""
    row = (await tx.execute(select(review_draws).where(review_draws.c.month == month))).mappings().one_or_none()
    if row is None:
        raise NotFound("该月没有评查抽取 / there is no review draw of that month")
    return dict(row)


async def enter(tx: Transaction, token: str, month: date, *, drawn: bool) -> None:
    """It was drawn, or was not; concluded again in the same month it is the same entry."""
    row = {"token": token, "month": month, "drawn": drawn}
    await tx.execute(upsert(review_entries).values(row).on_conflict_do_nothing())


async def entries(tx: Transaction, month: date) -> list[Row]:
    """The month's list."""
    query = select(review_entries.c.token, review_entries.c.drawn).where(review_entries.c.month == month)
    return [dict(row) for row in (await tx.execute(query.order_by(review_entries.c.token))).mappings()]


def _row(review: Review) -> Row:
    return {
        "work_id": review.work_id,
        "number": review.number,
        "because": review.because.value,
        "conclusion": review.conclusion.value,
        "concluded_at": review.concluded_at,
        "concluded_by": review.concluded_by,
        "due_on": review.due_on,
        "outcome": None if review.state is ReviewState.WAITING else review.state.value,
        "reason": review.reason,
        "rework_by": review.rework_by,
        "decided_by": review.decided_by,
        "decided_at": review.decided_at,
        "decision_organ": review.decision and review.decision.organ,
        "decision_no": review.decision and review.decision.document_no,
        "decision_on": review.decision and review.decision.decided_on,
    }


def _of_row(row: RowMapping | Row) -> Review:
    values = {name: row[name] for name in row if name != "outcome" and not name.startswith("decision_")}
    decision = None
    if row["decision_on"] is not None:
        decision = Decision(organ=row["decision_organ"], document_no=row["decision_no"], decided_on=row["decision_on"])
    return Review(
        **values
        | {
            "because": Because(row["because"]),
            "conclusion": Conclusion(row["conclusion"]),
            "state": ReviewState(row["outcome"] or "waiting"),
            "decision": decision,
        }
    )
