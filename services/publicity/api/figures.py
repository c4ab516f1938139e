"""Figures, each with the rows that make it. There is no way to type one in (A5): no route here takes a number."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from services.publicity.db import directory, queries
from services.publicity.domain import figures
from services.publicity.domain.figures import Figure, SuperiorLead
from shared.auth import Principal
from shared.contracts.envelope import CHINA
from shared.deadlines import china_date
from shared.errors import Invalid, NotFound
from shared.http import Now, Page, Paging, Tx, require

router = APIRouter(prefix="/figures", tags=["数据 figures"])
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$", re.ASCII)
_INSTANT = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$", re.ASCII)
Reader = Annotated[Principal, require("edt", "pr1", "pr2", "pr3", "ldr", "ofd", "sup")]


class FigureView(BaseModel):
    """A figure: `value` of `of` where it is a part of a whole; `rows` is the address of what makes it. 数据"""

    code: str
    name_zh: str
    name_en: str
    value: int
    of: int | None
    unit: str
    unit_zh: str
    rows: str


class FiguresView(BaseModel):
    """All figures of what happened by `as_of`, as far as it is known now. 截至某时的数据"""

    as_of: datetime
    figures: list[FigureView]


class SuperiorLeadRow(BaseModel):
    """One superior lead behind N07. 上级线索"""

    lead_id: UUID
    lead_no: str
    issuing_level: str
    received_on: date
    assigned_at: datetime | None
    sign_by: date | None
    accepted_at: datetime | None
    in_time: bool
    in_order: bool
    counted: bool


class DualAssignmentRow(BaseModel):
    """One dual assignment. 双交办"""

    lead_id: UUID
    dual_assignment_id: UUID
    created_at: datetime
    completed_at: datetime | None


class UnitRow(BaseModel):
    """One unit behind N13. 机构"""

    unit: str
    name: str
    from_on: date
    to_on: date | None


class StaffRow(BaseModel):
    """One member of staff behind N14, N15, by number; why one is not counted: left, on leave, or placed there no more. 人员"""

    staff: str
    unit: str
    post: str
    from_on: date
    to_on: date | None
    counted: bool


def _as_of(
    at: Now,
    as_of: Annotated[
        str | None,
        Query(
            max_length=40,
            description="日期(中国时间当日终了)或带时区的时刻,缺省为现在 / a day (its end in China) or an instant with its offset; now",
            examples=["2018-09-18"],
        ),
    ] = None,
) -> datetime:
    """A day stands for its last moment in China, today for now.

    What lies ahead is refused: a figure answers "how did it stand then", and one of tomorrow would say something else tomorrow.
    Raises `Invalid`.
    """
    if as_of is None:
        return at
    # an unencoded "+08:00" arrives as a blank
    written = as_of.replace(" ", "+")
    try:
        if _DAY.match(written):
            day = date.fromisoformat(written)
            if day == china_date(at):
                return at
            instant = datetime.combine(day, time.max, CHINA).astimezone(UTC)
        elif _INSTANT.match(written):
            instant = datetime.fromisoformat(written).astimezone(UTC)
        else:
            raise _wrong(
                "应为日期2018-09-18,或带时区的时刻 / must be a day like 2018-09-18, or an instant with its offset"
            )
    except (ValueError, OverflowError):
        raise _wrong("没有这一天或时刻 / there is no such day or instant") from None
    if instant > at:
        raise _wrong("晚于现在 / in the future")
    return instant


def _wrong(reason: str) -> Invalid:
    return Invalid(f"as_of: {reason}", fields=[("as_of", reason)])


AsOf = Annotated[datetime, Depends(_as_of)]


@router.get("")
async def get_figures(request: Request, _: Reader, tx: Tx, as_of: AsOf) -> FiguresView:
    """All figures of what happened by `as_of`, as far as it is known now: what came late counts on its own date. 数据"""
    superior = await queries.superior_leads(tx, as_of=as_of)
    dual = await queries.count_dual_assignments(tx, as_of=as_of)
    path, day = request.url.path, china_date(as_of)
    organs = [
        *[(code, len(await directory.units(tx, kind, on=day))) for code, kind in figures.UNITS_OF.items()],
        *[(code, len(await directory.staff(tx, kind, on=day))) for code, kind in figures.STAFF_OF.items()],
    ]
    return FiguresView(
        as_of=as_of,
        figures=[
            _view(figures.SUPERIOR_LEADS, path, as_of, figures.started(superior), of=len(superior)),
            _view(figures.DUAL_ASSIGNMENTS, path, as_of, dual),
            *[_view(figures.FIGURES[code], path, as_of, value) for code, value in organs],
        ],
    )


@router.get("/{code}/rows")
async def get_rows(
    code: str,
    _: Reader,
    tx: Tx,
    as_of: AsOf,
    paging: Paging,
    counted: Annotated[bool, Query(description="false:未计入的明细 / false: the rows that it does not count")] = True,  # noqa: FBT002
) -> Page[SuperiorLeadRow | DualAssignmentRow | UnitRow | StaffRow]:
    """The rows that make a figure, exactly as many as its value. 数据明细"""
    page: Page[Any]
    if code == figures.SUPERIOR_LEADS.code:
        leads = await queries.superior_leads(tx, as_of=as_of, after=paging.after(str, UUID))
        # whether a lead counts is the domain's to say, so the page is cut after it
        shown = [_superior_row(lead) for lead in leads if lead.counted is counted][: paging.limit + 1]
        page = paging.page(shown, key=lambda row: (row.lead_no, row.lead_id))
    elif code == figures.DUAL_ASSIGNMENTS.code:
        duals = await queries.dual_assignments(
            tx, as_of=as_of, counted=counted, after=paging.after(datetime, UUID), limit=paging.limit + 1
        )
        rows = [DualAssignmentRow.model_validate(dual, from_attributes=True) for dual in duals]
        page = paging.page(rows, key=lambda row: (row.created_at, row.lead_id))
    elif code in figures.UNITS_OF:
        found = await directory.units(tx, figures.UNITS_OF[code], on=china_date(as_of), counted=counted)
        page = _cut(paging, [UnitRow.model_validate(row) for row in found], "unit")
    elif code in figures.STAFF_OF:
        people = await directory.staff(tx, figures.STAFF_OF[code], on=china_date(as_of), counted=counted)
        page = _cut(paging, [StaffRow.model_validate(row) for row in people], "staff")
    else:
        raise NotFound(f"没有该数据,现有:{', '.join(figures.FIGURES)} / there is no such figure; there are these")
    return page


def _cut(paging: Paging, rows: list[Any], key: str) -> Page[Any]:
    """A page of a list that is read whole, by its one key."""
    [after] = paging.after(str) or ("",)
    shown = [row for row in rows if getattr(row, key) > after]
    return paging.page(shown[: paging.limit + 1], key=lambda row: (getattr(row, key),))


def _view(figure: Figure, path: str, as_of: datetime, value: int, *, of: int | None = None) -> FigureView:
    instant = as_of.isoformat().replace("+00:00", "Z")
    return FigureView(
        code=figure.code,
        name_zh=figure.zh,
        name_en=figure.en,
        value=value,
        of=of,
        unit=figure.unit,
        unit_zh=figure.unit_zh,
        rows=f"{path}/{figure.code}/rows?{urlencode({'as_of': instant})}",
    )


def _superior_row(lead: SuperiorLead) -> SuperiorLeadRow:
    return SuperiorLeadRow(
        lead_id=lead.lead_id,
        lead_no=lead.lead_no,
        issuing_level=lead.issuing_level,
        received_on=lead.received_on,
        assigned_at=lead.assigned_at,
        sign_by=lead.sign_by,
        accepted_at=lead.acceptance.at if lead.acceptance else None,
        in_time=lead.in_time,
        in_order=lead.in_order,
        counted=lead.counted,
    )
