"""The store of monthly draws and of the calls that follow."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.call_back_tables import call_back_draws, call_backs
from services.intake.db.conflicts import apart
from services.intake.db.tables import leads
from services.intake.domain.call_back_draw import Beacon
from services.intake.domain.conclusion import PENDING
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound

Row = dict[str, Any]
# what intake knows of a reporter in the vault: that there is one, and that his time is not over (orders of the vault's own it does not see)
_ENDED = text("""
with ends (lead_id, at) as (
  select lead_id, concluded_at from conclusions where code <> :pending and concluded_at < :last
  union all
  select h.lead_id, h.effective_at from lead_history h join leads l on l.id = h.lead_id
    where h.action in ('decline', 'end-redirect') and h.effective_at < :last
    and l.status in ('not_accepted', 'closed', 'sealed')
), masters (lead_id, at) as (
  select lead_id, max(at) from ends group by lead_id
), listed (lead_id, at) as (
  select m.lead_id, m.at from masters m join leads l on l.id = m.lead_id where l.merged_into is null
  union all
  select l.id, greatest(m.at, g.decided_at) from masters m join leads l on l.merged_into = m.lead_id
    join merges g on g.lead_id = l.id and g.master_id = m.lead_id and g.state in ('standing', 'undo-proposed')
)
select l.id from listed e join leads l on l.id = e.lead_id
where e.at >= :first and e.at < :last and l.named
  and (
    exists (select from mailboxes b where b.lead_id = l.id)
    or l.reporter_ref is not null and not exists (
      select from lead_history h where h.lead_id = l.id and h.action = 'retire-reporter'
    )
  )
order by l.id
""")


async def commit(tx: Transaction, month: date, seed: bytes, commitment: str, *, at: datetime) -> bool:
    """Keep the seed of a month; False when it has one."""
    row = {"month": month, "seed": seed, "commitment": commitment, "committed_at": at}
    new = upsert(call_back_draws).values(row).on_conflict_do_nothing().returning(call_back_draws.c.month)
    return (await tx.execute(new)).first() is not None


async def undone(tx: Transaction, before: date) -> list[Row]:
    """Draws of earlier months that are not made yet, oldest first, locked."""
    query = select(call_back_draws).where(call_back_draws.c.drawn_at.is_(None), call_back_draws.c.month < before)
    return [
        dict(row) for row in (await tx.execute(query.order_by(call_back_draws.c.month).with_for_update())).mappings()
    ]


async def undrawn(tx: Transaction, before: date) -> list[date]:
    """Earlier months whose draw is not made yet, oldest first."""
    table = call_back_draws.c
    query = select(table.month).where(table.drawn_at.is_(None), table.month < before).order_by(table.month)
    return list((await tx.execute(query)).scalars())


async def ended(tx: Transaction, first: datetime, last: datetime) -> list[UUID]:
    """Leads that ended from `first` until before `last` and whose reporter gave a name and can be reached, by whatever door they came:
    by the vault's keepers, or by the code. A repeat ended with its master, or when it was merged into one that had ended."""
    found = await tx.execute(_ENDED, {"first": first, "last": last, "pending": PENDING})
    return list(found.scalars())


async def fix(tx: Transaction, month: date, entries: Sequence[tuple[str, UUID]], digest: str, *, at: datetime) -> None:
    """The month's list, which stays as it is."""
    if entries:
        rows = [{"token": token, "month": month, "lead_id": lead_id} for token, lead_id in entries]
        await tx.execute(insert(call_backs), rows)
    values = {"fixed_at": at, "list_digest": digest}
    await tx.execute(update(call_back_draws).where(call_back_draws.c.month == month).values(values))


async def made(
    tx: Transaction, month: date, drawn: Sequence[str], with_beacons: Sequence[Beacon], *, due_on: date, at: datetime
) -> None:
    """Who was drawn, and by what."""
    values = {"beacons": [asdict(beacon) for beacon in with_beacons], "drawn_at": at, "due_on": due_on}
    await tx.execute(update(call_back_draws).where(call_back_draws.c.month == month).values(values))
    for place, token in enumerate(drawn, 1):
        await tx.execute(update(call_backs).where(call_backs.c.token == token).values(place=place))


async def tokens(tx: Transaction, month: date) -> list[str]:
    """The month's list."""
    query = select(call_backs.c.token).where(call_backs.c.month == month).order_by(call_backs.c.token)
    return list((await tx.execute(query)).scalars())


async def get(tx: Transaction, month: date) -> Row:
    """One month's draw. Raises `NotFound`."""
    query = select(call_back_draws).where(call_back_draws.c.month == month)
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("该月没有抽查 / that month has no draw")
    return dict(row)


async def drawn(tx: Transaction, month: date, *, away: Sequence[UUID] = ()) -> list[Row]:
    """Those who were drawn, in order, with their leads' numbers and what they answered."""
    query = select(call_backs, leads.c.lead_no).join(leads, leads.c.id == call_backs.c.lead_id)
    query = query.where(call_backs.c.month == month, call_backs.c.place.is_not(None), *apart(leads.c.id, away))
    return [dict(row) for row in (await tx.execute(query.order_by(call_backs.c.place))).mappings()]


async def answer(tx: Transaction, token: str, outcome: str, channel: str, *, by: str, at: datetime) -> Row:
    """Keep what a reporter answered, once. Raises `NotFound` for who was not drawn, `NotAllowed`."""
    mine = call_backs.c.token == token
    row = (await tx.execute(select(call_backs).where(mine).with_for_update())).mappings().one_or_none()
    if row is None or row["place"] is None:
        raise NotFound("没有该回访 / no such call")
    if row["outcome"] is not None:
        raise NotAllowed("该回访已登记 / this call is on record already")
    values = {"outcome": outcome, "channel": channel, "answered_by": by, "answered_at": at}
    await tx.execute(update(call_backs).where(mine).values(values))
    return {**row, **values}
