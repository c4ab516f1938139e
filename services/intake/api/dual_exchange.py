"""Between the legs of a dual assignment: holds with an end date, "we need X" between two named contacts. Codes and days only (§4.3)."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, StringConstraints

from services.intake.domain.dual_exchange import Answer, Delayed, Hold, HoldState, Need, Request
from services.intake.usecases.exchange_between_legs import (
    answer_request,
    ask_hold,
    ask_request,
    decide_hold,
    name_contact,
    read_holds,
    read_requests,
    release_hold,
)
from shared.auth import Principal
from shared.contracts.intake import Leg
from shared.http import Day, Now, Once, Order, Tx, require

router = APIRouter(tags=["双交办 dual assignments"])
DisciplineLeader = Annotated[Principal, require("dld")]
CrimeLeader = Annotated[Principal, require("unl", "p6")]
Watcher = Annotated[Principal, require("ofd", "sup", "dld", "unl", "p6")]
Namer = Annotated[Principal, require("ofd", "unl", "dcm")]
Contact = Annotated[Principal, require("unl", "unh", "p1", "tfl", "dcm", "dhd")]
Reader = Annotated[Principal, require("ofd", "sup", "unl", "unh", "p1", "tfl", "dcm", "dhd")]
Account = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@-]{1,128}$")]


class HoldOrder(Order):
    """What is to wait, and until which day (inclusive). 暂缓申请"""

    what: Delayed
    until: Day


class HoldDecision(Order):
    """Whether the other leader agrees. 是否同意"""

    grant: bool


class ContactOrder(Order):
    """Who speaks for a leg. 联系人"""

    leg: Leg
    account: Account


class RequestOrder(Order):
    """What is needed of the other leg. 需求"""

    need: Need


class AnswerOrder(Order):
    """What the other leg says. 答复"""

    answer: Answer


class HoldView(BaseModel):
    """A hold: an arrest or a publication waits until a day. 暂缓"""

    id: UUID
    dual_assignment_id: UUID
    what: Delayed
    until: date
    state: HoldState
    asked_at: datetime
    decided_at: datetime | None
    released_at: datetime | None

    @classmethod
    def of(cls, hold: Hold) -> Self:
        return cls.model_validate(hold, from_attributes=True)


class RequestView(BaseModel):
    """What one leg needed, and what the other said. 需求与答复"""

    id: UUID
    dual_assignment_id: UUID
    from_leg: Leg
    need: Need
    asked_at: datetime
    answer: Answer | None
    answered_at: datetime | None

    @classmethod
    def of(cls, request: Request) -> Self:
        return cls.model_validate(request, from_attributes=True)


@router.post("/dual-assignments/{dual_assignment_id}/holds", status_code=201, response_model=HoldView)
async def post_hold(
    dual_assignment_id: UUID, order: HoldOrder, by: DisciplineLeader, tx: Tx, at: Now, once: Once
) -> Response:
    """The discipline leg asks that an arrest or a publication waits. 申请暂缓"""

    async def ask() -> HoldView:
        return HoldView.of(await ask_hold(tx, dual_assignment_id, order.what, order.until, by=by, at=at))

    return await once.reply(201, ask)


@router.get("/dual-assignments/{dual_assignment_id}/holds")
async def get_holds(dual_assignment_id: UUID, by: Watcher, tx: Tx) -> list[HoldView]:
    """All holds of a dual assignment, for discipline, the charged unit and the office. 暂缓列表"""
    return [HoldView.of(hold) for hold in await read_holds(tx, dual_assignment_id, by=by)]


@router.post("/dual-holds/{hold_id}/decision")
async def post_hold_decision(hold_id: UUID, order: HoldDecision, by: CrimeLeader, tx: Tx, at: Now) -> HoldView:
    """The leader of the charged unit agrees, or not. 同意暂缓"""
    return HoldView.of(await decide_hold(tx, hold_id, grant=order.grant, by=by, at=at))


@router.post("/dual-holds/{hold_id}/release")
async def post_hold_release(hold_id: UUID, by: DisciplineLeader, tx: Tx, at: Now) -> HoldView:
    """It is needed no longer; without a word it ends on its last day. 解除暂缓"""
    return HoldView.of(await release_hold(tx, hold_id, by=by, at=at))


@router.post("/dual-assignments/{dual_assignment_id}/contacts", status_code=204)
async def post_contact(dual_assignment_id: UUID, order: ContactOrder, by: Namer, tx: Tx, at: Now) -> None:
    """Each side names its own contact; for the crime leg the charged unit or the office. 指定联系人"""
    await name_contact(tx, dual_assignment_id, order.leg, order.account, by=by, at=at)


@router.post("/dual-assignments/{dual_assignment_id}/requests", status_code=201, response_model=RequestView)
async def post_request(
    dual_assignment_id: UUID, order: RequestOrder, by: Contact, tx: Tx, at: Now, once: Once
) -> Response:
    """A contact needs something of the other leg. 提出需求"""

    async def ask() -> RequestView:
        return RequestView.of(await ask_request(tx, dual_assignment_id, order.need, by=by, at=at))

    return await once.reply(201, ask)


@router.get("/dual-assignments/{dual_assignment_id}/requests")
async def get_requests(dual_assignment_id: UUID, by: Reader, tx: Tx, at: Now) -> list[RequestView]:
    """What was needed and answered, for the two contacts and the office; the reading is put on record. 需求往来(留痕)"""
    return [RequestView.of(each) for each in await read_requests(tx, dual_assignment_id, by=by, at=at)]


@router.post("/dual-requests/{request_id}/answer")
async def post_answer(request_id: UUID, order: AnswerOrder, by: Contact, tx: Tx, at: Now) -> RequestView:
    """The other leg's contact answers. 答复需求"""
    return RequestView.of(await answer_request(tx, request_id, order.answer, by=by, at=at))
