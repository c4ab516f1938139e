"""Files of a report, by its reporter: the query code in a header, tus for the rest. No login, no trace of who came. 举报附件"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from services.intake.api import tus
from services.intake.api.door import TOO_MANY, Door, Everyone
from services.intake.db import attachments, gateway_messages, passed_reports, reports
from services.intake.domain import query_code
from services.intake.domain.attachment import Attachment
from services.intake.domain.attachment import Door as Came
from services.intake.usecases.attachments import Store
from services.intake.usecases.file_report import PUBLIC, Desk
from services.intake.usecases.passed_files import PassedStore
from services.intake.usecases.upload_attachment import begin_passed_upload, begin_upload, give_up
from shared.db import Transaction
from shared.deadlines import china_date, start_of
from shared.errors import Invalid, NotFound
from shared.http import Now

Code = Annotated[
    str,
    Header(alias="Query-Code", min_length=1, max_length=80, description="查询码 / the query code, never in an address"),
]


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whose report the code is: that of a lead, or one past the office; and the store as its files have it. Both are answered alike."""

    lead_id: UUID | None
    report_id: UUID | None
    store: Store

    def owns(self, attachment: Attachment) -> bool:
        mine = (attachment.lead_id, attachment.report_id) == (self.lead_id, self.report_id)
        return mine and attachment.door is Came.REPORTER


class _OpenRoute(tus.TusRoute):
    """The door's limits come first, as for a report."""

    async def guarded(self, request: Request, inner: Callable[[Request], Awaitable[Response]]) -> Response:
        door: Door = request.app.state.door
        await door.enter(self.path_format)
        return await inner(request)


router = APIRouter(
    prefix="/reports/attachments",
    tags=["举报 reports"],
    route_class=_OpenRoute,
    responses={**tus.RESPONSES, **TOO_MANY},
)


@router.post("", status_code=201, response_class=Response, openapi_extra=tus.CREATION)
async def post_report_attachment(_: Everyone, request: Request, code: Code, at: Now) -> Response:
    """Begin to add a file to one's own report (tus creation). 举报人开始上传附件"""
    tus.agree(request)
    length, name = tus.length_of(request), tus.name_of(request)
    async with request.app.state.database.transaction() as tx:
        holder = await _holder(request, tx, code)
        if holder.report_id is not None:
            attachment = await begin_passed_upload(
                tx, holder.store, holder.report_id, length=length, name=name, by=PUBLIC, at=at
            )
        elif holder.lead_id is not None:
            attachment = await begin_upload(
                tx, holder.store, holder.lead_id, length=length, name=name, door=Came.REPORTER, by=PUBLIC, at=at
            )
    return tus.begun(request, attachment, "/reports/attachments")


@router.head("/{upload_id}", response_class=Response)
async def head_report_attachment(_: Everyone, upload_id: UUID, request: Request, code: Code, at: Now) -> Response:
    """How much of a file is here; what is whole and was left unexamined is examined now. 举报人查询上传进度"""
    tus.agree(request)
    async with request.app.state.database.transaction() as tx:
        holder, attachment = await _own(request, tx, upload_id, code)
    return tus.standing(await tus.settled(request, holder.store, attachment, by=PUBLIC, at=_day(at)))


@router.patch("/{upload_id}", status_code=204, response_class=Response)
async def patch_report_attachment(_: Everyone, upload_id: UUID, request: Request, code: Code, at: Now) -> Response:
    """Go on with an upload; the piece that makes it whole has it examined. 举报人续传附件"""
    tus.agree(request)
    async with request.app.state.database.transaction() as tx:
        holder, _attachment = await _own(request, tx, upload_id, code)
    return await tus.go_on(request, holder.store, upload_id, by=PUBLIC, at=_day(at), waits=True)


@router.delete("/{upload_id}", status_code=204, response_class=Response)
async def delete_report_attachment(_: Everyone, upload_id: UUID, request: Request, code: Code) -> Response:
    """Give an unfinished upload up. 举报人取消上传"""
    tus.agree(request)
    async with request.app.state.database.transaction() as tx:
        await _own(request, tx, upload_id, code)
        await give_up(tx, await attachments.get(tx, upload_id, lock=True))
    return Response(status_code=204)


def _day(at: datetime) -> datetime:
    """On record by the day only: the hour could tell who it was."""
    return start_of(china_date(at))


async def _holder(request: Request, tx: Transaction, code: str) -> _Holder:
    """Who holds this code. Raises `Invalid` for a mistyped one; `NotFound`, with the same words for every code that is none; `NotAllowed`
    for a message's."""
    desk: Desk = request.app.state.desk
    store: Store = request.app.state.attachments
    try:
        marks = desk.marks(query_code.read_code(code))
    except ValueError:
        raise Invalid(query_code.MISTYPED, fields=[("Query-Code", query_code.MISTYPED)]) from None
    lead_id = await reports.find(tx, marks)
    if lead_id is not None:
        return _Holder(lead_id, None, store)
    report_id = await passed_reports.find(tx, marks)
    if report_id is None:
        await gateway_messages.must_be_registered(tx, marks)
        raise NotFound("没有该查询码的举报 / no report has this code")
    return _Holder(None, report_id, PassedStore.of(store, desk.sealer, code))


async def _own(request: Request, tx: Transaction, upload_id: UUID, code: str) -> tuple[_Holder, Attachment]:
    holder = await _holder(request, tx, code)
    attachment = await attachments.get(tx, upload_id)
    if not holder.owns(attachment):
        raise tus.not_yours()
    return holder, attachment
