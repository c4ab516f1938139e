"""Originals of letters, recordings and reporters' files: given out to the keeper to whom the vault granted it, within its time. 原件调阅"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from services.intake.api.attachments import AttachmentView, view
from services.intake.usecases.attachments import Store
from services.intake.usecases.read_original import originals_of, read_original
from shared.auth import Principal
from shared.http import Now, Tx, handed_out, require

router = APIRouter(prefix="/originals", tags=["附件 attachments"])
Keeper = Annotated[Principal, require("rvk")]


@router.get("/{opening_id}")
async def list_originals(opening_id: UUID, request: Request, by: Keeper, tx: Tx, at: Now) -> list[AttachmentView]:
    """Which originals this opening of the vault's is for. 可调阅的原件"""
    store: Store = request.app.state.attachments
    lead, found = await originals_of(tx, opening_id, by=by, at=at)
    return [view(store, lead, each, on, replaced_by) for each, on, replaced_by in found]


@router.post(
    "/{opening_id}/{attachment_id}/reading",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def post_original(opening_id: UUID, attachment_id: UUID, request: Request, by: Keeper, at: Now) -> Response:
    """Read one as it came, while the granted time lasts; each reading is on record. 调阅原件(留痕)"""
    # on record before the first byte leaves, whatever becomes of the connection
    async with request.app.state.database.transaction() as tx:
        attachment, content = await read_original(
            tx, request.app.state.attachments, opening_id, attachment_id, by=by, at=at
        )
    return await handed_out(str(attachment.id), content)
