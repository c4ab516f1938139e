"""Openings of reporters past the office: asked for by one of discipline, granted by a leader, read while the time lasts.
Only `reading` shows a reporter, of one report, to the one it was granted for."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, StringConstraints

from services.discipline.api.report_letters import DOWNLOAD, Number
from services.discipline.domain.opening import ASKS, GRANTS, LONGEST_INTERVIEW, Opening, Purpose, State
from services.discipline.usecases.open_reporter import (
    ask_opening,
    decide_opening,
    end_opening,
    list_openings,
    read_reporter,
)
from services.discipline.usecases.read_file import content_of, read_original
from shared.auth import Principal
from shared.http import Now, Once, Order, Page, Paging, Reason, Tx, handed_out, reader, require

router = APIRouter(tags=["举报人信息调取 openings"])
Asker = Annotated[Principal, require(*ASKS)]
Leader = Annotated[Principal, require(*GRANTS)]
DetailReader = Annotated[Principal, reader(*GRANTS)]
Account = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class OpeningOrder(Order):
    """Why, and for how long. 调取申请"""

    purpose: Purpose
    reason: Reason
    minutes: Annotated[
        int,
        Field(
            strict=True,
            ge=1,
            le=LONGEST_INTERVIEW,
            description="批准后的分钟数,当面核实以外至多60 / once granted; 60 but for an interview",
        ),
    ]
    officers: tuple[Account, ...] = Field(
        default=(),
        max_length=2,
        description="当面核实的两名办案人员账号 / accounts of the two officers of an interview, for that alone",
    )


class OpeningDecision(Order):
    """The leader's word. 审批"""

    grant: bool
    reason: Reason | None = None


class OpeningView(BaseModel):
    """An opening as it stands; nothing of the reporter. 调取"""

    id: UUID
    report_id: UUID
    purpose: Purpose
    minutes: int
    officers: list[str]
    state: State
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    ends_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None

    @classmethod
    def of(cls, opening: Opening, **more: Any) -> Self:
        values = {name: getattr(opening, name) for name in OpeningView.model_fields}
        return cls(**{**values, "officers": list(opening.officers)}, **more)


class ListedOpening(OpeningView):
    """An opening in a list: with why, and how often it was read. 调取记录"""

    reason: str
    decision_reason: str | None
    read: int = Field(description="查看次数 / how often it was read")


class ReporterView(BaseModel):
    """The reporter, for whom it was opened, until `ends_at`. 举报人信息"""

    opening_id: UUID
    report_id: UUID
    reading: int = Field(description="第几次查看 / which reading this is")
    ends_at: datetime | None
    reporter: dict[str, Any]


@router.post("/reports/{report_id}/openings", status_code=201, response_model=OpeningView)
async def post_report_opening(
    report_id: UUID, order: OpeningOrder, request: Request, by: Asker, tx: Tx, at: Now, once: Once
) -> Response:
    """Ask for the reporter of a report past the office; a leader decides. 申请调取举报人信息"""

    async def ask() -> OpeningView:
        return OpeningView.of(
            await ask_opening(tx, report_id, post=request.app.state.post, by=by, at=at, **order.model_dump())
        )

    return await once.reply(201, ask)


@router.get("/openings")
async def get_openings(
    by: DetailReader, tx: Tx, at: Now, paging: Paging, report_id: UUID | None = None
) -> Page[ListedOpening]:
    """Openings as they were asked for, with why; the reading is put on record. 调取记录(查阅留痕)"""
    rows = await list_openings(tx, report_id, after=paging.after(datetime, UUID), limit=paging.limit + 1, by=by, at=at)
    page = paging.page(rows, key=lambda row: (row[0].asked_at, row[0].id))
    return Page(items=[_listed(*row) for row in page.items], next=page.next)


@router.post("/openings/{opening_id}/decision")
async def post_opening_decision(
    opening_id: UUID, order: OpeningDecision, request: Request, by: Leader, tx: Tx, at: Now
) -> OpeningView:
    """Grant or refuse what someone else asked for; granted, its time begins now and the reporter is told. 审批调取"""
    post = request.app.state.post
    return OpeningView.of(
        await decide_opening(tx, opening_id, grant=order.grant, reason=order.reason, post=post, by=by, at=at)
    )


@router.post("/openings/{opening_id}/reading")
async def post_reading(
    opening_id: UUID, request: Request, response: Response, by: Asker, tx: Tx, at: Now
) -> ReporterView:
    """Read the reporter while the granted time lasts; each reading is on record. 查看举报人信息(留痕)"""
    response.headers["Cache-Control"] = "no-store"
    opening, number, told = await read_reporter(tx, opening_id, post=request.app.state.post, by=by, at=at)
    return ReporterView(
        opening_id=opening.id, report_id=opening.report_id, reading=number, ends_at=opening.ends_at, reporter=dict(told)
    )


@router.post("/openings/{opening_id}/files/{number}", response_class=StreamingResponse, responses=DOWNLOAD)
async def post_original(opening_id: UUID, number: Number, request: Request, by: Asker, at: Now) -> Response:
    """The file of this letter as the reporter sent it, while the granted time lasts; on record. 调阅举报人附件原件(留痕)"""
    async with request.app.state.database.transaction() as tx:
        file = await read_original(tx, opening_id, number, post=request.app.state.post, by=by, at=at)
    return await handed_out(str(file.id), content_of(request.app.state.files, file, original=True))


@router.post("/openings/{opening_id}/end")
async def post_opening_end(opening_id: UUID, by: Asker, tx: Tx, at: Now) -> OpeningView:
    """Take an opening back before its time is over. 收回调取"""
    return OpeningView.of(await end_opening(tx, opening_id, by=by, at=at))


def _listed(opening: Opening, read: int) -> ListedOpening:
    return ListedOpening.of(opening, reason=opening.reason, decision_reason=opening.decision_reason, read=read)
