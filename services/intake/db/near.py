"""Who is near a reader: the units where the reader works, and the staff of these units and relatives as the directory has them (G12)."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ARRAY, Date, Text, bindparam, text

from services.intake.domain.circle import Near, Tie
from shared.db import Transaction

# who is on leave is away from the unit by that row, and of it by the home unit or another
_PLACED = "p.kind <> 'leave' and p.from_on <= :day and (p.to_on is null or p.to_on > :day)"
_NEAR = f"""
with mine as (select staff, home_unit, relatives from directory_staff where account = any(:accounts)),
units(unit) as (
  select cast(:unit as text) union select home_unit from mine
  union select p.unit from directory_placements p join mine using (staff) where {_PLACED})
select 'unit' as tie, unit as staff, '' as name from units
union all select 'colleague', s.staff, s.name from units join directory_staff s on s.home_unit = units.unit
where s.to_on is null or s.to_on > :day
union all select 'colleague', s.staff, s.name from units join directory_placements p using (unit)
join directory_staff s on s.staff = p.staff where {_PLACED} and (s.to_on is null or s.to_on > :day)
union all select 'relative', s.staff, s.name from mine, directory_staff s where s.staff = any(mine.relatives)
union all select 'relative', s.staff, s.name from mine, directory_staff s where s.relatives @> array[mine.staff]
"""  # noqa: S608 - constants of this module
_FIND = text(_NEAR).bindparams(bindparam("accounts", type_=ARRAY(Text)), bindparam("day", type_=Date))


async def to(tx: Transaction, accounts: Collection[str], unit: str, *, on: date) -> Near:
    """Who is near the person with these accounts, who signs in for `unit`; of the directory only their rows are read, by its indexes."""
    units: set[str] = set()
    staff: dict[Tie, dict[str, str]] = {Tie.COLLEAGUE: {}, Tie.RELATIVE: {}}
    for row in await tx.execute(_FIND, {"accounts": list(accounts), "unit": unit, "day": on}):
        if row.tie == "unit":
            units.add(row.staff)
        else:
            staff[Tie(row.tie)][row.staff] = row.name
    return Near(frozenset(units), staff)
