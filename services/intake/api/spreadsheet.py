"""A ledger file as rows of cells: XLSX, or CSV in UTF-8 or GB18030. Bytes in, cells out; hostile files are refused, not opened."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping

import charset_normalizer
import python_calamine

from services.intake.domain.ledger import COLUMNS, Cell, find_header
from shared.errors import Invalid, TooLarge

MOST_BYTES = 10 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
MOST_ROWS = 100_000


def read_rows(content: bytes) -> Iterator[tuple[int, Mapping[str, Cell]]]:
    """Rows under the header as (number in the sheet, cells by column). Raises `Invalid` with what is wrong with the file as a whole,
    `TooLarge` past 10 MB, 200 MB unpacked or 100,000 rows."""
    if len(content) > MOST_BYTES:
        raise TooLarge("文件超过10MB / the file is larger than 10 MB", fields=[("file", "larger than 10 MB")])
    if not content.strip():
        raise _refuse("文件为空 / the file is empty")
    rows = _xlsx(content) if content.startswith(b"PK") else _csv(content)
    if len(rows) > MOST_ROWS + 20:
        raise TooLarge("超过10万行 / more than 100,000 rows", fields=[("file", "more than 100,000 rows")])
    header = find_header(rows)
    if header is None:
        needed = "、".join(names[0] for names in COLUMNS.values())
        raise _refuse(f"找不到表头,应有列:{needed} / no header row with these columns")
    first, columns = header
    for index, row in enumerate(rows[first + 1 :], start=first + 2):
        yield index, {column: row[position] if position < len(row) else None for column, position in columns.items()}


def _xlsx(content: bytes) -> list[list[Cell]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > MOST_UNPACKED or len(archive.infolist()) > 2_000:
                raise TooLarge(
                    "文件解压后过大 / the file unpacks to too much", fields=[("file", "unpacks to too much")]
                )
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        if not book.sheet_names:
            raise _refuse("工作簿没有工作表 / the workbook has no sheet")
        # leading empty rows are kept so that row numbers are those of the sheet
        return [list(row) for row in book.get_sheet_by_index(0).to_python(skip_empty_area=False)]
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, ValueError, NotImplementedError):
        raise _refuse("不是可读取的XLSX文件 / not a readable XLSX file") from None


def _csv(content: bytes) -> list[list[Cell]]:
    text = _decoded(content)
    try:
        dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
        delimiter = dialect.delimiter
    except csv.Error:
        delimiter = ","
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
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
    guess = charset_normalizer.from_bytes(content[:65536], cp_isolation=["gb18030", "utf_16"]).best()
    if guess is not None:
        try:
            return content.decode(guess.encoding)
        except UnicodeDecodeError:
            pass
    raise _refuse("编码无法识别,请用UTF-8或GB18030 / the encoding is neither UTF-8 nor GB18030")


def _refuse(reason: str) -> Invalid:
    return Invalid(reason, fields=[("file", reason)])
