"""Files of a report, by its reporter: the query code in a header, tus for the rest. No login, no trace of who came. 举报附件"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from services.intake.api import tus
from services.intake.api.door import TOO_MANY, Door, Everyone
from services.intake.db import attachments, passed_reports, reports
from services.intake.domain import query_code
from services.intake.domain.attachment import Attachment
from services.intake.domain.attachment import Door as Came
from services.intake.usecases.file_report import PUBLIC, Desk
from services.intake.usecases.upload_attachment import begin_upload, give_up
from shared.db import Transaction
from shared.deadlines import china_date, start_of
from shared.errors import NotAllowed, NotFound
from shared.http import Now

Code = Annotated[
    str,
    Header(alias="Query-Code", min_length=1, max_length=80, description="查询码 / the query code, never in an address"),
]

_PAST = (
    "您的举报已密封直送纪检监察机关,扫黑办不得经手,此处不能附加文件;请在其联系您时提交 / your report went sealed to discipline alone;"
    " files would pass through this office's hands: hand them over when discipline meets you"
)


class _OpenRoute(tus.TusRoute):
    """The door's limits come first, as for a report."""

    async def guarded(self, request: Request, inner: Callable[[Request], Awaitable[Response]]) -> Response:
        door: Door = request.app.state.door
        await door.enter(self.path_format)
        return await inner(request)


router = APIRouter(
    prefix="/reports/attachments",
    tags=["reports 举报"],
    route_class=_OpenRoute,
    responses={**tus.RESPONSES, **TOO_MANY},
)


@router.post("", status_code=201, response_class=Response, openapi_extra=tus.CREATION)
async def post_report_attachment(_: Everyone, request: Request, code: Code, at: Now) -> Response:
    """Begin to add a file to one's own report (tus creation). 举报人开始上传附件"""
    tus.agree(request)
    length, name = tus.length_of(request), tus.name_of(request)
    async with request.app.state.database.transaction() as tx:
        lead_id = await _lead(request, tx, code)
        attachment = await begin_upload(
            tx, request.app.state.attachments, lead_id, length=length, name=name, door=Came.REPORTER, by=PUBLIC, at=at
        )
    return tus.begun(request, attachment, "/reports/attachments")


@router.head("/{upload_id}", response_class=Response)
async def head_report_attachment(_: Everyone, upload_id: UUID, request: Request, code: Code) -> Response:
    """How much of a file is here. 举报人查询上传进度"""
    tus.agree(request)
    async with request.app.state.database.transaction() as tx:
        return tus.standing(await _own(request, tx, upload_id, code))


@router.patch("/{upload_id}", status_code=204, response_class=Response)
async def patch_report_attachment(_: Everyone, upload_id: UUID, request: Request, code: Code, at: Now) -> Response:
    """Go on with an upload; the piece that makes it whole has it examined. 举报人续传附件"""
    tus.agree(request)
    async with request.app.state.database.transaction() as tx:
        await _own(request, tx, upload_id, code)
    # on record by the day only: the hour could tell who it was
    on = start_of(china_date(at))
    return await tus.go_on(request, request.app.state.attachments, upload_id, by=PUBLIC, at=on)


@router.delete("/{upload_id}", status_code=204, response_class=Response)
async def delete_report_attachment(_: Everyone, upload_id: UUID, request: Request, code: Code) -> Response:
    """Give an unfinished upload up. 举报人取消上传"""
    tus.agree(request)
    async with request.app.state.database.transaction() as tx:
        await _own(request, tx, upload_id, code)
        await give_up(tx, await attachments.get(tx, upload_id, lock=True))
    return Response(status_code=204)


async def _lead(request: Request, tx: Transaction, code: str) -> UUID:
    """The lead of the report that has this code. Raises `NotFound`, with the same words for every code that is none,
    `NotAllowed` when it went past the office."""
    desk: Desk = request.app.state.desk
    try:
        marks = desk.marks(query_code.read_code(code))
    except ValueError:
        marks = []
    lead_id = await reports.find(tx, marks) if marks else None
    if lead_id is None and marks and await passed_reports.find(tx, marks) is not None:
        raise NotAllowed(_PAST)
    if lead_id is None:
        raise NotFound("没有该查询码的举报 / no report has this code")
    return lead_id


async def _own(request: Request, tx: Transaction, upload_id: UUID, code: str) -> Attachment:
    lead_id = await _lead(request, tx, code)
    attachment = await attachments.get(tx, upload_id)
    if attachment.lead_id != lead_id or attachment.door is not Came.REPORTER:
        raise tus.not_yours()
    return attachment
