"""The store of the directory: what stands, with every state before it. Nothing here deletes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, Table, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.directory_tables import (
    directory_history,
    directory_placements,
    directory_staff,
    directory_units,
)
from services.intake.domain.directory import Directory, Entry, Placement, Staff, Unit
from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from shared.db import Transaction, wait_at_most
from shared.errors import NotFound

PATIENCE = 20
"""Seconds that a change waits for another one."""
_TURN = text("select pg_advisory_xact_lock(hashtextextended('directory', 0))")
_WHAT: Mapping[type[Entry], tuple[str, Table, str]] = {
    Unit: ("unit", directory_units, "code"),
    Staff: ("staff", directory_staff, "staff"),
    Placement: ("placement", directory_placements, "id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """A state that an entry had, who recorded it, when and why."""

    version: int
    content: dict[str, Any]
    reason: str
    actor: str
    recorded_at: datetime


async def take_turn(tx: Transaction) -> None:
    """One change of the directory after another: what an entry is checked against must not move meanwhile."""
    await wait_at_most(tx, PATIENCE)
    await tx.execute(_TURN)


async def whole(tx: Transaction) -> Directory:
    """All of it."""
    units = [_unit(row) for row in (await tx.execute(select(directory_units))).mappings()]
    staff = [_staff(row) for row in (await tx.execute(select(directory_staff))).mappings()]
    placements = [_placement(row) for row in (await tx.execute(select(directory_placements))).mappings()]
    return Directory(
        {unit.key: unit for unit in units},
        {one.key: one for one in staff},
        {placement.key: placement for placement in placements},
    )


async def save(
    tx: Transaction, entries: Sequence[Entry], *, region: str, actor: str, reason: str, at: datetime
) -> None:
    """Write entries as they stand now, and remember them. The caller holds the turn; no entry is there twice."""
    for kind, (what, table, key) in _WHAT.items():
        rows = [_row(entry) for entry in entries if isinstance(entry, kind)]
        if not rows:
            continue
        known = select(table.c[key], table.c.version).where(table.c[key].in_([row[key] for row in rows]))
        versions = {found[0]: found[1] for found in await tx.execute(known)}
        new = upsert(table)
        kept = {name: new.excluded[name] for name in (*rows[0], "version")}
        put = new.on_conflict_do_update(index_elements=[key], set_=kept)
        lines = [{**row, "version": versions.get(row[key], 0) + 1} for row in rows]
        await tx.execute(put, [{**line, "region_code": region} for line in lines])
        remembered = {"what": what, "reason": reason, "actor": actor, "recorded_at": at}
        past = [
            {**remembered, "subject": str(line[key]), "version": line["version"], "content": _content(row)}
            for line, row in zip(lines, rows, strict=True)
        ]
        await tx.execute(insert(directory_history), past)


async def history(tx: Transaction, what: str, subject: str) -> list[HistoryLine]:
    """Every state of an entry, oldest first."""
    table = directory_history.c
    query = select(table.version, table.content, table.reason, table.actor, table.recorded_at)
    query = query.where(table.what == what, table.subject == subject).order_by(table.version)
    return [HistoryLine(**row) for row in (await tx.execute(query)).mappings()]


async def get_unit(tx: Transaction, code: str) -> Unit | None:
    """One unit, if the directory has it."""
    row = (await tx.execute(select(directory_units).where(directory_units.c.code == code))).mappings().one_or_none()
    return _unit(row) if row else None


async def find_account(tx: Transaction, account: str) -> str | None:
    """The staff number of an account, if the directory has it."""
    query = select(directory_staff.c.staff).where(directory_staff.c.account == account)
    return (await tx.execute(query)).scalar_one_or_none()


async def name_of(tx: Transaction, account: str) -> str:
    """Who it is on paper: name and account; the account alone when the directory does not know it."""
    query = select(directory_staff.c.name).where(directory_staff.c.account == account)
    name = (await tx.execute(query)).scalar_one_or_none()
    return f"{name}({account})" if name else account


async def units(tx: Transaction, *, kind: UnitKind | None, after: tuple[str] | None, limit: int) -> list[Unit]:
    """Units by code; `after` is the key of the last one seen."""
    query = select(directory_units).order_by(directory_units.c.code).limit(limit)
    if kind is not None:
        query = query.where(directory_units.c.kind == kind.value)
    if after is not None:
        query = query.where(directory_units.c.code > after[0])
    return [_unit(row) for row in (await tx.execute(query)).mappings()]


async def staff(tx: Transaction, *, unit: str | None, after: tuple[str] | None, limit: int) -> list[Staff]:
    """Staff by number; of one unit: whose home it is, or who holds or held a placement there."""
    table = directory_staff.c
    query = select(directory_staff).order_by(table.staff).limit(limit)
    if unit is not None:
        placed = select(directory_placements.c.staff).where(directory_placements.c.unit == unit)
        query = query.where((table.home_unit == unit) | table.staff.in_(placed))
    if after is not None:
        query = query.where(table.staff > after[0])
    return [_staff(row) for row in (await tx.execute(query)).mappings()]


async def get_staff(tx: Transaction, number: str) -> tuple[Staff, list[Placement]]:
    """One person with all placements, oldest first. Raises `NotFound`."""
    row = (await tx.execute(select(directory_staff).where(directory_staff.c.staff == number))).mappings().one_or_none()
    if row is None:
        raise NotFound("目录中没有该人员 / no such member of staff")
    table = directory_placements
    query = select(table).where(table.c.staff == number).order_by(table.c.from_on, table.c.id)
    return _staff(row), [_placement(placement) for placement in (await tx.execute(query)).mappings()]


def _row(entry: Entry) -> dict[str, Any]:
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(entry).items()}
    return {**values, "id": entry.id} if isinstance(entry, Placement) else values


def _content(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in row.items() if name != "id"
    }


def _unit(row: RowMapping) -> Unit:
    names = ("code", "name", "superior", "building", "from_on", "to_on")
    return Unit(kind=UnitKind(row["kind"]), **{name: row[name] for name in names})


def _staff(row: RowMapping) -> Staff:
    names = ("staff", "name", "home_unit", "account", "pledged_on", "from_on", "to_on")
    return Staff(relatives=tuple(row["relatives"]), **{name: row[name] for name in names})


def _placement(row: RowMapping) -> Placement:
    names = ("staff", "unit", "from_on", "to_on")
    return Placement(post=Post(row["post"]), kind=PlacementKind(row["kind"]), **{name: row[name] for name in names})
