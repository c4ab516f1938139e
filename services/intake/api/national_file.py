"""`python -m services.intake.api.national_file TODAY`: reads a file of 12337 in a process of its own, like a ledger (`spreadsheet.py`)."""

import sys
from collections.abc import Iterator
from datetime import date
from itertools import chain, islice
from typing import Any

from services.intake.api.spreadsheet import MOST_BAD, MOST_ROWS, MOST_TEXT, Outcome, answer, known_codes, read_sheets
from services.intake.domain.codes import Ground, IssuingLevel
from services.intake.domain.ledger import BadCell, Codes, LedgerRow, find_header, is_blank
from services.intake.domain.national import COLUMNS, REQUIRED, read_row
from shared.errors import Invalid, TooLarge

_NEEDED = "、".join(COLUMNS[column][0] for column in REQUIRED)


def main() -> None:
    """A file on stdin, its outcomes on stdout."""
    today = date.fromisoformat(sys.argv[1])
    codes = known_codes()
    answer(lambda content: map(written, read(content, today=today, codes=codes)))


def read(content: bytes, *, today: date, codes: Codes) -> Iterator[Outcome]:
    """Every row that says something, as a good row or as what is wrong with it. Raises `Invalid`, `TooLarge` for the file as a whole."""
    text = bad = 0
    for _, rows in read_sheets(content):
        top = list(islice(rows, 20))
        header = find_header(top, columns=COLUMNS, required=REQUIRED)
        if header is None:
            continue
        first, columns = header
        for number, row in enumerate(chain(top[first + 1 :], rows), start=first + 2):
            if number > MOST_ROWS + 20:
                raise _too_large("超过10万行", "more than 100,000 rows")
            cells = {column: row[place] if place < len(row) else None for column, place in columns.items()}
            if is_blank(cells):
                continue
            found = read_row(number, cells, today=today, codes=codes)
            if isinstance(found, LedgerRow):
                text += len(found.summary) + sum(map(len, found.allegations)) + len(found.umbrella or "")
                yield found
            else:
                bad += len(found)
                yield from found
            if text > MOST_TEXT or bad > MOST_BAD:
                raise _too_large(
                    "内容或错误过多,请核对或分成几个文件", "too much text or too many bad cells; split the file"
                )
        return
    reason = f"找不到表头,应有列:{_NEEDED} / no header row with these columns"
    raise Invalid(reason, fields=[("file", reason)])


def written(outcome: Outcome) -> list[Any]:
    """As JSON."""
    if isinstance(outcome, BadCell):
        return [outcome.row, outcome.column, outcome.zh, outcome.en]
    return [
        outcome.row, outcome.upstream_no, outcome.issuing_level, outcome.issued_on.isoformat(),
        outcome.deadline and outcome.deadline.isoformat(), outcome.areas, outcome.manifestations, outcome.source_l2, outcome.street,
        outcome.summary, outcome.urgent, outcome.allegations, outcome.grounds, outcome.reporter, outcome.umbrella,
    ]  # fmt: skip


def outcome(values: list[Any]) -> Outcome:
    """What `written` wrote."""
    if len(values) == 4:
        return BadCell(*values)
    (
        row,
        number,
        level,
        issued,
        deadline,
        areas,
        kinds,
        source_l2,
        street,
        summary,
        urgent,
        allegations,
        grounds,
        reporter,
        umbrella,
    ) = values
    return LedgerRow(
        row=row,
        upstream_no=number,
        issuing_level=IssuingLevel(level),
        issued_on=date.fromisoformat(issued),
        deadline=deadline and date.fromisoformat(deadline),
        areas=tuple(areas),
        manifestations=tuple(kinds),
        source_l2=source_l2,
        street=street,
        summary=summary,
        urgent=urgent,
        allegations=tuple(allegations),
        grounds=tuple(map(Ground, grounds)),
        reporter=reporter,
        umbrella=umbrella,
    )


def _too_large(zh: str, en: str) -> TooLarge:
    return TooLarge(f"{zh} / {en}", fields=[("file", en)])


if __name__ == "__main__":
    main()
