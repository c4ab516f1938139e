"""The directory: units, staff, placements, read by those who assign and kept by its keeper (DIR). 机构人员目录"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response, UploadFile
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api import directory_reading
from services.intake.api.spreadsheet import MOST_BYTES
from services.intake.api.stay_away import Away
from services.intake.db import directory, queries
from services.intake.domain.directory import ACCOUNT, BUILDING, CODE, ORGAN, PERSON, STAFF, Placement, Staff, Unit
from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from services.intake.domain.directory_file import COLUMNS, NAMES, REQUIRED
from services.intake.domain.lead import Lead, Status
from services.intake.usecases.depart_staff import depart_staff
from services.intake.usecases.record_entry import import_directory, record_entry
from shared.auth import Principal
from shared.deadlines import china_date
from shared.http import Day, Now, Once, Order, Page, Paging, Said, Tx, require

router = APIRouter(prefix="/directory", tags=["机构人员目录 directory"])
Keeper = Annotated[Principal, require("dir")]
Reader = Annotated[Principal, require("dir", "icl", "ana", "ofd", "sup", "ldr")]
UnitCode = Annotated[str, StringConstraints(pattern=CODE)]
StaffNumber = Annotated[str, StringConstraints(pattern=STAFF, to_upper=True)]
Why = Annotated[str, Said(2, 200)]
_COLUMNS = "\n".join(
    f"- {NAMES[sheet]}: "
    + "、".join(f"**{names[0]}**" if name in REQUIRED[sheet] else names[0] for name, names in columns.items())
    for sheet, columns in COLUMNS.items()
)
DESCRIPTION = f"""导入机构人员名册:XLSX(单位、人员、任职各一个工作表),或每次一张表的CSV(UTF-8、GB18030)。合格的行即登记,有误的单元格按表、
行、列告知原因;与现有内容相同的行不变,文件中没有的不受影响。终止日期为不再有效的第一日。

Import the directory: XLSX with a sheet each for units, staff and placements, or one of them as CSV. Good rows are recorded, bad cells
are told by sheet, row and column; rows that say nothing new change nothing, and what the file lacks stays.
An end is the first day it holds no more.

{_COLUMNS}"""


class _Dated(Order):
    from_on: Day
    to_on: Day | None = Field(default=None, description="不再有效的第一日 / the first day it holds no more")
    reason: Why


class UnitOrder(_Dated):
    """A unit as it stands now. 单位"""

    name: Annotated[str, StringConstraints(pattern=ORGAN)]
    kind: UnitKind
    superior: UnitCode | None = None
    building: Annotated[str, StringConstraints(pattern=BUILDING)] | None = None


class StaffOrder(_Dated):
    """A member of staff as they stand now. 人员"""

    name: Annotated[str, StringConstraints(strip_whitespace=True, pattern=PERSON)]
    home_unit: UnitCode
    account: Annotated[str, StringConstraints(pattern=ACCOUNT)] | None = None
    pledged_on: Day | None = Field(default=None, description="保密承诺日期 / day of the confidentiality pledge")
    relatives: list[StaffNumber] = Field(
        default_factory=list, max_length=20, description="近亲属人员编号 / close relatives in the service"
    )


class PlacementOrder(_Dated):
    """A placement of a member of staff; the same one again ends it. 任职"""

    unit: UnitCode
    post: Post
    kind: PlacementKind


class UnitView(BaseModel):
    """A unit. 单位"""

    code: str
    name: str
    kind: UnitKind
    superior: str | None
    building: str | None
    from_on: date
    to_on: date | None


class PlacementView(BaseModel):
    """A placement. 任职"""

    staff: str
    unit: str
    post: Post
    kind: PlacementKind
    from_on: date
    to_on: date | None


class StaffView(BaseModel):
    """A member of staff. 人员"""

    staff: str
    name: str
    account: str | None
    home_unit: str
    pledged_on: date | None
    relatives: list[str]
    from_on: date
    to_on: date | None


class StaffDetail(StaffView):
    """A member of staff with all placements. 人员及任职"""

    placements: list[PlacementView]

    @classmethod
    def of(cls, staff: Staff, placements: list[Placement]) -> Self:
        shown = [PlacementView.model_validate(one, from_attributes=True) for one in placements]
        return cls(**StaffView.model_validate(staff, from_attributes=True).model_dump(), placements=shown)


class DepartureOrder(Order):
    """Someone leaves. 离任"""

    left_on: Day = Field(description="不再在岗的第一日 / the first day without them")
    reason: Why


class OpenLead(BaseModel):
    """A lead that someone had in hand and that goes on. 未办结线索"""

    lead_id: UUID
    lead_no: str
    status: Status
    unit: str | None
    received_on: date


class StateView(BaseModel):
    """A state that an entry had, from its recording on. 变更记录"""

    version: int
    content: dict[str, Any]
    reason: str
    actor: str
    recorded_at: datetime


class RefusedEntry(BaseModel):
    """A cell that could not be taken. 未接收的单元格"""

    sheet: str
    row: int
    column: str
    reason_zh: str
    reason_en: str


class ImportView(BaseModel):
    """What became of a file. 导入结果"""

    taken: int
    known: int
    refused: list[RefusedEntry]


@router.get("/units")
async def list_units(_: Reader, tx: Tx, paging: Paging, kind: UnitKind | None = None) -> Page[UnitView]:
    """Units by code, also those that have ended. 单位列表"""
    rows = await directory.units(tx, kind=kind, after=paging.after(str), limit=paging.limit + 1)
    views = [UnitView.model_validate(unit, from_attributes=True) for unit in rows]
    return paging.page(views, key=lambda unit: (unit.code,))


@router.put("/units/{code}")
async def put_unit(
    code: Annotated[UnitCode, Path()], order: UnitOrder, request: Request, by: Keeper, tx: Tx, at: Now
) -> UnitView:
    """Record how a unit stands; the state before stays in its history. 登记或变更单位"""
    unit = Unit(code=code, **order.model_dump(exclude={"reason"}))
    await record_entry(tx, unit, order.reason, region=request.app.state.region, by=by, at=at)
    return UnitView.model_validate(unit, from_attributes=True)


@router.get("/units/{code}/history")
async def get_unit_history(code: Annotated[UnitCode, Path()], _: Keeper, tx: Tx) -> list[StateView]:
    """Every state that a unit had. 单位变更记录"""
    return [StateView.model_validate(line, from_attributes=True) for line in await directory.history(tx, "unit", code)]


@router.get("/staff")
async def list_staff(_: Keeper, tx: Tx, paging: Paging, unit: UnitCode | None = None) -> Page[StaffView]:
    """Staff by number, of one unit when it is given. 人员列表"""
    rows = await directory.staff(tx, unit=unit, after=paging.after(str), limit=paging.limit + 1)
    views = [StaffView.model_validate(one, from_attributes=True) for one in rows]
    return paging.page(views, key=lambda one: (one.staff,))


@router.get("/staff/{staff}")
async def get_staff(staff: Annotated[StaffNumber, Path()], _: Keeper, tx: Tx) -> StaffDetail:
    """One member of staff with all placements. 人员详情"""
    return StaffDetail.of(*await directory.get_staff(tx, staff))


@router.put("/staff/{staff}")
async def put_staff(
    staff: Annotated[StaffNumber, Path()], order: StaffOrder, request: Request, by: Keeper, tx: Tx, at: Now
) -> StaffDetail:
    """Record how a member of staff stands; the state before stays in the history. 登记或变更人员"""
    values = order.model_dump(exclude={"reason", "relatives"})
    person = Staff(staff=staff, relatives=tuple(dict.fromkeys(order.relatives)), **values)
    await record_entry(tx, person, order.reason, region=request.app.state.region, by=by, at=at)
    return StaffDetail.of(*await directory.get_staff(tx, staff))


@router.put("/staff/{staff}/placements")
async def put_placement(
    staff: Annotated[StaffNumber, Path()], order: PlacementOrder, request: Request, by: Keeper, tx: Tx, at: Now
) -> StaffDetail:
    """Record a placement; the same unit, post, kind and first day again changes its end. 登记任职或离岗"""
    placement = Placement(staff=staff, **order.model_dump(exclude={"reason"}))
    await record_entry(tx, placement, order.reason, region=request.app.state.region, by=by, at=at)
    return StaffDetail.of(*await directory.get_staff(tx, staff))


@router.post("/staff/{staff}/departure")
async def post_departure(
    staff: Annotated[StaffNumber, Path()], order: DepartureOrder, request: Request, by: Keeper, tx: Tx, at: Now
) -> StaffDetail:
    """Someone leaves: no access and no placement from that day on; what they had in hand is listed under open-work. 离任"""
    await depart_staff(tx, staff, order.left_on, order.reason, region=request.app.state.region, by=by, at=at)
    return StaffDetail.of(*await directory.get_staff(tx, staff))


@router.get("/staff/{staff}/open-work")
async def list_open_work(
    staff: Annotated[StaffNumber, Path()],
    _: Annotated[Principal, require("dir", "ofd")],
    tx: Tx,
    away: Away,
    paging: Paging,
) -> Page[OpenLead]:
    """Leads that someone had in hand and that go on, to be handed over. 待移交线索"""
    person, _placements = await directory.get_staff(tx, staff)
    rows: Sequence[Lead] = []
    if person.account:
        rows = await queries.in_hand(
            tx, person.account, away=away, after=paging.after(date, UUID), limit=paging.limit + 1
        )
    views = [
        OpenLead(
            lead_id=lead.id,
            lead_no=lead.lead_no,
            status=lead.standing,
            unit=lead.assignment.unit if lead.assignment else None,
            received_on=lead.received_on,
        )
        for lead in rows
    ]
    return paging.page(views, key=lambda one: (one.received_on, one.lead_id))


@router.get("/staff/{staff}/history")
async def get_staff_history(staff: Annotated[StaffNumber, Path()], _: Keeper, tx: Tx) -> list[StateView]:
    """Every state that a member of staff had. 人员变更记录"""
    lines = await directory.history(tx, "staff", staff)
    return [StateView.model_validate(line, from_attributes=True) for line in lines]


@router.post("/imports", response_model=ImportView, description=DESCRIPTION)
async def post_import(
    file: UploadFile, reason: Annotated[Why, Form()], request: Request, by: Keeper, tx: Tx, at: Now, once: Once
) -> Response:
    """Import the directory from a file; good rows are taken, bad ones told. 导入名册"""

    async def take() -> ImportView:
        outcomes = await directory_reading.read(await file.read(MOST_BYTES + 1), today=china_date(at))
        region = request.app.state.region
        done = await import_directory(tx, outcomes, reason, region=region, by=by, at=at)
        return await asyncio.to_thread(
            lambda: ImportView(
                taken=done.taken,
                known=done.known,
                refused=[
                    RefusedEntry(sheet=c.sheet, row=c.row, column=c.column, reason_zh=c.zh, reason_en=c.en)
                    for c in done.refused
                ],
            )
        )

    return await once.reply(200, take)
