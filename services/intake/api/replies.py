"""The reply ledger for a superior 回复台账 (M14): its own number, the day it set, how the lead ended. XLSX without personal data (G23)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import date
from typing import IO, Annotated, Any, Self

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.intake.api.template import MEDIA_TYPE
from services.intake.db import replies
from services.intake.domain.codes import IssuingLevel
from services.intake.domain.lead_states import Status
from services.intake.usecases.stay_away import leads_to_avoid
from shared import audit
from shared.auth import Principal
from shared.deadlines import china_date
from shared.http import Day, Now, Order, Purpose, require
from shared.http.words import TOLD
from shared.secrecy import refuse_marked

router = APIRouter(prefix="/ledgers", tags=["台账 ledgers"])
HEADERS = (
    "上级编号",
    "下发层级",
    "下发日期",
    "上级期限",
    "回复期限",
    "本区线索编号",
    "办理状态",
    "结论",
    "结论日期",
    "回复文号",
    "回复发出日期",
)
CONCLUSIONS = {
    "C1": "查实", "C2": "部分查实", "C3": "查否", "C4": "无法查证/暂存", "C5": "移交", "C6": "不属于涉黑涉恶,转治乱",
    "C7": "重复并入", "C8": "诬告",
}  # fmt: skip
"""§2.4."""
CHUNK = 1000
PIECE = 256 * 1024


class RepliesOrder(Order):
    """导出哪些、为何导出 / which, and what for."""

    first: Day
    last: Day
    issuing_level: IssuingLevel | None = None
    purpose: Purpose
    open_only: bool = Field(
        default=False,
        description="只列未办结:无结论;不予受理、并入已办结线索的,未回复上级 / only those that have no conclusion; "
        "of those not accepted, or merged into what is closed, no reply",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise PydanticCustomError(TOLD, "截止日期早于起始日期 / the last day is before the first")
        return self


@router.post("/replies", response_class=StreamingResponse, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def post_replies(
    order: RepliesOrder, request: Request, by: Annotated[Principal, require("icl", "ofd", "sup")], at: Now
) -> Response:
    """The reply ledger of superiors' leads as XLSX; purpose and count are put on record. 导出回复台账(留痕)"""
    refuse_marked("purpose", [order.purpose])
    book = Workbook(write_only=True)
    sheet = book.create_sheet("回复台账")
    sheet.append(HEADERS)
    count = 0
    async with request.app.state.database.transaction() as tx:
        away = await leads_to_avoid(tx, by)
        after: tuple[Any, ...] | None = None
        while rows := await replies.page(
            tx, level=order.issuing_level, first=order.first, last=order.last, away=away, after=after, limit=CHUNK
        ):
            for row in rows:
                if not (order.open_only and _is_done(row)):
                    sheet.append([_as_typed(sheet, cell) for cell in _cells(row)])
                    count += 1
            after = (rows[-1]["received_on"], rows[-1]["id"])
        detail = {"rows": count, "first": order.first.isoformat(), "last": order.last.isoformat()}
        await audit.record(tx, by, "replies.export", "ledger", at=at, purpose=order.purpose, detail=detail)
    out = await asyncio.to_thread(_saved, book)
    headers = {"Content-Disposition": "attachment; filename=replies.xlsx", "Cache-Control": "no-store"}
    return StreamingResponse(_read(out), media_type=MEDIA_TYPE, headers=headers)


def _cells(row: Any) -> list[str | date | None]:
    concluded = row["concluded_at"]
    due = min(filter(None, (row["upstream_deadline"], row["due_on"], row["answer_by"])), default=None)
    return [
        row["upstream_no"],
        IssuingLevel(row["issuing_level"]).zh,
        row["received_on"],
        row["upstream_deadline"],
        due,
        row["lead_no"],
        Status(row["status"]).zh,
        _concluded(row),
        china_date(concluded) if concluded else None,
        row["reply_no"],
        row["sent_on"],
    ]


def _is_done(row: Any) -> bool:
    """Its result is known, or, where no close waits for that (not accepted; a repeat of what has ended), its superior knows it."""
    ended = row["master_status"] if row["status"] == Status.MERGED.value else row["status"]
    if ended == Status.NOT_ACCEPTED.value or (row["status"] == Status.MERGED.value and ended == Status.CLOSED.value):
        return row["reply_no"] is not None
    return bool(row["code"])


def _as_typed(sheet: Any, value: str | date | None) -> Any:
    """A text that begins like a formula stays a text: whoever opens the sheet runs nothing."""
    if not isinstance(value, str) or not value.startswith("="):
        return value
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    return cell


def _concluded(row: Any) -> str | None:
    """How it ended: a repeat as one, with what was found of the matter."""
    found = CONCLUSIONS.get(row["code"], row["code"])
    return f"{CONCLUSIONS['C7']}:{found}" if row["merged_into"] and found else found


def _saved(book: Workbook) -> IO[bytes]:
    """The workbook in a file without a name; it holds no personal data."""
    out = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was read
    book.save(out)
    out.seek(0)
    return out


async def _read(out: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(out.read, PIECE):
            yield piece
    finally:
        out.close()
