"""The 110 feed: a machine hands over calls in batches; each record is answered by itself. 110警情接口"""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from services.intake.api.batches import NOT_JSON, FieldError, batch_of, in_place, records_of, what_is_wrong
from services.intake.api.leads import AreaCodes, ListCode, ManifestationCodes, ShieldedOrder, Urgent
from services.intake.api.report_blocks import Line, Short
from services.intake.db import police_calls
from services.intake.db.police_calls import RefusedRecord
from services.intake.domain.police_call import FIELDS, UMBRELLA, Call, Fate
from services.intake.usecases.read_lead import read_lead
from services.intake.usecases.subject_store import whole_calls, whole_corrections
from services.intake.usecases.take_calls import Done, TakeCalls, keep_refused
from shared.auth import Principal
from shared.contracts.envelope import ChineseCode
from shared.http import Now, Order, Page, Paging, Tx, reader, require
from shared.http.fields import FIRST_YEAR, LAST_YEAR
from shared.http.words import TOLD

router = APIRouter(tags=["110警情 police-calls"])
Machine = Annotated[Principal, require("m110")]

MOST_BYTES, MOST_RECORDS = 8 * 1024 * 1024, 2_000
Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z][0-9A-Z_-]{0,63}$")]


class CallerBlock(Order):
    """报警人:即时为保管库密封 / the caller, sealed for the vault at once."""

    name: Short | None = None
    phone: Short | None = None
    id_number: Short | None = None
    address: Line | None = None
    note: Line | None = None


class CallOrder(ShieldedOrder):
    """一条警情的一个版本 / one version of one call."""

    external_no: Number = Field(description="接警单编号 / the call's number, by which it is known")
    revision: Annotated[int, Field(ge=1, le=100_000, strict=True)] = Field(
        default=1, description="版本号,更正时递增 / rises with each correction"
    )
    called_at: AwareDatetime = Field(description="接警时间,登记后不变 / when the call came; never changes")
    summary: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=3000, pattern=r"^[^\x00]*$")
    ]
    category: Short | None = None
    occurred: Line | None = Field(default=None, description="发生时间,文字 / when it happened, in words")
    place: Line | None = None
    street: ChineseCode | None = None
    area_codes: AreaCodes = Field(default_factory=list)
    manifestation_codes: ManifestationCodes = Field(default_factory=list)
    source_l2: ListCode | None = Field(default=None, description="二级来源 / second-level source")
    urgent: Urgent = False
    caller: CallerBlock | None = None

    @field_validator("called_at", mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if not isinstance(value, str):  # a number would be read as seconds since 1970
            raise PydanticCustomError(
                "datetime_type", "must be an instant with offset (like 2018-06-01T09:00:00+08:00)"
            )
        return value

    @field_validator("called_at")
    @classmethod
    def _in_our_years(cls, value: datetime) -> datetime:
        if not FIRST_YEAR <= value.year < LAST_YEAR:
            raise PydanticCustomError(TOLD, "年份应在2000至2098之间 / must lie in the years 2000 to 2098")
        return value

    def call(self) -> Call:
        """As the use case takes it."""
        content = {name: value for name in FIELDS if (value := getattr(self, name))}
        for name in ("area_codes", "manifestation_codes"):
            if name in content:
                content[name] = list(dict.fromkeys(content[name]))
        caller = self.caller.model_dump(exclude_none=True) if self.caller else None
        grounds, umbrella = self.shielded()
        return Call(
            external_no=self.external_no,
            revision=self.revision,
            called_at=self.called_at,
            content=content,
            caller=caller or None,
            grounds=grounds,
            umbrella=umbrella,
        )


class RecordView(BaseModel):
    """What became of one record. 逐条结果"""

    index: int = Field(description="在本批中的序号,从0起 / its place in the batch, from 0")
    external_no: str | None
    outcome: Fate
    lead_id: UUID | None = None
    lead_no: str | None = None
    corrected_fields: list[str] = Field(default_factory=list)
    errors: list[FieldError] = Field(default_factory=list)


class BatchView(BaseModel):
    """What became of a batch. 本批结果"""

    taken: int
    known: int
    corrected: int
    outdated: int
    refused: int
    records: list[RecordView]

    @classmethod
    def of(cls, records: list[RecordView]) -> Self:
        counts = {fate.value: sum(record.outcome is fate for record in records) for fate in Fate}
        return cls(**counts, records=records)


class RefusedView(BaseModel):
    """A record that could not be taken; of its content nothing is kept. 未接收的警情"""

    id: UUID
    sent_by: str
    external_no: str | None
    reasons: list[FieldError]
    times: int
    first_at: datetime
    last_at: datetime
    settled_at: datetime | None = Field(description="后来已接收 / when it was taken after all")


class CorrectionView(BaseModel):
    """One value before and after. 更正"""

    revision: int
    field: str
    old: Any
    new: Any
    corrected_by: str
    recorded_at: datetime


class CallView(BaseModel):
    """The call as it stands now and what was corrected; the caller is shown nowhere. 警情及更正"""

    external_no: str
    revision: int
    called_at: datetime
    content: dict[str, Any]
    corrections: list[CorrectionView]


_ITEM = in_place(CallOrder.model_json_schema())
DESCRIPTION = f"""接收警情,一批最多{MOST_RECORDS}条、8MB:JSON数组,或每行一条JSON(application/x-ndjson)。
按接警单编号识别:重发不重复登记,版本号更高的为更正(新旧值都保留),有误的记录逐条告知并记入未接收清单,不影响其余记录。可补报旧警情。

Take calls, up to {MOST_RECORDS} and 8 MB a batch: a JSON array, or a JSON object a line (application/x-ndjson). A call is known by its
number: sent again it changes nothing, a higher revision corrects it (old and new value are kept), a bad record is told by index, field and
reason and kept in the list of refused ones, the others are taken all the same. Old calls may be handed in later."""


@router.post(
    "/police-calls",
    description=DESCRIPTION,
    openapi_extra=batch_of(_ITEM, MOST_RECORDS),
)
async def post_police_calls(request: Request, by: Machine, at: Now) -> BatchView:
    """Take a batch of calls; a bad record never stops the others. 接收警情"""
    take: TakeCalls = request.app.state.take_calls
    records: dict[int, RecordView] = {}
    good: list[tuple[int, Call]] = []
    for index, record in enumerate(await records_of(request, most_bytes=MOST_BYTES, most=MOST_RECORDS)):
        checked = _checked(record)
        if isinstance(checked, Call):
            good.append((index, checked))
        else:
            number, errors = checked
            records[index] = _view(index, number, Done(Fate.REFUSED, errors=errors))
    done = await take([call for _, call in good], by=by, at=at)
    for (index, call), each in zip(good, done, strict=True):
        records[index] = _view(index, call.external_no, each)
    answer = BatchView.of([records[index] for index in sorted(records)])
    refused = [
        RefusedRecord(record.external_no, tuple((error.field, error.reason) for error in record.errors))
        for record in answer.records
        if record.outcome is Fate.REFUSED
    ]
    settled = {record.external_no for record in answer.records if record.external_no and record.lead_id}
    async with request.app.state.database.transaction() as tx:
        await keep_refused(tx, refused, sorted(settled), by=by, at=at)
    return answer


@router.get("/police-calls/refused")
async def list_refused(
    _: Annotated[Principal, require("m110", "icl", "ofd")], tx: Tx, paging: Paging, *, settled: bool = False
) -> Page[RefusedView]:
    """Records that could not be taken, and are still open unless asked otherwise. 未接收的警情"""
    rows = await police_calls.refused_page(
        tx, open_only=not settled, after=paging.after(datetime, UUID), limit=paging.limit + 1
    )
    items = [RefusedView.model_validate(dict(row)) for row in rows]
    return paging.page(items, key=lambda record: (record.first_at, record.id))


@router.get("/leads/{lead_id}/police-call")
async def get_police_call(
    lead_id: UUID, request: Request, by: Annotated[Principal, reader("ana", "ofd", "sup")], tx: Tx, at: Now
) -> CallView:
    """The call that a lead came in as, with what was corrected since; the reading is put on record. 警情及更正(查阅留痕)"""
    keys = request.app.state.sealer.subjects
    await read_lead(tx, lead_id, secret=request.app.state.circle_secret, subjects=keys, by=by, at=at)
    external_no, found = await police_calls.of_lead(tx, lead_id)
    call = (await whole_calls(tx, {external_no: found}, keys))[external_no]
    return CallView(
        external_no=external_no,
        revision=call.revision,
        called_at=call.called_at,
        content=dict(call.content),
        corrections=[
            CorrectionView.model_validate(row)
            for row in await whole_corrections(tx, lead_id, keys)
            if row["field"] != UMBRELLA
        ],
    )


def _checked(record: Any) -> Call | tuple[str | None, tuple[tuple[str, str], ...]]:
    """A call, or its number if that can be read and what is wrong with it."""
    if isinstance(record, ValueError):
        return None, (("record", NOT_JSON),)
    try:
        return CallOrder.model_validate(record).call()
    except ValidationError as fault:
        return what_is_wrong(record, fault)


def _view(index: int, number: str | None, done: Done) -> RecordView:
    return RecordView(
        index=index,
        external_no=number,
        outcome=done.fate,
        lead_id=done.lead_id,
        lead_no=done.lead_no,
        corrected_fields=list(done.fields),
        errors=[FieldError(field=field, reason=reason) for field, reason in done.errors],
    )
