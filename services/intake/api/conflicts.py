"""Whom a lead is about, which units are neutral, and recusal (G2-G4). 利害关系与回避"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.intake.api.directory import StaffNumber, UnitCode, Why
from services.intake.api.leads import LeadView
from services.intake.api.stay_away import Away, concerned_too
from services.intake.db import conflicts, leads
from services.intake.domain.conflict import Ground, InterestStatus, Obstacle, Subject, may_verify
from services.intake.usecases.check_unit import neutrality
from services.intake.usecases.declare_interest import decide_interest, declare_interest
from services.intake.usecases.find_conflicts import find_conflicts
from services.intake.usecases.note_reading import note_page, note_reading
from services.intake.usecases.state_subjects import state_subjects
from shared.auth import Principal
from shared.http import Now, Once, Order, Page, Paging, Tx, reader, require

router = APIRouter(tags=["回避 conflicts"])
Office = Annotated[Principal, require("ana", "ofd")]
OfficeReader = Annotated[Principal, reader("ana", "ofd")]
Recaller = Annotated[Principal, reader("ofd", "ldr")]
Anyone = Annotated[Principal, require()]
Decider = Annotated[Principal, require("ofd", "ldr", "pro")]
Reader = Annotated[Principal, reader("ofd", "ldr", "pro")]


class SubjectOrder(Order):
    """A subject as the directory knows it: a unit, a member of staff, or both. 被反映单位、人员"""

    unit: UnitCode | None = None
    staff: StaffNumber | None = None


class SubjectsOrder(Order):
    """Whom a lead is about; [] when nobody of the directory is. 被反映单位、人员登记"""

    subjects: list[SubjectOrder] = Field(max_length=50)
    reason: Why


class InterestOrder(Order):
    """An interest of one's own, or a challenge of another. 回避申请"""

    staff: StaffNumber | None = Field(default=None, description="不填为本人 / left out: one's own")
    ground: Ground
    reason: Why


class DecisionOrder(Order):
    """The decision of the next level. 回避决定"""

    upheld: bool
    reason: Why


class SubjectView(BaseModel):
    """A subject. 被反映单位、人员"""

    unit: str | None
    staff: str | None


class UnitStanding(BaseModel):
    """Whether a unit could be charged with the lead, and why not. 单位是否需回避"""

    unit: str
    name: str
    obstacles: list[Obstacle]
    relatives: list[str] = Field(description="有近亲属被反映的人员 / staff with a relative among the subjects")


class NeutralityView(BaseModel):
    """Whom the lead is about, and how each unit stands to it. 回避审查"""

    stated: bool = Field(description="false: 按同名推定 / taken from names, until the office states them")
    subjects: list[SubjectView]
    excluded: list[str] = Field(description="不得参与的人员 / staff who must not take part")
    units: list[UnitStanding]


class StandingView(BaseModel):
    """A lead that its unit must not have any more, and why. 承办单位现有利害关系"""

    lead: LeadView
    obstacles: list[Obstacle]


class InterestView(BaseModel):
    """A declared interest or a challenge. 回避申请"""

    id: UUID
    lead_id: UUID
    staff: str
    ground: Ground
    declared: bool
    decider: str
    reason: str
    stated_by: str
    stated_at: datetime
    status: InterestStatus
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None


@router.put("/leads/{lead_id}/subjects")
async def put_subjects(
    lead_id: UUID, order: SubjectsOrder, request: Request, by: Office, tx: Tx, at: Now
) -> list[SubjectView]:
    """State whom of the directory a lead is about; what was stated before stays on file. 登记被反映单位、人员"""
    subjects = tuple(dict.fromkeys(Subject(one.unit, one.staff) for one in order.subjects))
    sealer = request.app.state.sealer
    stated = await state_subjects(tx, lead_id, subjects, order.reason, sealer=sealer, by=by, at=at)
    return [SubjectView.model_validate(one, from_attributes=True) for one in stated]


@router.get("/leads/{lead_id}/neutrality")
async def get_neutrality(lead_id: UUID, by: OfficeReader, tx: Tx, at: Now) -> NeutralityView:
    """Which units could be charged with a lead, and why the others could not; the reading is put on record. 回避审查(查阅留痕)"""
    await note_reading(tx, by, "neutrality", lead_id, at=at)
    found, guessed = await neutrality(tx, await leads.get(tx, lead_id), at=at, whole=True)
    units = sorted((u for u in found.directory.units.values() if may_verify(u, found.day)), key=lambda u: u.code)
    standings = [(unit, found.of(unit)) for unit in units]
    return NeutralityView(
        stated=not guessed,
        subjects=[SubjectView.model_validate(one, from_attributes=True) for one in found.subjects],
        excluded=list(found.excluded),
        units=[
            UnitStanding(unit=u.code, name=u.name, obstacles=list(f.obstacles), relatives=list(f.relatives))
            for u, f in standings
        ],
    )


@router.get("/standing-conflicts")
async def list_standing(by: Recaller, tx: Tx, away: Away, at: Now, paging: Paging) -> Page[StandingView]:
    """Leads whose unit has a conflict of interest now, until they are taken back; the reading is on record. 应收回改交的线索(查阅留痕)"""
    after = paging.after(UUID)
    await note_page(tx, by, "standing-conflicts", after, at=at)
    found = [one for one in await find_conflicts(tx, away=away, at=at) if not after or one.lead.id > after[0]]
    views = [StandingView(lead=LeadView.of(one.lead), obstacles=list(one.obstacles)) for one in found]
    return paging.page(views[: paging.limit + 1], key=lambda one: (one.lead.id,))


@router.post("/leads/{lead_id}/interests", status_code=201, response_model=InterestView)
@concerned_too("who is concerned has to be able to say so, and reads nothing of the lead here")
async def post_interest(lead_id: UUID, order: InterestOrder, by: Anyone, tx: Tx, at: Now, once: Once) -> Response:
    """Declare an interest in a lead, or challenge someone. 申请回避"""

    async def declare() -> InterestView:
        found = await declare_interest(tx, lead_id, order.staff, order.ground, order.reason, by=by, at=at)
        return InterestView.model_validate(found, from_attributes=True)

    return await once.reply(201, declare)


@router.get("/interests")
async def list_interests(
    by: Reader, tx: Tx, away: Away, at: Now, paging: Paging, status: InterestStatus | None = None
) -> Page[InterestView]:
    """What the caller's level decides; the reading is put on record. 回避申请列表(查阅留痕)"""
    after = paging.after(datetime, UUID)
    await note_page(tx, by, "interests", after, at=at)
    rows = await conflicts.page(tx, deciders=by.roles, status=status, away=away, after=after, limit=paging.limit + 1)
    views = [InterestView.model_validate(row, from_attributes=True) for row in rows]
    return paging.page(views, key=lambda one: (one.stated_at, one.id))


@router.post("/interests/{interest_id}/decision")
async def post_decision(
    interest_id: UUID, order: DecisionOrder, request: Request, by: Decider, tx: Tx, at: Now
) -> InterestView:
    """Decide on a recusal, one level up. 回避决定"""
    found = await decide_interest(
        tx, interest_id, order.reason, upheld=order.upheld, sealer=request.app.state.sealer, by=by, at=at
    )
    return InterestView.model_validate(found, from_attributes=True)
