"""Monthly call-backs of reporters: the draw, which everyone can recompute, and the calls."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from services.intake.api.stay_away import Away
from services.intake.db import call_backs, notices
from services.intake.domain.call_back_draw import drawn_by
from services.intake.usecases.answer_call_back import answer_call_back
from shared.auth import Principal
from shared.codes import Labelled
from shared.deadlines import china_date
from shared.http import Now, Order, Tx, public, require

open_doors = APIRouter(tags=["回访 call-backs"])
router = APIRouter(tags=["回访 call-backs"])
Everyone = Annotated[None, public()]
Caller = Annotated[Principal, require("rvk")]
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
Month = Annotated[str, InPath(pattern=MONTH, examples=["2018-06"])]


class Outcome(Labelled):
    """What the reporter says of how the matter was dealt with. 回访结果"""

    SATISFIED = "satisfied", "满意", "satisfied"
    PARTLY = "partly", "基本满意", "partly"
    DISSATISFIED = "dissatisfied", "不满意", "dissatisfied"
    UNREACHABLE = "unreachable", "未能联系", "not reached"


class CallChannel(Labelled):
    """How the reporter was called back. 回访方式"""

    PHONE = "phone", "电话", "telephone"
    MESSAGE = "message", "短信", "text message"
    MEETING = "meeting", "当面", "in person"


class BeaconView(BaseModel):
    """A checkpoint that another service signed after the list was fixed. 外部随机值"""

    chain: str
    number: int
    hash: str
    signature: str


class DrawView(BaseModel):
    """A draw as everyone may see it; seed, list and result only once it is made. 抽查公示"""

    month: str
    commitment: str = Field(description="种子的承诺,月初公布 / published at the beginning of the month")
    committed_at: datetime
    fixed_at: datetime | None
    list_digest: str | None
    drawn_at: datetime | None
    seed: str | None
    entries: list[str] | None
    beacons: list[BeaconView] | None
    drawn: list[str] | None
    draw_by: date = Field(description="最迟抽取日(D38) / the last day on which the draw is in time")
    late: bool = Field(description="抽取逾期 / drawn later than that, or not yet though it is past")


class CallView(BaseModel):
    """One call. 回访任务"""

    token: str
    lead_id: UUID
    lead_no: str
    due_on: date
    outcome: Outcome | None
    channel: CallChannel | None
    answered_at: datetime | None


class AnswerOrder(Order):
    """What was answered, and how the reporter was reached. 回访登记"""

    outcome: Outcome
    channel: CallChannel


@open_doors.get("/call-back-draws")
async def get_draw(month: Annotated[str, Query(pattern=MONTH)], _: Everyone, tx: Tx, at: Now) -> DrawView:
    """How a month's call-backs were drawn, and whether in time; names nobody. 抽查公示"""
    row = await call_backs.get(tx, _first(month))
    done = row["drawn_at"] is not None
    draw_by = drawn_by(row["month"], await notices.calendar(tx))
    shown: dict[str, Any] = {name: row[name] for name in ("commitment", "committed_at", "fixed_at", "list_digest")}
    return DrawView(
        month=month,
        **shown,
        drawn_at=row["drawn_at"],
        seed=row["seed"].hex() if done else None,
        entries=await call_backs.tokens(tx, row["month"]) if done else None,
        beacons=row["beacons"],
        draw_by=draw_by,
        late=china_date(row["drawn_at"] or at) > draw_by,
        drawn=[each["token"] for each in await call_backs.drawn(tx, row["month"])] if done else None,
    )


@router.get("/call-backs/{month}")
async def list_calls(month: Month, _: Caller, tx: Tx, away: Away) -> list[CallView]:
    """The calls of a month, in the order of the draw, for the vault's keepers. 回访任务列表"""
    row = await call_backs.get(tx, _first(month))
    return [
        CallView(**{"due_on": row["due_on"]} | each) for each in await call_backs.drawn(tx, row["month"], away=away)
    ]


@router.post("/call-backs/{token}/answer", status_code=204)
async def post_answer(
    token: Annotated[str, InPath(pattern=r"^[0-9a-f]{32}$")], order: AnswerOrder, by: Caller, tx: Tx, at: Now
) -> None:
    """Keep what a reporter answered, once. 登记回访结果"""
    await answer_call_back(tx, token, order.outcome.value, order.channel.value, by=by, at=at)


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
