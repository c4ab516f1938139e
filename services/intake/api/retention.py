"""What is kept for how long: the retention table, sealed leads and when they may be destroyed, legal holds (G14, G24)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.intake.api.stay_away import Away
from services.intake.db import notices, retention
from services.intake.db.life_tables import legal_holds
from services.intake.domain.retention import AT_LEAST, LIMITS, Record, limit_of, over_on
from services.intake.usecases.keep_retention import set_hold
from services.intake.usecases.note_reading import note_reading
from shared.auth import Principal
from shared.deadlines import Unit, china_date, in_force
from shared.http import Now, Once, Page, Paging, Tx, reader, require
from shared.http.holds import HoldOrder, LegalHoldView, ReleaseOrder

router = APIRouter(tags=["保存期限 retention"])
Keeper = Annotated[Principal, require("ofd", "dpo")]
Watcher = Annotated[Principal, require("ofd", "dpo", "aud", "sup")]
Reader = Annotated[Principal, reader("ofd", "dpo", "aud", "sup")]


class RetentionView(BaseModel):
    """How long a kind of record is kept, and by which rule. 保存期限"""

    record: Record
    zh: str
    en: str
    limit_id: str = Field(description="期限档案中的编号 / its id in the deadline profile")
    profile_version: str = Field(
        description="现行版本;线索按其立项时的版本 / in force now; a lead keeps the version that it started with"
    )
    number: int
    unit: Unit
    basis: str
    at_least: bool = Field(
        description="至少保存,系统不到期销毁 / kept at least so long; nothing is destroyed by the service then"
    )


class SealedView(BaseModel):
    """A sealed lead and the last day it is kept. 封存线索"""

    lead_id: UUID
    lead_no: str
    sealed_at: datetime
    kept_until: date
    over: bool


class HoldView(LegalHoldView):
    """An order to keep: nothing of the lead is sealed or destroyed while it stands. 依法保留"""

    lead_id: UUID = Field(validation_alias="kept")


@router.get("/retention")
async def get_retention(_: Watcher, at: Now) -> list[RetentionView]:
    """The retention table, by the version of the profile in force. 保存期限表"""
    today = china_date(at)
    limits = {record: limit_of(record, today) for record in LIMITS}
    return [
        RetentionView(
            record=record,
            zh=record.zh,
            en=record.en,
            limit_id=limit.id,
            profile_version=in_force(today).version,
            number=limit.number,
            unit=limit.unit,
            basis=limit.basis,
            at_least=record in AT_LEAST,
        )
        for record, limit in limits.items()
    ]


@router.get("/retention/sealed")
async def list_sealed(_: Watcher, tx: Tx, away: Away, at: Now, paging: Paging) -> Page[SealedView]:
    """Sealed leads, oldest first, with the day until which they are kept. 封存线索列表"""
    found = await retention.sealed(tx, away=away, after=paging.after(datetime, UUID), limit=paging.limit + 1)
    page = paging.page(found, key=lambda item: (item[1], item[0].id))
    days, today = await notices.calendar(tx), china_date(at)
    items = []
    for lead, since in page.items:
        until = over_on(Record.SEALED, china_date(since), days, version=lead.profile_version)
        items.append(
            SealedView(lead_id=lead.id, lead_no=lead.lead_no, sealed_at=since, kept_until=until, over=until < today)
        )
    return Page(items=items, next=page.next)


@router.post("/leads/{lead_id}/holds", status_code=201, response_model=HoldView)
async def post_hold(lead_id: UUID, order: HoldOrder, by: Keeper, tx: Tx, at: Now, once: Once) -> Response:
    """Order to keep a lead: a case, a court, an audit. 设定依法保留"""

    async def put() -> HoldView:
        return HoldView.model_validate(await set_hold(tx, lead_id, order.basis_no, order.reason, by=by, at=at))

    return await once.reply(201, put)


@router.get("/leads/{lead_id}/holds")
async def get_holds(lead_id: UUID, by: Reader, tx: Tx, at: Now) -> list[HoldView]:
    """All orders to keep of a lead; the reading is put on record. 依法保留记录(查阅留痕)"""
    await note_reading(tx, by, "holds", lead_id, at=at)
    return [HoldView.model_validate(hold) for hold in await legal_holds.of(tx, lead_id)]


@router.post("/holds/{hold_id}/release")
async def post_release(hold_id: UUID, order: ReleaseOrder, by: Keeper, tx: Tx, at: Now) -> HoldView:
    """Another person than the one who set it ends it. 解除依法保留"""
    return HoldView.model_validate(await legal_holds.release(tx, hold_id, order.reason, by=by, at=at))
