"""What is kept of reports past the office for how long, and orders to keep (G24)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.discipline.api.legs import DetailReader, Reader
from services.discipline.db.report_tables import report_holds
from services.discipline.domain.retention import Record, limit_of
from services.discipline.usecases.keep_retention import read_holds, set_hold
from shared.auth import Principal
from shared.deadlines import Unit, china_date
from shared.http import Now, Once, Tx, require
from shared.http.holds import HoldOrder, LegalHoldView, ReleaseOrder

router = APIRouter(tags=["保存期限 retention"])
Keeper = Annotated[Principal, require("dhd", "dld")]


class RetentionView(BaseModel):
    """How long a kind of record is kept, and by which rule. 保存期限"""

    record: Record
    number: int
    unit: Unit
    basis: str


class HoldView(LegalHoldView):
    """An order to keep: nothing of the report is destroyed while it stands. 依法保留"""

    report_id: UUID = Field(validation_alias="kept")


@router.get("/retention")
async def get_retention(_: Reader, at: Now) -> list[RetentionView]:
    """The retention table, as it is in force for what begins today. 保存期限表"""
    limits = [(record, limit_of(record, china_date(at))) for record in Record]
    return [RetentionView(record=record, number=one.number, unit=one.unit, basis=one.basis) for record, one in limits]


@router.post("/reports/{report_id}/holds", status_code=201, response_model=HoldView)
async def post_hold(report_id: UUID, order: HoldOrder, by: Keeper, tx: Tx, at: Now, once: Once) -> Response:
    """Order to keep a report: a case, a court, an audit. 设定依法保留"""

    async def put() -> HoldView:
        return HoldView.model_validate(await set_hold(tx, report_id, order.basis_no, order.reason, by=by, at=at))

    return await once.reply(201, put)


@router.get("/reports/{report_id}/holds")
async def get_holds(report_id: UUID, by: DetailReader, tx: Tx, at: Now) -> list[HoldView]:
    """All orders to keep of a report, with why; the reading is put on record. 依法保留记录(查阅留痕)"""
    return [HoldView.model_validate(hold) for hold in await read_holds(tx, report_id, by=by, at=at)]


@router.post("/holds/{hold_id}/release")
async def post_release(hold_id: UUID, order: ReleaseOrder, by: Keeper, tx: Tx, at: Now) -> HoldView:
    """Another person than the one who set it ends it. 解除依法保留"""
    return HoldView.model_validate(await report_holds.release(tx, hold_id, order.reason, by=by, at=at))
