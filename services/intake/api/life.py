"""What becomes of a lead beyond its assignment: declined, redirected, suspended, told to the reporter, closed, reopened (§4.2)."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api.directory import UnitCode
from services.intake.api.leads import LeadView
from services.intake.api.stay_away import Away
from services.intake.db import life
from services.intake.domain.codes import GoTo
from services.intake.domain.decision import Decision, Kind, State
from services.intake.domain.feedback import About, Channel, NextStep, Try, WhyNot
from services.intake.domain.mailbox import LONGEST
from services.intake.usecases.close_lead import close_lead, take_objection
from services.intake.usecases.decide_on_lead import decide_on_lead, propose_decision
from services.intake.usecases.decline_lead import accept_after_all, decline_lead, propose_decline
from services.intake.usecases.deliver_feedback import deliver_feedback, log_try, read_tries, write_feedback
from services.intake.usecases.note_reading import note_page
from services.intake.usecases.suspend_lead import resume_lead, suspend_lead
from shared.auth import Principal
from shared.http import Day, Now, Once, Order, Page, Paging, Reason, Said, Tx, reader, require

router = APIRouter(tags=["线索办理 life"])
Director = Annotated[Principal, require("ofd")]
Office = Annotated[Principal, require("ana", "ofd", "sup")]
OfficeReader = Annotated[Principal, reader("ana", "ofd", "sup")]
Writer = Annotated[Principal, require("ana", "ofd")]
Proposer = Annotated[Principal, require("ana", "ofd", "dpo")]
Decider = Annotated[Principal, require("ofd", "qrv", "dpo", "aud")]
Watcher = Annotated[Principal, reader("ofd", "sup", "qrv", "dpo", "aud")]
Note = Annotated[str, Said(1, 2000)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00]*$")]


class DeclineOrder(Order):
    """Why it is outside the scope, and where to go instead. 不予受理"""

    go_to: GoTo
    reason: Annotated[
        Reason,
        Field(description="理由,告知各举报人,不得含他人信息 / why; every reporter reads it: nothing of third persons"),
    ]
    concerns_office: bool = Field(
        description="是否反映本办自身问题:是则不得不予受理 / about this office itself: then it is never declined here"
    )


class ReasonOrder(Order):
    """Why. 理由"""

    reason: Reason


class SuspensionOrder(Order):
    """Why it stands still, and what was done to protect. 中止"""

    reason: Reason
    measures: Annotated[Note, Field(description="已采取的保护措施 / protective measures that were begun")]


class TryOrder(Order):
    """One try to reach the reporter, to tell the result or to meet; by the mailbox it is on file by itself. 联系举报人"""

    channel: Channel
    on: Day
    reached: bool
    about: About = About.FEEDBACK
    why_not: WhyNot | None = None
    understood: bool | None = Field(
        default=None,
        description="举报人表示听懂,未问或未答不填 / understood the result; left out: not asked or not said",
    )
    satisfied: bool | None = Field(
        default=None, description="举报人是否满意 / satisfied with it; no person is judged by it"
    )
    text: Note | None = Field(
        default=None,
        description="告知内容,已反馈结果时必填,不得含他人信息 / the words; needed when the result was told, nothing of third persons",
    )
    next_step: NextStep | None = Field(default=None, description="下一步 / what follows")


class TryView(BaseModel):
    """One try: how, when, with what outcome, in what words and by whom; no number, no address. 联系记录"""

    assignment_no: int
    about: About
    channel: Channel
    on: date
    reached: bool
    why_not: WhyNot | None
    by: str | None
    understood: bool | None
    satisfied: bool | None
    text: str | None
    next_step: NextStep | None

    @classmethod
    def of(cls, number: int, made: Try) -> Self:
        fields = {name: getattr(made, name) for name in Try.__dataclass_fields__}
        return cls(assignment_no=number, **fields)


class FeedbackLetterOrder(Order):
    """The result in words for the reporter. 反馈信件"""

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$")
    ]
    names_nobody: Literal[True] = Field(
        description="已核对,不含举报人以外任何人的信息 / checked: it says nothing of third persons (G-FEED)"
    )


class LetterView(BaseModel):
    """It is in the mailbox. 已发出"""

    number: int
    sent_on: date


class FeedbackOrder(Order):
    """That the reporter was told, or all tries were made. 登记反馈"""

    accepted: bool = Field(default=False, description="举报人表示无异议 / the reporter has nothing to object to")


class ObjectionOrder(Order):
    """The objection with new facts, and the other team. 异议再查"""

    unit: UnitCode
    reason: Reason


class ProposalOrder(Order):
    """What is proposed and why. 提议"""

    kind: Kind
    reason: Reason


class ConfirmationOrder(Order):
    """The second person's word. 决定"""

    confirm: bool
    reason: Reason | None = None


class ProposedDecline(BaseModel):
    """A lead that an analyst proposes not to accept. 拟不予受理"""

    lead_id: UUID
    lead_no: str
    proposed_by: str
    proposed_at: datetime
    reason: str


class DecisionView(BaseModel):
    """A decision by two people; `proposed_by` null: the clock. 两人决定"""

    id: UUID
    lead_id: UUID
    kind: Kind
    state: State
    reason: str
    proposed_by: str | None
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None

    @classmethod
    def of(cls, decision: Decision) -> Self:
        return cls.model_validate(decision, from_attributes=True)


@router.post("/leads/{lead_id}/decline")
async def post_decline(lead_id: UUID, order: DeclineOrder, request: Request, by: Writer, tx: Tx, at: Now) -> LeadView:
    """Outside the scope; never a report about the office itself. An analyst proposes it, another person decides as director: then its
    reporter, and each of a repeat, is told; one with grounds goes to discipline. 提议或决定不予受理"""
    state, go_to, concerns = request.app.state, order.go_to.value, order.concerns_office
    if "ofd" not in by.roles:
        return LeadView.of(
            await propose_decline(tx, lead_id, go_to, order.reason, concerns_office=concerns, by=by, at=at)
        )
    lead = await decline_lead(
        tx,
        state.letters,
        lead_id,
        go_to,
        order.reason,
        concerns_office=concerns,
        region=state.region,
        sealer=state.sealer,
        by=by,
        at=at,
    )
    return LeadView.of(lead)


@router.get("/declines")
async def list_declines(by: OfficeReader, tx: Tx, away: Away, at: Now, paging: Paging) -> Page[ProposedDecline]:
    """What an analyst proposes not to accept, the oldest first, for a director; the reading is put on record. 拟不予受理(查阅留痕)"""
    after = paging.after(datetime, UUID)
    await note_page(tx, by, "declines", after, at=at)
    rows = await life.page_proposed_declines(tx, away=away, after=after, limit=paging.limit + 1)
    found = [ProposedDecline.model_validate(row) for row in rows]
    return paging.page(found, key=lambda row: (row.proposed_at, row.lead_id))


@router.post("/leads/{lead_id}/acceptance")
async def post_acceptance(
    lead_id: UUID, order: ReasonOrder, request: Request, by: Director, tx: Tx, at: Now
) -> LeadView:
    """An objection to the refusal is upheld, by another person than the one who declined. 异议成立改为受理"""
    return LeadView.of(await accept_after_all(tx, request.app.state.letters, lead_id, order.reason, by=by, at=at))


@router.post("/leads/{lead_id}/suspension")
async def post_suspension(lead_id: UUID, order: SuspensionOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """It stands still and its limits with it: danger to a reporter, a court's order. 中止"""
    return LeadView.of(await suspend_lead(tx, lead_id, order.reason, order.measures, by=by, at=at))


@router.post("/leads/{lead_id}/resumption")
async def post_resumption(lead_id: UUID, order: ReasonOrder, by: Director, tx: Tx, at: Now) -> LeadView:
    """It goes on where it stood. 恢复办理"""
    return LeadView.of(await resume_lead(tx, lead_id, order.reason, by=by, at=at))


@router.post("/leads/{lead_id}/feedback-tries", status_code=204, response_class=Response)
async def post_try(lead_id: UUID, order: TryOrder, by: Office, tx: Tx, at: Now, once: Once) -> Response:
    """One try to tell the reporter is put on file. 登记反馈尝试"""
    made = Try(**order.model_dump(), by=by.sub)
    return await once.reply(204, partial(log_try, tx, lead_id, made, by=by, at=at))


@router.get("/leads/{lead_id}/feedback-tries")
async def get_tries(lead_id: UUID, by: OfficeReader, tx: Tx, at: Now) -> list[TryView]:
    """All tries to reach the reporter, letters to the code too; the reading is put on record. 联系举报人记录(查阅留痕)"""
    return [TryView.of(*row) for row in await read_tries(tx, lead_id, by=by, at=at)]


@router.post("/leads/{lead_id}/feedback-letters", status_code=201, response_model=LetterView)
async def post_feedback_letter(
    lead_id: UUID, order: FeedbackLetterOrder, request: Request, by: Writer, tx: Tx, at: Now, once: Once
) -> Response:
    """The result, sealed for the holder of the code; that it is read is the delivery. 信箱反馈"""

    async def write() -> LetterView:
        sent = await write_feedback(tx, request.app.state.letters, lead_id, order.text, by=by, at=at)
        return LetterView(number=sent.number, sent_on=sent.sent_on)

    return await once.reply(201, write)


@router.post("/leads/{lead_id}/feedback")
async def post_feedback(lead_id: UUID, order: FeedbackOrder, by: Office, tx: Tx, at: Now) -> LeadView:
    """The reporter was told; or three tries on three days by two ways; or there is nobody to tell. 登记反馈"""
    return LeadView.of(await deliver_feedback(tx, lead_id, accepted=order.accepted, by=by, at=at))


@router.post("/leads/{lead_id}/objection")
async def post_objection(
    lead_id: UUID, order: ObjectionOrder, request: Request, by: Director, tx: Tx, at: Now
) -> LeadView:
    """The reporter objects with new facts: another team looks. 异议再查"""
    state = request.app.state
    lead = await take_objection(
        tx,
        lead_id,
        order.unit,
        order.reason,
        region=state.region,
        sealer=state.sealer,
        letters=state.letters,
        by=by,
        at=at,
    )
    return LeadView.of(lead)


@router.post("/leads/{lead_id}/closing")
async def post_closing(lead_id: UUID, by: Director, tx: Tx, at: Now) -> LeadView:
    """Nobody objects any more and both legs are ended. 办结"""
    return LeadView.of(await close_lead(tx, lead_id, by=by, at=at))


@router.post("/leads/{lead_id}/decisions", status_code=201, response_model=DecisionView)
async def post_decision(lead_id: UUID, order: ProposalOrder, by: Proposer, tx: Tx, at: Now, once: Once) -> Response:
    """Propose what takes two people: raising to 重大 what is with a unit (ana, decided by ofd), reopening (ofd, by qrv), expunging (dpo, by
    aud). 提议"""

    async def propose() -> DecisionView:
        return DecisionView.of(await propose_decision(tx, lead_id, order.kind, order.reason, by=by, at=at))

    return await once.reply(201, propose)


@router.get("/decisions")
async def list_decisions(
    by: Watcher,
    tx: Tx,
    away: Away,
    at: Now,
    paging: Paging,
    kind: Kind | None = None,
    state: State | None = None,
    lead_id: UUID | None = None,
) -> Page[DecisionView]:
    """Decisions as they were proposed; `state=proposed` waits for the second person; the reading is put on record. 决定列表(查阅留痕)"""
    after = paging.after(datetime, UUID)
    await note_page(tx, by, "decisions", after, lead_id=lead_id, at=at)
    rows = await life.page_decisions(
        tx,
        kind=kind,
        state=state,
        lead_id=lead_id,
        away=away,
        after=after,
        limit=paging.limit + 1,
    )
    return paging.page([DecisionView.of(row) for row in rows], key=lambda row: (row.proposed_at, row.id))


@router.post("/decisions/{decision_id}/confirmation")
async def post_confirmation(
    decision_id: UUID, order: ConfirmationOrder, request: Request, by: Decider, tx: Tx, at: Now
) -> DecisionView:
    """The second person confirms, which does it, or refuses. 决定"""
    return DecisionView.of(
        await decide_on_lead(
            tx, request.app.state.letters, decision_id, confirm=order.confirm, reason=order.reason, by=by, at=at
        )
    )
