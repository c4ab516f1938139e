"""Screening tasks 排查: scope, unit and day; findings become leads; to find nothing is an answer like any other. 排查"""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api.directory import UnitCode
from services.intake.api.leads import AreaCodes, ManifestationCodes, ShieldedOrder, Urgent
from services.intake.api.report_blocks import Passage
from services.intake.api.stay_away import Away
from services.intake.db import screenings
from services.intake.domain.codes import Source
from services.intake.domain.minors import ADULT, MINORS
from services.intake.domain.screening import Screening, ScreeningState
from services.intake.usecases.register_lead import NewLead
from services.intake.usecases.screen import add_finding, open_screening, return_screening
from shared.auth import Principal
from shared.contracts.envelope import ChineseCode
from shared.http import Day, Now, Once, Order, Page, Paging, Said, Tx, require

router = APIRouter(prefix="/screenings", tags=["排查 screenings"])
Director = Annotated[Principal, require("ofd")]
UnitStaff = Annotated[Principal, require("unl", "unh")]
Note = Annotated[str, Said(1, 2000)]


class ScreeningOrder(Order):
    """排查任务 / a task: what to comb, by whom, until when."""

    title: Annotated[str, Said(1, 100)]
    scope: Note
    unit: UnitCode
    due_on: Day


class PersonItem(Order):
    """涉及的人 / a person that is named; no child under 14 (G19)."""

    description: Passage
    age: Annotated[int, Field(ge=0, le=120, strict=True)] | None = None


class FindingOrder(ShieldedOrder):
    """排查发现 / what was found."""

    summary: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$")
    ]
    street: ChineseCode | None = None
    area_codes: AreaCodes = Field(default_factory=list)
    manifestation_codes: ManifestationCodes = Field(default_factory=list)
    persons: list[PersonItem] = Field(default_factory=list, max_length=20)
    urgent: Urgent = False


class ReturnOrder(Order):
    """反馈 / the unit is done; whether anything was found is counted, not typed in."""

    note: Note | None = None


class ScreeningView(BaseModel):
    """排查任务及反馈 / a task and how it was returned."""

    id: UUID
    title: str
    scope: str
    unit: str
    due_on: date
    state: ScreeningState
    opened_at: datetime
    returned_at: datetime | None
    zero_return: bool | None = Field(
        description="未发现,同样是有效反馈 / nothing was found, which is as good an answer"
    )
    note: str | None
    findings: int


class FoundLead(BaseModel):
    """排查发现的线索 / a lead that was found."""

    lead_id: UUID
    lead_no: str


class ListedScreening(ScreeningView):
    """任务及其发现的线索 / a task with the leads that it brought, but those in which the caller is concerned (G4)."""

    leads: list[FoundLead]


class FindingView(BaseModel):
    """排查发现登记为线索 / a finding as a lead."""

    lead_id: UUID
    lead_no: str
    minors: bool


@router.post("", status_code=201, response_model=ScreeningView)
async def post_screening(order: ScreeningOrder, request: Request, by: Director, at: Now, once: Once) -> Response:
    """Give a unit a screening task. 布置排查"""
    screening = Screening(
        id=uuid4(), title=order.title, scope=order.scope, unit=order.unit, due_on=order.due_on, opened_by=by.sub,
        opened_at=at,
    )  # fmt: skip

    async def begin() -> ScreeningView:
        await open_screening(once.tx, screening, region=request.app.state.region, by=by, at=at)
        return _view(screening, 0)

    return await once.reply(201, begin)


@router.get("")
async def list_screenings(
    by: Annotated[Principal, require("icl", "ana", "ofd", "sup", "unl", "unh")],
    tx: Tx,
    away: Away,
    paging: Paging,
) -> Page[ListedScreening]:
    """Tasks by time; with the leads they brought; a unit sees its own. 排查任务列表"""
    own = None if by.roles & {"icl", "ana", "ofd", "sup"} else by.unit
    rows = await screenings.page(tx, unit=own, after=paging.after(datetime, UUID), limit=paging.limit + 1)
    found = await screenings.leads_of(tx, [row["id"] for row in rows])
    views = []
    for row in rows:
        brought = found.get(row["id"], [])
        shown = [FoundLead(lead_id=lead_id, lead_no=number) for lead_id, number in brought if lead_id not in away]
        task = _view(screenings.of_row(row), len(brought))
        views.append(ListedScreening(**task.model_dump(), leads=shown))
    return paging.page(views, key=lambda view: (view.opened_at, view.id))


@router.post("/{screening_id}/findings", status_code=201, response_model=FindingView)
async def post_finding(
    screening_id: UUID, order: FindingOrder, request: Request, by: UnitStaff, at: Now, once: Once
) -> Response:
    """What a unit found becomes a lead of source 其他. 登记排查发现"""
    order.must_not_be_of_the_office()
    grounds, umbrella = order.shielded()
    persons = [f"涉及人员:{person.description}" for person in order.persons]
    minors = any(person.age is not None and person.age < ADULT for person in order.persons)
    new = NewLead(
        source=Source.OTHER,
        summary=order.summary,
        street=order.street,
        areas=tuple(dict.fromkeys(order.area_codes)),
        manifestations=tuple(dict.fromkeys(order.manifestation_codes)),
        allegations=(*persons, MINORS) if minors else tuple(persons),
        grounds=grounds,
        umbrella=umbrella,
        urgent=order.urgent,
    )
    ages = [person.age for person in order.persons]

    async def add() -> FindingView:
        state = request.app.state
        lead, named = await add_finding(
            once.tx, screening_id, new, ages, region=state.region, sealer=state.sealer, by=by, at=at
        )
        return FindingView(lead_id=lead.id, lead_no=lead.lead_no, minors=named)

    return await once.reply(201, add)


@router.post("/{screening_id}/return")
async def post_return(screening_id: UUID, order: ReturnOrder, by: UnitStaff, tx: Tx, at: Now) -> ScreeningView:
    """The unit is done, with findings or without. 反馈排查结果"""
    return _view(*await return_screening(tx, screening_id, note=order.note, by=by, at=at))


def _view(screening: Screening, findings: int) -> ScreeningView:
    shared = {name: getattr(screening, name) for name in ScreeningView.model_fields if name != "findings"}
    return ScreeningView(**shared, findings=findings)
