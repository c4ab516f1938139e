"""The store of messages that could not be taken: that one came, by which gateway, and why; nothing of what it said."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.intake.db.gateway_tables import refused_messages
from services.intake.domain.report import Channel
from shared.db import Transaction
from shared.errors import NotFound

_T = refused_messages.c


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """One: `mark` is as what it is known, `errors` are (field, reason)."""

    mark: bytes
    gateway: str
    channel: Channel | None
    errors: tuple[tuple[str, str], ...]


async def keep(tx: Transaction, refused: RefusedMessage, *, on: date) -> None:
    """It could not be taken; the same again is counted, and open once more."""
    new = insert(refused_messages).values(
        id=uuid4(),
        mark=refused.mark,
        gateway=refused.gateway,
        channel=refused.channel and refused.channel.value,
        reasons=[{"field": field, "reason": reason} for field, reason in refused.errors],
        times=1,
        first_on=on,
        last_on=on,
    )
    again = {name: new.excluded[name] for name in ("channel", "reasons", "last_on")}
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=["mark"], set_={**again, "times": _T.times + 1, "settled_on": None, "settled_by": None}
        )
    )


async def taken(tx: Transaction, mark: bytes, *, on: date) -> None:
    """What was refused under this mark came after all."""
    await tx.execute(
        update(refused_messages).where(_T.mark == mark, _T.settled_on.is_(None)).values(settled_on=on, settled_by=None)
    )


async def close(tx: Transaction, refused_ids: Collection[UUID], *, by: str, on: date) -> None:
    """A clerk has asked the gateway, or nothing is to be done. Raises `NotFound`, naming one that is not open: all of them or none."""
    mine = _T.id.in_(refused_ids), _T.settled_on.is_(None)
    done = await tx.execute(update(refused_messages).where(*mine).values(settled_on=on, settled_by=by).returning(_T.id))
    closed = set(done.scalars())
    for place, each in enumerate(refused_ids):
        if each not in closed:
            reason = "没有该未接收的来件,或已了结 / no such refused message, or it is settled"
            raise NotFound(reason, fields=[(f"ids.{place}", reason)])


async def page(
    tx: Transaction, *, open_only: bool, after: tuple[date, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """Those that are open, or all, by the day they first came."""
    query = select(refused_messages).order_by(_T.first_on, _T.id).limit(limit)
    if open_only:
        query = query.where(_T.settled_on.is_(None))
    if after is not None:
        query = query.where(tuple_(_T.first_on, _T.id) > after)
    return (await tx.execute(query)).mappings().all()


async def count_open(tx: Transaction) -> int:
    """How many nobody has settled."""
    query = select(func.count()).select_from(refused_messages).where(_T.settled_on.is_(None))
    return int((await tx.execute(query)).scalar_one())


async def forget_settled(tx: Transaction, before: date) -> None:
    """What was settled before this day goes."""
    await tx.execute(delete(refused_messages).where(_T.settled_on < before))
