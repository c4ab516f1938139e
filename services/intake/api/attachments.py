"""Files of a lead, for the office and the unit that is charged with it: uploaded by tus, listed, downloaded with a purpose. 附件"""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.intake.api import tus
from services.intake.db import attachments, redactions
from services.intake.domain.attachment import Attachment, Door, State
from services.intake.domain.lead import Lead
from services.intake.domain.redaction import replaced
from services.intake.usecases.attachments import Store
from services.intake.usecases.note_reading import note_reading
from services.intake.usecases.read_attachment import (
    OFFICE,
    called,
    is_listed,
    matter_for,
    must_add_to,
    name_of,
    read_attachment,
)
from services.intake.usecases.stay_away import must_stay_away
from services.intake.usecases.upload_attachment import begin_upload, give_up
from shared.auth import Principal
from shared.errors import Forbidden
from shared.http import Now, Order, Purpose, Tx, handed_out, public, reader, require

router = APIRouter(tags=["附件 attachments"])
uploads = APIRouter(route_class=tus.TusRoute, responses=tus.RESPONSES)
Uploader = Annotated[Principal, require("icl", "ana", "ofd", "unl", "unh", "prt", "m110")]
READERS = ("icl", "ana", "ofd", "sup", "unl", "unh")
Reader = Annotated[Principal, require(*READERS)]
Lister = Annotated[Principal, reader(*READERS)]


class AttachmentView(BaseModel):
    """A file as a list entry. 附件"""

    id: UUID
    lead_id: UUID = Field(
        description="随哪条线索来,并入的重复举报亦列入 / with which lead it came: a repeat's are listed, too"
    )
    lead_no: str
    state: State
    door: Door
    name: str | None = Field(
        description="举报人的文件、已涂黑的原件不显示 / not of a reporter's file, nor of what was blackened"
    )
    length: int
    media_type: str | None
    sha256: str | None
    shared_copy: bool = Field(description="有去除元数据的副本 / whether there is a copy without metadata")
    refusal: str | None
    came_on: date
    replaced_by: UUID | None = Field(
        description="涂黑件,取代本文件 / the blackened copy that is given out in its place"
    )


class DownloadOrder(Order):
    """为何下载 / what for."""

    purpose: Purpose
    original: bool = Field(
        default=False,
        description="原件,仅扫黑办,不含举报人的文件 / the file as it came, for the office alone, and not of a reporter's file",
    )


@uploads.options("/uploads", status_code=204, response_class=Response)
async def options_uploads(_: Annotated[None, public()]) -> Response:
    """What this server can do. 上传能力"""
    return Response(status_code=204, headers=tus.CAPABILITIES)


@uploads.post("/leads/{lead_id}/attachments", status_code=201, response_class=Response, openapi_extra=tus.CREATION)
async def post_attachment(lead_id: UUID, request: Request, by: Uploader, at: Now) -> Response:
    """Begin to upload a file to a lead (tus creation). 开始上传附件"""
    tus.agree(request)
    length, name = tus.length_of(request), tus.name_of(request)
    given = None
    if tus.says(request, "mailbox"):
        if not by.roles & OFFICE:
            raise Forbidden(
                "致举报人的附件由研判员、主任上传 / a file for the reporter is for analyst and director to upload"
            )
        given = Door.MAILBOX
    if tus.says(request, "letter"):
        if "icl" not in by.roles:
            raise Forbidden("信件扫描件由受理员上传 / the scan of a letter is for the intake clerk to upload")
        given = Door.LETTER
    async with request.app.state.database.transaction() as tx:
        found = await must_add_to(tx, lead_id, by)
        attachment = await begin_upload(
            tx, request.app.state.attachments, lead_id, length=length, name=name, door=given or found, by=by, at=at
        )
    return tus.begun(request, attachment, "/uploads")


@uploads.head("/uploads/{upload_id}", response_class=Response)
async def head_upload(upload_id: UUID, request: Request, by: Uploader) -> Response:
    """How much of a file is here. 查询上传进度"""
    tus.agree(request)
    return tus.standing(await _mine(request, upload_id, by))


@uploads.patch("/uploads/{upload_id}", status_code=204, response_class=Response)
async def patch_upload(upload_id: UUID, request: Request, by: Uploader, at: Now) -> Response:
    """Go on with an upload; the piece that makes it whole has it examined. 续传附件"""
    tus.agree(request)
    await _mine(request, upload_id, by)
    return await tus.go_on(request, request.app.state.attachments, upload_id, by=by, at=at)


@uploads.delete("/uploads/{upload_id}", status_code=204, response_class=Response)
async def delete_upload(upload_id: UUID, request: Request, by: Uploader) -> Response:
    """Give an unfinished upload up. 取消上传"""
    tus.agree(request)
    await _mine(request, upload_id, by)
    async with request.app.state.database.transaction() as tx:
        await give_up(tx, await attachments.get(tx, upload_id, lock=True))
    return Response(status_code=204)


@router.get("/leads/{lead_id}/attachments")
async def list_attachments(lead_id: UUID, request: Request, by: Lister, tx: Tx, at: Now) -> list[AttachmentView]:
    """Files of a lead and of its repeats, also those that were refused or destroyed; the reading is put on record. 附件列表(查阅留痕)"""
    matter = await matter_for(tx, lead_id, by, at=at)
    await note_reading(tx, by, "attachments", lead_id, at=at)
    store: Store = request.app.state.attachments
    views = []
    for lead in matter:
        place = replaced(await redactions.of_lead(tx, lead.id))
        found = await attachments.of_lead(tx, lead.id)
        views += [view(store, lead, each, on, place.get(each.id)) for each, on in found if is_listed(each, by)]
    return views


@router.post(
    "/leads/{lead_id}/attachments/{attachment_id}/download",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def post_download(
    lead_id: UUID, attachment_id: UUID, order: DownloadOrder, request: Request, by: Reader, at: Now
) -> Response:
    """Download a file's shared copy, or the file as it came; the purpose is put on record. 下载附件(留痕)"""
    store: Store = request.app.state.attachments
    # on record before the first byte leaves, whatever becomes of the connection
    async with request.app.state.database.transaction() as tx:
        attachment, content = await read_attachment(
            tx, store, lead_id, attachment_id, original=order.original, purpose=order.purpose, by=by, at=at
        )
    return await handed_out(called(store, attachment), content)


async def _mine(request: Request, upload_id: UUID, by: Principal) -> Attachment:
    """The upload, for who began it. Raises `NotFound`, `Forbidden`."""
    async with request.app.state.database.transaction() as tx:
        await must_stay_away(tx, {"upload_id": upload_id}, by)
        attachment = await attachments.get(tx, upload_id)
    if attachment.door is Door.REPORTER or attachment.uploaded_by != by.sub:
        raise tus.not_yours()
    return attachment


def view(store: Store, lead: Lead, attachment: Attachment, on: date, replaced_by: UUID | None) -> AttachmentView:
    """As the list shows it."""
    return AttachmentView(
        id=attachment.id,
        lead_id=lead.id,
        lead_no=lead.lead_no,
        state=attachment.state,
        door=attachment.door,
        # what a file is called may say what is black in its copy
        name=None if replaced_by else name_of(store, attachment),
        length=attachment.length,
        media_type=attachment.media_type,
        sha256=attachment.sha256,
        shared_copy=bool(attachment.shared),
        refusal=attachment.refusal["reason"] if attachment.refusal else None,
        came_on=on,
        replaced_by=replaced_by,
    )


router.include_router(uploads)
