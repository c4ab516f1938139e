"""Leads: registered, classified, assigned by the office; the register follows what others do. Nothing of a reporter is ever shown."""

from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.intake.api.directory import UnitCode
from services.intake.api.report_blocks import UmbrellaBlock
from services.intake.api.stay_away import Away
from services.intake.db import leads, merges, queries
from services.intake.domain.codes import Ground, IssuingLevel, Level, Source, Tier
from services.intake.domain.lead import Lead
from services.intake.domain.lead_number import LeadNumber
from services.intake.domain.lead_states import Status
from services.intake.domain.report import grounds, umbrella_told
from services.intake.domain.upstream_number import normal_form
from services.intake.usecases.add_grounds import add_grounds
from services.intake.usecases.assign_lead import assign_lead
from services.intake.usecases.check_unit import cautions
from services.intake.usecases.classify_lead import Classification, classify_lead
from services.intake.usecases.file_report import PUBLIC
from services.intake.usecases.read_lead import read_lead
from services.intake.usecases.register_lead import NewLead, admit
from services.intake.usecases.submit_lead import Outcome
from shared import reads
from shared.auth import Principal
from shared.contracts.envelope import ChineseCode, Code, day_of
from shared.errors import Invalid
from shared.http import Claimed, Day, Now, Order, Page, Paging, Said, Tx, answered, reader, require
from shared.http.words import TOLD

router = APIRouter(prefix="/leads", tags=["线索 leads"])
Clerk = Annotated[Principal, require("icl")]
Analyst = Annotated[Principal, require("ana", "ofd")]
Director = Annotated[Principal, require("ofd")]
Reader = Annotated[Principal, require("icl", "ana", "ofd", "sup", "ldr")]

_MAY_KNOW_WHY = frozenset({"ana", "ofd", "sup"})
"""A reason is free text about the case; clerks and leaders follow the states alone."""
_PLAIN = r"^[^\x00]*$"
MOST_AREAS, MOST_MANIFESTATIONS = 20, 40
ListCode = Annotated[Code, Field(description="见/intake/v1/codes / of the code lists in force")]
"""A code of a dated list (`code_list.py`): whether it is in force is for the use case to say, which knows the day."""
AreaCodes = Annotated[list[ListCode], Field(max_length=MOST_AREAS)]
ManifestationCodes = Annotated[list[ListCode], Field(max_length=MOST_MANIFESTATIONS)]


def _text(most: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=most, pattern=_PLAIN)


UpstreamNo = Annotated[str, _text(64), AfterValidator(normal_form)]


def _lead_no(value: str) -> str:
    """As it is kept. A mistyped one is told apart from one that is not here."""
    try:
        return str(LeadNumber.parse(value.upper()))
    except ValueError:
        raise PydanticCustomError(
            TOLD, "编号有误,应如999999-S20180601-0000072,请逐个核对 / mistyped: a lead number looks like this one"
        ) from None


TO_DISCIPLINE = (
    "反映扫黑办工作人员的,不登记;请将原件密封直送纪委监委 / "
    "about the office: not registered; send what there is, sealed, to discipline"
)
Urgent = Annotated[
    bool, Field(description="有人身危险或证据即将灭失 / someone is in danger, or evidence is being lost (D02: 4 hours)")
]
"""The word of who registers, at each door of staff and machines."""
LeadNo = Annotated[str, _text(40), AfterValidator(_lead_no)]
"""A lead's number, typed by hand."""


class Reporter(Order):
    """The reporter, sealed at the door for the vault; no answer ever shows it. 举报人信息(即时密封)"""

    name: Annotated[str, _text(100)]
    phone: Annotated[str, _text(40)] | None = None
    id_number: Annotated[str, _text(40)] | None = None
    address: Annotated[str, _text(300)] | None = None
    note: Annotated[str, _text(1000)] | None = None


class ShieldedOrder(Order):
    """What a lead says for discipline alone, at each door that takes one. 保护伞及涉纪情形(只送纪委监委)"""

    discipline_grounds: list[Ground] = Field(
        default_factory=list,
        max_length=3,
        description="涉纪情形,有任一项即双交办 / grounds for discipline, each makes it a lead for both legs",
    )
    umbrella: UmbrellaBlock | None = Field(
        default=None,
        description="保护伞:只送纪委监委,请勿写入摘要 / who shields it, for discipline alone: not for the summary",
    )

    def shielded(self) -> tuple[tuple[Ground, ...], str | None]:
        """The grounds, with those that what is said amounts to, and what is said."""
        said = {"umbrella": self.umbrella.model_dump(exclude_none=True)} if self.umbrella else {}
        return tuple(dict.fromkeys([*self.discipline_grounds, *grounds(said)])), umbrella_told(said)

    def must_not_be_of_the_office(self) -> None:
        """Raises `Invalid` when an official works at the office: what is typed into the register its director reads (G22)."""
        if self.umbrella and (fields := self.umbrella.at_the_office()):
            raise Invalid(TO_DISCIPLINE, fields=[(f"umbrella.{field}", TO_DISCIPLINE) for field in fields])


class LeadOrder(ShieldedOrder):
    """A lead as a clerk types it. 线索登记"""

    source: Source
    source_l2: ListCode | None = Field(default=None, description="二级来源 / second-level source, of the code lists")
    summary: Annotated[str, _text(4000)]
    issuing_level: IssuingLevel | None = None
    upstream_no: UpstreamNo | None = None
    upstream_deadline: Day | None = None
    received_on: Day | None = Field(
        default=None, description="日期(中国),缺省为今日 / day in China; today when left out"
    )
    street: ChineseCode | None = None
    area_codes: AreaCodes = Field(default_factory=list)
    manifestation_codes: ManifestationCodes = Field(default_factory=list)
    allegations: list[Annotated[str, _text(2000)]] = Field(default_factory=list, max_length=50)
    reporter: Reporter | None = None
    urgent: Urgent = False


class ClassificationOrder(Order):
    """Tier, level, areas, manifestations. 分级分类"""

    tier: Tier
    level: Level
    area_codes: AreaCodes = Field(min_length=1)
    manifestation_codes: ManifestationCodes | None = Field(
        default=None,
        description="不填则保留登记时的表现形式,[]为无 / left out: those of the register stay; []: none",
    )
    urgent: bool | None = Field(
        default=None,
        description="有人身危险或证据即将灭失,不填则不变 / danger, or evidence being lost; left out: as it was",
    )


class AssignmentOrder(Order):
    """The unit to charge, and grounds for a discipline leg. 交办"""

    unit: UnitCode
    discipline_grounds: list[Ground] = Field(default_factory=list, max_length=3)


class GroundsOrder(Order):
    """Grounds found later. 补充涉纪情形"""

    discipline_grounds: list[Ground] = Field(min_length=1, max_length=3)
    reason: Annotated[str, Said(1, 500)]


class LeadView(BaseModel):
    """A lead as a list entry. 线索"""

    id: UUID
    lead_no: str
    source: Source
    source_l2: str | None
    issuing_level: IssuingLevel | None
    upstream_no: str | None
    upstream_deadline: date | None
    received_on: date
    street: str | None
    status: Status
    tier: Tier | None
    level: Level | None
    area_codes: list[str]
    manifestation_codes: list[str]
    named: bool
    urgent: bool
    unit: str | None
    assignment_no: int | None
    sign_by: date | None
    due_on: date | None
    provisional: bool | None
    version: int
    codes_version: str = Field(
        description="登记或分类所用的代码表版本 / the version of the code lists it was classified with"
    )
    merged_into: UUID | None = Field(description="并入的主线索 / the master it is merged into")

    @classmethod
    def of(cls, lead: Lead, **more: Any) -> Self:
        fixed = {name: getattr(lead, name) for name in _alike(cls)}
        fixed["status"] = lead.standing
        work = lead.assignment
        return cls(
            **fixed,
            area_codes=list(lead.areas),
            manifestation_codes=list(lead.manifestations),
            unit=work.unit if work else None,
            assignment_no=work.number if work else None,
            sign_by=work.sign_by if work else None,
            due_on=work.due_on if work else None,
            provisional=work.provisional if work else None,
            **more,
        )


@cache
def _alike(view: type[BaseModel]) -> list[str]:
    """The fields that a lead has under the same name."""
    return [name for name in view.model_fields if name in Lead.__dataclass_fields__]


def view(lead: Lead) -> Any:
    """A lead as the JSON of an answer."""
    return LeadView.of(lead).model_dump(mode="json")


class LeadDetail(LeadView):
    """A lead with what was reported. 线索详情"""

    summary: str
    allegations: list[str]
    discipline_grounds: list[Ground] | None = Field(description="仅扫黑办主任可见 / shown to ofd only")


class AssignedView(LeadView):
    """A lead that was just assigned, and what else there is to know of the unit. 已交办线索"""

    warnings: list[str]


class HistoryLine(BaseModel):
    """Who did what, when and why. 办理记录"""

    version: int
    action: str
    status: Status
    actor: str
    unit: str
    reason: str | None = Field(description="仅ana、ofd、sup可见 / shown to ana, ofd, sup only")
    effective_at: datetime
    recorded_at: datetime

    def by_days(self) -> "HistoryLine":
        """Of what the reporter did only the day is told: its second would meet another system's record of who came (G1)."""
        if self.actor != PUBLIC.sub:
            return self
        days = {"effective_at": day_of(self.effective_at), "recorded_at": day_of(self.recorded_at)}
        return self.model_copy(update=days)


@router.post("", status_code=201, response_model=LeadView)
async def post_lead(order: LeadOrder, request: Request, by: Clerk, claim: Claimed) -> Response:
    """Register one lead; those that come at the same time share a transaction. 登记线索"""
    order.must_not_be_of_the_office()
    found, told = order.shielded()
    new = NewLead(
        source=order.source,
        source_l2=order.source_l2,
        summary=order.summary,
        issuing_level=order.issuing_level,
        upstream_no=order.upstream_no,
        upstream_deadline=order.upstream_deadline,
        received_on=order.received_on,
        street=order.street,
        areas=tuple(dict.fromkeys(order.area_codes)),
        manifestations=tuple(dict.fromkeys(order.manifestation_codes)),
        allegations=tuple(order.allegations),
        grounds=found,
        umbrella=told,
        named=order.reporter is not None,
        urgent=order.urgent,
        reporter=order.reporter.model_dump(exclude_none=True) if order.reporter else None,
    )
    state = request.app.state
    outcome: Outcome = await state.submit_lead(
        admit(new, book=await state.codes(), sealer=state.sealer, by=by, at=claim.at), claim
    )
    return answered(outcome.answer, again=outcome.replayed)


@router.get("")
async def list_leads(
    _: Reader,
    tx: Tx,
    away: Away,
    paging: Paging,
    status: Status | None = None,
    source: Source | None = None,
    source_l2: ListCode | None = None,
    upstream_no: UpstreamNo | None = None,
    lead_no: LeadNo | None = None,
) -> Page[LeadView]:
    """Leads by day of receipt. 线索列表"""
    rows = await queries.list_leads(
        tx,
        status=status,
        source=source,
        source_l2=source_l2,
        upstream_no=upstream_no,
        lead_no=lead_no,
        away=away,
        after=paging.after(date, UUID),
        limit=paging.limit + 1,
    )
    return paging.page([LeadView.of(lead) for lead in rows], key=lambda lead: (lead.received_on, lead.id))


@router.get("/{lead_id}")
async def get_lead(
    lead_id: UUID, request: Request, by: Annotated[Principal, reader("ana", "ofd", "sup")], tx: Tx, at: Now
) -> LeadDetail:
    """One lead with its facts; the reading is put on record. 线索详情(查阅留痕)"""
    lead = await read_lead(
        tx, lead_id, secret=request.app.state.circle_secret, subjects=request.app.state.sealer.subjects, by=by, at=at
    )
    # those of its repeats are the matter's, too
    shown = list(await merges.grounds_of(tx, lead)) if "ofd" in by.roles else None
    return LeadDetail.of(lead, discipline_grounds=shown)


@router.get("/{lead_id}/history")
async def get_history(
    lead_id: UUID, by: Annotated[Principal, reader("icl", "ana", "ofd", "sup", "ldr", always=False)], tx: Tx, at: Now
) -> list[HistoryLine]:
    """What was done with a lead; reading the reasons takes a purpose and is put on record. 办理记录"""
    await leads.get(tx, lead_id)
    lines = [HistoryLine.model_validate(line).by_days() for line in await queries.history(tx, lead_id)]
    if by.roles & _MAY_KNOW_WHY:
        await reads.note(tx, by, "lead.read-history", lead_id, at=at)
        return lines
    return [line.model_copy(update={"reason": None}) for line in lines]


@router.post("/{lead_id}/classification")
async def post_classification(lead_id: UUID, order: ClassificationOrder, by: Analyst, tx: Tx, at: Now) -> LeadView:
    """Classify a lead; level 重大 by the director, after another person has classified it. 分级分类"""
    kinds = order.manifestation_codes
    chosen = Classification(
        tier=order.tier,
        level=order.level,
        areas=tuple(dict.fromkeys(order.area_codes)),
        manifestations=None if kinds is None else tuple(dict.fromkeys(kinds)),
        urgent=order.urgent,
    )
    return LeadView.of(await classify_lead(tx, lead_id, chosen, by=by, at=at))


@router.post("/{lead_id}/assignment")
async def post_assignment(
    lead_id: UUID, order: AssignmentOrder, request: Request, by: Director, tx: Tx, at: Now
) -> AssignedView:
    """Charge a unit with a lead; with grounds, discipline too, at once. 交办 / 双交办"""
    state = request.app.state
    grounds = tuple(dict.fromkeys(order.discipline_grounds))
    lead = await assign_lead(tx, lead_id, order.unit, grounds, region=state.region, sealer=state.sealer, by=by, at=at)
    return AssignedView.of(lead, warnings=await cautions(tx, lead, order.unit, at=at))


@router.post("/{lead_id}/discipline-grounds")
async def post_grounds(lead_id: UUID, order: GroundsOrder, request: Request, by: Director, tx: Tx, at: Now) -> LeadView:
    """Grounds for discipline were found; the leg opens at once if the lead is assigned. 补充涉纪情形"""
    state = request.app.state
    grounds = tuple(dict.fromkeys(order.discipline_grounds))
    lead = await add_grounds(tx, lead_id, grounds, order.reason, region=state.region, sealer=state.sealer, by=by, at=at)
    return LeadView.of(lead)
