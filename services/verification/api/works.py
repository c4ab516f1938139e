"""Works on leads, each visible to its own unit; discipline and others see nothing here (M17, separate walls)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints

from services.verification.db import queries, reviews
from services.verification.domain.accusation import Decision
from services.verification.domain.review import Review, ReviewState
from services.verification.domain.work import Conclusion, Status, Verifier, Work
from services.verification.usecases.accept_work import accept_work
from services.verification.usecases.conclude_work import conclude_work
from services.verification.usecases.dispute_work import dispute_work
from services.verification.usecases.read_work import read_work
from services.verification.usecases.report_first import report_first
from shared.auth import Principal
from shared.contracts.intake import Facts
from shared.http import Day, Now, Order, Page, Paging, Reason, Tx, reader, require

router = APIRouter(prefix="/works", tags=["核查任务 works"])
DecisionText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Leader = Annotated[Principal, require("unl")]
_OF_UNIT = ("unl", "unh", "p1", "p2", "p3", "p4", "p5", "p6", "tfl", "tfm")
Reader = Annotated[Principal, require(*_OF_UNIT)]
DetailReader = Annotated[Principal, reader(*_OF_UNIT)]


class VerifierView(BaseModel):
    """One verifier: staff number and the date of the recusal statement. 核查人员"""

    staff: str
    recusal_statement_on: date


class NamedVerifier(Order):
    """A verifier who is named: staff number, and the date of the recusal statement, from the day of assignment on. 核查人员"""

    staff: str = Field(
        pattern=r"^[A-Za-z]{1,4}-?[0-9]{1,8}$",
        description="人员编号,不分大小写 / staff number, in either case",
        examples=["GA-101"],
    )
    recusal_statement_on: Day


class WorkView(BaseModel):
    """A work as a list entry. 核查任务"""

    id: UUID
    lead_id: UUID
    assignment_no: int
    unit: str
    level: str
    status: Status
    sign_by: date
    due_on: date
    provisional: bool
    conclusion: Conclusion | None
    opened_at: datetime
    urgent: bool
    danger_claimed: bool = Field(
        description="并入的举报报称人身危险,尚待确认 / a repeat claims danger to life, and nobody has said whether it holds"
    )
    dispute_by: date | None
    arrest_held_until: date | None = Field(description="抓捕暂缓至 / an arrest waits until")
    publication_held_until: date | None = Field(description="公开暂缓至 / a publication waits until")
    suspended: bool = Field(description="线索已中止,暂不办理 / the lead is suspended")
    verifiers: list[VerifierView]

    @classmethod
    def of(cls, work: Work) -> Self:
        return cls.model_validate(work.as_shown(), from_attributes=True)


class ReturnView(BaseModel):
    """A conclusion that a review sent back: why, and until when it is reported again (D10). 评查退回"""

    conclusion: Conclusion
    reason: str | None
    rework_by: date | None
    returned_at: datetime | None


class DecisionView(BaseModel):
    """The formal decision that a false accusation rests on. 认定诬告的决定文书"""

    organ: str
    document_no: str
    decided_on: date

    @classmethod
    def of(cls, decision: Decision) -> Self:
        return cls.model_validate(decision, from_attributes=True)


class WorkDetail(WorkView):
    """A work with its plan and restricted facts; facts are null while not arrived or once destroyed. 核查任务详情"""

    plan: str | None
    first_report: str | None
    decision: DecisionView | None
    facts: Facts | None
    returns: list[ReturnView] = Field(description="评查退回的结论 / conclusions that a review sent back")

    @classmethod
    def whole(cls, work: Work, facts: Facts | None, reviewed: Sequence[Review]) -> Self:
        returns = [
            ReturnView(
                conclusion=one.conclusion, reason=one.reason, rework_by=one.rework_by, returned_at=one.decided_at
            )
            for one in reviewed
            if one.state is ReviewState.RETURNED
        ]
        base = WorkView.of(work).model_dump()
        if work.is_withdrawn:
            return cls(**base, decision=None, plan=None, first_report=None, facts=None, returns=[])
        decision = reviewed[-1].decision if reviewed and work.conclusion is Conclusion.C8 else None
        return cls(
            **base,
            decision=decision and DecisionView.of(decision),
            plan=work.plan,
            first_report=work.first_report,
            facts=facts,
            returns=returns,
        )


class Acceptance(Order):
    """Signing for a work: at least two verifiers with recusal statements, and the plan. 签收"""

    verifiers: list[NamedVerifier] = Field(min_length=2, max_length=20)
    plan: str = Field(min_length=1, max_length=8000)


class Dispute(Order):
    """Why it is not this unit's. 管辖异议"""

    reason: Reason


class FirstReport(Order):
    """What was found and done in the first hours. 紧急首报"""

    text: str = Field(min_length=5, max_length=4000)


class DecisionOrder(Order):
    """The formal decision that a false accusation rests on. 认定诬告的决定文书"""

    organ: DecisionText = Field(description="作出决定的机关 / the organ that decided")
    document_no: DecisionText = Field(description="决定文书文号 / number of the document")
    decided_on: Day


class NewConclusion(Order):
    """The conclusion category (C1-C6, C8); C8 with the decision that it rests on, and reviewed by another person (G16). 结论类别"""

    conclusion: Conclusion
    decision: DecisionOrder | None = None


@router.get("")
async def list_works(by: Reader, tx: Tx, paging: Paging, lead_id: UUID | None = None) -> Page[WorkView]:
    """The works of the caller's unit, by arrival. 本单位核查任务"""
    rows = await queries.list_works(
        tx, unit=by.unit, lead_id=lead_id, after=paging.after(datetime, UUID), limit=paging.limit + 1
    )
    return paging.page([WorkView.of(work) for work in rows], key=lambda work: (work.opened_at, work.id))


@router.get("/{work_id}")
async def get_work(work_id: UUID, request: Request, by: DetailReader, tx: Tx, at: Now) -> WorkDetail:
    """One work with its facts; the reading is put on record. 核查任务详情(查阅留痕)"""
    work, facts = await read_work(tx, work_id, opener=request.app.state.opener, by=by, at=at)
    return WorkDetail.whole(work, facts, await reviews.of_work(tx, work.id))


@router.post("/{work_id}/acceptance")
async def post_acceptance(work_id: UUID, order: Acceptance, request: Request, by: Leader, tx: Tx, at: Now) -> WorkView:
    """Sign for a work and begin it in order. 签收并指定核查人员"""
    named = [Verifier(staff=v.staff, recusal_statement_on=v.recusal_statement_on) for v in order.verifiers]
    return WorkView.of(await accept_work(tx, work_id, named, order.plan, opener=request.app.state.opener, by=by, at=at))


@router.post("/{work_id}/conclusion")
async def post_conclusion(work_id: UUID, order: NewConclusion, by: Leader, tx: Tx, at: Now) -> WorkView:
    """Conclude a work. 作出结论"""
    decision = Decision(**order.decision.model_dump()) if order.decision else None
    return WorkView.of(await conclude_work(tx, work_id, order.conclusion, decision=decision, by=by, at=at))


@router.post("/{work_id}/dispute")
async def post_dispute(work_id: UUID, order: Dispute, by: Leader, tx: Tx, at: Now) -> WorkView:
    """Not ours: once, before signing, within two working days; the office rules. 提出管辖异议"""
    return WorkView.of(await dispute_work(tx, work_id, order.reason, by=by, at=at))


@router.post("/{work_id}/first-report")
async def post_first_report(work_id: UUID, order: FirstReport, by: Leader, tx: Tx, at: Now) -> WorkView:
    """The first report of an urgent lead, within 24 hours. 紧急首报"""
    return WorkView.of(await report_first(tx, work_id, order.text, by=by, at=at))
