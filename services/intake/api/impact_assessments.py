"""The register of impact assessments 个人信息保护影响评估 (PIPL §55, §56; D33)."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.db import impact_assessments, notices
from services.intake.domain.impact_assessment import Cause, ImpactAssessment
from services.intake.domain.retention import Record, over_on
from services.intake.usecases.register_assessment import register_assessment
from shared.auth import Principal
from shared.deadlines import Calendar, china_date
from shared.http import Day, Now, Once, Order, Page, Paging, Said, Tx, require

router = APIRouter(prefix="/impact-assessments", tags=["影响评估 impact assessments"])
Officer = Annotated[Principal, require("dpo")]
Watcher = Annotated[Principal, require("dpo", "ofd", "aud")]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=64, pattern=r"^[^\x00]*$")]


class AssessmentOrder(Order):
    """What was assessed, why, with what result, and when again. 登记评估"""

    processing: Annotated[str, Said(2, 200), Field(description="评估的处理活动 / the handling that was assessed")]
    cause: Cause
    document_no: Number
    measures: Annotated[str, Said(2, 2000), Field(description="风险与保护措施 / risks, and what they are met with")]
    assessed_on: Day
    next_due_on: Day
    renews: UUID | None = Field(default=None, description="所续的评估 / the assessment that it follows")


class AssessmentView(BaseModel):
    """One entry; `overdue`: due again, and nobody has. 评估记录"""

    id: UUID
    processing: str
    cause: Cause
    document_no: str
    measures: str
    assessed_on: date
    next_due_on: date
    renews: UUID | None
    recorded_by: str
    recorded_at: datetime
    kept_until: date = Field(description="至少保存至 / kept at least until then")
    overdue: bool

    @classmethod
    def of(cls, one: ImpactAssessment, *, renewed: bool, today: date, days: Calendar) -> Self:
        fields = {name: getattr(one, name) for name in ImpactAssessment.__dataclass_fields__}
        kept_until = over_on(Record.ASSESSMENTS, one.assessed_on, days)
        return cls(**fields, kept_until=kept_until, overdue=not renewed and one.next_due_on < today)


@router.post("", status_code=201, response_model=AssessmentView)
async def post_assessment(order: AssessmentOrder, by: Officer, tx: Tx, at: Now, once: Once) -> Response:
    """Enter an assessment; it is never changed, a later one follows it. 登记影响评估"""

    async def register() -> AssessmentView:
        new = ImpactAssessment(id=uuid4(), recorded_by=by.sub, recorded_at=at, **order.model_dump())
        made = await register_assessment(tx, new, by=by, at=at)
        return AssessmentView.of(made, renewed=False, today=china_date(at), days=await notices.calendar(tx))

    return await once.reply(201, register)


@router.get("")
async def list_assessments(
    _: Watcher, tx: Tx, at: Now, paging: Paging, due_by: Day | None = None
) -> Page[AssessmentView]:
    """The register by the day on which each is due again; `due_by`: what waits to be renewed by then. 评估登记簿"""
    rows = await impact_assessments.page(tx, due_by=due_by, after=paging.after(date, UUID), limit=paging.limit + 1)
    days, today = await notices.calendar(tx), china_date(at)
    views = [AssessmentView.of(one, renewed=renewed, today=today, days=days) for one, renewed in rows]
    return paging.page(views, key=lambda row: (row.next_due_on, row.id))
