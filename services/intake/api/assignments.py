"""Around an assignment: the sheet to print, the unit's signed receipt, the ruling of a dispute, more time (M13, D05, D08)."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.intake.api.directory import UnitCode
from services.intake.api.leads import LeadView
from services.intake.api.sheet_page import page
from services.intake.api.stay_away import Away
from services.intake.db import extensions
from services.intake.domain.extension import Extension, State
from services.intake.domain.receipt import ReceiptSigner
from services.intake.domain.sheet import VERSION, receipt_document
from services.intake.usecases.extend_deadline import ask_extension, decide_extension
from services.intake.usecases.note_reading import note_page
from services.intake.usecases.print_sheet import print_sheet, signed_for
from services.intake.usecases.recall_lead import recall_lead
from services.intake.usecases.rule_dispute import rule_dispute
from shared.auth import Principal
from shared.contracts.envelope import rfc3339
from shared.contracts.intake import DeadlineKind
from shared.deadlines import china_date
from shared.http import Now, Once, Order, Page, Paging, Reason, Tx, reader, require

router = APIRouter(tags=["交办 assignments"])
Printer = Annotated[Principal, reader("ofd")]
Ruler = Annotated[Principal, require("ofd", "ldr")]
Asker = Annotated[Principal, require("unl", "ana", "ofd", "sup")]
Reader = Annotated[Principal, require("ana", "ofd", "sup", "ldr")]
ReasonReader = Annotated[Principal, reader("ana", "ofd", "sup", "ldr")]


class RulingOrder(Order):
    """Which unit is charged, and why. 管辖裁定"""

    unit: UnitCode
    reason: Reason


class RecallOrder(Order):
    """Which unit has it from now on, and why. 收回改交"""

    unit: UnitCode = Field(
        description="改交的单位;已转主管部门的,填另一主管部门 / of a redirected lead: another regulator"
    )
    reason: Reason


class ExtensionOrder(Order):
    """How many natural days more, and why. 延期申请"""

    days: int = Field(ge=1, le=30)
    reason: Reason


class ExtensionDecision(Order):
    """Whether it is granted. 延期审批"""

    grant: bool
    reason: Reason | None = None


class ExtensionView(BaseModel):
    """A request for more time and what became of it. 延期"""

    id: UUID
    lead_id: UUID
    kind: DeadlineKind = Field(description="conclude:承办单位办结;redirect:主管部门办结")
    round: int
    days: int
    reason: str
    state: State
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None

    @classmethod
    def of(cls, extension: Extension) -> Self:
        return cls.model_validate(extension, from_attributes=True)


class UnitReceiptView(BaseModel):
    """The unit's signed receipt for its sheet; checked with the keys of `/receipts/keys`. 承办单位签收回执"""

    version: str
    region: str
    number: str
    unit: str
    accepted_at: str
    digest: str
    key_id: str
    signature: str


@router.post("/leads/{lead_id}/ruling")
async def post_ruling(lead_id: UUID, order: RulingOrder, request: Request, by: Ruler, tx: Tx, at: Now) -> LeadView:
    """A dispute is ruled; after a second unit has refused by the leading group, for good. 管辖裁定"""
    state = request.app.state
    lead = await rule_dispute(
        tx, lead_id, order.unit, order.reason, region=state.region, sealer=state.sealer, by=by, at=at
    )
    return LeadView.of(lead)


@router.post("/leads/{lead_id}/recall")
async def post_recall(lead_id: UUID, order: RecallOrder, request: Request, by: Ruler, tx: Tx, at: Now) -> LeadView:
    """Taken back from a unit that has a conflict of interest now, and given to another one; 重大 by the leading group. 收回改交"""
    state = request.app.state
    lead = await recall_lead(
        tx, lead_id, order.unit, order.reason, region=state.region, sealer=state.sealer, by=by, at=at
    )
    return LeadView.of(lead)


@router.post("/leads/{lead_id}/sheet", response_class=Response, responses={200: {"content": {"text/html": {}}}})
async def post_sheet(lead_id: UUID, by: Printer, tx: Tx, at: Now) -> Response:
    """The assignment sheet to print; each print has a number and is put on record. 打印交办单"""
    sheet, print_no, issuer = await print_sheet(tx, lead_id, by=by, at=at)
    told = page(sheet, issuer=issuer, print_no=print_no, printed_by=by.sub, printed_on=china_date(at).isoformat())
    return Response(told, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store"})


@router.get("/leads/{lead_id}/unit-receipt")
async def get_unit_receipt(lead_id: UUID, request: Request, _: Reader, tx: Tx) -> UnitReceiptView:
    """That the unit signed for exactly this sheet, and when; signed with the key of receipts. 签收回执"""
    sheet, accepted_at = await signed_for(tx, lead_id)
    signer: ReceiptSigner = request.app.state.receipts
    region, digest = request.app.state.region, sheet.digest()
    document = receipt_document(
        region=region,
        number=sheet.number,
        unit=sheet.unit,
        accepted_at=accepted_at,
        digest=digest,
        key_id=signer.key_id,
    )
    return UnitReceiptView(
        version=VERSION,
        region=region,
        number=sheet.number,
        unit=sheet.unit,
        accepted_at=rfc3339(accepted_at),
        digest=digest,
        key_id=signer.key_id,
        signature=signer.signature(document),
    )


@router.post("/leads/{lead_id}/extensions", status_code=201, response_model=ExtensionView)
async def post_extension(lead_id: UUID, order: ExtensionOrder, by: Asker, tx: Tx, at: Now, once: Once) -> Response:
    """Ask for more time for the result, the unit's or the regulator's: once, before it ends; by the unit itself or the office. 申请延期"""

    async def ask() -> ExtensionView:
        return ExtensionView.of(await ask_extension(tx, lead_id, order.days, order.reason, by=by, at=at))

    return await once.reply(201, ask)


@router.get("/extensions")
async def list_extensions(
    by: ReasonReader,
    tx: Tx,
    away: Away,
    at: Now,
    paging: Paging,
    state: State | None = None,
    lead_id: UUID | None = None,
) -> Page[ExtensionView]:
    """Requests as they were made; `state=asked` waits for a decision; the reading is put on record. 延期申请列表(查阅留痕)"""
    after = paging.after(datetime, UUID)
    await note_page(tx, by, "extensions", after, lead_id=lead_id, at=at)
    rows = await extensions.page(tx, state=state, lead_id=lead_id, away=away, after=after, limit=paging.limit + 1)
    return paging.page([ExtensionView.of(row) for row in rows], key=lambda row: (row.asked_at, row.id))


@router.post("/extensions/{extension_id}/decision")
async def post_extension_decision(
    extension_id: UUID, order: ExtensionDecision, by: Ruler, tx: Tx, at: Now
) -> ExtensionView:
    """Grant or refuse what someone else asked for; level 重大 by the leading group. 审批延期"""
    return ExtensionView.of(
        await decide_extension(tx, extension_id, grant=order.grant, reason=order.reason, by=by, at=at)
    )
