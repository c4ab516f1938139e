"""Invitations to meet: from the office with safe places and two neutral officers, answered by the code without signing in (必须 1)."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api.directory import StaffNumber, UnitCode
from services.intake.api.door import TOO_MANY, PublicRoute, Sending
from services.intake.api.messages import SentView, holder_of
from services.intake.api.reports import StatusOrder
from services.intake.domain.invitation import MOST_OPTIONS, OFFICERS, Invitation, Option, Reply
from services.intake.usecases.answer_invitation import Invitations, Said
from services.intake.usecases.invite_reporter import invite_reporter, read_invitations
from shared.auth import Principal
from shared.http import Day, Now, Once, Order, Tx, answered, reader, require

router = APIRouter(tags=["信箱 mailbox"])
open_doors = APIRouter(prefix="/reports", route_class=PublicRoute, responses=TOO_MANY)
Writer = Annotated[Principal, require("ana", "ofd")]
Watcher = Annotated[Principal, reader("ana", "ofd", "sup")]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]


class OptionOrder(Order):
    """一个可选的时间和地点 / a place and time that are offered."""

    day: Day
    time: Short = Field(description="例如 上午、14:30 / such as 14:30")
    place: Short
    unit: UnitCode | None = Field(
        default=None, description="地点属目录中单位的,填该单位 / the unit whose building it is, if it is one's"
    )


class InvitationOrder(Order):
    """约请举报人见面:两名人员,地点不得为被反映单位及其邻近单位 / ask a reporter to meet."""

    text: Text
    officers: list[StaffNumber] = Field(min_length=OFFICERS, max_length=OFFICERS)
    options: list[OptionOrder] = Field(min_length=1, max_length=MOST_OPTIONS)


class InvitationView(BaseModel):
    """一次约请和答复;时间、地点在信箱 / an invitation and its answer; when and where lies in the mailbox."""

    message: int
    officers: list[str]
    units: list[str]
    options: int
    sent_on: date
    reply: Reply | None
    replied_on: date | None

    @classmethod
    def of(cls, invitation: Invitation) -> Self:
        return cls(**{name: getattr(invitation, name) for name in cls.model_fields})


class ReplyOrder(StatusOrder):
    """查询码(或线索编号加自选码)和答复 / the code and the answer."""

    message: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="约请信件编号,不填为最近一次 / the letter; left out: the newest invitation"
    )
    reply: Reply
    option: Annotated[int, Field(ge=1, le=MOST_OPTIONS)] | None = None
    text: Text | None = None


@open_doors.post("/invitations/answer", status_code=201, response_model=SentView)
async def post_answer(order: ReplyOrder, request: Request, sending: Sending) -> Response:
    """Answer an invitation by the code: an offer, another place and time, or no. 举报人答复约请"""
    desk: Invitations = request.app.state.invitations
    said = Said(reply=order.reply, message=order.message, option=order.option, text=order.text)
    answer, again = await desk.answer(
        await holder_of(request, order), said, sending.claim, sending.solved, at=sending.at
    )
    return answered(answer, again=again)


@router.post("/leads/{lead_id}/invitations", status_code=201, response_model=InvitationView)
async def post_invitation(
    lead_id: UUID, order: InvitationOrder, request: Request, by: Writer, tx: Tx, at: Now, once: Once
) -> Response:
    """Ask the holder of the code to meet, at a safe place and with two officers who are near no subject. 约请见面"""
    options = [Option(day=one.day, time=one.time, place=one.place, unit=one.unit) for one in order.options]

    async def invite() -> InvitationView:
        letters = request.app.state.letters
        return InvitationView.of(
            await invite_reporter(tx, letters, lead_id, order.text, order.officers, options, by=by, at=at)
        )

    return await once.reply(201, invite)


@router.get("/leads/{lead_id}/invitations")
async def get_invitations(lead_id: UUID, by: Watcher, tx: Tx, at: Now) -> list[InvitationView]:
    """Invitations of a lead and how they were answered; the reading is put on record. 约请记录(查阅留痕)"""
    return [InvitationView.of(one) for one in await read_invitations(tx, lead_id, by=by, at=at)]


router.include_router(open_doors)
