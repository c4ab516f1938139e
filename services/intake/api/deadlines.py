"""Running limits: what is due, what of a lead runs and ran, and their pauses, which one person asks for and another decides."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.intake.api.directory import UnitCode
from services.intake.api.stay_away import Away
from services.intake.db import deadlines, leads, pauses
from services.intake.domain.codes import Level
from services.intake.domain.deadline import URGENT, LeadDeadline
from services.intake.domain.pause import PauseRequest, Status
from services.intake.usecases.check_unit import must_be_known
from services.intake.usecases.note_reading import note_page, note_reading
from services.intake.usecases.pause_deadline import ask_pause, decide_pause, resume_deadline
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.deadlines import Colour
from shared.http import Day, Now, Once, Order, Page, Paging, Reason, Tx, reader, require

router = APIRouter(tags=["期限 deadlines"])
Reader = Annotated[Principal, require("icl", "ana", "ofd", "sup", "ldr")]
Asker = Annotated[Principal, require("ana", "ofd", "sup")]
Decider = Annotated[Principal, require("ofd", "ldr")]
Judge = Annotated[Principal, reader("ana", "ofd", "sup", "ldr")]


class DeadlineView(BaseModel):
    """A limit of a lead. `due_on` is its last day in China; a provisional one rests on a year without a holiday notice. 期限"""

    lead_id: UUID
    kind: DeadlineKind
    round: int
    limit_id: str
    profile_version: str
    started_at: datetime
    due_on: date
    provisional: bool
    superior: date | None
    colour: Colour
    paused: bool
    stopped_at: datetime | None
    in_time: bool | None = Field(description="是否按期;未结束为null / whether it was kept; null while it runs")

    @classmethod
    def of(cls, deadline: LeadDeadline, at: datetime, **more: Any) -> Self:
        same = ("lead_id", "kind", "round", "limit_id", "profile_version", "started_at", "superior", "stopped_at")
        return cls(
            **{name: getattr(deadline, name) for name in same},
            due_on=deadline.due.on,
            provisional=deadline.due.provisional,
            colour=deadline.colour(at),
            paused=deadline.is_paused(at),
            in_time=deadline.stopped_at < deadline.due_at if deadline.stopped_at else None,
            **more,
        )


class StepView(BaseModel):
    """A colour or measure that was said: when it was due, and when it was said. 期限提醒与督促"""

    what: str
    due_on: date
    due_at: datetime
    said_at: datetime


class PauseView(BaseModel):
    """A request for a pause and what became of it; `first` to `last` do not count. 暂停"""

    id: UUID
    lead_id: UUID
    kind: DeadlineKind
    round: int
    until: date
    status: Status
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    first: date | None
    last: date | None

    @classmethod
    def of(cls, request: PauseRequest) -> Self:
        return cls.model_validate(request, from_attributes=True)


class LeadDeadlineView(DeadlineView):
    """A limit of a lead with what was said of it. 线索期限"""

    steps: list[StepView]


class RunningView(DeadlineView):
    """A running limit as a list entry. 在办期限"""

    lead_no: str
    level: Level | None
    unit: str | None
    merged_into: UUID | None = Field(
        description="并入的主线索,是否紧急在主线索上确定 / its master, where is said whether it is urgent"
    )
    claimed: bool = Field(
        description="按报称的人身危险计时,尚未确认 / runs by a claim of danger to life that nobody has looked at"
    )


class PauseOrder(Order):
    """Until which day (inclusive) the limit is to stand still, and why. 暂停申请"""

    until: Day
    reason: Reason


class DecisionOrder(Order):
    """Whether it is granted. 审批"""

    grant: bool
    reason: Reason | None = None


class ResumeOrder(Order):
    """Why it goes on before the pause is over. 提前恢复"""

    reason: Reason


@router.get("/leads/{lead_id}/deadlines")
async def get_deadlines(lead_id: UUID, _: Reader, tx: Tx, at: Now) -> list[LeadDeadlineView]:
    """All limits of a lead, those that ended too, with colours and measures as they were said. 线索期限"""
    await leads.get(tx, lead_id)
    steps = await deadlines.steps_of(tx, lead_id)
    return [
        LeadDeadlineView.of(
            one,
            at,
            steps=[StepView(**step) for step in steps if (step["kind"], step["round"]) == (one.kind.value, one.round)],
        )
        for one in await deadlines.of_lead(tx, lead_id)
    ]


@router.get("/leads/{lead_id}/pauses")
async def get_pauses(lead_id: UUID, by: Judge, tx: Tx, at: Now) -> list[PauseView]:
    """All requests for pauses of a lead's limits; the reading is put on record. 线索暂停记录(查阅留痕)"""
    await note_reading(tx, by, "pauses", lead_id, at=at)
    return [PauseView.of(request) for request in await pauses.of_lead(tx, lead_id)]


@router.post("/leads/{lead_id}/deadlines/{kind}/pauses", status_code=201, response_model=PauseView)
async def post_pause(
    lead_id: UUID, kind: DeadlineKind, order: PauseOrder, by: Asker, tx: Tx, at: Now, once: Once
) -> Response:
    """Ask that a running limit stands still; another person decides. 申请暂停期限"""

    async def ask() -> PauseView:
        return PauseView.of(await ask_pause(tx, lead_id, kind, order.until, order.reason, by=by, at=at))

    return await once.reply(201, ask)


@router.get("/deadlines")
async def list_deadlines(
    _: Reader,
    tx: Tx,
    away: Away,
    at: Now,
    paging: Paging,
    colour: Colour | None = None,
    kind: DeadlineKind | None = None,
    unit: UnitCode | None = None,
    due_by: Day | None = None,
    *,
    claimed: bool = False,
) -> Page[RunningView]:
    """What runs, soonest end first: `colour=red` is what is overdue, `due_by` what ends by a day, `claimed=true` what runs by a claim of
    danger alone (of those the others lists hold the oldest 20). 在办期限列表"""
    if unit is not None:
        await must_be_known(tx, unit)
    found = await deadlines.running(
        tx,
        now=at,
        colour=colour,
        kind=kind,
        unit=unit,
        due_by=due_by,
        claimed=claimed,
        away=away,
        after=paging.after(datetime, UUID, str),
        limit=paging.limit + 1,
    )
    page = paging.page(found, key=lambda item: (item[0].due_at, item[0].lead_id, item[0].kind.value))
    return Page(items=[_running(one, at, **about) for one, about in page.items], next=page.next)


@router.get("/pauses")
async def list_pauses(
    by: Judge, tx: Tx, away: Away, at: Now, paging: Paging, status: Status | None = None
) -> Page[PauseView]:
    """Requests for pauses as they were made, on record; `status=asked` waits for a decision. 暂停申请列表(查阅留痕)"""
    after = paging.after(datetime, UUID)
    await note_page(tx, by, "pauses", after, at=at)
    rows = await pauses.page(tx, status=status, away=away, after=after, limit=paging.limit + 1)
    return paging.page([PauseView.of(row) for row in rows], key=lambda row: (row.asked_at, row.id))


@router.post("/pauses/{pause_id}/decision")
async def post_decision(pause_id: UUID, order: DecisionOrder, by: Decider, tx: Tx, at: Now) -> PauseView:
    """Grant or refuse a pause that someone else asked for; granted, it counts from today. 审批暂停"""
    return PauseView.of(await decide_pause(tx, pause_id, grant=order.grant, reason=order.reason, by=by, at=at))


@router.post("/pauses/{pause_id}/resumption")
async def post_resumption(pause_id: UUID, order: ResumeOrder, by: Decider, tx: Tx, at: Now) -> PauseView:
    """The limit runs again before its pause is over. 提前恢复"""
    return PauseView.of(await resume_deadline(tx, pause_id, order.reason, by=by, at=at))


def _running(one: LeadDeadline, at: datetime, *, urgent: bool, **about: Any) -> RunningView:
    return RunningView.of(one, at, claimed=one.limit_id == URGENT and not urgent, **about)
