"""Reports past the office (G22), for discipline's own people only: what intake's door sealed and nobody of the office has seen."""

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.discipline.api.legs import Clerk, DetailReader, Handler, NewOutcome, Reader
from services.discipline.db import report_letters, reports, retention
from services.discipline.domain.leg import Outcome
from services.discipline.domain.report import How, Report, Status
from services.discipline.usecases.decide_report import accept_report, end_report
from services.discipline.usecases.keep_retention import kept_until
from services.discipline.usecases.note_claims import note_claims
from services.discipline.usecases.read_report import read_report
from shared.http import Now, Page, Paging, Tx

router = APIRouter(prefix="/reports", tags=["绕行举报 reports"])


class ReportView(BaseModel):
    """A report as a list entry. 绕行举报"""

    id: UUID
    number: str
    received_on: date
    accept_by: Annotated[date, Field(description="受理告知期限 / told by then that it is accepted (D18)")]
    status: Status
    accepted_on: date | None
    ended_on: date | None
    outcome: Outcome | None
    feedback_by: Annotated[date | None, Field(description="结果反馈期限 / told the result by then (D19)")]
    told_on: date | None
    told_how: How | None
    objected_on: date | None
    decide_by: Annotated[date | None, Field(description="异议答复期限 / the objection is decided by then (D12)")]
    danger_claimed: Annotated[
        bool | None,
        Field(description="报称现在有人身危险 / its reporter claims danger to life now; null: not asked yet"),
    ]
    danger_by: Annotated[
        date | None,
        Field(description="报称危险的,当日受理 / one that claims danger is accepted by the end of this day"),
    ]
    result_letter: Annotated[int | None, Field(description="结果信件编号 / number of the letter that tells the result")]

    @classmethod
    def of(cls, report: Report) -> Self:
        return cls.model_validate(report, from_attributes=True)


class ListedReport(ReportView):
    """The same in a list. 绕行举报"""

    unread_letters: Annotated[int, Field(description="举报人来信未阅 / letters of the reporter that nobody has read")]


class ReportDetail(ReportView):
    """A report with its content, without its reporter; null once it was destroyed. 绕行举报详情"""

    about_office: bool | None
    content: dict[str, Any] | None
    kept_until: Annotated[
        date | None,
        Field(
            description="了结后保存至,依法保留期间为空 / the last day it is kept; null before its rest, under a hold"
        ),
    ]
    expunged_on: Annotated[date | None, Field(description="内容销毁之日 / the day its content was destroyed (G24)")]


@router.get("")
async def list_reports(
    request: Request, _: Reader, tx: Tx, at: Now, paging: Paging, status: Status | None = None
) -> Page[ListedReport]:
    """Reports past the office by day of receipt, claims of danger that nobody has accepted first: `arrived` waits for D18, `ended` for D19,
    `objected` for D12. 绕行举报列表"""
    await note_claims(tx, opener=request.app.state.opener, at=at)
    rows = await reports.listed(tx, status=status, after=paging.after(int, date, UUID), limit=paging.limit + 1)
    unread = await report_letters.unread(tx, [row.id for row in rows])
    page = paging.page(rows, key=lambda row: (row.place, row.received_on, row.id))
    views = [
        ListedReport(**ReportView.of(row).model_dump(), unread_letters=unread.get(row.id, 0)) for row in page.items
    ]
    return Page(items=views, next=page.next)


@router.get("/{report_id}")
async def get_report(report_id: UUID, request: Request, by: DetailReader, tx: Tx, at: Now) -> ReportDetail:
    """One report with its content; the reading is put on record. 绕行举报详情(查阅留痕)"""
    report, inside = await read_report(tx, report_id, opener=request.app.state.opener, by=by, at=at)
    found = inside or {}
    return ReportDetail(
        **ReportView.of(report).model_dump(),
        about_office=found.get("about_office"),
        content=found.get("report"),
        kept_until=await kept_until(tx, report_id),
        expunged_on=await retention.expunged_on(tx, report_id),
    )


@router.post("/{report_id}/acceptance")
async def post_acceptance(report_id: UUID, by: Clerk, tx: Tx, at: Now) -> ReportView:
    """Accept a report; its reporter learns it by the query code. 受理"""
    return ReportView.of(await accept_report(tx, report_id, by=by, at=at))


@router.post("/{report_id}/outcome")
async def post_report_outcome(report_id: UUID, order: NewOutcome, by: Handler, tx: Tx, at: Now) -> ReportView:
    """Record the outcome category; the reporter learns that it ended. 登记处置结果"""
    return ReportView.of(await end_report(tx, report_id, order.outcome, by=by, at=at))
