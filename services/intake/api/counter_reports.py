"""The phone and the counter: a clerk types for a reporter, reads back what was typed, and registers it once it is confirmed.

Nothing is kept between the two steps: the confirmation is a keyed hash of what was read back. What the clerk typed of the reporter is
sealed with the registration; no door shows it again.
"""

import hmac
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from services.intake.api.door import Key, weigh
from services.intake.api.report_forms import PUBLIC_DOOR, ConfirmedOrder, CounterOrder, ReadBack
from services.intake.api.reports import content_of, told
from services.intake.api.slip import CounterSlip, answer_with_slip
from services.intake.domain.code_list import CodeBook
from services.intake.domain.explained import FITTING, LIABILITY_ZH
from services.intake.domain.mailbox import Lock
from services.intake.domain.receipt import Receipt, ReceiptSigner
from services.intake.domain.report import read_back
from services.intake.usecases.file_report import Desk, Report, check, confirmation_of
from services.intake.usecases.own_codes import OwnCodes
from services.intake.usecases.submit_lead import Outcome
from shared.auth import Principal
from shared.errors import Invalid
from shared.http import Claimed, Now, require

router = APIRouter(prefix="/counter-reports", tags=["电话和窗口举报 counter-reports"])
Clerk = Annotated[Principal, require("icl")]


@router.post("/read-back")
async def post_read_back(order: CounterOrder, request: Request, by: Clerk, at: Now) -> ReadBack:
    """What to read to the reporter before it is registered; nothing is kept. 核对内容"""
    await weigh(request)
    _must_not_be_of_the_office(order)
    report = _report(order, await request.json(), lost=_lost(order, request))
    book: CodeBook = await request.app.state.codes()
    check(report, book, at=at)
    if order.own_code:
        OwnCodes.check(order.own_code, report.reporter or {})
    text = LIABILITY_ZH + read_back(
        report.content, report.reporter, book, own_code=order.own_code is not None, urgent=order.urgent
    )
    return ReadBack(text=text, confirmation=confirmation_of(request.app.state.digest, _said(report.sent), by))


@router.post("", status_code=201, response_model=CounterSlip)
async def post_counter_report(
    order: ConfirmedOrder, request: Request, by: Clerk, at: Now, claim: Claimed, key: Key
) -> Response:
    """Register what was read back and confirmed; the reporter gets code and receipt, the clerk the lead. 登记电话或来访举报"""
    desk: Desk = request.app.state.desk
    await weigh(request)
    _must_not_be_of_the_office(order)
    if order.confirmed not in (fit := FITTING[order.channel]):
        ways = "、".join(sorted(fit))
        reason = f"与受理渠道不符,应为:{ways} / does not fit the channel, must be one of: {ways}"
        raise Invalid(reason, fields=[("confirmed", reason)])
    sent = await request.json()
    if not hmac.compare_digest(order.confirmation, confirmation_of(request.app.state.digest, _said(sent), by)):
        reason = "内容与核对时不同,请重新核对 / not what was read back, read it back again"
        raise Invalid(reason, fields=[("confirmation", reason)])
    own_codes: OwnCodes = request.app.state.own_codes
    own = await own_codes.hash(order.own_code, told(order) or {}) if order.own_code else None
    lock = await own_codes.lock(order.own_code) if order.own_code else None
    report = _report(order, sent, own_code=own, own_lock=lock, lost=_lost(order, request))
    registration = desk.file(report, book=await request.app.state.codes(), key=key, by=by, at=at)
    outcome: Outcome = await request.app.state.submit_lead(registration, desk.claim(claim))
    return answer_with_slip(outcome, key, at_counter=True)


def _must_not_be_of_the_office(order: CounterOrder) -> None:
    """Raises `Invalid`, which sends the reporter to the public door: what a clerk types the office has read (G22)."""
    if fields := order.at_the_office():
        raise Invalid(PUBLIC_DOOR, fields=[(field, PUBLIC_DOOR) for field in fields])


def _report(
    order: CounterOrder,
    sent: dict[str, Any],
    *,
    lost: Receipt | None,
    own_code: str | None = None,
    own_lock: Lock | None = None,
) -> Report:
    more: dict[str, Any] = {"registered_again": True} if lost else {}
    if isinstance(order, ConfirmedOrder):
        more["confirmed"] = order.confirmed.value
    return Report(
        channel=order.channel,
        naming=order.naming,
        reporter=told(order),
        content=content_of(order, order.channel) | more,
        sent=sent,
        received_on=date.fromisoformat(lost.received_on) if lost else order.received_on,
        own_code=own_code,
        own_lock=own_lock,
        lost=lost,
        urgent=order.urgent,
    )


def _lost(order: CounterOrder, request: Request) -> Receipt | None:
    """The receipt of a report that a restore has lost, if it is genuine: the report is registered under its day. Raises `Invalid`."""
    if order.lost_receipt is None:
        return None
    signer: ReceiptSigner = request.app.state.receipts
    receipt = Receipt(**order.lost_receipt.model_dump())
    if not receipt.fits(signer.public_keys) or receipt.region != request.app.state.region:
        reason = "不是本系统签发的回执,或内容已被改动 / not signed here, or changed since"
        raise Invalid(reason, fields=[("lost_receipt", reason)])
    if order.received_on not in (None, date.fromisoformat(receipt.received_on)):
        reason = "与回执的日期不同 / not the day of the receipt"
        raise Invalid(reason, fields=[("received_on", reason)])
    return receipt


def _said(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sent.items() if name not in ("confirmation", "confirmed")}
