"""Quality review of drawn conclusions 评查 (D36), and the monthly draw that everyone can recompute."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from services.verification.api.works import WorkDetail
from services.verification.db import reviews
from services.verification.domain.review import Review, ReviewState
from services.verification.domain.work import Because, Conclusion, Work
from services.verification.usecases.review_work import decide_review, read_review
from shared.auth import Principal
from shared.deadlines import china_date, month_of
from shared.http import Now, Once, Order, Page, Paging, Reason, Tx, reader, require

router = APIRouter(tags=["评查 quality review"])
Reviewer = Annotated[Principal, require("qrv")]
Reader = Annotated[Principal, reader("qrv")]
Anyone = Annotated[Principal, require()]
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"


class WaitingView(BaseModel):
    """A conclusion that waits for its review. 待评查结论"""

    work_id: UUID
    lead_id: UUID
    unit: str
    level: str
    conclusion: Conclusion
    because: Because
    concluded_at: datetime
    due_on: date = Field(description="评查期限(D36) / to be reviewed by this day")
    overdue: bool

    @classmethod
    def of(cls, review: Review, work: Work, at: datetime) -> "WaitingView":
        return cls(
            work_id=work.id,
            lead_id=work.lead_id,
            unit=work.unit,
            level=work.level,
            conclusion=review.conclusion,
            because=review.because,
            concluded_at=review.concluded_at,
            due_on=review.due_on,
            overdue=review.due_on < china_date(at),
        )


class ReviewDetail(WaitingView):
    """The same with the work as its unit sees it. 待评查结论详情"""

    work: WorkDetail


class ReviewView(BaseModel):
    """What became of it. 评查结果"""

    work_id: UUID
    number: int
    conclusion: Conclusion
    because: Because
    state: ReviewState
    reason: str | None
    rework_by: date | None
    decided_by: str | None
    decided_at: datetime | None


class ReviewOrder(Order):
    """Whether the conclusion stands; why, when it is returned. 评查意见"""

    passed: bool
    reason: Reason | None = None


class EntryView(BaseModel):
    """A refuted conclusion that chance decided on, without its name. 名单条目"""

    token: str
    drawn: bool


class DrawView(BaseModel):
    """A month's draw: the commitment at once, seed and list when the month is over. 评查抽取公示"""

    month: str
    commitment: str = Field(description="种子的承诺,月前公布 / published before the month")
    committed_at: datetime
    beacons: list[str] | None = Field(description="其他三服务随后首个签名 / what the others signed first after that")
    fixed_at: datetime | None
    seed: str | None
    entries: list[EntryView] | None


@router.get("/reviews")
async def list_reviews(by: Reviewer, tx: Tx, at: Now, paging: Paging) -> Page[WaitingView]:
    """What waits for its review, longest first, without the caller's own unit. 待评查结论列表"""
    after = paging.after(datetime, UUID)
    rows = await reviews.waiting(tx, but_unit=by.unit, after=after, limit=paging.limit + 1)
    views = [WaitingView.of(review, work, at) for review, work in rows]
    return paging.page(views, key=lambda one: (one.concluded_at, one.work_id))


@router.get("/reviews/{work_id}")
async def get_review(work_id: UUID, request: Request, by: Reader, tx: Tx, at: Now) -> ReviewDetail:
    """A conclusion that waits, with the work and its facts; the reading is put on record. 待评查结论详情(查阅留痕)"""
    work, review, facts = await read_review(tx, work_id, opener=request.app.state.opener, by=by, at=at)
    detail = WorkDetail.whole(work, facts, await reviews.of_work(tx, work.id))
    return ReviewDetail(**WaitingView.of(review, work, at).model_dump(), work=detail)


@router.post("/reviews/{work_id}/decision", response_model=ReviewView)
async def post_decision(
    work_id: UUID, order: ReviewOrder, request: Request, by: Reviewer, tx: Tx, at: Now, once: Once
) -> Response:
    """Let the conclusion stand, or return it with a reason. 评查通过或退回"""

    async def decide() -> ReviewView:
        review = await decide_review(
            tx,
            work_id,
            passed=order.passed,
            reason=order.reason,
            opener=request.app.state.opener,
            by=by,
            at=at,
        )
        return ReviewView.model_validate(review, from_attributes=True)

    return await once.reply(200, decide)


@router.get("/review-draws")
async def get_draw(month: Annotated[str, Query(pattern=MONTH)], _: Anyone, tx: Tx, at: Now) -> DrawView:
    """How a month's refuted conclusions were drawn; names nothing and nobody. 评查抽取公示"""
    row = await reviews.published(tx, date.fromisoformat(f"{month}-01"))
    over = row["month"] < month_of(china_date(at))
    shown: dict[str, Any] = {name: row[name] for name in ("commitment", "committed_at", "beacons", "fixed_at")}
    return DrawView(
        month=month,
        **shown,
        seed=row["seed"].hex() if over else None,
        entries=[EntryView(**each) for each in await reviews.entries(tx, row["month"])] if over else None,
    )
