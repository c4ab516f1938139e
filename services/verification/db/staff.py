"""The store of what the directory says of staff."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, Table, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.verification.db import tables
from services.verification.domain.staff import Colleague
from shared.db import Transaction

_FIND = text("""
    select s.staff, s.pledged_on, s.from_on, s.to_on, exists (
      select from absences a where a.staff = s.staff and a.from_on <= :day and (a.to_on is null or a.to_on > :day)
    ) as away from staff s where s.staff = any(:numbers)
""")
_FIT = text("""
    select s.staff, s.pledged_on, s.from_on, s.to_on, false as away from staff s
    where s.pledged_on <= :day and s.from_on <= :day and (s.to_on is null or s.to_on > :day) and s.staff > :after and not exists (
      select from absences a where a.staff = s.staff and a.from_on <= :day and (a.to_on is null or a.to_on > :day))
    order by s.staff limit :limit
""")
# whoever has left, with what they still have in hand
_LEFT = text("""
    select w.id as work_id, w.lead_id, v.staff, s.to_on as left_on
    from verifiers v join works w on w.id = v.work_id and w.status = 'accepted' and w.unit = :unit
    join staff s on s.staff = v.staff and s.to_on <= :day
    where (v.staff, w.id) > (:staff, cast(:work as uuid))
    order by v.staff, w.id limit :limit
""")


async def keep(tx: Transaction, row: Mapping[str, Any]) -> None:
    """A member of staff as the directory has them now."""
    await _keep(tx, tables.staff, "staff", row)


async def keep_absence(tx: Transaction, row: Mapping[str, Any]) -> None:
    """An absence as the directory has it now."""
    await _keep(tx, tables.absences, "id", row)


async def find(tx: Transaction, numbers: Collection[str], *, on: date) -> dict[str, Colleague]:
    """Those of these numbers that the directory has."""
    rows = await tx.execute(_FIND, {"numbers": list(numbers), "day": on})
    return {row["staff"]: _of_row(row) for row in rows.mappings()}


async def fit(tx: Transaction, *, on: date, after: str, limit: int) -> list[Colleague]:
    """Who may verify on that day, by number."""
    rows = await tx.execute(_FIT, {"day": on, "after": after, "limit": limit})
    return [_of_row(row) for row in rows.mappings()]


async def left_open(
    tx: Transaction, *, unit: str, on: date, after: tuple[str, str], limit: int
) -> Sequence[dict[str, Any]]:
    """Works of a unit that go on, of which a verifier has left by that day."""
    values = {"unit": unit, "day": on, "staff": after[0], "work": after[1], "limit": limit}
    return [dict(row) for row in (await tx.execute(_LEFT, values)).mappings()]


def _of_row(row: RowMapping) -> Colleague:
    return Colleague(**row)


async def _keep(tx: Transaction, table: Table, key: str, row: Mapping[str, Any]) -> None:
    put = upsert(table).values(row)
    await tx.execute(put.on_conflict_do_update(index_elements=[key], set_=dict(row)))
