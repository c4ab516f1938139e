"""The store of holds, contacts and requests between the legs of a dual assignment."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.life_tables import dual_contacts, dual_holds, dual_requests
from services.intake.domain.dual_exchange import Answer, Delayed, Hold, HoldState, Need, Request
from shared.contracts.intake import Leg
from shared.db import Transaction
from shared.errors import NotFound


async def put_hold(tx: Transaction, hold: Hold) -> None:
    """Keep a hold as it stands now; the caller holds the lock of its dual assignment."""
    row = {name: getattr(hold, name) for name in hold.__dataclass_fields__}
    row |= {"what": hold.what.value, "state": hold.state.value}
    await tx.execute(upsert(dual_holds).values(row).on_conflict_do_update(index_elements=["id"], set_=row))


async def get_hold(tx: Transaction, hold_id: UUID) -> Hold:
    """One, locked. Raises `NotFound`."""
    query = select(dual_holds).where(dual_holds.c.id == hold_id).with_for_update()
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该暂缓 / no such hold")
    return _hold(row)


async def holds_of(tx: Transaction, dual_id: UUID) -> list[Hold]:
    """All of a dual assignment, in order."""
    query = select(dual_holds).where(dual_holds.c.dual_assignment_id == dual_id)
    query = query.order_by(dual_holds.c.asked_at, dual_holds.c.id)
    return [_hold(row) for row in (await tx.execute(query)).mappings()]


async def standing_of(tx: Transaction, dual_id: UUID, what: Delayed) -> list[Hold]:
    """Those of this kind that stand, locked; the caller holds the lock of the dual assignment."""
    mine = dual_holds.c
    query = select(dual_holds).where(
        mine.dual_assignment_id == dual_id, mine.what == what.value, mine.state == HoldState.STANDING.value
    )
    return [_hold(row) for row in (await tx.execute(query.order_by(mine.id).with_for_update())).mappings()]


async def over(tx: Transaction, today: date, *, limit: int) -> Sequence[Hold]:
    """Some that stand and whose last day is over, locked; those that another worker holds are left to it."""
    query = select(dual_holds).where(dual_holds.c.state == HoldState.STANDING.value, dual_holds.c.until < today)
    rows = (await tx.execute(query.order_by(dual_holds.c.id).limit(limit).with_for_update(skip_locked=True))).mappings()
    return [_hold(row) for row in rows]


async def name_contact(tx: Transaction, dual_id: UUID, leg: Leg, account: str, *, by: str, at: datetime) -> None:
    """Name who speaks for a leg; a later one takes the place."""
    values = {"account": account, "named_by": by, "named_at": at}
    row = {"dual_assignment_id": dual_id, "leg": leg.value, **values}
    put = upsert(dual_contacts).values(row)
    await tx.execute(put.on_conflict_do_update(index_elements=["dual_assignment_id", "leg"], set_=values))


async def contacts_of(tx: Transaction, dual_id: UUID) -> dict[Leg, str]:
    """Who speaks for which leg."""
    rows = await tx.execute(select(dual_contacts).where(dual_contacts.c.dual_assignment_id == dual_id))
    return {Leg(row.leg): row.account for row in rows}


async def add_request(tx: Transaction, request: Request) -> None:
    """Keep a request."""
    await tx.execute(insert(dual_requests), _row(request))


async def save_request(tx: Transaction, request: Request) -> None:
    """Write its answer; the caller holds its lock."""
    row = _row(request)
    values = {name: row[name] for name in ("answer", "answered_by", "answered_at")}
    await tx.execute(update(dual_requests).where(dual_requests.c.id == request.id).values(values))


async def get_request(tx: Transaction, request_id: UUID) -> Request:
    """One, locked. Raises `NotFound`."""
    query = select(dual_requests).where(dual_requests.c.id == request_id).with_for_update()
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该需求 / no such request")
    return _request(row)


async def requests_of(tx: Transaction, dual_id: UUID) -> list[Request]:
    """All of a dual assignment, in order."""
    table = dual_requests
    query = select(table).where(table.c.dual_assignment_id == dual_id).order_by(table.c.asked_at, table.c.id)
    return [_request(row) for row in (await tx.execute(query)).mappings()]


def _hold(row: RowMapping) -> Hold:
    return Hold(**{**row, "what": Delayed(row["what"]), "state": HoldState(row["state"])})


def _request(row: RowMapping) -> Request:
    answer = Answer(row["answer"]) if row["answer"] else None
    return Request(**{**row, "from_leg": Leg(row["from_leg"]), "need": Need(row["need"]), "answer": answer})


def _row(request: Request) -> dict[str, Any]:
    row = {name: getattr(request, name) for name in request.__dataclass_fields__}
    answer = request.answer.value if request.answer else None
    return row | {"from_leg": request.from_leg.value, "need": request.need.value, "answer": answer}
