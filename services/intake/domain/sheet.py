"""The assignment sheet 交办单 (§2.3 B, M13) as data, and the signed receipt of the unit for it. Nothing of a reporter is on either.

Signed is, as canonical JSON, ["xiansuo.unit-receipt.v1", region, sheet number, unit, accepted at, SHA-256 of the sheet's data, key id] with
the key that signs receipts (Ed25519): the register proves that the unit signed for exactly this sheet.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from services.intake.domain.codes import Level
from services.intake.domain.lead import Lead
from shared.contracts.envelope import rfc3339
from shared.deadlines import Calendar, china_date, profile_of
from shared.errors import NotAllowed

VERSION = "xiansuo.unit-receipt.v1"
LEGAL_BASIS = "《中华人民共和国反有组织犯罪法》第二十四条、第二十五条"
CONFIDENTIALITY = (
    "本交办单及所附内容仅供承办人员办理使用,不得复制、外传,不得告知被反映单位和人员;不得追查举报人。"
    "违反保密规定的,依照《中华人民共和国反有组织犯罪法》第七十四条等规定追究责任。"
)
RECUSAL = "承办人员与被反映人员有近亲属、利害关系或其他可能影响公正办理情形的,应当回避,并在签收前作出书面声明。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that is asked for, and by when."""

    name: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the sheet says."""

    number: str
    lead_no: str
    upstream_no: str | None
    from_: str
    to: str
    unit: str
    legal_basis: str
    summary: str
    allegations: tuple[str, ...]
    level: str
    urgent: bool
    sign_by: date
    due_on: date
    dispute_by: date | None
    reports: tuple[Report, ...]
    issued_by: str
    issued_on: date

    @classmethod
    def of(
        cls, lead: Lead, *, to: str | None, level: str, issued_by: str, issued_at: datetime, days: Calendar
    ) -> "Sheet":
        """The sheet of the standing assignment; `to` is what the directory calls the unit, `level` the word for it in the version of the
        code lists that the lead was classified with. Raises `NotAllowed` when there is none."""
        work = lead.assignment
        if work is None or lead.level is None:
            raise NotAllowed("线索尚未交办,没有交办单 / the lead is not assigned; there is no sheet")
        issued_on, profile = china_date(issued_at), profile_of(lead.profile_version)
        reports = []
        if lead.urgent:
            reports.append(Report(name="首次报告", by=f"{profile['D07f'].number}小时内"))
        if lead.level is Level.MAJOR:
            reports.append(Report(name="阶段报告", by=f"每{profile['D07p'].number}日一次"))
        return cls(
            number=f"{lead.lead_no}-J{work.number}",
            lead_no=lead.lead_no,
            upstream_no=lead.upstream_no,
            from_="区扫黑除恶专项斗争领导小组办公室",
            to=to or work.unit,
            unit=work.unit,
            legal_basis=LEGAL_BASIS,
            summary=lead.summary,
            allegations=lead.allegations,
            level=level,
            urgent=lead.urgent,
            sign_by=work.sign_by,
            due_on=work.due_on,
            dispute_by=profile["D05"].after(issued_on, days).on if lead.may_be_disputed_by(work.unit) else None,
            reports=(*reports, Report(name="核查报告(终结)", by=work.due_on.isoformat())),
            issued_by=issued_by,
            issued_on=issued_on,
        )

    def digest(self) -> str:
        """SHA-256 of what it says, as canonical JSON; without the dates, which a pause or an extension moves afterwards, and without the
        unit's name, which the directory may change: its code is there."""
        fixed = {
            name: value for name, value in asdict(self).items() if name not in ("sign_by", "due_on", "reports", "to")
        }
        return hashlib.sha256(_canonical(fixed)).hexdigest()


def receipt_document(*, region: str, number: str, unit: str, accepted_at: datetime, digest: str, key_id: str) -> bytes:
    """The bytes that are signed."""
    return _canonical([VERSION, region, number, unit, rfc3339(accepted_at), digest, key_id])


def is_genuine(receipt: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    """Whether such a receipt was signed here and is unchanged, by these public keys (key id → base64)."""
    names = ("version", "region", "number", "unit", "accepted_at", "digest", "key_id")
    try:
        key = VerifyKey(base64.b64decode(keys[receipt["key_id"]]))
        key.verify(_canonical([receipt[name] for name in names]), base64.b64decode(receipt["signature"]))
    except (BadSignatureError, KeyError, ValueError):
        return False
    return bool(receipt["version"] == VERSION)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode()
