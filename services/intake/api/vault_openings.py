"""Openings of reporters' data: asked for by one, granted by another, read while the time lasts. No door lists a reporter: only `reading`
shows one, of one lead, to the one it was granted for."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api.stay_away import Away
from services.intake.db import openings
from services.intake.domain.opening import DECIDERS, INTERVIEWERS, LONGEST, Kind, Opening, Purpose, State
from services.intake.usecases.ask_opening import ask_opening, decide_opening, end_opening
from services.intake.usecases.read_reporter import read_reporter
from shared import audit
from shared.auth import Principal
from shared.http import Now, Once, Order, Page, Paging, Reason, Tx, reader, require

router = APIRouter(tags=["举报人信息调取 openings"])
Keeper = Annotated[Principal, require("rvk")]
Director = Annotated[Principal, require("ofd")]
Officer = Annotated[Principal, require("dpo")]
Account = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=r"^[^\x00]*$")]
Minutes = Annotated[
    int, Field(strict=True, ge=1, le=max(LONGEST.values()), description="批准后的分钟数 / once granted")
]


class OpeningOrder(Order):
    """A keeper asks, for himself or for the two officers of an interview. 调取申请"""

    lead_id: UUID
    purpose: Purpose
    reason: Reason
    minutes: Minutes
    officers: list[Account] = Field(
        default_factory=list,
        max_length=2,
        description="当面核实的两名办案人员账号 / accounts of the two officers of an interview, for that alone",
    )


class BreakGlassOrder(Order):
    """The director asks in an emergency. 紧急调取申请"""

    lead_id: UUID
    purpose: Purpose
    reason: Reason
    minutes: Minutes


class OpeningDecision(Order):
    """The second person's word. 审批"""

    grant: bool
    reason: Reason | None = None


class OpeningView(BaseModel):
    """An opening as it stands; nothing of the reporter. 调取"""

    id: UUID
    lead_id: UUID
    kind: Kind
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
        return cls(**{name: getattr(opening, name) for name in OpeningView.model_fields}, **more)


class ListedOpening(OpeningView):
    """An opening in a list: with why, and how often it was read. 调取记录"""

    reason: str
    decision_reason: str | None
    read: int = Field(description="查看次数 / how often it was read")


class ReadingView(BaseModel):
    """One reading. 查看记录"""

    number: int
    reader: str
    read_at: datetime


class OpeningDetail(ListedOpening):
    """An opening with its readings. 调取详情"""

    readings: list[ReadingView]


class ReporterView(BaseModel):
    """The reporter's data, for whom they were opened, until `ends_at`. 举报人信息"""

    opening_id: UUID
    lead_id: UUID
    reading: int = Field(description="第几次查看 / which reading this is")
    ends_at: datetime | None
    reporter: dict[str, Any]


class NoticeView(BaseModel):
    """What the DPO is told of an emergency opening. 紧急调取通知"""

    opening_id: UUID
    step: str
    told_at: datetime
    seen_by: str | None
    seen_at: datetime | None
    lead_id: UUID
    purpose: Purpose
    reason: str
    asked_by: str
    decided_by: str | None
    ends_at: datetime | None


class SeenView(BaseModel):
    """How many steps were new to the DPO. 已阅"""

    seen: int


@router.post("/openings", status_code=201, response_model=OpeningView)
async def post_opening(order: OpeningOrder, by: Keeper, tx: Tx, at: Now, once: Once) -> Response:
    """Ask for a reporter's data, or for an interview by two officers; another keeper decides. 申请调取举报人信息"""
    kind = Kind.INTERVIEW if order.purpose is Purpose.INTERVIEW else Kind.KEEPERS

    async def ask() -> OpeningView:
        asked = await ask_opening(tx, kind=kind, by=by, at=at, **order.model_dump())
        return OpeningView.of(asked)

    return await once.reply(201, ask)


@router.post("/break-glass", status_code=201, response_model=OpeningView)
async def post_break_glass(order: BreakGlassOrder, by: Director, tx: Tx, at: Now, once: Once) -> Response:
    """Ask for a reporter's data in an emergency; a second person decides and the DPO is told. 申请紧急调取"""

    async def ask() -> OpeningView:
        asked = await ask_opening(tx, kind=Kind.BREAK_GLASS, by=by, at=at, **order.model_dump())
        return OpeningView.of(asked)

    return await once.reply(201, ask)


@router.post("/openings/{opening_id}/decision")
async def post_opening_decision(
    opening_id: UUID, order: OpeningDecision, by: Annotated[Principal, require(*DECIDERS)], tx: Tx, at: Now
) -> OpeningView:
    """Grant or refuse what someone else asked for; granted, its time begins now. 审批调取"""
    return OpeningView.of(await decide_opening(tx, opening_id, grant=order.grant, reason=order.reason, by=by, at=at))


@router.post("/openings/{opening_id}/reading")
async def post_reading(
    opening_id: UUID,
    by: Annotated[Principal, require("rvk", "ofd", *INTERVIEWERS)],
    request: Request,
    response: Response,
    tx: Tx,
    at: Now,
) -> ReporterView:
    """Read the reporter's data while the granted time lasts; each reading is on record. 查看举报人信息(留痕)"""
    response.headers["Cache-Control"] = "no-store"
    opening, number, told = await read_reporter(tx, opening_id, vault=request.app.state.vault, by=by, at=at)
    return ReporterView(
        opening_id=opening.id, lead_id=opening.lead_id, reading=number, ends_at=opening.ends_at, reporter=dict(told)
    )


@router.post("/openings/{opening_id}/end")
async def post_end(
    opening_id: UUID, by: Annotated[Principal, require("rvk", "ofd", "dpo")], tx: Tx, at: Now
) -> OpeningView:
    """Take an opening back before its time is over. 收回调取"""
    return OpeningView.of(await end_opening(tx, opening_id, by=by, at=at))


@router.get("/openings")
async def list_openings(
    by: Annotated[Principal, reader("rvk", "dpo", "ofd", *INTERVIEWERS)],
    tx: Tx,
    away: Away,
    at: Now,
    paging: Paging,
    state: State | None = None,
    kind: Kind | None = None,
    lead_id: UUID | None = None,
) -> Page[ListedOpening]:
    """Openings as they were asked for: keepers and the DPO see all, others their own; the reading is put on record. 调取记录(查阅留痕)"""
    await audit.record(tx, by, "vault.read-openings", str(lead_id or "openings"), at=at, purpose=by.purpose)
    rows = await openings.page(
        tx,
        state=state,
        kind=kind,
        lead_id=lead_id,
        of=None if by.roles & {"rvk", "dpo"} else by.sub,
        away=away,
        after=paging.after(datetime, UUID),
        limit=paging.limit + 1,
    )
    page = paging.page(rows, key=lambda row: (row[0].asked_at, row[0].id))
    return Page(items=[_listed(opening, read) for opening, read in page.items], next=page.next)


@router.get("/openings/{opening_id}")
async def get_opening(
    opening_id: UUID, by: Annotated[Principal, reader("rvk", "dpo")], tx: Tx, at: Now
) -> OpeningDetail:
    """One opening with who read it when; this reading too is put on record. 调取详情(查阅留痕)"""
    opening = await openings.get(tx, opening_id)
    await audit.record(tx, by, "vault.read-openings", opening.lead_id, at=at, purpose=by.purpose)
    read = await openings.readings_of(tx, opening_id)
    views = [ReadingView(number=number, reader=reader, read_at=at) for number, reader, at in read]
    return OpeningDetail(**_listed(opening, len(read)).model_dump(), readings=views)


@router.get("/notices")
async def list_notices(
    by: Annotated[Principal, reader("dpo")], tx: Tx, away: Away, at: Now, paging: Paging, *, unseen: bool = False
) -> Page[NoticeView]:
    """What the DPO is told of emergency openings, step by step; the reading is put on record. 紧急调取通知(查阅留痕)"""
    await audit.record(tx, by, "vault.read-notices", "notices", at=at, purpose=by.purpose)
    rows = await openings.notices(
        tx, unseen=unseen, away=away, after=paging.after(datetime, UUID, str), limit=paging.limit + 1
    )
    return paging.page([NoticeView(**row) for row in rows], key=lambda row: (row.told_at, row.opening_id, row.step))


@router.post("/notices/{opening_id}/seen")
async def post_seen(opening_id: UUID, by: Officer, tx: Tx, at: Now) -> SeenView:
    """The DPO has seen what was told of this opening. 通知已阅"""
    await openings.get(tx, opening_id)
    return SeenView(seen=await openings.see_notices(tx, opening_id, by=by.sub, at=at))


def _listed(opening: Opening, read: int) -> ListedOpening:
    return ListedOpening.of(opening, reason=opening.reason, decision_reason=opening.decision_reason, read=read)
