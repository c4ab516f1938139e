"""The list of each working day: what is new, waits, ends soon, is late or may be a repeat; closed by a named person."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.intake.api.leads import LeadView, ListCode
from services.intake.api.stay_away import Away
from services.intake.db import deadlines, digests, gateway_messages, merges, refused_messages
from services.intake.domain.codes import Source
from services.intake.domain.digest import Digest, Part
from services.intake.usecases.close_digest import close_digest
from services.intake.usecases.draw_call_backs import late_draws
from services.intake.usecases.find_conflicts import find_conflicts
from shared.auth import Principal
from shared.deadlines import china_date
from shared.http import Day, Now, Page, Paging, Tx, require

router = APIRouter(prefix="/daily-digests", tags=["日梳理 daily digests"])
Reader = Annotated[Principal, require("icl", "ana", "ofd", "sup", "ldr")]
Closer = Annotated[Principal, require("ana", "ofd")]


class DigestView(BaseModel):
    """One day's list: how many leads are in each part, for this reader and officially. 日梳理"""

    day: date
    at: datetime = Field(description="反映的时点 / the instant that it shows")
    opened_at: datetime
    counts: dict[Part, int] = Field(
        description="本人可查阅的件数,与明细一致,不含本人应回避的线索(G4) / what this reader may see, as the rows list it"
    )
    official: dict[Part, int] = Field(description="正式件数,对所有人相同 / the official count of the list, one for all")
    closed_by: str | None
    closed_at: datetime | None

    @classmethod
    def of(cls, digest: Digest, hidden: Mapping[date, Mapping[Part, int]]) -> Self:
        """As a reader sees it from whom so many leads of its parts are hidden."""
        same = ("day", "at", "opened_at", "closed_by", "closed_at")
        counts, official = digest.seen(hidden[digest.day]), digest.seen({})
        return cls(counts=dict(counts), official=dict(official), **{name: getattr(digest, name) for name in same})


class PartView(BaseModel):
    """One part as this reader may see it, by source and by area (a lead of several areas counts in each), and where its rows are. 事项"""

    part: Part
    zh: str
    en: str
    leads: int = Field(description="本人可查阅的件数 / what this reader may see")
    official: int = Field(description="正式件数,对所有人相同 / the official count, one for all")
    by_source: dict[Source, int]
    by_area: dict[str, int] = Field(description="领域代码,none为未分领域 / area codes; none: without an area")
    rows: str


class DigestDetail(DigestView):
    """One day's list with its parts, and earlier days that nobody closed. 日梳理详情"""

    urgent_waiting: int = Field(
        description="现有待分类的紧急线索 / urgent leads that wait to be classified now (D02: 4 hours)"
    )
    danger_claimed: int = Field(
        description="现有报称人身危险、待确认的,见/intake/v1/deadlines?claimed=true / claims of danger to life that nobody has looked at"
    )
    danger_claimed_overdue: int = Field(description="其中已超期的 / of them overdue")
    children_waiting: list[UUID] = Field(
        description="现由单位办理、并入的举报涉及不满14周岁儿童、待主任登记的线索(G19) / leads with a unit of which a repeat "
        "names a child under 14, and the director has not said what is done"
    )
    unclosed_before: list[date]
    messages_waiting: int = Field(description="现有待筛查的来件 / messages that wait for a clerk now")
    messages_overdue: int = Field(description="其中已超期(D01)的 / of them overdue")
    messages_refused: int = Field(
        description="现有未能接收、待核实的来件 / that could not be taken, and nobody has settled"
    )
    call_back_draws_late: list[date] = Field(
        description="应抽取而未抽取回访名单的月份,以其首日表示(D38) / months (first day) whose draw is overdue"
    )
    units_in_conflict: int = Field(
        description="现有承办单位应当回避、待收回改交的线索,见/intake/v1/standing-conflicts / leads that their unit must not have any more"
    )
    parts: list[PartView]


@router.get("")
async def list_digests(
    _: Reader, tx: Tx, away: Away, paging: Paging, state: Literal["open"] | None = None
) -> Page[DigestView]:
    """The days' lists, newest first. 日梳理列表"""
    before = paging.after(date)
    rows = await digests.page(
        tx, open_only=state is not None, before=before[0] if before else None, limit=paging.limit + 1
    )
    hidden = await digests.hidden(tx, [row.day for row in rows], away=away)
    return paging.page([DigestView.of(row, hidden) for row in rows], key=lambda row: (row.day,))


@router.get("/{day}")
async def get_digest(day: Day, _: Reader, tx: Tx, away: Away, now: Now) -> DigestDetail:
    """One day's list, and earlier ones that nobody closed. 日梳理详情"""
    view = DigestView.of(await digests.get(tx, day), await digests.hidden(tx, [day], away=away))
    by_source: dict[str, dict[str, int]] = {part: {} for part in Part}
    by_area: dict[str, dict[str, int]] = {part: {} for part in Part}
    for part, source, number in await digests.by_source(tx, day, away=away):
        by_source[part][source] = number
    for part, area, number in await digests.by_area(tx, day, away=away):
        by_area[part][area] = number
    parts = [
        PartView(
            part=part,
            zh=part.zh,
            en=part.en,
            leads=view.counts[part],
            official=view.official[part],
            by_source={Source(source): number for source, number in by_source[part].items()},
            by_area=by_area[part],
            rows=f"/intake/v1/daily-digests/{day}/leads?part={part}",
        )
        for part in Part
    ]
    waiting, overdue = await gateway_messages.waiting(tx, china_date(now))
    urgent, claimed, late = await deadlines.urgent_now(tx, now, away=away)
    return DigestDetail(
        **view.model_dump(),
        urgent_waiting=urgent,
        danger_claimed=claimed,
        danger_claimed_overdue=late,
        children_waiting=await merges.children_waiting(tx, away=away),
        unclosed_before=await digests.open_before(tx, day),
        messages_waiting=waiting,
        messages_overdue=overdue,
        messages_refused=await refused_messages.count_open(tx),
        call_back_draws_late=await late_draws(tx, now),
        units_in_conflict=len(await find_conflicts(tx, away=away, at=now)),
        parts=parts,
    )


@router.get("/{day}/leads")
async def list_digest_leads(
    day: Day,
    part: Part,
    _: Reader,
    tx: Tx,
    away: Away,
    paging: Paging,
    source: Source | None = None,
    area: ListCode | None = None,
) -> Page[LeadView]:
    """The leads of one part of a day's list, urgent ones first, as they stand now. 日梳理明细"""
    await digests.get(tx, day)
    after = paging.after(int, UUID)
    rows = await digests.leads_of(
        tx, day, part, source=source, area=area, away=away, after=after, limit=paging.limit + 1
    )
    page = paging.page(rows, key=lambda row: (row[0], row[1].id))
    return Page(items=[LeadView.of(lead) for _, lead in page.items], next=page.next)


@router.post("/{day}/closure")
async def post_closure(day: Day, by: Closer, tx: Tx, away: Away, at: Now) -> DigestView:
    """Close the day's list, by the person who went through it. 办结日梳理"""
    closed = await close_digest(tx, day, by=by, at=at)
    return DigestView.of(closed, await digests.hidden(tx, [day], away=away))
