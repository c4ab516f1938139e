"""Files of the national platform 12337: its four blocks as columns; a good row becomes a superior's lead. 全国举报平台下发件"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request, Response, UploadFile

from services.intake.api import national_file
from services.intake.api.ledgers import LedgerView, Turn
from services.intake.api.reading import read_file
from services.intake.api.spreadsheet import MOST_BYTES
from services.intake.domain.national import COLUMNS, REQUIRED
from services.intake.usecases.import_ledger import import_ledger
from services.intake.usecases.tell_progress import progress_of
from shared.auth import Principal
from shared.deadlines import china_date
from shared.http import Now, Once, require

router = APIRouter(prefix="/ledgers", tags=["台账 ledgers"])

_COLUMNS = "\n".join(
    f"| {usual} | {'是 / yes' if column in REQUIRED else ''} | {', '.join(others)} |"
    for column, (usual, *others) in COLUMNS.items()
)
DESCRIPTION = f"""导入12337下发件:XLSX或CSV,最大10MB、10万行。举报人信息即时密封;保护伞情况只送纪委监委。编号已登记的行不重复登记。

Import a file of 12337: XLSX or CSV, up to 10 MB and 100,000 rows. The reporter is sealed at once, what is said of shielding officials
goes to discipline alone, rows whose number is registered change nothing.

| 列 / column | 必填 / needed | 也可写作 / also called |
|---|---|---|
{_COLUMNS}"""


@router.post("/national", response_model=LedgerView, description=DESCRIPTION)
async def post_national_file(
    file: UploadFile, request: Request, by: Annotated[Principal, require("icl")], turn: Turn, at: Now, once: Once
) -> Response:
    """Import a file of the national platform. 导入全国平台下发件"""
    state = request.app.state

    async def take() -> LedgerView:
        content = await file.read(MOST_BYTES + 1)
        # shown until the result can be read
        progress = await turn.enter_async_context(progress_of(state.database, content))
        found = await read_file(
            national_file.__name__,
            content,
            today=china_date(at),
            book=await state.codes(),
            heard=progress.heard,
        )
        ledger, repeated = await import_ledger(
            once.tx,
            content,
            map(national_file.outcome, found),
            region=state.region,
            sealer=state.sealer,
            progress=progress,
            by=by,
            at=at,
            columns=COLUMNS,
        )
        return await asyncio.to_thread(LedgerView.of, ledger, repeated=repeated)

    return await once.reply(200, take)
