"""A ledger file as good rows and bad cells: XLSX, or CSV in UTF-8 or GB18030. Bytes in, rows out; hostile files are refused.

A few bytes of a spreadsheet can ask for any amount of memory, and the library that reads them aborts its process when there is none. So a
file is read in a process of its own (`reading.py` starts it), which limits itself before it opens anything.
"""

import csv
import io
import json
import os
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from datetime import date
from itertools import chain, islice
from typing import Any

import charset_normalizer
import python_calamine

from services.intake.domain.code_list import CodeBook
from services.intake.domain.ledger import (
    COLUMNS,
    REQUIRED,
    BadCell,
    Cell,
    Codes,
    LedgerRow,
    find_header,
    is_blank,
    read_row,
)
from services.intake.domain.ledger_codes import LedgerCodes
from shared.errors import Invalid, Refused, TooLarge

MOST_BYTES = 10 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
MOST_ROWS = 100_000
MOST_TEXT = 40_000_000
"""Characters in all good rows: a text that stands in the file once may be shown in every row."""
MOST_BAD = 20_000
MEMORY, CPU_SECONDS = 512 * 1024 * 1024, 60
"""What one file may cost; 100,000 ordinary rows take 90 MB and 5 s."""
FRAME = 200

Outcome = LedgerRow | BadCell


def main() -> None:
    """`python -m services.intake.api.spreadsheet TODAY`: code lists as a line and a ledger on stdin, its outcomes on stdout."""
    today = date.fromisoformat(sys.argv[1])
    codes = known_codes()
    answer(lambda content: map(_written, read_ledger(content, today=today, codes=codes)))


def known_codes() -> Codes:
    """The code lists that stand before the file on stdin."""
    return LedgerCodes(CodeBook.of_json(json.loads(sys.stdin.buffer.readline())))


def answer(read: Callable[[bytes], Iterator[Any]]) -> None:
    """A file on stdin, within limits; a line of JSON for every `FRAME` outcomes on stdout."""
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError):  # a stricter limit stands already
            resource.setrlimit(limit, (value, value))
    try:
        outcomes = iter(read(sys.stdin.buffer.read()))
        while batch := list(islice(outcomes, FRAME)):
            _say({"outcomes": batch})
        _say({"end": True})
    except Refused as refused:
        _say({"refused": refused.code, "detail": refused.detail, "fields": refused.fields})


def read_ledger(content: bytes, *, today: date, codes: Codes) -> Iterator[Outcome]:
    """Every row that says something, as a good row or as what is wrong with it. Raises `Invalid`, `TooLarge` for the file as a whole."""
    text = bad = 0
    for number, cells in read_rows(content):
        if is_blank(cells):
            continue
        row = read_row(number, cells, today=today, codes=codes)
        if isinstance(row, LedgerRow):
            text += len(row.summary)
            yield row
        else:
            bad += len(row)
            yield from row
        if text > MOST_TEXT:
            raise _too_large("文字总量过大,请分成几个文件", "too much text; split the file")
        if bad > MOST_BAD:
            raise _refuse(
                f"有误的单元格超过{MOST_BAD}个,请核对是否选错文件 / more than {MOST_BAD} bad cells; is it a ledger?"
            )


def read_rows(content: bytes) -> Iterator[tuple[int, Mapping[str, Cell]]]:
    """Rows under the header as (number in the sheet, cells by column). Raises `Invalid` with what is wrong with the file as a whole,
    `TooLarge` past 10 MB, 200 MB unpacked or 100,000 rows."""
    _check_size(content)
    rows = _xlsx(content) if content.startswith(b"PK") else _csv(content)
    top = list(islice(rows, 20))
    header = find_header(top)
    if header is None:
        needed = "、".join(COLUMNS[column][0] for column in REQUIRED)
        raise _refuse(
            f"找不到表头,必须有列:{needed};可下载模板 / no header row with these columns; there is a template"
        )
    first, columns = header
    for index, row in enumerate(chain(top[first + 1 :], rows), start=first + 2):
        if index > MOST_ROWS + 20:
            raise _too_large("超过10万行", "more than 100,000 rows")
        yield index, {column: row[position] if position < len(row) else None for column, position in columns.items()}


def read_sheets(content: bytes) -> Iterator[tuple[str, Iterator[Sequence[Cell]]]]:
    """Every sheet of a file by its name, with its rows from the first on; a CSV is one sheet without a name. Raises as `read_rows`."""
    _check_size(content)
    if not content.startswith(b"PK"):
        yield "", _csv(content)
        return
    with _readable():
        book = _opened(content)
        for number, name in enumerate(book.sheet_names):
            yield name, book.get_sheet_by_index(number).iter_rows()


def _check_size(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise _too_large("文件超过10MB", "larger than 10 MB")
    if not content.strip():
        raise _refuse("文件为空 / the file is empty")


def _xlsx(content: bytes) -> Iterator[Sequence[Cell]]:
    with _readable():
        # begins at the sheet's first row even when that is empty, so that row numbers are those of the sheet
        yield from _the_ledger(_opened(content)).iter_rows()


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, ValueError, NotImplementedError):
        raise _refuse("不是可读取的XLSX文件 / not a readable XLSX file") from None


def _opened(content: bytes) -> python_calamine.CalamineWorkbook:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MOST_UNPACKED or len(archive.infolist()) > 2_000:
            raise _too_large("文件解压后过大", "unpacks to too much")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    if not book.sheet_names:
        raise _refuse("工作簿没有工作表 / the workbook has no sheet")
    return book


def _the_ledger(book: python_calamine.CalamineWorkbook) -> python_calamine.CalamineSheet:
    """The one sheet with a ledger's header; notes and empty sheets beside it are passed over. Of several none is left out in silence."""
    found = []
    for number in range(len(book.sheet_names)):
        sheet = book.get_sheet_by_index(number)
        if find_header(list(islice(sheet.iter_rows(), 20))) is not None:
            found.append(sheet)
    if len(found) > 1:
        raise _refuse("有多个工作表都是台账,请每个文件只留一个 / several sheets are ledgers; keep one a file")
    return found[0] if found else book.get_sheet_by_index(0)


def _csv(content: bytes) -> Iterator[Sequence[Cell]]:
    text = _decoded(content)
    try:
        dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
        delimiter = dialect.delimiter
    except csv.Error:
        delimiter = ","
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error:
        raise _refuse("不是可读取的CSV文件 / not a readable CSV file") from None


def _decoded(content: bytes) -> str:
    """UTF-8 if it is valid UTF-8, else GB18030 if that gives Chinese text and not noise."""
    if b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refuse("不是表格文件 / not a table")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    sample = content[:65536]
    # whole lines: half a character at the end would look like noise
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    guess = charset_normalizer.from_bytes(sample, cp_isolation=["gb18030", "utf_16"]).best()
    if guess is not None:
        try:
            return content.decode(guess.encoding)
        except UnicodeDecodeError:
            pass
    raise _refuse("编码无法识别,请用UTF-8或GB18030 / the encoding is neither UTF-8 nor GB18030")


def _refuse(reason: str) -> Invalid:
    return Invalid(reason, fields=[("file", reason)])


def _too_large(zh: str, en: str) -> TooLarge:
    return TooLarge(f"{zh} / {en}", fields=[("file", en)])


def _written(outcome: Outcome) -> list[Any]:
    if isinstance(outcome, BadCell):
        return list(astuple(outcome))
    return [outcome.row, outcome.upstream_no, outcome.issuing_level, outcome.issued_on.isoformat(),
            outcome.deadline and outcome.deadline.isoformat(), outcome.areas, outcome.manifestations, outcome.source_l2,
            outcome.street, outcome.summary, outcome.urgent, outcome.umbrella]  # fmt: skip


def _say(frame: Mapping[str, Any]) -> None:
    # not sys.stdout: where that is unbuffered (PYTHONUNBUFFERED) it may write less than it is given and not say so
    with os.fdopen(1, "wb", closefd=False) as out:
        out.write(json.dumps(frame).encode() + b"\n")


if __name__ == "__main__":
    main()
