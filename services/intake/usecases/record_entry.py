"""The keeper records how a unit, a member of staff or a placement stands; the state before stays in the history (M09-M11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake.db import directory
from services.intake.domain.directory import Directory, Entry, Placement, Staff, Unit
from services.intake.domain.directory_file import BadEntry, Outcome, column_of
from shared import audit, departures, outbox
from shared.auth import Principal
from shared.contracts.directory import StaffRecorded
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Invalid

_DEEDS: dict[type[Entry], str] = {Unit: "unit", Staff: "staff", Placement: "placement"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file: rows that brought something new, rows that were known, and what was refused."""

    taken: int
    known: int
    refused: list[BadEntry]


async def record_entry(tx: Transaction, entry: Entry, reason: str, *, region: str, by: Principal, at: datetime) -> bool:
    """Record one; → whether it said anything new: the same again changes and says nothing. Raises `Invalid`."""
    await directory.take_turn(tx)
    standing = await directory.whole(tx)
    if not standing.admit(entry, today=china_date(at)):
        return False
    await keep(tx, [entry], reason, region=region, by=by, at=at)
    what = _DEEDS[type(entry)]
    await audit.record(tx, by, f"directory.record-{what}", _subject(entry), at=at, purpose=reason)
    return True


async def import_directory(
    tx: Transaction, outcomes: Sequence[Outcome], reason: str, *, region: str, by: Principal, at: datetime
) -> Imported:
    """Take the good rows of a file: units from the top down, then staff, then placements, wherever they stand in it."""
    await directory.take_turn(tx)
    standing = await directory.whole(tx)
    refused = [outcome for outcome in outcomes if isinstance(outcome, BadEntry)]
    waiting = [outcome for outcome in outcomes if not isinstance(outcome, BadEntry)]
    waiting.sort(key=lambda row: list(_DEEDS).index(type(row[2])))
    taken: dict[str, Entry] = {}
    known = 0
    for sheet, number, entry in _superiors_first(waiting, standing):
        try:
            new = standing.admit(entry, today=china_date(at))
        except Invalid as fault:
            for where, words in fault.fields:
                zh, _, en = words.partition(" / ")
                refused.append(BadEntry(sheet, number, column_of(entry, where), zh, en))
            continue
        if new:
            # a row that comes twice is written as it stands last
            taken.pop(_subject(entry), None)
            taken[_subject(entry)] = entry
        known += not new
    await keep(tx, list(taken.values()), reason, region=region, by=by, at=at)
    refused.sort(key=lambda cell: (cell.sheet, cell.row))
    detail = {"taken": len(taken), "known": known, "refused": len(refused)}
    await audit.record(tx, by, "directory.import", region, at=at, detail=detail, purpose=reason)
    return Imported(taken=len(taken), known=known, refused=refused)


def _superiors_first(rows: list[tuple[str, int, Entry]], standing: Directory) -> list[tuple[str, int, Entry]]:
    """A unit whose superior stands further down in the file waits for it; one whose superior never comes is last and refused."""
    units = [row for row in rows if isinstance(row[2], Unit)]
    placed, ordered = set(standing.units), list[tuple[str, int, Entry]]()
    while units:
        ready = [row for row in units if isinstance(row[2], Unit) and row[2].superior in {None, *placed}]
        if not ready:
            break
        ordered += ready
        placed |= {row[2].key for row in ready}
        units = [row for row in units if row not in ready]
    return [*ordered, *units, *(row for row in rows if not isinstance(row[2], Unit))]


async def keep(
    tx: Transaction, entries: Sequence[Entry], reason: str, *, region: str, by: Principal, at: datetime
) -> None:
    """Write entries that were admitted, and say them; accounts that end lose their access with it."""
    await directory.save(tx, entries, region=region, actor=by.sub, reason=reason, at=at)
    for entry in entries:
        event = entry.recorded(at=at)
        await outbox.put(tx, event, at=at)
        if isinstance(event, StaffRecorded):
            await departures.follow(tx, event)


def _subject(entry: Entry) -> str:
    return str(entry.id) if isinstance(entry, Placement) else entry.key
