"""A report is checked, sealed and given its code and receipt, before anything is written; with its lead it then is one transaction.

Of the code only its keyed hash is kept. The answer, which holds the code, is kept for a retry only sealed under the caller's own
Idempotency-Key, of which again only a keyed hash is kept (docs/decisions/0027).
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from nacl.secret import SecretBox
from pydantic_core import from_json, to_json

from services.intake.domain import mailbox, query_code, receipt
from services.intake.domain.code_list import CodeBook
from services.intake.domain.codes import Source
from services.intake.domain.discreet import report_without_reporter
from services.intake.domain.lead import Lead
from services.intake.domain.mailbox import Lock
from services.intake.domain.minors import marks_of
from services.intake.domain.passed_report import Passed
from services.intake.domain.receipt import Receipt, ReceiptSigner
from services.intake.domain.report import (
    Channel,
    Filed,
    Issued,
    Naming,
    Said,
    allegations,
    grounds,
    lead_summary,
    texts,
    umbrella,
)
from services.intake.domain.restricted import take_apart
from services.intake.usecases.register_lead import NewLead, Registration, admit
from services.intake.usecases.subject_store import FactsSealer
from shared.auth import Principal
from shared.contracts.envelope import SealedBox, day_of
from shared.deadlines import china_date
from shared.errors import Invalid
from shared.idempotency import Claim
from shared.sealing import SealedRecord
from shared.secrecy import has_secrecy_mark, refuse_marked

PUBLIC = Principal(sub="public", roles=frozenset({"pub"}), unit="")
"""Whoever reports without signing in: one name for all, as there is nothing to tell them apart by."""
_IDENTITY = ("name", "id_number", "phone", "email", "address")
_SEALED = "sealed"
DISCIPLINE = "discipline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as a door read it: `sent` is the JSON as it was sent, for the receipt; `content` the same, checked, without the reporter."""

    channel: Channel
    naming: Naming
    reporter: Mapping[str, Any] | None
    content: Mapping[str, Any]
    sent: Mapping[str, Any]
    received_on: date | None = None
    own_code: str | None = None
    """Hashed already."""
    own_lock: Lock | None = None
    spent: tuple[bytes, int] | None = None
    urgent: bool = False
    """A clerk says so."""
    lost: Receipt | None = None
    """The receipt of the same report, which a restore has lost."""
    sealed: SealedRecord | None = None
    """The reporter, if the door that took the report has sealed him for the vault before."""
    for_discipline: SealedBox | None = None
    """The same, for discipline."""
    issued: Issued | None = None
    """Of the code that was sent to the reporter before."""


class Desk:
    """What a report needs beside itself: keys. `code_keys`: the newest first."""

    def __init__(
        self, *, region: str, sealer: FactsSealer, signer: ReceiptSigner, code_keys: tuple[bytes, ...], digest: bytes
    ) -> None:
        self.region, self.sealer, self.signer = region, sealer, signer
        self._code_keys, self._digest = code_keys, digest

    def file(self, report: Report, *, book: CodeBook, key: str, by: Principal, at: datetime) -> Registration:
        """A registration with its code and receipt. `key` is the caller's Idempotency-Key. Raises `Invalid`."""
        report, said = _discreet(report)
        summary = check(report, book, at=at, said=said)
        content, apart = take_apart(report.content, said)
        if apart:
            summary = lead_summary(content, book)
        facts = content["facts"]
        new = NewLead(
            source=Source.PUBLIC,
            summary=summary or next(iter(allegations(content)), ""),
            received_on=report.received_on,
            street=facts.get("street"),
            areas=tuple(dict.fromkeys(facts.get("area_codes", ()))),
            manifestations=tuple(dict.fromkeys(facts.get("manifestation_codes", ()))),
            allegations=(
                *allegations(content),
                *marks_of(report.content.get("persons", ()), report.received_on or china_date(at)),
            ),
            grounds=grounds(content),
            named=report.naming is not Naming.ANONYMOUS,
            reporter={**report.reporter, "naming": report.naming.value} if report.reporter else None,
            urgent=report.urgent,
            claimed=facts.get("danger_now", False),
            discreet=True,
        )
        order = admit(new, book=book, sealer=self.sealer, by=by, at=at)
        if report.sealed:
            order = replace(order, reporter=report.sealed, reporter_ref=uuid4())
        slip: dict[str, Any] = {}
        issued, own_lock = report.issued, None
        if issued is None:
            code, slip, issued = self.issue(report.sent, order.received_on)
            own_lock = report.own_lock.shut(mailbox.private_half(code)) if report.own_lock else None
        filed = Filed(
            channel=report.channel,
            naming=report.naming,
            content=content,
            subjects=self.sealer.subjects.seal(order.id, apart),
            code_mark=issued.code_mark,
            receipt_mark=issued.receipt_mark,
            mailbox_key=issued.mailbox_key,
            own_code=report.own_code,
            own_lock=own_lock,
            spent=report.spent,
            lost=tuple(self.marks(report.lost.number)) if report.lost else (),
        )

        def answer(lead: Lead) -> Any:
            # the number is given only where domain.md §2.11 asks for it: beside a code that is too short to stand alone
            more: dict[str, Any] = {"lead_no": lead.lead_no} if report.own_code else {}
            if by.sub != PUBLIC.sub:  # a clerk adds files to it; he finds it in his lists anyway
                more["lead"] = {"id": str(lead.id), "lead_no": lead.lead_no}
            return seal_answer({**slip, **more}, key)

        return replace(order, filed=filed, answer=answer)

    def pass_on(self, report: Report, *, about_office: bool, book: CodeBook, key: str, at: datetime) -> Passed:
        """The report sealed for discipline, its reporter in a box of his own within, with the same slip as any other (G22). Raises
        `Invalid`."""
        report, said = _discreet(report)
        check(report, book, at=at, said=said)
        received_on = china_date(at)
        told = {**report.reporter, "naming": report.naming.value} if report.reporter else None
        _, slip, new = self.issue(report.sent, received_on)
        issued = report.issued or new
        reporter = self.sealer.seal(DISCIPLINE, told) if told else report.for_discipline
        inside = {
            "report": report.content,
            "about_office": about_office,
            "mailbox_key": base64.b64encode(issued.mailbox_key).decode(),
            "reporter": reporter.model_dump() if reporter else None,
        }
        return Passed(
            id=uuid4(),
            received_on=received_on,
            sealed=self.sealer.seal(DISCIPLINE, inside),
            code_mark=issued.code_mark,
            receipt_mark=issued.receipt_mark,
            spent=report.spent,
            answer=seal_answer(slip, key),
        )

    def issue(self, sent: Mapping[str, Any], received_on: date) -> tuple[str, dict[str, Any], Issued]:
        """A new code for a report as it was sent: the code, what the reporter takes away, and what is kept of both."""
        code = query_code.new_code(secrets.token_bytes(query_code.RANDOM_BYTES))
        number = receipt.new_number(secrets.token_bytes(receipt.NUMBER_BYTES))
        signed = self.signer.sign(
            region=self.region,
            number=number,
            received_on=received_on.isoformat(),
            content_hash=receipt.content_hash(sent, code),
        )
        newest = self._code_keys[0]
        slip = {"query_code": query_code.in_groups(code), "receipt": signed}
        issued = Issued(
            code_mark=query_code.mark_of(newest, code),
            receipt_mark=query_code.mark_of(newest, number),
            mailbox_key=mailbox.public_half(mailbox.private_half(code)),
        )
        return code, slip, issued

    def claim(self, claim: Claim) -> Claim:
        """The claim as it may be kept: the key itself would open the answer, the hour could tell who reported."""
        hidden = hmac.digest(self._digest, b"xiansuo.idempotency-key.v1\0" + claim.key.encode(), "sha256").hex()
        return Claim(claim.caller, f"h:{hidden}", claim.mark, day_of(claim.at))

    def marks(self, code: str) -> list[bytes]:
        """What this code may be kept as, under any key that is still known."""
        return [query_code.mark_of(key, code) for key in self._code_keys]


class _JustSealed(dict[str, str]):
    """What is kept of an answer, and for as long as the request lasts the answer itself: the first sending has not to open it again."""

    __slots__ = ("answer", "key")

    def __init__(self, box: str, answer: Mapping[str, Any], key: str) -> None:
        super().__init__({_SEALED: box})
        self.answer, self.key = answer, key


def seal_answer(answer: Mapping[str, Any], key: str) -> dict[str, str]:
    """An answer that only who knows the Idempotency-Key can read."""
    box = SecretBox(_answer_key(key)).encrypt(to_json(answer))
    return _JustSealed(base64.b64encode(box).decode(), answer, key)


def open_answer(sealed: Mapping[str, str], key: str) -> dict[str, Any]:
    """The answer, for the same key."""
    if isinstance(sealed, _JustSealed) and sealed.key == key:
        return dict(sealed.answer)
    found: dict[str, Any] = from_json(SecretBox(_answer_key(key)).decrypt(base64.b64decode(sealed[_SEALED])))
    return found


def _discreet(report: Report) -> tuple[Report, Said]:
    """The report without its reporter, and the texts of its content."""
    said = texts(report.content)
    content = report_without_reporter(report.content, report.reporter, said)
    return (report, said) if content is report.content else (replace(report, content=content), texts(content))


def check(report: Report, book: CodeBook, *, at: datetime, said: Said | None = None) -> str:
    """The summary of its lead, which may be empty. `said`: the texts of its content, where they are known. Raises `Invalid`, by field and
    without repeating anything."""
    told, content = report.reporter or {}, report.content
    if report.naming is Naming.ANONYMOUS:
        given = [name for name in _IDENTITY if told.get(name)]
        _refuse("匿名举报不填写 / not with an anonymous report", [f"reporter.{name}" for name in given])
    elif not (told.get("name") or told.get("phone") or told.get("email") or report.sealed):
        _refuse("实名举报请填写姓名或电话,或选择匿名 / a name or a phone number, or report anonymously", ["reporter"])
    summary = lead_summary(content, book)
    if not (summary or allegations(content) or umbrella(content)):
        _refuse("请至少写明一件事 / tell at least one thing that happened", ["facts.summary"])
    facts = content["facts"]
    book.must_hold(
        report.received_on or china_date(at),
        areas=facts.get("area_codes", ()),
        manifestations=facts.get("manifestation_codes", ()),
        at="facts.",
    )
    if facts.get("time_from") and facts.get("time_to") and facts["time_to"] < facts["time_from"]:
        _refuse("早于起始日期 / before time_from", ["facts.time_to"])
    whole = [*(texts(content) if said is None else said), *texts(told, "reporter")]
    if has_secrecy_mark("\n".join([text for _, text in whole])):  # one look at all of it, most bear none
        for path, text in whole:
            refuse_marked(path, [text])
    return summary


def confirmation_of(digest: bytes, report: Mapping[str, Any], by: Principal) -> str:
    """What shows that exactly this was read back by this clerk."""
    plain = json.dumps([by.sub, report], ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    return hmac.new(digest, b"xiansuo.read-back.v1\0" + plain, "sha256").hexdigest()


def _refuse(reason: str, fields: list[str]) -> None:
    if fields:
        raise Invalid(reason, fields=[(field, reason) for field in fields])


def _answer_key(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=SecretBox.KEY_SIZE, person=b"xs-answer.v1").digest()
