"""The door for reports by the public: no login, no trace of who came. A challenge, the report, and how it stands by its code."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.intake.api.door import TOO_MANY, Door, Everyone, PublicRoute, SendingSealed
from services.intake.api.report_forms import PublicOrder, ReportOrder
from services.intake.api.slip import Slip, answer_with_slip
from services.intake.db import directory
from services.intake.domain.code_list import CodeBook
from services.intake.domain.conflict import work_at_the_office
from services.intake.domain.explained import DANGER_EN, DANGER_ZH, LIABILITY_EN, LIABILITY_ZH
from services.intake.domain.lead_states import Status
from services.intake.domain.legal_stage import CALLED, LegalStage
from services.intake.domain.opening import Purpose
from services.intake.domain.report import Channel
from services.intake.usecases.file_report import PUBLIC, Desk, Report
from services.intake.usecases.keep_subjects import standing_of_subjects
from services.intake.usecases.pass_report import pass_report
from services.intake.usecases.read_lead import read_lead
from services.intake.usecases.read_progress import ReadProgress
from services.intake.usecases.subject_store import whole_content, whole_texts
from services.intake.usecases.submit_lead import Outcome
from shared.auth import Principal
from shared.deadlines import china_date
from shared.http import Now, Order, Tx, reader
from shared.http.words import TOLD

router = APIRouter(tags=["举报 reports"])
open_doors = APIRouter(prefix="/reports", tags=router.tags, route_class=PublicRoute, responses=TOO_MANY)

NOTICE = f"{DANGER_ZH}{LIABILITY_ZH} / {DANGER_EN} {LIABILITY_EN}"


class ChallengeView(BaseModel):
    """求出一个数字,使 SHA-256("<challenge>:<数字>") 的前若干位为零 / find a number so that this hash has so many leading zero bits."""

    challenge: str
    leading_zero_bits: int
    seconds: int = Field(description="有效时间 / good for so long; used once")
    notice: str = Field(
        description="举报前须知:遇险拨打110;诬告责任及其与错告的区别 / to be shown first: 110 in danger; liability, and that a "
        "mistake is no false accusation"
    )


def _ways(*given: str) -> dict[str, Any]:
    """Of the three fields of a code these and no other."""
    types = {name: "string" if name in given else "null" for name in ("query_code", "lead_no", "own_code")}
    return {"required": list(given), "properties": {name: {"type": kind} for name, kind in types.items()}}


class StatusOrder(Order):
    """查询码,或线索编号加自选码 / the query code, or lead number and own code."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_ways("query_code"), _ways("lead_no", "own_code")]})
    query_code: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    lead_no: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00]*$")] | None = None
    own_code: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "StatusOrder":
        by_code = self.query_code is not None and self.lead_no is None and self.own_code is None
        by_own = self.query_code is None and self.lead_no is not None and self.own_code is not None
        if not (by_code or by_own):
            raise PydanticCustomError(
                TOLD, "请填写查询码,或线索编号加自选码 / query_code, or lead_no and own_code together"
            )
        return self


class StepView(BaseModel):
    """一步进展 / one step."""

    status: Status
    zh: str
    en: str
    since: date


class OpenedView(BaseModel):
    """一次调取举报人信息 / one opening of the reporter's data."""

    on: date
    purpose: Purpose
    zh: str
    en: str


class LimitView(BaseModel):
    """一个期限 / a limit that runs."""

    zh: str
    en: str
    by: date
    latest: date | None = Field(description="最迟不得超过之日,如有 / its last day of all, if it has one")


class ProgressView(BaseModel):
    """办理进展,只到日 / how it stands, by days."""

    received_on: date
    now: StepView
    steps: list[StepView]
    opened: int = Field(description="举报人信息被批准调取的次数 / how often the reporter's data were opened")
    openings: list[OpenedView]
    limits: list[LimitView] = Field(description="您应在何日前得到消息 / by which days you are to hear")
    unread_messages: int = Field(description="信箱中未读的信件 / messages in the mailbox that are not read yet")


@open_doors.post("/challenges")
async def post_challenge(_: Everyone, request: Request, at: Now) -> ChallengeView:
    """A challenge to solve for one report; harder while the door is busy. 获取工作量证明"""
    door: Door = request.app.state.door
    challenge, bits, seconds = door.challenge(request.scope["route"].path_format, at)
    return ChallengeView(challenge=challenge, leading_zero_bits=bits, seconds=seconds, notice=NOTICE)


@open_doors.post("", status_code=201, response_model=Slip)
async def post_report(order: PublicOrder, request: Request, sending: SendingSealed) -> Response:
    """Report without signing in; the answer is the only time that the code is shown. What is addressed to discipline, or about the office
    or somebody who works there, is sealed for discipline alone. 群众举报"""
    desk: Desk = request.app.state.desk
    book: CodeBook = await request.app.state.codes()
    report = Report(
        channel=Channel.WEB,
        naming=order.naming,
        reporter=told(order),
        content=content_of(order, Channel.WEB),
        sent=await request.json(),
        spent=(sending.solved.mark, sending.solved.expires),
    )
    outcome: Outcome
    about_office = order.concerns_office or await _of_the_office(request, order.unplaced, sending.at)
    if order.past_office or about_office:
        passed = desk.pass_on(report, about_office=about_office, book=book, key=sending.key, at=sending.at)
        outcome = await pass_report(request.app.state.database, passed, desk.claim(sending.claim), region=desk.region)
    else:
        registration = desk.file(report, book=book, key=sending.key, by=PUBLIC, at=sending.at)
        outcome = await request.app.state.submit_lead(registration, desk.claim(sending.claim))
    return answer_with_slip(outcome, sending.key)


async def _of_the_office(request: Request, names: list[str], at: datetime) -> bool:
    """Whether the directory knows one of these to work at the office."""
    if not names:
        return False
    async with request.app.state.database.transaction() as tx:
        return work_at_the_office(await directory.whole(tx), names, china_date(at))


@open_doors.post("/status")
async def post_status(_: Everyone, order: StatusOrder, request: Request) -> ProgressView:
    """How a report stands, by its code, which is never part of an address. 查询办理进展"""
    ask: ReadProgress = request.app.state.read_progress
    if order.query_code is not None:
        found = await ask.by_code(order.query_code)
    else:
        door: Door = request.app.state.door
        lead_no = (order.lead_no or "").strip().upper()
        await door.guess(lead_no)
        found = await ask.by_own_code(lead_no, order.own_code or "")
        await door.guessed(lead_no)
    views = [StepView(status=step.status, zh=step.words[0], en=step.words[1], since=step.since) for step in found.steps]
    opened = [OpenedView(on=on, purpose=purpose, zh=purpose.zh, en=purpose.en) for on, purpose in found.openings]
    return ProgressView(
        received_on=found.received_on,
        now=views[-1],
        steps=views,
        opened=len(opened),
        openings=opened,
        limits=[LimitView(zh=one.words[0], en=one.words[1], by=one.by, latest=one.latest) for one in found.limits],
        unread_messages=found.unread,
    )


class SubjectsView(BaseModel):
    """被举报人的称谓、所处阶段和保存期限 / what the reported are called, the stage, and how long their numbers are kept."""

    called_zh: str
    called_en: str
    legal_stage: LegalStage
    zh: str
    en: str
    since: date
    expires_on: date | None = Field(
        description="号码、住址保存至该日,办结前为空 / kept until this day; null until it ends"
    )


class ReportView(BaseModel):
    """举报的内容,不含举报人 / what was reported, without the reporter."""

    content: dict[str, Any] = Field(
        description="举报的各部分,受理员登记的有confirmed(确认方式);"
        "其他渠道登记的线索为summary、allegations、umbrella、transfer_reason / the blocks of a report; of a lead "
        "that came in by another door its texts"
    )
    subjects: SubjectsView


@router.get("/leads/{lead_id}/report")
async def get_report(
    lead_id: UUID, request: Request, by: Annotated[Principal, reader("ana", "ofd")], tx: Tx, at: Now
) -> ReportView:
    """What was reported, whole, numbers and addresses in their places; who shields it is shown to the director alone, and the reading is
    put on record. 举报内容(查阅留痕)"""
    keys = request.app.state.sealer.subjects
    lead = await read_lead(tx, lead_id, secret=request.app.state.circle_secret, subjects=keys, by=by, at=at)
    found = await whole_content(tx, lead_id, keys) or await whole_texts(tx, lead, keys)
    hidden = frozenset() if "ofd" in by.roles else frozenset({"umbrella"})
    stage, since, until = await standing_of_subjects(tx, lead)
    subjects = SubjectsView(
        called_zh=CALLED[0],
        called_en=CALLED[1],
        legal_stage=stage,
        zh=stage.zh,
        en=stage.en,
        since=since,
        expires_on=until,
    )
    return ReportView(content={name: value for name, value in found.items() if name not in hidden}, subjects=subjects)


def told(order: ReportOrder) -> dict[str, Any] | None:
    """What the reporter said of himself, if anything."""
    found = order.reporter.model_dump(mode="json", exclude_defaults=True) if order.reporter else {}
    return found or None


def content_of(order: ReportOrder, channel: Channel) -> dict[str, Any]:
    """The report without the reporter and what is no part of it."""
    outside = {
        "reporter",
        "own_code",
        "confirmation",
        "confirmed",
        "received_on",
        "channel",
        "addressed_to",
        "about_office",
        "lost_receipt",
        "urgent",
    }
    return order.model_dump(mode="json", exclude_defaults=True, exclude=outside) | {"channel": channel.value}
