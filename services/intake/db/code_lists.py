"""The store of code lists."""

from collections import defaultdict
from datetime import date

from sqlalchemy import RowMapping, func, insert, select, update

from services.intake.db.code_tables import code_entries, code_versions
from services.intake.domain.code_list import CodeBook, Entry, Version, VersionState
from shared.db import Transaction
from shared.errors import NotFound

_KEPT = (
    *("version", "from_on", "until_on", "base", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at"),
    "decision_reason",
)
_TURN = select(func.pg_advisory_xact_lock(func.hashtext("code_lists")))
"""One proposal or decision at a time."""


async def take_turn(tx: Transaction) -> None:
    """Others wait until this transaction ends."""
    await tx.execute(_TURN)


async def book(tx: Transaction) -> CodeBook:
    """All versions that were adopted, oldest first."""
    return CodeBook(tuple(await versions(tx, state=VersionState.ADOPTED)))


async def versions(tx: Transaction, *, state: VersionState | None = None) -> list[Version]:
    """Versions by the day from which on they are in force, or would be."""
    query = select(code_versions).order_by(code_versions.c.from_on, code_versions.c.proposed_at)
    if state is not None:
        query = query.where(code_versions.c.state == state.value)
    rows = (await tx.execute(query)).mappings().all()
    entries = select(code_entries).where(code_entries.c.version.in_([row["version"] for row in rows]))
    found: defaultdict[str, defaultdict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in (await tx.execute(entries.order_by(code_entries.c.list, code_entries.c.position))).mappings():
        words = {name: entry[name] for name in ("code", "zh", "en", "parent")}
        found[entry["version"]][entry["list"]].append(Entry(**words))
    return [_version(row, found[row["version"]]) for row in rows]


async def get(tx: Transaction, version: str) -> Version:
    """One version, whatever became of it. Raises `NotFound`."""
    for each in await versions(tx):
        if each.version == version:
            return each
    raise NotFound("没有该版本 / no such version")


async def add(tx: Transaction, version: Version) -> None:
    """Keep a version that is proposed."""
    await tx.execute(
        insert(code_versions), {name: getattr(version, name) for name in _KEPT} | {"state": version.state.value}
    )
    rows = [
        {
            "version": version.version,
            "list": name,
            "position": position,
            **{each: getattr(entry, each) for each in ("code", "zh", "en", "parent")},
        }
        for name, entries in version.lists.items()
        for position, entry in enumerate(entries)
    ]
    await tx.execute(insert(code_entries), rows)


async def decide(tx: Transaction, version: Version) -> None:
    """Keep what was decided on it."""
    decided = {name: getattr(version, name) for name in ("decided_by", "decided_at", "decision_reason")}
    await tx.execute(
        update(code_versions)
        .where(code_versions.c.version == version.version)
        .values(state=version.state.value, **decided)
    )


async def end(tx: Transaction, version: str, until_on: date) -> None:
    """The version ends where the next one begins."""
    await tx.execute(update(code_versions).where(code_versions.c.version == version).values(until_on=until_on))


def _version(row: RowMapping, lists: dict[str, list[Entry]]) -> Version:
    kept = {name: row[name] for name in _KEPT}
    return Version(
        **kept, state=VersionState(row["state"]), lists={name: tuple(entries) for name, entries in lists.items()}
    )
