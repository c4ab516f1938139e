"""Files of discipline for the reporter of a report past the office: handed over here, where files are examined. 致绕行举报人的附件"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.intake.api import tus
from services.intake.usecases.answer_files import take_answer_file
from shared.auth import Principal
from shared.deadlines import china_date, start_of
from shared.http import Now, require

router = APIRouter(prefix="/passed-reports", tags=["绕行举报 past the office"])
Handler = Annotated[Principal, require("dhd")]
_FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class BoxView(BaseModel):
    """A file in its box, for a letter of discipline: only discipline opens it. 密封的附件"""

    key_id: str
    box: str


@router.post("/{report_id}/files", status_code=201, openapi_extra={"requestBody": {"required": True, "content": _FILE}})
async def post_answer_file(report_id: UUID, request: Request, _: Handler, at: Now) -> BoxView:
    """Hand over a file (up to 12 MB; its name as in tus, `Upload-Metadata: filename …`) for the reporter: it is examined, its copy without
    metadata is what he gets. The answer is a box that `POST /discipline/v1/reports/{report_id}/letters` takes in `files`; nothing else
    opens the file. 交存致举报人的附件"""
    state = request.app.state
    sealed = await take_answer_file(
        state.database,
        state.attachments,
        state.desk.sealer,
        report_id,
        tus.name_of(request),
        await request.body(),
        at=start_of(china_date(at)),
    )
    return BoxView(key_id=sealed.key_id, box=sealed.box)
