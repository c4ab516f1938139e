"""The empty ledger that offices fill in, and what its columns mean, from the same table that reads them."""

import io

from openpyxl import Workbook

from services.intake.domain.ledger import COLUMNS, MEANINGS, REQUIRED

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook() -> bytes:
    """An XLSX with the header and one fictional row, which the import refuses should it be left in."""
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has a sheet")
    sheet.title = "上级下发线索"
    sheet.append([usual for usual, *_ in COLUMNS.values()])
    sheet.append([MEANINGS[column][2] for column in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def description() -> str:
    """The columns as a Markdown table."""
    lines = ["| 列 / column | 必填 / needed | 内容 / content | 也可写作 / also called |", "|---|---|---|---|"]
    for column, (usual, *others) in COLUMNS.items():
        zh, en, _ = MEANINGS[column]
        lines.append(f"| {usual} | {'是 / yes' if column in REQUIRED else ''} | {zh} / {en} | {', '.join(others)} |")
    return "\n".join(lines)
