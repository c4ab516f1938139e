"""Partner units transfer matters by letter: evidence list in, signed receipt out; both registers can be compared. 移送"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api.leads import AreaCodes, ListCode, ManifestationCodes, Reporter, ShieldedOrder, Urgent
from services.intake.api.report_blocks import Line, Passage
from services.intake.api.stay_away import Away
from services.intake.db import attachments, transfers
from services.intake.domain.attachment import State
from services.intake.domain.codes import Source
from services.intake.domain.lead_states import Status
from services.intake.usecases.note_reading import note_page
from services.intake.usecases.register_lead import NewLead
from services.intake.usecases.take_transfer import Letter, take_transfer
from shared.auth import Principal
from shared.contracts.envelope import ChineseCode
from shared.deadlines import china_date
from shared.http import Day, Now, Once, Order, Page, Paging, Tx, reader, require

router = APIRouter(prefix="/transfers", tags=["移送 transfers"])
Partner = Annotated[Principal, require("prt")]
LetterNo = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[0-9A-Za-z一-鿿()〔〕\[\]\uFF08\uFF09_-]+$"
    ),
]


class EvidenceItem(Order):
    """一份材料 / one piece of evidence; the file itself comes by tus."""

    name: Line
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class TransferOrder(ShieldedOrder):
    """移送函 / a transfer letter."""

    letter_no: LetterNo = Field(description="移送函文号 / the letter's number at the unit that sends it")
    sent_on: Day
    reason: Passage = Field(description="移送理由 / why it belongs here")
    summary: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$")
    ]
    street: ChineseCode | None = None
    area_codes: AreaCodes = Field(default_factory=list)
    manifestation_codes: ManifestationCodes = Field(default_factory=list)
    source_l2: ListCode | None = Field(default=None, description="二级来源 / second-level source")
    allegations: list[Passage] = Field(default_factory=list, max_length=50)
    evidence: list[EvidenceItem] = Field(default_factory=list, max_length=100)
    reporter: Reporter | None = None
    urgent: Urgent = False


class ReceiptView(BaseModel):
    """移送回执 / the receipt of a letter."""

    lead_id: UUID
    lead_no: str
    letter_no: str
    received_on: date
    receipt: dict[str, str]


class TransferView(BaseModel):
    """一件移送及其办理状态 / a letter, and how its lead stands."""

    lead_id: UUID
    lead_no: str
    unit: str
    letter_no: str
    sent_on: date
    received_on: date
    status: Status
    conclusion: str | None
    concluded_on: date | None
    evidence: list[dict[str, Any]] = Field(
        description="材料清单,received为文件已收到 / received: the file itself is here"
    )


@router.post("", status_code=201, response_model=ReceiptView)
async def post_transfer(order: TransferOrder, request: Request, by: Partner, at: Now, once: Once) -> Response:
    """Take a partner's letter; it becomes a lead. 接收移送"""
    state, sent = request.app.state, await request.json()
    grounds, umbrella = order.shielded()
    letter = Letter(
        new=NewLead(
            source=Source.OTHER,
            source_l2=order.source_l2,
            summary=order.summary,
            street=order.street,
            areas=tuple(dict.fromkeys(order.area_codes)),
            manifestations=tuple(dict.fromkeys(order.manifestation_codes)),
            allegations=tuple(order.allegations),
            grounds=grounds,
            umbrella=umbrella,
            named=order.reporter is not None,
            urgent=order.urgent,
            reporter=order.reporter.model_dump(exclude_none=True) if order.reporter else None,
        ),
        letter_no=order.letter_no,
        sent_on=order.sent_on,
        reason=order.reason,
        evidence=[item.model_dump() for item in order.evidence],
        sent=sent,
    )

    async def take() -> ReceiptView:
        lead, transfer = await take_transfer(
            once.tx, letter, region=state.region, sealer=state.sealer, signer=state.receipts, by=by, at=at
        )
        return ReceiptView(
            lead_id=lead.id,
            lead_no=lead.lead_no,
            letter_no=transfer.letter_no,
            received_on=transfer.received_on,
            receipt=transfer.receipt,
        )

    return await once.reply(201, take)


@router.get("")
async def list_transfers(
    by: Annotated[Principal, reader("prt", "icl", "ofd", "sup", always=False)],
    tx: Tx,
    away: Away,
    at: Now,
    paging: Paging,
) -> Page[TransferView]:
    """Letters with how their leads stand; a partner sees its own, others with a purpose and on record. 移送登记(查阅留痕)"""
    own, after = by.unit if "prt" in by.roles else None, paging.after(date, UUID)
    if own is None:
        await note_page(tx, by, "transfers", after, at=at)
    rows = await transfers.page(tx, unit=own, away=away, after=after, limit=paging.limit + 1)
    views = []
    for row in rows:
        here = {each.sha256 for each, _ in await attachments.of_lead(tx, row["lead_id"]) if each.state is State.KEPT}
        concluded = row["concluded_at"]
        views.append(
            TransferView(
                **{name: row[name] for name in ("lead_id", "lead_no", "unit", "letter_no", "sent_on", "received_on")},
                status=Status(row["status"]),
                conclusion=row["code"],
                concluded_on=china_date(concluded) if concluded else None,
                evidence=[{**item, "received": item["sha256"] in here} for item in row["evidence"]],
            )
        )
    return paging.page(views, key=lambda view: (view.received_on, view.lead_id))
