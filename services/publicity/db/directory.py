"""The part of the directory that figures count: kept as it stands, read as of a day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.publicity.db import tables
from shared.db import Transaction

_UNITS = text("""
    select code as unit, name, from_on, to_on from units
    where kind = :kind and from_on <= :day and (to_on is null or to_on > :day) = :counted
    order by code
""")
# one line a person who was ever placed in such a unit by that day; the placement that counts, else the latest
_STAFF = text("""
    select * from (
      select distinct on (p.staff) p.staff, p.unit, p.post, p.from_on, p.to_on,
             (p.to_on is null or p.to_on > :day) and (u.to_on is null or u.to_on > :day) and u.from_on <= :day
             and exists (select from staff s where s.staff = p.staff and s.from_on <= :day and (s.to_on is null or s.to_on > :day))
             and not exists (select from placements away where away.staff = p.staff and away.unit = p.unit and away.kind = 'leave'
                             and away.from_on <= :day and (away.to_on is null or away.to_on > :day)) as counted
      from placements p join units u on u.code = p.unit and u.kind = :kind
      where p.kind in ('post', 'secondment') and p.from_on <= :day
      order by p.staff, counted desc, p.from_on desc
    ) placed where counted = :counted order by staff
""")


async def keep_unit(tx: Transaction, row: dict[str, Any]) -> None:
    """A unit as it stands now."""
    await _keep(tx, tables.units, "code", row)


async def keep_staff(tx: Transaction, row: dict[str, Any]) -> None:
    """When a member of staff was here, as it stands now."""
    await _keep(tx, tables.staff, "staff", row)


async def keep_placement(tx: Transaction, row: dict[str, Any]) -> None:
    """A placement as it stands now."""
    await _keep(tx, tables.placements, "id", row)


async def units(tx: Transaction, kind: str, *, on: date, counted: bool = True) -> Sequence[dict[str, Any]]:
    """Units of this kind that stand on that day; or those that had ended by then."""
    rows = await tx.execute(_UNITS, {"kind": kind, "day": on, "counted": counted})
    return [dict(row) for row in rows.mappings()]


async def staff(tx: Transaction, kind: str, *, on: date, counted: bool = True) -> Sequence[dict[str, Any]]:
    """Who works in units of this kind on that day: placed or seconded there, not left, not on leave; each person once. Or who was
    placed there by then and does not."""
    rows = await tx.execute(_STAFF, {"kind": kind, "day": on, "counted": counted})
    return [dict(row) for row in rows.mappings()]


async def _keep(tx: Transaction, table: Table, key: str, row: dict[str, Any]) -> None:
    put = upsert(table).values(row)
    await tx.execute(put.on_conflict_do_update(index_elements=[key], set_=row))
