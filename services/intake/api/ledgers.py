"""Ledgers of superior leads: a file in, an account of every row out. 上级下发线索台账"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response, UploadFile
from pydantic import BaseModel, Field

from services.intake.api import template
from services.intake.api.reading import read_ledger
from services.intake.api.spreadsheet import MOST_BYTES
from services.intake.api.turns import in_turn
from services.intake.db import ledger_progress, ledgers
from services.intake.db.ledgers import Ledger
from services.intake.usecases.import_ledger import import_ledger
from services.intake.usecases.tell_progress import progress_of
from shared.auth import Principal
from shared.deadlines import china_date
from shared.http import Now, Once, Page, Paging, Tx, require

router = APIRouter(prefix="/ledgers", tags=["台账 ledgers"])
Clerk = Annotated[Principal, require("icl")]

DESCRIPTION = f"""导入上级下发线索台账:XLSX,或UTF-8、GB18030编码的CSV;最大10MB、10万行。
合格的行即登记为线索,有误的单元格按行列告知;编号已登记的行不重复登记。同一文件再次上传且无新行时,返回上次的导入结果并注明repeated。
导入期间可由`GET /intake/v1/ledgers/progress`查看进度。

Import a ledger: XLSX, or CSV in UTF-8 or GB18030, up to 10 MB and 100,000 rows. Good rows become leads, bad cells are told by row and
column, rows whose number is registered change nothing. The same file again, with nothing new in it, is answered with its earlier result
and `repeated: true`. While it runs `GET /intake/v1/ledgers/progress` tells how far it is.

{template.description()}

模板 / template: `GET /intake/v1/ledgers/template`"""


async def _turn(request: Request, _: Clerk) -> AsyncIterator[AsyncExitStack]:
    """One file at a time in a process, waiting *before* it takes a connection: a pile of uploads, or one sent again and again, must
    not leave the other doors without any. It stands before `Tx` in the route, so that it ends after it, and what was put on its stack
    with it: after the commit."""
    told = "其他台账正在导入,请稍后重试 / other ledgers are being imported, try again later"
    async with in_turn(request.app.state.ledger_turn, told), AsyncExitStack() as ends_last:
        yield ends_last


Turn = Annotated[AsyncExitStack, Depends(_turn, scope="function")]


class RefusedCell(BaseModel):
    """A cell that could not be taken: row as the sheet shows it, column, reason. 未接收的单元格"""

    row: int
    column: str
    reason_zh: str
    reason_en: str


class TakenRow(BaseModel):
    """A row that became a lead. 已登记的行"""

    row: int
    lead_id: UUID


class LedgerSummary(BaseModel):
    """An import as a list entry: rows taken, known before; cells refused. 导入记录"""

    ledger_id: UUID
    sha256: str
    imported_at: datetime
    taken: int
    known: int
    refused_cells: int


class LedgerView(BaseModel):
    """What became of a ledger: rows taken, known before, refused. 导入结果"""

    ledger_id: UUID
    sha256: str
    imported_at: datetime
    taken: int
    known: int
    refused: list[RefusedCell]
    leads: list[TakenRow]
    repeated: bool = Field(
        description="同一文件此前已导入且无新行,以上为当时的结果 / the file came before and brings nothing new: all this is of then"
    )
    hint: str | None

    @classmethod
    def of(cls, ledger: Ledger, *, repeated: bool = False) -> Self:
        empty = not (ledger.taken or ledger.known or ledger.refused)
        return cls(
            ledger_id=ledger.id,
            sha256=ledger.sha256,
            imported_at=ledger.imported_at,
            taken=ledger.taken,
            known=ledger.known,
            refused=[RefusedCell.model_validate(cell) for cell in ledger.refused],
            leads=[TakenRow(row=row, lead_id=lead_id) for row, lead_id in ledger.rows],
            repeated=repeated,
            hint="表头之下没有数据行 / there are no rows under the header" if empty else None,
        )


@router.post("", response_model=LedgerView, description=DESCRIPTION)
async def post_ledger(
    file: UploadFile, request: Request, by: Clerk, turn: Turn, tx: Tx, at: Now, once: Once
) -> Response:
    """Import a ledger (XLSX, or CSV in UTF-8 or GB18030). Good rows are taken, bad ones told. 导入台账"""
    state = request.app.state

    async def take() -> LedgerView:
        content = await file.read(MOST_BYTES + 1)
        # shown until the result can be read
        progress = await turn.enter_async_context(progress_of(state.database, content))
        book = await state.codes()
        outcomes = await read_ledger(content, today=china_date(at), book=book, heard=progress.heard)
        ledger, repeated = await import_ledger(
            tx, content, outcomes, region=state.region, sealer=state.sealer, progress=progress, by=by, at=at
        )
        return await asyncio.to_thread(LedgerView.of, ledger, repeated=repeated)

    return await once.reply(200, take)


@router.get("")
async def list_ledgers(_: Clerk, tx: Tx, paging: Paging) -> Page[LedgerSummary]:
    """Imports by time. 导入记录列表"""
    rows = await ledgers.page(tx, after=paging.after(datetime, UUID), limit=paging.limit + 1)
    items = [LedgerSummary.model_validate(row) for row in rows]
    return paging.page(items, key=lambda ledger: (ledger.imported_at, ledger.ledger_id))


class ProgressView(BaseModel):
    """An import that is under way: how many rows were read, are bad, are taken so far. 导入进度"""

    sha256: str = Field(description="所导文件的SHA-256 / of the file")
    rows_read: int
    rows_bad: int = Field(description="有误或与已登记内容不同的行 / rows with something wrong")
    rows_taken: int
    began_at: datetime
    told_at: datetime


@router.get("/progress")
async def get_progress(_: Clerk, tx: Tx) -> list[ProgressView]:
    """Imports that are under way, of ledgers and of files of 12337; one that has ended is in the list of imports. 正在进行的导入"""
    return [
        ProgressView(
            sha256=row["sha256"],
            rows_read=row["read"],
            rows_bad=row["bad"],
            rows_taken=row["taken"],
            began_at=row["began_at"],
            told_at=row["told_at"],
        )
        for row in await ledger_progress.under_way(tx)
    ]


@router.get("/template", response_class=Response, responses={200: {"content": {template.MEDIA_TYPE: {}}}})
async def get_template(_: Clerk) -> Response:
    """An XLSX to fill in: the header and one fictional row. 台账模板"""
    headers = {"Content-Disposition": "attachment; filename=ledger-template.xlsx"}
    return Response(template.workbook(), media_type=template.MEDIA_TYPE, headers=headers)


@router.get("/{ledger_id}")
async def get_ledger(ledger_id: UUID, _: Clerk, tx: Tx) -> LedgerView:
    """What became of an earlier import. 导入记录"""
    return LedgerView.of(await ledgers.get(tx, ledger_id))
