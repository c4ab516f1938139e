"""The search over leads, its ready-made views, and searches that a person keeps."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api.leads import LeadView, ListCode
from services.intake.api.stay_away import Away
from services.intake.db import found
from services.intake.domain.code_list import CodeBook
from services.intake.domain.codes import Level, Source, Tier
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.repeat_keys import secret_of
from services.intake.domain.search import DISCIPLINE, OFFICE, UNITS, Search, View
from services.intake.usecases.search_leads import drop_search, keep_search, search_leads
from shared.auth import Principal
from shared.contracts.envelope import ChineseCode
from shared.deadlines import Colour, china_date
from shared.http import Day, Now, Once, Order, Page, Paging, Said, Tx, in_order, reader, require

router = APIRouter(tags=["检索 search"])
Anyone = Annotated[Principal, require(*OFFICE, *UNITS, *DISCIPLINE)]
Seeker = Annotated[Principal, reader(*OFFICE, *UNITS, *DISCIPLINE, always=False)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100, pattern=r"^[^\x00]*$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,16}$")]


class Filters(Order):
    """What is asked of a lead beside its words. 检索条件"""

    view: View = View.ALL
    status: list[Status] = Field(default_factory=list, max_length=8)
    source: Source | None = None
    source_l2: ListCode | None = None
    area: ListCode | None = None
    manifestation: ListCode | None = None
    tier: Tier | None = None
    level: Level | None = None
    street: ChineseCode | None = None
    unit: UnitCode | None = None
    received_from: Day | None = None
    received_to: Day | None = None
    due_by: Day | None = None
    colour: list[Colour] = Field(default_factory=list, max_length=4)

    def must_be_in_order(self, at: str = "") -> None:
        """Raises `Invalid`; `at`: what stands before the fields' names."""
        in_order((f"{at}received_from", self.received_from), (f"{at}received_to", self.received_to))

    def search(self, text: str | None) -> Search:
        """As the domain has it."""
        same = self.model_dump(exclude={"view", "status", "colour"})
        statuses, colours = tuple(dict.fromkeys(self.status)), tuple(dict.fromkeys(self.colour))
        return Search(text=text, statuses=statuses, colours=colours, **same)


class LegView(BaseModel):
    """A lead as discipline finds it: nothing of where the crime side stands. 纪律线线索"""

    id: UUID
    lead_no: str
    received_on: date


class NewSearch(Order):
    """A search to keep, without words: nobody is watched by name. 保存检索"""

    name: Annotated[str, Said(1, 40)]
    filters: Filters


class KeptSearch(BaseModel):
    """A search that is kept. 已存检索"""

    id: UUID
    name: str
    filters: Filters
    created_at: datetime


def _filters(
    view: View = View.ALL,
    status: Annotated[list[Status], Query(max_length=8)] = [],  # noqa: B006 - the framework's way, never changed
    source: Source | None = None,
    source_l2: ListCode | None = None,
    area: ListCode | None = None,
    manifestation: ListCode | None = None,
    tier: Tier | None = None,
    level: Level | None = None,
    street: ChineseCode | None = None,
    unit: UnitCode | None = None,
    received_from: Day | None = None,
    received_to: Day | None = None,
    due_by: Day | None = None,
    colour: Annotated[list[Colour], Query(max_length=4)] = [],  # noqa: B006
) -> Filters:
    given = {name: value for name, value in locals().items() if value is not None}
    return Filters.model_construct(**given)


@router.get("/search")
async def get_search(
    request: Request,
    by: Seeker,
    tx: Tx,
    away: Away,
    at: Now,
    paging: Paging,
    filters: Annotated[Filters, Depends(_filters)],
    text: Words | None = None,
) -> Page[LeadView] | Page[LegView]:
    """Leads that the caller may see, newest first; words take a purpose. 线索检索"""
    filters.must_be_in_order()
    book: CodeBook = await request.app.state.codes()
    book.must_know(china_date(at), source_l2=filters.source_l2, area=filters.area, manifestation=filters.manifestation)
    after = paging.after(int)
    leads = await search_leads(
        tx,
        filters.search(text),
        filters.view,
        before=after[0] if after else None,
        limit=paging.limit + 1,
        away=away,
        secret=secret_of(request.app.state.digest),
        by=by,
        at=at,
    )
    shown = LeadView.of if by.roles & (OFFICE | UNITS) else _leg
    page = paging.page(leads, key=lambda found: (found[0],))
    return Page(items=[shown(lead) for _, lead in page.items], next=page.next)


def _leg(lead: Lead) -> Any:
    return LegView(id=lead.id, lead_no=lead.lead_no, received_on=lead.received_on)


@router.get("/searches")
async def list_searches(by: Anyone, tx: Tx) -> list[KeptSearch]:
    """The searches that the caller keeps. 已存检索"""
    return [KeptSearch.model_validate(each) for each in await found.kept(tx, by.sub)]


@router.post("/searches", status_code=201, response_model=KeptSearch)
async def post_search(order: NewSearch, by: Anyone, at: Now, once: Once) -> Response:
    """Keep a search under a name of one's own. 保存检索"""
    order.filters.must_be_in_order("filters.")

    async def keep() -> KeptSearch:
        filters = order.filters.model_dump(mode="json", exclude_defaults=True)
        identity = await keep_search(once.tx, order.name, filters, by=by, at=at)
        return KeptSearch(id=identity, name=order.name, filters=order.filters, created_at=at)

    return await once.reply(201, keep)


@router.delete("/searches/{search_id}", status_code=204)
async def delete_search(search_id: UUID, by: Anyone, tx: Tx) -> None:
    """Keep a search no longer. 删除检索"""
    await drop_search(tx, search_id, by=by)
