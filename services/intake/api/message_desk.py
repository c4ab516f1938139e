"""The desk for what gateways handed over: a clerk reads it, and registers it, passes it on to discipline or puts it aside. 来件筛查"""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from services.intake.api.batches import FieldError
from services.intake.api.door import Key, weigh
from services.intake.api.leads import Urgent
from services.intake.api.report_forms import FactsBlock, ReportedOrder
from services.intake.api.slip import DeskAnswer, picture
from services.intake.db import gateway_messages, refused_messages
from services.intake.domain.code_list import CodeBook
from services.intake.domain.gateway_message import AsideReason, Message, MessageState
from services.intake.domain.report import Channel, Naming
from services.intake.usecases.file_report import open_answer
from services.intake.usecases.screen_message import (
    close_refused,
    pass_message,
    put_aside,
    read_messages,
    register_message,
    take_back,
)
from services.intake.usecases.take_messages import reference_of
from shared.auth import Principal
from shared.deadlines import china_date
from shared.errors import Invalid
from shared.http import Claimed, Now, Order, Page, Paging, Tx, answered, reader, require
from shared.idempotency import Answer
from shared.reads import purpose_needed

router = APIRouter(prefix="/gateway-messages", tags=["来件 gateway-messages"])
Clerk = Annotated[Principal, require("icl")]
ABOUT_OFFICE = "反映本办的,请转纪委监委 / about the office: pass it on to discipline"


class GatewayMessageView(BaseModel):
    """来件,不含发送人 / a message, without its sender."""

    id: UUID
    channel: Channel
    naming: Naming = Field(
        description="有发送号码、地址的为confidential / confidential when a number or address is known"
    )
    received_on: date
    due_on: date = Field(description="应在该日(含)前筛查 / a clerk decides by this day (D01)")
    overdue: bool
    missing_parts: list[int]
    files: int
    left_out: int = Field(description="超出20个、未接收的附件 / files beyond 20, which were not taken")
    state: MessageState
    reason: AsideReason | None
    decided_by: str | None
    decided_on: date | None
    text: str | None = Field(
        description="仅texts=true时;无法打开的为空 / with texts=true only; null when no key opens it"
    )


class MessageRegistrationOrder(ReportedOrder):
    """登记为线索;未另写概述的,以来件文字为概述 / what it says is the summary, unless another is written."""

    facts: FactsBlock = Field(default_factory=FactsBlock)
    urgent: Urgent = False


class AsideOrder(Order):
    """搁置 / put aside."""

    ids: list[UUID] = Field(min_length=1, max_length=200)
    reason: AsideReason


class RefusedMessageView(BaseModel):
    """未能接收的来件:内容仍在网关 / a message that could not be taken; what it says is still at its gateway."""

    id: UUID
    reference: str = Field(description="网关得到的编号 / what its gateway was told, too")
    gateway: str
    channel: Channel | None
    reasons: list[FieldError]
    times: int
    first_on: date
    last_on: date
    settled_on: date | None = Field(description="后来已接收或已了结 / when it was taken after all, or closed")
    settled_by: str | None = Field(description="了结的受理员;后来已接收的为空 / the clerk; null when it was taken")


class RefusedOrder(Order):
    """了结 / close."""

    ids: list[UUID] = Field(min_length=1, max_length=200)


@router.get("/refused")
async def list_refused_messages(
    _: Annotated[Principal, require("icl", "ofd")], tx: Tx, paging: Paging, *, settled: bool = False
) -> Page[RefusedMessageView]:
    """Messages that could not be taken, with the reasons; those that nobody has settled, unless asked otherwise. 未能接收的来件"""
    rows = await refused_messages.page(
        tx, open_only=not settled, after=paging.after(date, UUID), limit=paging.limit + 1
    )
    views = [RefusedMessageView.model_validate({**row, "reference": reference_of(row["mark"])}) for row in rows]
    return paging.page(views, key=lambda view: (view.first_on, view.id))


@router.post("/refused/closure", status_code=204, response_class=Response)
async def post_refused_closure(order: RefusedOrder, by: Clerk, tx: Tx, at: Now) -> Response:
    """The gateway was asked, or nothing is to be done: these wait no more. 了结未能接收的来件"""
    await close_refused(tx, list(dict.fromkeys(order.ids)), by=by, at=at)
    return Response(status_code=204)


@router.get("")
async def list_gateway_messages(
    request: Request,
    by: Annotated[Principal, reader("icl", "ofd", always=False)],
    tx: Tx,
    at: Now,
    paging: Paging,
    *,
    state: Literal["waiting", "aside"] = "waiting",
    texts: Annotated[bool, Query(description="连同文字,须填查阅目的(留痕) / with what they say, on record")] = False,
) -> Page[GatewayMessageView]:
    """Messages that wait, or that were put aside, by the day they came; each that is read is put on record. 来件列表"""
    if texts and by.purpose is None:
        raise purpose_needed()
    found = await gateway_messages.page(tx, MessageState(state), after=paging.after(date, UUID), limit=paging.limit + 1)
    told: dict[UUID, str] = {}
    if texts:
        store = request.app.state.attachments
        told = await read_messages(tx, store, found[: paging.limit], by=by, at=at)
    views = [_view(each, told.get(each.id), today=china_date(at)) for each in found]
    return paging.page(views, key=lambda view: (view.received_on, view.id))


@router.post("/set-aside", status_code=204, response_class=Response)
async def post_set_aside(order: AsideOrder, by: Clerk, tx: Tx, at: Now) -> Response:
    """These are no reports; for 30 days the director can take them back, then they are destroyed. 搁置来件"""
    await put_aside(tx, order.ids, order.reason, by=by, at=at)
    return Response(status_code=204)


@router.post("/{message_id}/take-back", status_code=204, response_class=Response)
async def post_take_back(message_id: UUID, by: Annotated[Principal, require("ofd")], tx: Tx, at: Now) -> Response:
    """It waits for a clerk once more. 恢复待筛查"""
    await take_back(tx, message_id, by=by, at=at)
    return Response(status_code=204)


@router.post("/{message_id}/discipline", status_code=204, response_class=Response)
async def post_to_discipline(message_id: UUID, request: Request, _: Clerk, at: Now) -> Response:
    """It is about the office: discipline gets all of it, and nothing of it stays here. 转纪委监委"""
    state = request.app.state
    book: CodeBook = await state.codes()
    await pass_message(state.database, state.desk, state.attachments, message_id, book=book, at=at)
    return Response(status_code=204)


@router.post("/{message_id}/registration", status_code=201, response_model=DeskAnswer)
async def post_registration(
    message_id: UUID, order: MessageRegistrationOrder, request: Request, by: Clerk, at: Now, claim: Claimed, key: Key
) -> Response:
    """It becomes a lead; the slip is for its sender, should he come to the counter. 登记为线索"""
    await weigh(request)
    if fields := order.at_the_office():
        raise Invalid(ABOUT_OFFICE, fields=[(field, ABOUT_OFFICE) for field in fields])
    state, blocks = request.app.state, order.model_dump(mode="json", exclude_defaults=True, exclude={"urgent"})
    outcome = await register_message(
        state.database,
        state.desk,
        state.attachments,
        message_id,
        blocks,
        urgent=order.urgent,
        book=await state.codes(),
        claim=claim,
        by=by,
        at=at,
    )
    found = open_answer(outcome.answer.body, key)
    slip = {**found, "query_code_svg": picture(found["query_code"])} if "query_code" in found else None
    answer = DeskAnswer.model_validate({"lead": found["lead"], "slip": slip})
    return answered(Answer(outcome.answer.status, answer.model_dump(mode="json")), again=outcome.replayed)


def _view(message: Message, text: str | None, *, today: date) -> GatewayMessageView:
    same: tuple[str, ...] = ("id", "channel", "naming", "received_on", "due_on", "left_out", "state", "reason")
    shared: dict[str, Any] = {name: getattr(message, name) for name in (*same, "decided_by", "decided_on")}
    overdue = message.state is MessageState.WAITING and message.due_on < today
    return GatewayMessageView(
        **shared, overdue=overdue, missing_parts=message.missing, files=len(message.files), text=text
    )
