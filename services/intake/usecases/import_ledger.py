"""A superior's ledger comes in: good rows become leads, bad rows are told, rows known already change nothing.

All in the caller's transaction, by chunks of rows. Imports take turns, and what they lock they lock in one order; where a single lead still
comes in between, the rows are looked up and written again.
"""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from services.intake.db import code_lists, leads, ledgers, notices, submissions, umbrellas
from services.intake.db.ledgers import Ledger
from services.intake.domain.codes import Source
from services.intake.domain.lead import Lead
from services.intake.domain.lead_number import LeadNumber
from services.intake.domain.ledger import COLUMNS, BadCell, LedgerRow
from services.intake.usecases.register_lead import DEED, NewLead, Registration, admit
from services.intake.usecases.subject_store import FactsSealer, SubjectKeys, whole
from services.intake.usecases.submit_lead import row_of
from services.intake.usecases.tell_progress import Progress
from shared import audit
from shared.auth import Principal
from shared.db import Transaction, driver, is_race

CHUNK = 250
"""Rows that are written together."""
TRIES = 4
Item = TypeVar("Item")


async def import_ledger(
    tx: Transaction,
    content: bytes,
    outcomes: Iterable[LedgerRow | BadCell],
    *,
    region: str,
    sealer: FactsSealer,
    progress: Progress,
    by: Principal,
    at: datetime,
    columns: Mapping[str, tuple[str, ...]] = COLUMNS,
) -> tuple[Ledger, bool]:
    """Take the good rows; → what became of each, and whether that is what became of it before: a file that brings nothing new and came
    before is answered so. The same number with other content is told, never overwritten."""
    refused: list[BadCell] = []
    repeated = 0
    good: dict[str, LedgerRow] = {}
    book = await code_lists.book(tx)
    for outcome in outcomes:
        if isinstance(outcome, BadCell):
            refused.append(outcome)
        elif first := good.get(outcome.upstream_no):
            repeated += 1
            refused.append(
                BadCell(
                    outcome.row, columns["upstream_no"][0], f"与第{first.row}行重复", f"the same as in row {first.row}"
                )
            )
        else:
            good[outcome.upstream_no] = outcome
    await ledgers.take_turn(tx, region)

    async def write() -> tuple[list[tuple[int, UUID]], list[BadCell]]:
        new, other = await _compare(tx, good, region=region, columns=columns, subjects=sealer.subjects)

        async def so_far(rows: int) -> None:
            await progress.registered(rows, refused=repeated + len(other))

        await so_far(0)
        return await _register(
            tx,
            new,
            region=region,
            admitted=lambda row: admit(_new(row), book=book, sealer=sealer, by=by, at=at),
            so_far=so_far,
        ), other

    taken, other = await _again_when_raced(tx, write)
    sha256 = hashlib.sha256(content).hexdigest()
    if not taken and (earlier := await ledgers.find_latest(tx, region, sha256)):
        return earlier, True
    refused = sorted([*refused, *other], key=lambda cell: cell.row)
    ledger = Ledger(
        id=uuid4(),
        sha256=sha256,
        taken=len(taken),
        known=len(good) - len(taken) - len(other),
        refused=[_told(cell) for cell in refused],
        rows=taken,
        imported_at=at,
    )
    await ledgers.add(tx, ledger, region=region, by=by.sub)
    detail = {"taken": ledger.taken, "known": ledger.known, "refused": len(refused)}
    await audit.record(tx, by, "ledger.import", ledger.id, at=at, detail=detail)
    return ledger, False


async def _again_when_raced(tx: Transaction, write: Callable[[], Any]) -> Any:
    """Single leads do not take turns with ledgers: one that registers a number of this file meanwhile makes it known."""
    for tries_left in reversed(range(TRIES)):
        try:
            async with tx.begin_nested():
                return await write()
        except Exception as fault:
            if not tries_left or not is_race(fault):
                raise
    raise RuntimeError("unreachable")


async def _compare(
    tx: Transaction,
    good: dict[str, LedgerRow],
    *,
    region: str,
    columns: Mapping[str, tuple[str, ...]],
    subjects: SubjectKeys,
) -> tuple[list[LedgerRow], list[BadCell]]:
    """The rows that are new, in the order of the sheet; and of those registered with other content, the column."""
    new, other = [], []
    for chunk in _chunks(list(good.values())):
        found = await leads.find_superiors(tx, region, [row.upstream_no for row in chunk])
        # with their numbers: a row that tells another one is another row
        known = dict(zip(found, await whole(tx, list(found.values()), subjects), strict=True)) if found else {}
        for row in chunk:
            standing = known.get(row.upstream_no)
            if standing is None:
                new.append(row)
            elif column := _differs(standing, row):
                other.append(
                    BadCell(
                        row.row,
                        columns[column][0],
                        "该编号已登记且内容不同,原登记不变",
                        "registered with other content; the register stands",
                    )
                )
    return new, other


async def _register(
    tx: Transaction,
    new: Sequence[LedgerRow],
    *,
    region: str,
    admitted: Callable[[LedgerRow], Registration],
    so_far: Callable[[int], Awaitable[None]],
) -> list[tuple[int, UUID]]:
    """Register them, telling how many; → (row, lead). Numbers follow the sheet; rows are written in the order of upstream numbers."""
    if not new:
        return []
    connection, calendar = await driver(tx), await notices.calendar(tx)
    days = Counter((Source.SUPERIOR.value, row.issued_on) for row in new)
    drawn = await submissions.draw_ranges(connection, region, days)
    following = {key: last - days[key] for key, last in drawn.items()}
    numbers = {}
    for row in new:
        key = (Source.SUPERIOR.value, row.issued_on)
        following[key] += 1
        numbers[row.row] = LeadNumber(region, Source.SUPERIOR, row.issued_on, following[key])
    taken = []
    for chunk in _chunks(sorted(new, key=lambda row: row.upstream_no)):
        orders = [(order := admitted(row), order.numbered(numbers[row.row])) for row in chunk]
        await submissions.add(connection, [row_of(*order, days=calendar) for order in orders], region=region, deed=DEED)
        await umbrellas.add(tx, [(lead.id, order.new.umbrella) for order, lead in orders if order.new.umbrella])
        taken += [(row.row, lead.id) for row, (_, lead) in zip(chunk, orders, strict=True)]
        await so_far(len(taken))
    return sorted(taken)


def _new(row: LedgerRow) -> NewLead:
    return NewLead(
        source=Source.SUPERIOR,
        summary=row.summary,
        issuing_level=row.issuing_level,
        upstream_no=row.upstream_no,
        upstream_deadline=row.deadline,
        received_on=row.issued_on,
        street=row.street,
        areas=row.areas,
        manifestations=row.manifestations,
        source_l2=row.source_l2,
        allegations=row.allegations,
        grounds=row.grounds,
        umbrella=row.umbrella,
        named=row.reporter is not None,
        urgent=row.urgent,
        reporter=row.reporter,
    )


def _differs(lead: Lead, row: LedgerRow) -> str | None:
    """The first column in which the row differs from what was registered. Areas and manifestations may be classified otherwise since."""
    pairs: dict[str, tuple[Any, Any]] = {
        "issuing_level": (lead.issuing_level, row.issuing_level),
        "issued_on": (lead.received_on, row.issued_on),
        "deadline": (lead.upstream_deadline, row.deadline),
        "street": (lead.street, row.street),
        "summary": (lead.summary, row.summary),
    }
    if row.urgent and not lead.urgent:  # what is registered as urgent may have been found not to be since
        pairs["urgent"] = (False, True)
    return next((column for column, (old, new) in pairs.items() if old != new), None)


def _told(cell: BadCell) -> dict[str, Any]:
    return {"row": cell.row, "column": cell.column, "reason_zh": cell.zh, "reason_en": cell.en}


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
