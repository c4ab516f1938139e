"""A partner unit transfers a matter: the letter becomes a lead of source 其他, and the partner gets a signed receipt (M16, §2.3 F)."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.intake.db import code_lists, subjects, transfers
from services.intake.db.transfers import Transfer
from services.intake.domain import receipt
from services.intake.domain.lead import Lead
from services.intake.domain.receipt import ReceiptSigner
from services.intake.domain.restricted import numbers_apart
from services.intake.domain.subject_part import TRANSFER
from services.intake.usecases.register_lead import NewLead, admit, register_lead
from services.intake.usecases.subject_store import FactsSealer
from shared import audit
from shared.auth import Principal
from shared.db import Transaction, driver
from shared.deadlines import china_date
from shared.errors import Invalid, Registered
from shared.secrecy import refuse_marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A transfer letter as the door read it; `sent` is the JSON, for the receipt."""

    new: NewLead
    letter_no: str
    sent_on: date
    reason: str
    evidence: Sequence[Mapping[str, str]]
    sent: Mapping[str, Any]


async def take_transfer(
    tx: Transaction,
    letter: Letter,
    *,
    region: str,
    sealer: FactsSealer,
    signer: ReceiptSigner,
    by: Principal,
    at: datetime,
) -> tuple[Lead, Transfer]:
    """Register it once. Raises `Registered` when the unit's letter is registered already, `Invalid`."""
    today = china_date(at)
    refuse_marked("reason", [letter.reason, letter.letter_no])
    refuse_marked("evidence", [item["name"] for item in letter.evidence])
    if letter.sent_on > today:
        raise Invalid("移送日期晚于今天 / in the future", fields=[("sent_on", "晚于今天 / in the future")])
    if await transfers.exists(tx, by.unit, letter.letter_no):
        reason = "该移送函已登记 / this letter is registered already"
        raise Registered(reason, fields=[("letter_no", reason)])
    order = admit(letter.new, book=await code_lists.book(tx), sealer=sealer, by=by, at=at)
    lead = await register_lead(tx, order, region=region)
    names = [item["name"] for item in letter.evidence]
    kept, apart = numbers_apart({"reason": letter.reason, "evidence": names})
    number = receipt.new_number(secrets.token_bytes(receipt.NUMBER_BYTES))
    transfer = Transfer(
        lead_id=lead.id,
        unit=by.unit,
        letter_no=letter.letter_no,
        sent_on=letter.sent_on,
        reason=kept["reason"],
        evidence=tuple({**item, "name": name} for item, name in zip(letter.evidence, kept["evidence"], strict=True)),
        receipt=signer.sign(
            region=region,
            number=number,
            received_on=lead.received_on.isoformat(),
            content_hash=receipt.content_hash(letter.sent, number),
        ),
        received_on=lead.received_on,
    )
    await transfers.add(tx, transfer, region=region)
    if apart:
        await subjects.add(await driver(tx), [(lead.id, TRANSFER, sealer.subjects.seal(lead.id, apart, TRANSFER))])
    await audit.record(tx, by, "transfer.receive", lead.id, at=at, detail={"evidence": len(letter.evidence)})
    return lead, transfer
